/* SPDX-License-Identifier: ISC */
/* Signals come in while we wait and at no other time, so that a round is never cut in two. */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/select.h>
#include <time.h>

#include "requeue.h"

static volatile sig_atomic_t stop, now;
static sigset_t outside;        /* the mask while waiting */

static void
handle(int signal)
{
	if (signal == SIGTERM || signal == SIGINT)
		stop = 1;
	else
		now = 1;
}

void
wait_setup(void)
{
	static const int caught[] = { SIGTERM, SIGINT, SIGHUP, SIGALRM };
	struct sigaction old, action = { .sa_handler = handle };
	sigset_t held;
	size_t i;

	(void)sigemptyset(&action.sa_mask);
	(void)sigemptyset(&held);
	for (i = 0; i < sizeof caught / sizeof *caught; i++)
		(void)sigaddset(&held, caught[i]);
	(void)sigprocmask(SIG_BLOCK, &held, &outside);
	for (i = 0; i < sizeof caught / sizeof *caught; i++) {
		(void)sigdelset(&outside, caught[i]);
		if (sigaction(caught[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			(void)sigaction(caught[i], &action, NULL);
	}
}

int
wait_stopped(void)
{
	return stop != 0;
}

/* Waiting was refused: the signals come in all the same, and nobody goes round and round. */
static void
wait_apart(void)
{
	const struct timespec second = { .tv_sec = 1 };
	sigset_t inside;

	(void)sigprocmask(SIG_SETMASK, &outside, &inside);
	if (!wait_stopped())
		(void)nanosleep(&second, NULL);
	(void)sigprocmask(SIG_SETMASK, &inside, NULL);
}

int
wait_seconds(unsigned long seconds)
{
	struct timespec t = { .tv_sec = (time_t)seconds };
	int asked;

	if (pselect(0, NULL, NULL, NULL, &t, &outside) < 0 && errno != EINTR)
		wait_apart();
	asked = now != 0;
	now = 0;
	return asked;
}
