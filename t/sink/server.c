/* SPDX-License-Identifier: ISC */
/* The loop: wait, read and work, write the log, write the replies. */
#include "sink.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

enum { LONGEST_WAIT = 60000000 };	/* microseconds, so that it fits into poll's int */

struct turn {
	struct pollfd *fd;
	size_t cap;
};

int64_t
server_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void
add_session(struct server *v, int fd)
{
	if (v->n == v->cap) {
		v->cap = v->cap ? v->cap * 2 : 16;
		v->session = mem_grow(v->session, v->cap * sizeof *v->session);
	}
	rules_refresh(&v->rules);
	v->session[v->n++] = session_new(v, fd);
}

static void
free_dead(struct server *v, bool all)
{
	for (size_t i = v->n; i-- > 0;) {
		if (!all && !v->session[i]->dead)
			continue;
		session_free(v->session[i]);
		v->session[i] = v->session[--v->n];
	}
}

void
server_crash(struct server *v, int64_t pause)
{
	v->crashing = true;
	v->listen_at = v->now + pause;
}

static void
shut(struct server *v)
{
	v->crashing = false;
	listener_close(v);	/* first: who sees a connection end must not get a new one */
	free_dead(v, true);
	log_flush(&v->log);
}

static void
try_listen(struct server *v)
{
	v->listen_at = 0;
	if (v->listener == -1 && listener_open(v) == -1) {
		warn(v->cfg.port);
		v->listen_at = v->now + 50000;
	}
}

static void
obey(struct server *v, unsigned signals)
{
	if (signals & SIG_RELOAD)
		rules_load(&v->rules);
	if (signals & SIG_SHUT) {
		shut(v);
		v->listen_at = 0;
	}
	if (signals & SIG_LISTEN)
		try_listen(v);
	if (signals & SIG_STOP)
		v->stop = true;
}

static void
sooner(int64_t *when, int64_t t)
{
	if (t > 0 && t < *when)
		*when = t;
}

/* Fills t for all descriptors; gives the time at which the loop has to turn by itself. */
static int64_t
prepare(struct server *v, struct turn *t, int64_t end)
{
	bool listening = v->listener != -1 && v->accept_at <= v->now;

	if (t->cap < v->n + 2) {
		t->cap = 2 * v->n + 16;
		t->fd = mem_grow(t->fd, t->cap * sizeof *t->fd);
	}
	sooner(&end, v->listen_at);
	if (!listening && v->listener != -1)
		sooner(&end, v->accept_at);
	t->fd[1] = (struct pollfd){ .fd = listening ? v->listener : -1, .events = POLLIN };
	for (size_t i = 0; i < v->n; i++) {
		const struct session *s = v->session[i];
		short events = session_events(s);

		/* without events the descriptor stays out, or a hang-up would spin the loop */
		t->fd[i + 2] = (struct pollfd){ .fd = events ? s->fd : -1, .events = events };
		if (s->ready)
			end = v->now;
		if (reply_due(s) > v->now)
			sooner(&end, reply_due(s));
		sooner(&end, s->drain_until);
	}
	return end;
}

static void
work(struct server *v, const struct turn *t, size_t n)
{
	for (size_t i = 0; i < n && !v->crashing; i++) {
		struct session *s = v->session[i];

		if (t->fd[i + 2].revents)
			session_read(s);
		if (s->ready)
			session_work(s);
	}
	log_flush(&v->log);
	if (v->crashing)
		shut(v);
	for (size_t i = 0; i < v->n; i++)
		reply_flush(v->session[i]);
	free_dead(v, false);
	log_flush(&v->log);
}

static void
turn(struct server *v, struct turn *t, int64_t end)
{
	int64_t wait = prepare(v, t, end) - v->now;
	size_t n = v->n;
	int fd;

	if (wait > LONGEST_WAIT)
		wait = LONGEST_WAIT;
	if (poll(t->fd, n + 2, wait <= 0 ? 0 : (int)((wait + 999) / 1000)) == -1) {
		if (errno != EINTR)
			die(EX_OSERR, "poll");
		return;
	}
	v->now = server_clock();
	if (t->fd[0].revents)
		obey(v, signals_take(t->fd[0].fd));
	if (v->listen_at != 0 && v->listen_at <= v->now)
		try_listen(v);
	if (v->n < n)
		return;		/* all were closed: what poll said is void */
	if (t->fd[1].revents)
		while ((fd = listener_accept(v)) != -1)
			add_session(v, fd);
	work(v, t, n);
}

void
server_run(struct server *v)
{
	struct turn t = { .fd = mem_grow(NULL, 16 * sizeof *t.fd), .cap = 16 };
	int64_t end = server_clock() + v->cfg.lifetime;

	t.fd[0] = (struct pollfd){ .fd = v->signals, .events = POLLIN };
	for (v->now = server_clock(); !v->stop && v->now < end;) {
		turn(v, &t, end);
		v->now = server_clock();
	}
	shut(v);
	free(t.fd);
	free(v->session);
}
