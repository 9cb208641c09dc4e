/* SPDX-License-Identifier: ISC */
/*
 * Which calls are points: all but those that touch neither a file nor a socket, and those that write
 * to standard error.  Names are for the report; a call without one appears by its number.
 */
#define _DEFAULT_SOURCE
#include "fault.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CALL(name) { SYS_##name, #name }

static const struct {
	uint64_t number;
	const char *name;
} names[] = {
#ifdef SYS_open
	CALL(open), CALL(rename), CALL(link), CALL(unlink), CALL(mkdir), CALL(rmdir), CALL(poll),
	CALL(stat), CALL(lstat), CALL(pipe), CALL(dup2), CALL(readlink), CALL(access), CALL(fork),
	CALL(vfork), CALL(select), CALL(chmod),
#endif
#ifdef SYS_renameat
	CALL(renameat),
#endif
#ifdef SYS_newfstatat
	CALL(newfstatat),
#endif
#ifdef SYS_sync_file_range
	CALL(sync_file_range),
#endif
	CALL(openat), CALL(read), CALL(write), CALL(pread64), CALL(pwrite64), CALL(readv), CALL(writev),
	CALL(close), CALL(fstat), CALL(statx), CALL(lseek), CALL(fcntl), CALL(ftruncate), CALL(fsync),
	CALL(fdatasync), CALL(syncfs), CALL(renameat2), CALL(linkat), CALL(unlinkat), CALL(mkdirat),
	CALL(mknodat), CALL(fchmod), CALL(fchown), CALL(fchmodat), CALL(fchownat), CALL(getdents64),
	CALL(statfs), CALL(fstatfs), CALL(readlinkat), CALL(ppoll), CALL(pselect6), CALL(pipe2), CALL(dup),
	CALL(dup3), CALL(socket), CALL(connect), CALL(sendto), CALL(recvfrom), CALL(sendmsg), CALL(recvmsg),
	CALL(setsockopt), CALL(getsockopt), CALL(getsockname), CALL(getpeername), CALL(shutdown),
	CALL(utimensat), CALL(clone), CALL(clone3), CALL(execve), CALL(wait4), CALL(ioctl), CALL(kill),
	CALL(mmap), CALL(mremap), CALL(brk), CALL(sendfile), CALL(splice), CALL(copy_file_range),
	CALL(fallocate), CALL(faccessat), CALL(fadvise64), CALL(umask)
};

/* Those that are none. */
static const uint64_t apart[] = {
	SYS_munmap, SYS_mprotect, SYS_madvise, SYS_futex, SYS_exit, SYS_exit_group, SYS_rt_sigaction,
	SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sigaltstack, SYS_clock_gettime, SYS_clock_nanosleep,
	SYS_nanosleep, SYS_gettimeofday, SYS_getpid, SYS_gettid, SYS_getppid, SYS_getuid, SYS_geteuid,
	SYS_getgid, SYS_getegid, SYS_getgroups, SYS_uname, SYS_sysinfo, SYS_getrandom, SYS_prlimit64,
	SYS_set_tid_address, SYS_set_robust_list, SYS_sched_yield, SYS_sched_getaffinity, SYS_wait4,
	SYS_kill, SYS_tgkill, SYS_umask, SYS_setitimer, SYS_execve, SYS_restart_syscall,
#ifdef SYS_rseq
	SYS_rseq,
#endif
#ifdef SYS_arch_prctl
	SYS_arch_prctl, SYS_time, SYS_alarm,
#endif
};

static const uint64_t memory[] = { SYS_mmap, SYS_mremap, SYS_brk };

static const struct {
	const char *name;
	int error;
} errors[] = {
	{ "ENOSPC", ENOSPC }, { "EDQUOT", EDQUOT }, { "EIO", EIO }, { "EMFILE", EMFILE },
	{ "ENFILE", ENFILE }, { "ENOMEM", ENOMEM }, { "EAGAIN", EAGAIN }, { "EINTR", EINTR },
	{ "EACCES", EACCES }, { "ENOENT", ENOENT }, { "EROFS", EROFS }, { "EPIPE", EPIPE }
};

static int
is_among(const uint64_t *list, size_t n, uint64_t number)
{
	while (n > 0)
		if (list[--n] == number)
			return 1;
	return 0;
}

const char *
call_name(uint64_t number)
{
	static char text[32];
	size_t i;

	for (i = 0; i < sizeof names / sizeof *names; i++)
		if (names[i].number == number)
			return names[i].name;
	(void)snprintf(text, sizeof text, "call%lu", (unsigned long)number);
	return text;
}

int
call_counts(const struct plan *p, const struct call *c)
{
	/* counted apart: the numbers of all others stay the same */
	if (p->memory || is_among(memory, sizeof memory / sizeof *memory, c->number))
		return p->memory && is_among(memory, sizeof memory / sizeof *memory, c->number);
	/* where errors are told */
	if (c->number == SYS_write && c->arg[0] == STDERR_FILENO)
		return 0;
	return !is_among(apart, sizeof apart / sizeof *apart, c->number);
}

int
call_is_brk(uint64_t number)
{
	return number == SYS_brk;
}

int
call_is_made(uint64_t number)
{
	return number == SYS_close;
}

int
call_length_arg(uint64_t number)
{
	if (number == SYS_write || number == SYS_pwrite64 || number == SYS_sendto ||
	    number == SYS_writev || number == SYS_read || number == SYS_pread64 || number == SYS_recvfrom)
		return 2;
	return -1;
}

int
error_by_name(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof errors / sizeof *errors; i++)
		if (strcmp(errors[i].name, name) == 0)
			return errors[i].error;
	return 0;
}
