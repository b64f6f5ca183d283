/* writers: processes that create, write and unlink files at the same time.
 *
 * writers PROCESSES FILES DIR starts PROCESSES writers, each in a directory of
 * its own below DIR, which share FILES files among them, and prints the
 * nanoseconds of wall time that a file took. All start together, when a pipe
 * closes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what)
{
	fprintf(stderr, "writers: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void one_file(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0644);
	if (fd < 0)
		die("open");
	if (write(fd, "bytes\n", 6) != 6)
		die("write");
	close(fd);
	if (unlink(name))
		die("unlink");
}

static void writer(int id, long files, int ready, int gate)
{
	char dir[32], byte;

	snprintf(dir, sizeof dir, "w%d", id);
	if (mkdir(dir, 0755) || chdir(dir))
		die(dir);
	close(ready);
	if (read(gate, &byte, 1) != 0)
		die("gate");
	for (long i = 0; i < files; i++)
		one_file("file");
	exit(0);
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static void wait_for(int processes)
{
	int status;

	for (int i = 0; i < processes; i++)
		if (wait(&status) < 0 || status != 0)
			exit(1);
}

static void remove_dirs(int processes)
{
	char dir[32];

	for (int i = 0; i < processes; i++) {
		snprintf(dir, sizeof dir, "w%d", i);
		rmdir(dir);
	}
}

static double measure(int processes, long files)
{
	int ready[2], gate[2];
	char byte;

	if (pipe(ready) || pipe(gate))
		die("pipe");
	for (int i = 0; i < processes; i++) {
		pid_t pid = fork();
		if (pid < 0)
			die("fork");
		if (pid == 0) {
			close(ready[0]);
			close(gate[1]);
			writer(i, files / processes, ready[1], gate[0]);
		}
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 0) /* until every writer is in its directory */
		die("ready");
	double start = now();
	close(gate[1]);
	wait_for(processes);
	return (now() - start) / (files / processes * processes);
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: writers PROCESSES FILES DIR\n");
		return 2;
	}
	int processes = atoi(argv[1]);
	if (chdir(argv[3]))
		die(argv[3]);
	double ns = measure(processes, atol(argv[2]));
	remove_dirs(processes);
	printf("%.1f\n", ns);
	return 0;
}
