/* SPDX-License-Identifier: ISC */
/*
 * A stopped process's registers.  Which call it is at is asked in a way that is the same everywhere;
 * to change it takes the processor's own names.
 */
#define _DEFAULT_SOURCE
#include "fault.h"

#include <elf.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

#define GET_SYSCALL_INFO 0x420e         /* Linux 5.3; not every libc names it */
#define IS_ENTRY         1

struct info {
	uint8_t op, pad[3];
	uint32_t arch;
	uint64_t ip, sp;
	uint64_t number, arg[6];
	uint64_t spare[2];
};

void *
regs_pointer(uint64_t value)
{
	return (void *)(uintptr_t)value;
}

int
regs_entry(pid_t pid, struct call *c)
{
	struct info i;

	memset(&i, 0, sizeof i);
	if (ptrace(GET_SYSCALL_INFO, pid, sizeof i, &i) < 0)
		return -1;
	c->number = i.number;
	memcpy(c->arg, i.arg, sizeof c->arg);
	return i.op != IS_ENTRY;
}

int
regs_string_is(pid_t pid, uint64_t at, const char *text)
{
	size_t length = strlen(text) + 1, i, n;
	long word;

	for (i = 0; i < length; i += sizeof word) {
		errno = 0;
		word = ptrace(PTRACE_PEEKDATA, pid, regs_pointer(at + i), 0);
		n = length - i < sizeof word ? length - i : sizeof word;
		if (errno != 0 || memcmp(&word, text + i, n) != 0)
			return 0;
	}
	return 1;
}

#if defined(__x86_64__)
static int
poke(pid_t pid, size_t offset, uint64_t value)
{
	return (int)ptrace(PTRACE_POKEUSER, pid, regs_pointer(offset), regs_pointer(value));
}

int
regs_skip(pid_t pid)
{
	return poke(pid, offsetof(struct user_regs_struct, orig_rax), ~(uint64_t)0);
}

int
regs_result(pid_t pid, long value)
{
	return poke(pid, offsetof(struct user_regs_struct, rax), (uint64_t)value);
}

int
regs_arg(pid_t pid, int n, uint64_t value)
{
	static const size_t offset[] = {
		offsetof(struct user_regs_struct, rdi), offsetof(struct user_regs_struct, rsi),
		offsetof(struct user_regs_struct, rdx)
	};

	return poke(pid, offset[n], value);
}

int
regs_restore(pid_t pid, uint64_t value)
{
	return regs_arg(pid, 0, value);
}
#elif defined(__aarch64__)
#define SYSTEM_CALL 0x404               /* NT_ARM_SYSTEM_CALL */

static int
set(pid_t pid, int n, uint64_t value)
{
	uint64_t regs[34];
	struct iovec v = { regs, sizeof regs };

	if (ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &v) < 0)
		return -1;
	regs[n] = value;
	return (int)ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &v);
}

int
regs_skip(pid_t pid)
{
	int none = -1;
	struct iovec v = { &none, sizeof none };

	return (int)ptrace(PTRACE_SETREGSET, pid, SYSTEM_CALL, &v);
}

int
regs_result(pid_t pid, long value)
{
	return set(pid, 0, (uint64_t)value);
}

int
regs_arg(pid_t pid, int n, uint64_t value)
{
	return set(pid, n, value);
}

int
regs_restore(pid_t pid, uint64_t value)
{
	(void)pid;                      /* the result has taken its place */
	(void)value;
	return 0;
}
#else
int
regs_skip(pid_t pid)
{
	(void)pid;
	errno = ENOSYS;
	return -1;
}

int
regs_result(pid_t pid, long value)
{
	(void)value;
	return regs_skip(pid);
}

int
regs_arg(pid_t pid, int n, uint64_t value)
{
	(void)n;
	(void)value;
	return regs_skip(pid);
}

int
regs_restore(pid_t pid, uint64_t value)
{
	(void)value;
	return regs_skip(pid);
}
#endif
