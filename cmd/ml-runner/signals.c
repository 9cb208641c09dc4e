/* SPDX-License-Identifier: ISC */
/* A pipe to itself: a signal that arrives between a look at a flag and poll() still wakes it. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "anew.h"
#include "signals.h"

struct signals signals;

static int ends[2] = { -1, -1 };
static const int caught[] = { SIGTERM, SIGINT, SIGHUP, SIGALRM, SIGCHLD };
static volatile sig_atomic_t parent;    /* who passes signals on to us, 0: nobody */
static volatile sig_atomic_t passed_on, sent;

/* What is sent to all of the group comes twice, from its sender and from the parent. */
static void
count_stop(const siginfo_t *from)
{
	sig_atomic_t stops;

	if (parent != 0 && from->si_pid == parent)
		passed_on = passed_on + 1;
	else
		sent = sent + 1;
	stops = passed_on > sent ? passed_on : sent;
	if (stops > signals.stop)
		signals.stop = stops;
}

static void
note(int number, siginfo_t *from, void *context)
{
	int saved = errno;

	(void)context;
	if (number == SIGTERM || number == SIGINT)
		count_stop(from);
	else if (number == SIGHUP)
		signals.reconnect = 1;
	else if (number == SIGALRM)
		signals.look = 1;
	else
		signals.child = 1;
	if (anew_write(ends[1], "", 1) < 0)
		errno = saved;          /* full: it wakes all the same */
	errno = saved;
}

static int
make_pipe(void)
{
	int i;

	if (ends[0] >= 0) {             /* a forked child must not share its parent's */
		(void)close(ends[0]);
		(void)close(ends[1]);
	}
	if (anew_pipe(ends) < 0)
		return -1;
	for (i = 0; i < 2; i++)
		if (anew_fcntl(ends[i], F_SETFD, FD_CLOEXEC) < 0 || anew_fcntl(ends[i], F_SETFL, O_NONBLOCK) < 0)
			return -1;
	return 0;
}

/* A shell without job control lets its background jobs ignore the terminal's INT. */
static int
is_to_be_ignored(int number)
{
	struct sigaction now;

	return number == SIGINT && sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

int
signals_note(void)
{
	struct sigaction act = { .sa_sigaction = note, .sa_flags = SA_SIGINFO };
	size_t i;

	(void)sigemptyset(&act.sa_mask);
	for (i = 0; i < sizeof caught / sizeof *caught; i++)
		(void)sigaddset(&act.sa_mask, caught[i]);       /* one counts at a time */
	for (i = 0; i < sizeof caught / sizeof *caught; i++)
		if (!is_to_be_ignored(caught[i]) && sigaction(caught[i], &act, NULL) < 0)
			return -1;
	return 0;
}

void
signals_parent(pid_t pid)
{
	parent = pid;
}

int
signals_catch(void)
{
	return make_pipe() < 0 ? -1 : signals_note();
}

int
signals_fd(void)
{
	return ends[0];
}

void
signals_drain(void)
{
	char waste[64];

	while (anew_read(ends[0], waste, sizeof waste) > 0)
		continue;
}

void
signals_default(void)
{
	size_t i;

	for (i = 0; i < sizeof caught / sizeof *caught; i++)
		if (!is_to_be_ignored(caught[i]))
			(void)signal(caught[i], SIG_DFL);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)signal(SIGXFSZ, SIG_DFL);
}
