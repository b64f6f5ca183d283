/* floor: the least that a supervisor can cost.
 *
 * floor LEVEL COMMAND [ARG...] runs COMMAND under a seccomp filter that sends
 * the calls which change files to this process, which lets every one of them
 * continue. LEVEL is
 *   bare   receive and continue, nothing else
 *   read   the same, with the path read out of the target and SECCOMP_IOCTL_NOTIF_ID_VALID
 *          before the answer: what any supervisor that decides has to do
 *   find   the same, and it finds the file: the current directory for a relative path, and whether there are
 *          symbolic links on the way: what any supervisor has to do that says which file it was
 * Nothing is enforced. Standard error gets "floor: N notifications"
 * at the end of a command that succeeded.
 *
 * seccomp(2), seccomp_unotify(2).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Linux 6.6; the argument is passed by value. */
#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif
/* Linux 5.19. */
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#else
#error "floor: no audit architecture for this machine"
#endif

#define WRITES (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)

struct trapped {
	int nr;
	int path;  /* which argument is the path; -1: none */
	int flags; /* which argument has open flags that must ask to write; -1: trap always */
};

static const struct trapped calls[] = {
	{__NR_openat, 1, 2},
	{__NR_mkdirat, 1, -1},
	{__NR_mknodat, 1, -1},
	{__NR_unlinkat, 1, -1},
	{__NR_renameat, 1, -1},
	{__NR_renameat2, 1, -1},
	{__NR_linkat, 1, -1},
	{__NR_symlinkat, 2, -1},
	{__NR_fchmodat, 1, -1},
	{__NR_fchmod, -1, -1},
	{__NR_fchownat, 1, -1},
	{__NR_fchown, -1, -1},
	{__NR_utimensat, 1, -1},
	{__NR_truncate, 0, -1},
	{__NR_setxattr, 0, -1},
	{__NR_lsetxattr, 0, -1},
	{__NR_fsetxattr, -1, -1},
	{__NR_removexattr, 0, -1},
	{__NR_lremovexattr, 0, -1},
	{__NR_fremovexattr, -1, -1},
#ifdef __NR_open
	{__NR_open, 0, 1},
	{__NR_creat, 0, -1},
	{__NR_mkdir, 0, -1},
	{__NR_rmdir, 0, -1},
	{__NR_mknod, 0, -1},
	{__NR_unlink, 0, -1},
	{__NR_rename, 0, -1},
	{__NR_link, 0, -1},
	{__NR_symlink, 1, -1},
	{__NR_chmod, 0, -1},
	{__NR_chown, 0, -1},
	{__NR_lchown, 0, -1},
	{__NR_utime, 0, -1},
	{__NR_utimes, 0, -1},
	{__NR_futimesat, 1, -1},
#endif
};
#define NCALLS (sizeof calls / sizeof calls[0])

static unsigned long notifications;
static int reads_path, finds_file;

static void die(const char *what)
{
	fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
	_exit(125);
}

/* The instructions of one row are a block that starts and ends with the call's
 * number in the accumulator. arg_low is right on little endian machines only,
 * which both architectures above are. */
static size_t append_row(struct sock_filter *f, size_t n, const struct trapped *c)
{
	size_t arg_low = offsetof(struct seccomp_data, args) + 8 * (c->flags < 0 ? 0 : c->flags);

	if (c->flags < 0) {
		f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, c->nr, 0, 1);
		f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
		return n;
	}
	f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, c->nr, 0, 4);
	f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, arg_low);
	f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, WRITES, 0, 1);
	f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
	f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	return n;
}

static int load_filter(void)
{
	struct sock_filter f[8 + 5 * NCALLS];
	unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
	size_t n = 0;

	f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
	f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < NCALLS; i++)
		n = append_row(f, n, &calls[i]);
	f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);

	struct sock_fprog prog = {.len = n, .filter = f};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		die("no_new_privs");
	int fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &prog);
	if (fd < 0 && errno == EINVAL)
		fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);
	if (fd < 0)
		die("seccomp");
	return fd;
}

/* One descriptor over a unix socket, unix(7). fd < 0 receives. */
static int pass_fd(int sock, int fd)
{
	char byte = 0;
	struct iovec iov = {&byte, 1};
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} u = {0};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = u.buf, .msg_controllen = sizeof u.buf};

	if (fd < 0) {
		if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) != 1 || !CMSG_FIRSTHDR(&msg))
			return -1;
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof fd);
		return fd;
	}
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(c), &fd, sizeof fd);
	return sendmsg(sock, &msg, 0) == 1 ? 0 : -1;
}

static int path_argument(int nr)
{
	for (size_t i = 0; i < NCALLS; i++)
		if (calls[i].nr == nr)
			return calls[i].path;
	return -1;
}

/* The string may end just before an unmapped page: read to the end of the
 * page it starts in, and only then the rest. */
static char path[4096];

static void read_path(pid_t pid, uint64_t addr)
{
	size_t first = 4096 - (addr & 4095);
	struct iovec local = {path, first};
	struct iovec remote = {(void *)(uintptr_t)addr, first};

	ssize_t n = process_vm_readv(pid, &local, 1, &remote, 1, 0);
	if (n <= 0 || memchr(path, 0, n) || first == sizeof path)
		return;
	local = (struct iovec){path + first, sizeof path - first};
	remote = (struct iovec){(void *)(uintptr_t)(addr + first), sizeof path - first};
	process_vm_readv(pid, &local, 1, &remote, 1, 0);
}

/* The file at the path, or else its directory: openat2(2) refuses symbolic links. */
static void find_file(pid_t pid)
{
	static char whole[8192];
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS};
	size_t n = 0;

	if (path[0] != '/') {
		char cwd[64];
		snprintf(cwd, sizeof cwd, "/proc/%d/cwd", pid);
		ssize_t got = readlink(cwd, whole, 4096);
		n = got < 0 ? 0 : got;
		whole[n++] = '/';
	}
	snprintf(whole + n, sizeof whole - n, "%s", path);
	int fd = syscall(SYS_openat2, AT_FDCWD, whole, &how, sizeof how);
	if (fd < 0 && errno == ENOENT) {
		*(strrchr(whole, '/') + 1) = 0;
		fd = syscall(SYS_openat2, AT_FDCWD, whole, &how, sizeof how);
	}
	if (fd >= 0)
		close(fd);
}

static void answer(int listener, struct seccomp_notif *req)
{
	struct seccomp_notif_resp resp = {.id = req->id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
	int arg = reads_path ? path_argument(req->data.nr) : -1;

	if (arg >= 0) {
		read_path(req->pid, req->data.args[arg]);
		if (finds_file)
			find_file(req->pid);
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &req->id))
			return;
	}
	/* ENOENT: the target died meanwhile. */
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &resp) && errno != ENOENT)
		die("send");
}

static void *supervise(void *arg)
{
	int listener = *(int *)arg;
	struct seccomp_notif req;

	for (;;) {
		memset(&req, 0, sizeof req); /* the kernel refuses anything else */
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &req) == 0) {
			notifications++;
			answer(listener, &req);
		} else if (errno != EINTR && errno != ENOENT) {
			die("receive");
		}
	}
	return NULL;
}

static void run_target(int sock, char **argv)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (pass_fd(sock, load_filter()))
		die("pass the listener");
	execvp(argv[0], argv);
	die(argv[0]);
}

/* Every signal is blocked in the thread that answers: seccomp_unotify(2). */
static void start_supervisor(int *listener)
{
	sigset_t all, old;
	pthread_t t;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	if (pthread_create(&t, NULL, supervise, listener))
		die("thread");
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

int main(int argc, char **argv)
{
	int sock[2], status;

	if (argc < 3 || (strcmp(argv[1], "bare") && strcmp(argv[1], "read") && strcmp(argv[1], "find"))) {
		fprintf(stderr, "usage: floor bare|read|find COMMAND [ARG...]\n");
		return 125;
	}
	finds_file = !strcmp(argv[1], "find");
	reads_path = finds_file || !strcmp(argv[1], "read");
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sock))
		die("socketpair");
	pid_t pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0)
		run_target(sock[1], argv + 2);
	close(sock[1]);
	int listener = pass_fd(sock[0], -1);
	if (listener < 0)
		die("receive the listener");
	/* Older kernels (before 6.6) have no such flag and answer on either processor. */
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
	start_supervisor(&listener);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			die("wait");
	if (status == 0) /* else the last line is the command's, and says why */
		fprintf(stderr, "floor: %lu notifications\n", notifications);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
