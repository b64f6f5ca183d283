/* call: what one system call costs here.
 *
 * call KIND N PATH makes N calls of one kind and prints the nanoseconds each
 * took. PATH is, by kind: a file that exists (open-read, open-write, chmod), a
 * directory that does not (mkdir), a name that must not be created (denied);
 * getppid ignores it.
 * A call that does not do what its kind says stops the program: a number for
 * something else would be worse than none.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const char *path;

static void die(const char *what)
{
	fprintf(stderr, "call: %s %s: %s\n", what, path, strerror(errno));
	exit(1);
}

static void call_getppid(void)
{
	syscall(SYS_getppid);
}

static void open_as(int flags)
{
	int fd = open(path, flags | O_CLOEXEC);
	if (fd < 0)
		die("open");
	close(fd);
}

static void call_open_read(void)
{
	open_as(O_RDONLY);
}

static void call_open_write(void)
{
	open_as(O_WRONLY);
}

static void call_chmod(void)
{
	if (chmod(path, 0644))
		die("chmod");
}

static void call_mkdir(void)
{
	if (mkdir(path, 0755))
		die("mkdir");
	if (rmdir(path))
		die("rmdir");
}

static void call_denied(void)
{
	if (mkdir(path, 0755) == 0) {
		rmdir(path);
		errno = 0;
		die("mkdir was allowed:");
	}
	if (errno != EACCES && errno != EPERM && errno != EROFS)
		die("mkdir was denied oddly:");
}

static const struct kind {
	const char *name;
	void (*call)(void);
} kinds[] = {
	{"getppid", call_getppid},
	{"open-read", call_open_read},
	{"open-write", call_open_write},
	{"chmod", call_chmod},
	{"mkdir", call_mkdir},
	{"denied", call_denied},
};

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static double measure(void (*call)(void), long n)
{
	for (long i = 0; i < n / 20 + 1; i++)
		call();
	double start = now();
	for (long i = 0; i < n; i++)
		call();
	return (now() - start) / n;
}

int main(int argc, char **argv)
{
	if (argc == 4) {
		path = argv[3];
		for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
			if (!strcmp(argv[1], kinds[i].name)) {
				printf("%.1f\n", measure(kinds[i].call, atol(argv[2])));
				return 0;
			}
	}
	fprintf(stderr, "usage: call KIND N PATH\n");
	return 2;
}
