/* SPDX-License-Identifier: ISC */
/*
 * The tracer: counts the calls of a command and all its children, in the order in which they are
 * made, and does at one of them what the plan says.  It ends when the last of them has ended.
 */
#define _DEFAULT_SOURCE
#include "fault.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define TRACEES    64
#define TIMED_OUT  124
#define OPTIONS    (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | \
    PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL)

#ifndef __WALL
#define __WALL 0x40000000
#endif

struct tracee {
	pid_t pid;
	int begun;                      /* its first stop is behind it */
	int foreign;                    /* a command that one of them became: its calls are none of ours */
	int answered;                   /* the result of the call that it is in is ours */
	int is_brk;                     /* and was this one, with this argument */
	uint64_t end;
};

struct tracer {
	struct plan *plan;
	pid_t first;
	struct tracee tracee[TRACEES];
	size_t tracees;
	unsigned long calls;
	uint64_t hit;                   /* the call that the plan met */
	int on, met, over;              /* over: nothing more is to be looked at */
};

static volatile sig_atomic_t late;

static void
ring(int number)
{
	(void)number;
	late = 1;
}

static struct tracee *
find(struct tracer *t, pid_t pid)
{
	size_t i;

	for (i = 0; i < t->tracees; i++)
		if (t->tracee[i].pid == pid)
			return &t->tracee[i];
	if (t->tracees == TRACEES)
		return NULL;
	t->tracee[t->tracees] = (struct tracee){ .pid = pid };
	return &t->tracee[t->tracees++];
}

static void
forget(struct tracer *t, pid_t pid)
{
	struct tracee *e = find(t, pid);

	if (e != NULL)
		*e = t->tracee[--t->tracees];
}

static void
kill_all(struct tracer *t)
{
	size_t i;

	for (i = 0; i < t->tracees; i++)
		(void)kill(t->tracee[i].pid, SIGKILL);
}

static int
names_spool(struct tracer *t, pid_t pid, const struct call *c)
{
	return t->plan->spool == NULL || regs_string_is(pid, c->arg[0], t->plan->spool) ||
	    regs_string_is(pid, c->arg[1], t->plan->spool);
}

/* Half of it, and at least one octet: that much is really written. */
static int
shorten(struct tracer *t, struct tracee *e, const struct call *c)
{
	int n = call_length_arg(c->number);

	(void)t;
	return n < 0 || c->arg[n] < 2 ? 0 : regs_arg(e->pid, n, c->arg[n] / 2);
}

static int
refuse(struct tracee *e, const struct call *c)
{
	e->answered = 1;
	e->is_brk = call_is_brk(c->number);
	e->end = c->arg[0];
	if (e->is_brk)
		return regs_arg(e->pid, 0, 0);
	return call_is_made(c->number) ? 0 : regs_skip(e->pid);
}

static int
act(struct tracer *t, struct tracee *e, const struct call *c)
{
	switch (t->plan->act) {
	case ACT_COUNT:
		break;
	case ACT_KILL:
		t->over = 1;
		return kill(e->pid, SIGKILL);
	case ACT_GROUP:
		t->over = 1;
		kill_all(t);
		break;
	case ACT_ERROR:
		return refuse(e, c);
	case ACT_SHORT:
		return shorten(t, e, c);
	}
	return 0;
}

static void
report(struct tracer *t, pid_t pid, const struct call *c)
{
	char path[64], object[256];
	ssize_t n;

	(void)snprintf(path, sizeof path, "/proc/%ld/fd/%lu", (long)pid, (unsigned long)c->arg[0]);
	n = readlink(path, object, sizeof object);
	(void)fprintf(t->plan->report, "%s %lu %.*s\n", call_name(c->number), t->calls, n > 0 ? (int)n : 1,
	    n > 0 ? object : "-");
}

static int
at_entry(struct tracer *t, struct tracee *e, const struct call *c)
{
	struct plan *p = t->plan;

	t->on |= names_spool(t, e->pid, c);
	if (!t->on || !call_counts(p, c))
		return 0;
	t->calls++;
	if (p->act == ACT_COUNT)
		(void)fprintf(p->report, "%lu %s\n", t->calls, call_name(c->number));
	if (t->met)
		return p->every && c->number == t->hit ? act(t, e, c) : 0;
	if (p->act == ACT_COUNT || t->calls != p->at)
		return 0;
	t->met = 1;
	t->hit = c->number;
	report(t, e->pid, c);
	return act(t, e, c);
}

static int
at_call(struct tracer *t, struct tracee *e)
{
	struct call c;
	int outside = regs_entry(e->pid, &c);

	if (outside < 0)
		return -1;
	if (!outside)
		return at_entry(t, e, &c);
	if (!e->answered)
		return 0;
	e->answered = 0;
	t->over |= !t->plan->every;
	if (e->is_brk)
		return regs_restore(e->pid, e->end);
	return regs_result(e->pid, -(long)t->plan->error);
}

/* A stop of one of them; what signal it is to go on with. */
static int
stopped(struct tracer *t, struct tracee *e, int status)
{
	int number = WSTOPSIG(status), first = !e->begun;

	e->begun = 1;
	if (number == (SIGTRAP | 0x80)) {
		if (at_call(t, e) < 0 && errno != ESRCH) {
			perror("fault: ptrace");
			kill_all(t);
		}
		return 0;
	}
	e->foreign |= e->pid != t->first && status >> 16 == PTRACE_EVENT_EXEC;
	if (status >> 16 != 0)
		return 0;
	return first && number == SIGSTOP ? 0 : number;
}

static int
follow(struct tracer *t)
{
	struct tracee *e;
	int status, number, code = EX_OSERR;
	pid_t pid;

	while ((pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
		if (late)
			kill_all(t);
		if (pid <= 0)
			continue;
		if (!WIFSTOPPED(status)) {
			if (pid == t->first)
				code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
			forget(t, pid);
			continue;
		}
		e = find(t, pid);
		number = e != NULL ? stopped(t, e, status) : 0;
		(void)ptrace(t->over || (e != NULL && e->foreign) ? PTRACE_CONT : PTRACE_SYSCALL, pid, 0, regs_pointer((unsigned)number));
	}
	return late ? TIMED_OUT : code;
}

static _Noreturn void
become(char **argv)
{
	if (ptrace(PTRACE_TRACEME, 0, 0, 0) == 0 && raise(SIGSTOP) == 0)
		(void)execvp(argv[0], argv);
	perror(argv[0]);
	_exit(EX_UNAVAILABLE);
}

int
trace(struct plan *p, char **argv)
{
	struct sigaction alarmed = { .sa_handler = ring };
	struct tracer t = { .plan = p };
	int status, code;
	pid_t pid;

	(void)fflush(NULL);
	pid = t.first = fork();
	if (pid == 0)
		become(argv);
	if (pid < 0 || waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, pid, 0, OPTIONS) < 0) {
		perror("fault: may not trace");
		return EX_NOPERM;
	}
	find(&t, pid)->begun = 1;
	(void)sigaction(SIGALRM, &alarmed, NULL);
	(void)alarm(p->limit);
	(void)ptrace(PTRACE_SYSCALL, pid, 0, 0);
	code = follow(&t);
	if (!t.met)
		(void)fprintf(p->report, "beyond %lu\n", t.calls);
	return code;
}
