// Libc checks that a process that believes to be root gets what root gets, with
// the functions of the C library: the side that a preloaded library stands in
// for. The Go program next to it makes the system calls.
//
//	libc [-dir DIR] [NAME...]       one line each, then the count
//	libc -list                      their names
//
// Build it as dynamic (gcc libc.c), static (-static) or 32-bit (-m32) program.
// Expected values are those of real root.
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <fts.h>
#include <grp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static char why[512];

// Each check runs in a child; what it says is why it failed.
static void fail(const char *format, ...) {
	va_list args;
	va_start(args, format);
	vsnprintf(why, sizeof why, format, args);
	va_end(args);
	if (write(3, why, strlen(why)) < 0) _exit(2);
	_exit(1);
}

#define OK(call) do { if ((call) == -1) fail("%s: got %s, want success", #call, strerrorname_np(errno)); } while (0)
#define FAILS(call, error) do { \
	if ((call) != -1) fail("%s: got success, want %s", #call, #error); \
	if (errno != (error)) fail("%s: got %s, want %s", #call, strerrorname_np(errno), #error); } while (0)
#define SAME(what, got, want) do { long long g = (got), w = (want); if (g != w) fail("%s: got %lld, want %lld", what, g, w); } while (0)

static const char *show(const struct stat *st) {
	static char text[2][64];
	static int turn;
	char *t = text[turn++ % 2];
	snprintf(t, 64, "%u:%u %06o", st->st_uid, st->st_gid, st->st_mode);
	return t;
}

static void shows(const char *what, const struct stat *st, const char *want) {
	if (strcmp(show(st), want)) fail("%s: got %s, want %s", what, show(st), want);
}

static void is(const char *path, const char *want) {
	struct stat st;
	OK(lstat(path, &st));
	shows(path, &st, want);
}

static int file(const char *path, mode_t mode) {
	int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, mode);
	OK(fd);
	return fd;
}

static void owned(const char *path, uid_t uid, gid_t gid, mode_t mode) {
	close(file(path, 0644));
	OK(chown(path, uid, gid));
	OK(chmod(path, mode));
}

static void readers_stat(void) {
	struct stat st;
	owned("f", 123, 456, 04711);
	OK(symlink("f", "l"));
	OK(stat("l", &st));
	shows("stat", &st, "123:456 104711");
	is("l", "0:0 120777");
	int fd = open("f", O_RDONLY | O_CLOEXEC);
	OK(fd);
	OK(fstat(fd, &st));
	shows("fstat", &st, "123:456 104711");
}

static void readers_fstatat(void) {
	struct stat st;
	owned("f", 123, 456, 0640);
	OK(fstatat(AT_FDCWD, "f", &st, AT_SYMLINK_NOFOLLOW));
	shows("fstatat", &st, "123:456 100640");
	int dir = open(".", O_DIRECTORY | O_RDONLY), fd = open("f", O_RDONLY);
	OK(fstatat(dir, "f", &st, 0));
	shows("fstatat of a directory", &st, "123:456 100640");
	OK(fstatat(fd, "", &st, AT_EMPTY_PATH));
	shows("fstatat of a descriptor", &st, "123:456 100640");
}

static void readers_stat64(void) {
	struct stat64 st;
	owned("f", 123, 456, 0640);
	int fd = open64("f", O_RDONLY);
	OK(stat64("f", &st));
	SAME("stat64", st.st_uid, 123);
	OK(lstat64("f", &st));
	SAME("lstat64", st.st_gid, 456);
	OK(fstat64(fd, &st));
	SAME("fstat64", st.st_mode, S_IFREG | 0640);
	OK(fstatat64(AT_FDCWD, "f", &st, 0));
	SAME("fstatat64", st.st_uid, 123);
}

static void readers_statx(void) {
	struct statx x;
	owned("f", 123, 456, 0640);
	OK(statx(AT_FDCWD, "f", 0, STATX_BASIC_STATS, &x));
	SAME("uid", x.stx_uid, 123);
	SAME("gid", x.stx_gid, 456);
	SAME("mode", x.stx_mode, S_IFREG | 0640);
}

static int d_type(const char *name) {
	DIR *dir = opendir(".");
	if (!dir) fail("opendir: %s", strerrorname_np(errno));
	for (struct dirent *e; (e = readdir(dir));)
		if (!strcmp(e->d_name, name)) return e->d_type;
	fail("no entry %s", name);
	return -1;
}

static void readers_dirent(void) {
	OK(mknod("b", S_IFBLK | 0600, makedev(7, 1)));
	OK(mknod("c", S_IFCHR | 0600, makedev(5, 1)));
	OK(mkfifo("p", 0600));
	SAME("d_type of b", d_type("b"), DT_BLK);
	SAME("d_type of c", d_type("c"), DT_CHR);
	SAME("d_type of p", d_type("p"), DT_FIFO);
}

static int walked;
static int visit(const char *path, const struct stat *st, int type, struct FTW *at) {
	(void)type, (void)at;
	if (strcmp(path, "d/f") && strcmp(path, "d/b")) return 0;
	if (path[2] == 'f') shows("nftw", st, "5:6 104711");
	else SAME("nftw's rdev", st->st_rdev, makedev(7, 1));
	walked++;
	return 0;
}

static void tree(void) {
	OK(mkdir("d", 0755));
	owned("d/f", 5, 6, 04711);
	OK(mknod("d/b", S_IFBLK | 0600, makedev(7, 1)));
}

static void readers_nftw(void) {
	tree();
	OK(nftw("d", visit, 8, FTW_PHYS));
	SAME("files seen", walked, 2);
}

static void readers_fts(void) {
	int seen = 0;
	tree();
	FTS *fts = fts_open((char *[]){"d", NULL}, FTS_PHYSICAL, NULL);
	if (!fts) fail("fts_open: %s", strerrorname_np(errno));
	for (FTSENT *e; (e = fts_read(fts));)
		if (!strcmp(e->fts_name, "f")) shows("fts", e->fts_statp, "5:6 104711"), seen++;
	SAME("files seen", seen, 1);
}

static void chown_forms(void) {
	int fd = file("f", 0644);
	OK(symlink("f", "l"));
	OK(lchown("l", 5, 6));
	OK(chown("l", 7, -1));
	is("l", "5:6 120777");
	is("f", "7:0 100644");
	OK(fchown(fd, -1, 8));
	is("f", "7:8 100644");
	OK(fchownat(AT_FDCWD, "l", 9, 10, AT_SYMLINK_NOFOLLOW));
	is("l", "9:10 120777");
	OK(fchownat(fd, "", 11, 12, AT_EMPTY_PATH));
	is("f", "11:12 100644");
}

static void chown_clears_setuid(void) {
	owned("f", 5, 6, 06755);
	OK(chown("f", 5, 6));
	is("f", "5:6 100755");
}

static void chmod_forms(void) {
	int fd = file("f", 0600);
	OK(chmod("f", 04711));
	is("f", "0:0 104711");
	OK(fchmod(fd, 02750));
	is("f", "0:0 102750");
	OK(fchmodat(AT_FDCWD, "f", 01600, 0));
	is("f", "0:0 101600");
	OK(symlink("f", "l"));
	FAILS(lchmod("l", 0600), EOPNOTSUPP);
}

static void chmod_closed(void) {
	char text[8];
	int fd = file("f", 0600);
	OK(write(fd, "text", 4));
	OK(chmod("f", 0));
	is("f", "0:0 100000");
	FILE *f = fopen("f", "r+");
	if (!f) fail("fopen: got %s, want success", strerrorname_np(errno));
	SAME("fread", fread(text, 1, sizeof text, f), 4);
	OK(access("f", R_OK | W_OK));
	FAILS(access("f", X_OK), EACCES);
	OK(euidaccess("f", R_OK | W_OK));
	FAILS(execl("./f", "f", NULL), EACCES);
}

static void mknod_device(void) {
	struct stat st;
	OK(mknod("b", S_IFBLK | 0660, makedev(8, 70000)));
	OK(lstat("b", &st));
	shows("b", &st, "0:0 060640");
	SAME("rdev", st.st_rdev, makedev(8, 70000));
	OK(mknodat(AT_FDCWD, "c", S_IFCHR | 0600, makedev(4000, 1)));
	FAILS(open("c", O_RDWR), ENXIO);
	FAILS(mknod("b", S_IFCHR | 0600, makedev(5, 1)), EEXIST);
	OK(remove("b"));
	close(file("b", 0644));
	is("b", "0:0 100644");
}

static void rename_keeps(void) {
	owned("f", 5, 6, 04711);
	OK(mknod("b", S_IFBLK | 0600, makedev(7, 1)));
	OK(rename("f", "g"));
	is("g", "5:6 104711");
	OK(renameat(AT_FDCWD, "g", AT_FDCWD, "b"));
	is("b", "5:6 104711");
	close(file("f", 0644));
	OK(renameat2(AT_FDCWD, "f", AT_FDCWD, "b", RENAME_EXCHANGE));
	is("f", "5:6 104711");
	is("b", "0:0 100644");
}

static void link_keeps(void) {
	owned("f", 5, 6, 04711);
	OK(link("f", "g"));
	OK(unlink("f"));
	is("g", "5:6 104711");
	OK(linkat(AT_FDCWD, "g", AT_FDCWD, "h", 0));
	OK(unlinkat(AT_FDCWD, "g", 0));
	OK(chown("h", 7, 8));
	is("h", "7:8 100711");
}

static void tmpfile_linked(void) {
	int fd = open(".", O_TMPFILE | O_RDWR, 0600);
	char path[64];
	OK(fd);
	OK(fchown(fd, 5, 6));
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	OK(linkat(AT_FDCWD, path, AT_FDCWD, "f", AT_SYMLINK_FOLLOW));
	is("f", "5:6 100600");
}

static void directory_setgid(void) {
	OK(mkdir("d", 0755));
	OK(chown("d", 0, 50));
	OK(chmod("d", 02755));
	close(file("d/f", 0644));
	is("d/f", "0:50 100644");
	OK(mkdir("d/e", 0755));
	is("d/e", "0:50 042755");
	char name[] = "d/XXXXXX";
	OK(mkstemp(name));
	is(name, "0:50 100600");
}

static void directory_closed(void) {
	tree();
	OK(chmod("d", 0));
	struct stat st;
	OK(stat("d/f", &st));
	shows("d/f", &st, "5:6 104711");
	if (!opendir("d")) fail("opendir: got %s, want success", strerrorname_np(errno));
	OK(unlink("d/f"));
	OK(remove("d/b"));
	OK(rmdir("d"));
}

static void times(void) {
	struct timespec t[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1100000000}};
	struct stat st;
	owned("f", 1000, 1000, 0);
	OK(utimensat(AT_FDCWD, "f", t, 0));
	OK(stat("f", &st));
	SAME("mtime", st.st_mtime, 1100000000);
	int fd = open("f", O_RDONLY);
	OK(futimens(fd, t));
}

static void xattr_trusted(void) {
	char buf[256];
	int fd = file("f", 0644);
	OK(setxattr("f", "trusted.a", "x", 1, 0));
	SAME("getxattr", getxattr("f", "trusted.a", buf, sizeof buf), 1);
	SAME("lgetxattr", lgetxattr("f", "trusted.a", buf, sizeof buf), 1);
	SAME("fgetxattr", fgetxattr(fd, "trusted.a", buf, sizeof buf), 1);
	SAME("listxattr", listxattr("f", buf, sizeof buf), 10);
	OK(symlink("f", "l"));
	OK(lsetxattr("l", "trusted.b", "xy", 2, 0));
	SAME("lgetxattr of a link", lgetxattr("l", "trusted.b", buf, sizeof buf), 2);
	OK(fremovexattr(fd, "trusted.a"));
	FAILS(getxattr("f", "trusted.a", buf, sizeof buf), ENODATA);
}

static const char capability[20] = {1, 0, 0, 2, 0, 0x20};

static void xattr_capability(void) {
	char buf[64];
	close(file("f", 0755));
	OK(setxattr("f", "security.capability", capability, sizeof capability, 0));
	SAME("getxattr", getxattr("f", "security.capability", buf, sizeof buf), sizeof capability);
	if (memcmp(buf, capability, sizeof capability)) fail("getxattr: other bytes");
	OK(chown("f", 0, 0));
	FAILS(getxattr("f", "security.capability", buf, sizeof buf), ENODATA);
}

// acl_access is u::rwx,u:1000:rw-,g::r-x,m::rwx,o::r-- of acl(5).
static const unsigned char acl_access[44] = {
	2, 0, 0, 0, 1, 0, 7, 0, 255, 255, 255, 255, 2, 0, 6, 0, 232, 3, 0, 0, 4, 0, 5, 0, 255, 255, 255, 255,
	16, 0, 7, 0, 255, 255, 255, 255, 32, 0, 4, 0, 255, 255, 255, 255};

static void xattr_acl(void) {
	unsigned char buf[64];
	close(file("f", 0644));
	OK(setxattr("f", "system.posix_acl_access", acl_access, sizeof acl_access, 0));
	is("f", "0:0 100774");
	SAME("getxattr", getxattr("f", "system.posix_acl_access", buf, sizeof buf), sizeof acl_access);
	if (memcmp(buf, acl_access, sizeof acl_access)) fail("getxattr: other bytes");
	OK(chmod("f", 0750));
	SAME("getxattr", getxattr("f", "system.posix_acl_access", buf, sizeof buf), sizeof acl_access);
	SAME("the mask", buf[30], 5);
}

static void identity_dropped(void) {
	uid_t r, e, s;
	OK(setgroups(0, NULL));
	OK(setgid(1000));
	OK(setuid(1000));
	OK(getresuid(&r, &e, &s));
	SAME("uids", r == 1000 && e == 1000 && s == 1000, 1);
	SAME("getgid", getgid(), 1000);
	FAILS(setuid(0), EPERM);
	FAILS(seteuid(0), EPERM);
	FAILS(setgid(0), EPERM);
	FAILS(setgroups(0, NULL), EPERM);
	FAILS(chroot("."), EPERM);
}

static void identity_saved(void) {
	OK(seteuid(1000));
	SAME("geteuid", geteuid(), 1000);
	SAME("getuid", getuid(), 0);
	OK(seteuid(0));
	OK(setreuid(0, 1000));
	OK(setreuid(-1, 0));
	OK(setresuid(0, 0, 1000));
	OK(setegid(5));
	close(file("f", 0644));
	is("f", "0:5 100644");
	SAME("setfsuid", setfsuid(9), 0);
	SAME("setfsuid", setfsuid(-1), 9);
}

static void identity_groups(void) {
	gid_t set[] = {5, 600000}, got[8];
	OK(setgroups(2, set));
	SAME("getgroups", getgroups(8, got), 2);
	SAME("the second", got[1], 600000);
}

static void dropped_may_not(void) {
	owned("f", 1000, 1000, 0600);
	owned("g", 1001, 1001, 0666);
	OK(setresuid(1000, 1000, 1000));
	OK(chmod("f", 04700));
	FAILS(chown("f", 0, 0), EPERM);
	FAILS(chmod("g", 0600), EPERM);
	FAILS(mknod("b", S_IFBLK | 0600, makedev(7, 1)), EPERM);
	struct timespec t[2] = {{.tv_sec = 1}, {.tv_sec = 2}};
	FAILS(utimensat(AT_FDCWD, "g", t, 0), EPERM);
}

static int status_of(const char *command) {
	char *env[] = {NULL}, *argv[] = {"sh", "-c", (char *)command, NULL};
	pid_t pid;
	int status;
	if ((errno = posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, env))) fail("posix_spawn: %s", strerrorname_np(errno));
	OK(waitpid(pid, &status, 0));
	return status;
}

static void exec_empty_environment(void) {
	owned("f", 5, 6, 04711);
	SAME("id -u", status_of("test $(id -u) = 0"), 0);
	SAME("owner", status_of("test \"$(stat -c '%u:%g %a' f)\" = '5:6 4711'"), 0);
	SAME("popen", WEXITSTATUS(system("test \"$(env -i stat -c %u f)\" = 5")), 0);
}

static void exec_vfork(void) {
	int status;
	pid_t pid = vfork();
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", "chown 7:8 . && chmod 3777 .", NULL);
		_exit(127);
	}
	OK(waitpid(pid, &status, 0));
	SAME("status", status, 0);
	is(".", "7:8 043777");
}

static void descriptors_closed(void) {
	owned("f", 5, 6, 04711);
	close_range(4, ~0U, 0); // 3 is the check's own
	is("f", "5:6 104711");
	closefrom(4);
	OK(chown("f", 7, 8));
	is("f", "7:8 100711");
}

static void chroot_in(void) {
	tree();
	OK(symlink("/f", "d/l"));
	OK(chroot("d"));
	OK(chdir("/"));
	struct stat st;
	OK(stat("/../l", &st));
	shows("/../l", &st, "5:6 104711");
	FAILS(access("/d", F_OK), ENOENT);
	OK(chown("/f", 7, 8));
	is("f", "7:8 100711");
}

static void umask_applies(void) {
	umask(027);
	close(file("f", 0666));
	is("f", "0:0 100640");
	OK(mkdir("d", 0777));
	is("d", "0:0 040750");
	OK(mknod("c", S_IFCHR | 0666, makedev(5, 1)));
	is("c", "0:0 020640");
}

#define CHECK(name) {#name, name}
static const struct check { const char *name; void (*run)(void); } checks[] = {
	CHECK(readers_stat), CHECK(readers_fstatat), CHECK(readers_stat64), CHECK(readers_statx), CHECK(readers_dirent),
	CHECK(readers_nftw), CHECK(readers_fts), CHECK(chown_forms), CHECK(chown_clears_setuid), CHECK(chmod_forms),
	CHECK(chmod_closed), CHECK(mknod_device), CHECK(rename_keeps), CHECK(link_keeps), CHECK(tmpfile_linked),
	CHECK(directory_setgid), CHECK(directory_closed), CHECK(times), CHECK(xattr_trusted), CHECK(xattr_capability),
	CHECK(xattr_acl), CHECK(identity_dropped), CHECK(identity_saved), CHECK(identity_groups), CHECK(dropped_may_not),
	CHECK(exec_empty_environment), CHECK(exec_vfork), CHECK(descriptors_closed), CHECK(chroot_in), CHECK(umask_applies),
};

// child runs a check in a fresh directory; descriptor 3 takes what it says.
static void child(const struct check *c, const char *dir, int out) {
	if (out != 3 && (dup2(out, 3) < 0 || close(out) < 0)) _exit(2);
	if (chdir(dir) < 0) fail("chdir %s: %s", dir, strerror(errno));
	alarm(30);
	umask(022);
	c->run();
	_exit(0);
}

static int unlink_one(const char *path, const struct stat *st, int type, struct FTW *at) {
	(void)st, (void)type, (void)at;
	return remove(path);
}

static int open_one(const char *path, const struct stat *st, int type, struct FTW *at) {
	(void)st, (void)at;
	if (type == FTW_D || type == FTW_DNR) chmod(path, 0700);
	return 0;
}

// runs says why the check failed, or NULL.
static const char *runs(const struct check *c, const char *parent) {
	static char dir[4096], said[512], ended[64];
	int out[2], status;
	snprintf(dir, sizeof dir, "%s/fakecheck-XXXXXX", parent);
	if (!mkdtemp(dir) || chmod(dir, 0777) < 0 || pipe(out) < 0) return strerror(errno);
	pid_t pid = fork();
	if (pid == 0) child(c, dir, out[1]);
	close(out[1]);
	ssize_t n = read(out[0], said, sizeof said - 1);
	close(out[0]);
	said[n > 0 ? n : 0] = 0;
	waitpid(pid, &status, 0);
	nftw(dir, open_one, 8, FTW_PHYS);
	nftw(dir, unlink_one, 8, FTW_PHYS | FTW_DEPTH);
	if (status == 0) return NULL;
	snprintf(ended, sizeof ended, WIFSIGNALED(status) ? "signal %d" : "exit status %d",
		 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	return n > 0 ? said : ended;
}

static int wanted(const char *name, int argc, char **argv) {
	for (int i = 0; i < argc; i++)
		if (!strcmp(name, argv[i])) return 1;
	return argc == 0;
}

int main(int argc, char **argv) {
	const char *dir = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
	int ok = 0, failed = 0;
	argc--, argv++;
	if (argc > 1 && !strcmp(argv[0], "-dir")) dir = argv[1], argc -= 2, argv += 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
		if (argc == 1 && !strcmp(argv[0], "-list")) {
			puts(checks[i].name);
			continue;
		}
		if (!wanted(checks[i].name, argc, argv)) continue;
		const char *failure = runs(&checks[i], dir);
		if (failure) printf("FAILED %s: %s\n", checks[i].name, failure), failed++;
		else printf("ok %s\n", checks[i].name), ok++;
	}
	if (argc == 1 && !strcmp(argv[0], "-list")) return 0;
	printf("%d checks, %d ok, %d failed\n", ok + failed, ok, failed);
	return failed || !ok;
}
