/* SPDX-License-Identifier: ISC */
/*
 * -j N: a parent that only forks, passes signals on and waits.  It restarts
 * nobody: when a child ends badly it ends the others and itself, so that the
 * supervisor starts all anew.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "anew.h"
#include "crew.h"
#include "die.h"
#include "life.h"
#include "signals.h"

struct crew {
	pid_t *child;                   /* 0 once it has ended */
	unsigned long size, left;
	int alive[2];                   /* a pipe whose end tells the children that we are gone */
	int code;
	int ending;                     /* for a reason of our own */
	int stops;                      /* TERMs passed on */
};

static void
pass_on(struct crew *c, int number)
{
	unsigned long i;

	for (i = 0; i < c->size; i++)
		if (c->child[i] > 0)
			(void)kill(c->child[i], number);
}

static int
hire(struct crew *c, const struct options *o, unsigned long i)
{
	pid_t parent = getpid(), pid = anew_fork();

	if (pid == 0) {
		signals_parent(parent);
		(void)close(c->alive[1]);
		exit(life(o, c->alive[0], i));
	}
	if (pid < 0)
		return -1;
	c->child[i] = pid;
	c->left++;
	return 0;
}

static void
ended(struct crew *c, pid_t pid, int status)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : EX_SOFTWARE;
	unsigned long i;

	for (i = 0; i < c->size; i++)
		if (c->child[i] == pid) {
			c->child[i] = 0;
			c->left--;
		}
	if (code == 0)
		return;
	if (c->code == 0)
		c->code = code;
	c->ending = 1;
}

/* A child that has been told once must not be told again for another reason: that drops what it does. */
static void
pass_stops(struct crew *c)
{
	int wanted = signals.stop > 0 ? signals.stop : c->ending;

	for (; c->stops < wanted; c->stops++)
		pass_on(c, SIGTERM);
}

static void
pass_requests(struct crew *c)
{
	pass_stops(c);
	/* cleared first: another one may come while the last is passed on */
	if (signals.reconnect != 0) {
		signals.reconnect = 0;
		pass_on(c, SIGHUP);
	}
	if (signals.look != 0) {
		signals.look = 0;
		pass_on(c, SIGALRM);
	}
}

static void
wait_for_all(struct crew *c)
{
	struct pollfd p = { .fd = signals_fd(), .events = POLLIN };
	int status;
	pid_t pid;

	while (c->left > 0) {
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
			ended(c, pid, status);
		pass_requests(c);
		if (c->left > 0 && poll(&p, 1, -1) > 0)
			signals_drain();
	}
}

int
crew(const struct options *o)
{
	struct crew c = { .size = o->processes };
	unsigned long i;

	c.child = calloc(o->processes, sizeof *c.child);
	if (c.child == NULL || anew_pipe(c.alive) < 0 ||
	    anew_fcntl(c.alive[0], F_SETFD, FD_CLOEXEC) < 0 ||
	    anew_fcntl(c.alive[1], F_SETFD, FD_CLOEXEC) < 0 || signals_catch() < 0)
		die_errno("can't start");
	for (i = 0; i < o->processes && signals.stop == 0; i++)
		if (hire(&c, o, i) < 0) {
			warn_errno("fork");
			c.code = EX_TEMPFAIL;
			c.ending = 1;
			break;
		}
	(void)close(c.alive[0]);
	wait_for_all(&c);
	free(c.child);
	return c.code;
}
