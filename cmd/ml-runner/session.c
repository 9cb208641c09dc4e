/* SPDX-License-Identifier: ISC */
/*
 * The bytes of a session.  One poll for both directions, so that a server that
 * stops reading while it owes replies can't bring about a deadlock; nothing is
 * written while marks can't be.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "job.h"
#include "session.h"
#include "signals.h"
#include "tend.h"

int
session_fail(struct session *s, const char *why)
{
	if (!s->dead && !s->unwanted)
		(void)snprintf(s->why, sizeof s->why, "%s", why);
	s->dead = 1;
	return -1;
}

int
session_is_windowed(const struct runner *r)
{
	const struct session *s = r->session;

	/* LMTP's replies to a text can be counted only once those to RCPT are known */
	return r->opt->window > 1 && s->chunking && s->pipelining && !s->each;
}

int64_t
session_timeout(const struct runner *r, int tenths)
{
	int64_t longest = r->opt->timeout != 0 ? (int64_t)r->opt->timeout : 600;

	return longest * 100 * tenths;
}

size_t
session_unsent(const struct session *s)
{
	return s->out_to - s->out_from;
}

char *
session_room(struct session *s, size_t n)
{
	char *bigger;

	if (s->out_from > 0 && s->out_from == s->out_to)
		s->out_from = s->out_to = 0;
	if (s->out_to + n <= s->out_room)
		return s->out + s->out_to;
	if (s->out_from > 0) {
		memmove(s->out, s->out + s->out_from, session_unsent(s));
		s->out_to -= s->out_from;
		s->out_from = 0;
	}
	if (s->out_to + n > s->out_room) {
		bigger = realloc(s->out, s->out_room + n + 16384);
		if (bigger == NULL) {
			(void)session_fail(s, "out of memory");
			return NULL;
		}
		s->out = bigger;
		s->out_room += n + 16384;
	}
	return s->out + s->out_to;
}

int
session_put(struct session *s, const char *text, size_t n)
{
	char *to = session_room(s, n);

	if (to == NULL)
		return -1;
	memcpy(to, text, n);
	s->out_to += n;
	return 0;
}

static int
fail_gone(struct session *s, int error)
{
	char why[REPLY_SIZE];

	wire_gone(&s->wire, error, why, sizeof why);
	return session_fail(s, why);
}

static int
read_in(struct session *s, int wait)
{
	ssize_t n;

	if (s->in_from > 0) {
		memmove(s->in, s->in + s->in_from, s->in_to - s->in_from);
		s->in_to -= s->in_from;
		s->in_from = 0;
	}
	if (s->in_to == sizeof s->in)
		return 0;
	n = wire_read(&s->wire, s->in + s->in_to, sizeof s->in - s->in_to, wait);
	if (n == 0)
		return fail_gone(s, 0);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : fail_gone(s, errno);
	s->in_to += (size_t)n;
	s->read_at = clock_ms();
	return 0;
}

/* The first signal lets what is in flight come to its end, and a greeting is nothing in flight. */
static int
is_stopped(const struct session *s)
{
	return signals.stop > s->greeted;
}

/* The server has closed its ears; what it said before that is still to be heard. */
static int
write_failed(struct session *s)
{
	int failed = errno;
	size_t had;

	do
		had = s->in_to - s->in_from;
	while (read_in(s, 0) == 0 && s->in_to - s->in_from > had);
	return fail_gone(s, failed);
}

static int
write_out(struct session *s)
{
	ssize_t n = wire_write(&s->wire, s->out + s->out_from, session_unsent(s));

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : write_failed(s);
	s->out_from += (size_t)n;
	s->progress_at = clock_ms();
	return 0;
}

/* POLLOUT if something may be written now; -1 if the session can't go on. */
static int
wanted(struct runner *r)
{
	struct session *s = r->session;

	if (is_stopped(s))
		return session_fail(s, "dropped by a signal");
	if (session_unsent(s) == 0)
		return 0;
	if (tend_may_send(r))
		return POLLOUT;
	if (job_any_lost(r))
		return session_fail(s, "claims were lost while this runner was away");
	if (r->opt->once || signals.stop != 0)
		return session_fail(s, "marks can't be written");
	return 0;
}

int
session_pump(struct runner *r, int64_t until)
{
	struct session *s = r->session;
	short happened = 0;
	int out;

	job_write_marks(r);
	out = s->dead ? -1 : wanted(r);
	if (out < 0)
		return -1;
	/* what can be written at once needs no poll before it */
	if (out != 0 && write_out(s) < 0)
		return -1;
	if (session_unsent(s) == 0)
		out = 0;
	if (s->has_more && session_unsent(s) == 0 && s->in_from == s->in_to)
		until = clock_ms();     /* what is left needs no reply before it */
	wire_acknowledge(&s->wire);
	if (out == 0 && s->wire.waits && s->in_from == s->in_to && tend_may_doze(r, until)) {
		if (read_in(s, 1) < 0)
			return -1;
		if (s->in_to > 0)
			return is_stopped(s) ? session_fail(s, "dropped by a signal") : 0;
	}
	(void)tend_wait_both(r, s->wire.in, out != 0 ? s->wire.out : -1, until, &happened);
	if (is_stopped(s))
		return session_fail(s, "dropped by a signal");
	if ((happened & POLLNVAL) != 0)
		return session_fail(s, "bad descriptor");
	if ((happened & (POLLIN | POLLHUP | POLLERR)) != 0)
		return read_in(s, 0);
	return 0;
}

int
session_next_reply(struct runner *r)
{
	struct session *s = r->session;
	size_t used;
	int got;

	if (s->in_from == s->in_to)
		return s->dead ? -1 : 0;
	got = reply_parse(&s->parser, s->in + s->in_from, s->in_to - s->in_from, &used);
	s->in_from += used;
	if (got < 0)
		return session_fail(s, "the server's reply is not SMTP");
	if (got == 0)
		return s->dead ? -1 : 0;
	if (s->read_at > s->progress_at)
		s->progress_at = s->read_at;
	return 1;
}

int
session_reply(struct runner *r, struct reply *reply)
{
	int got = session_next_reply(r);

	if (got > 0)
		*reply = r->session->parser.reply;
	return got;
}

int
session_listen(struct runner *r, int64_t until)
{
	const struct session *s = r->session;
	size_t had = s->in_to - s->in_from;
	int got = session_pump(r, until);

	return s->in_to - s->in_from > had ? 1 : got;
}

/* What has come is looked at before the clock: this process may have been stopped meanwhile. */
int
session_wait(struct runner *r, int64_t until)
{
	int came = session_listen(r, until);

	if (came == 0 && clock_ms() >= until)
		return session_fail(r->session, "timed out");
	return came < 0 ? -1 : 0;
}

int
session_await(struct runner *r, struct reply *reply, int64_t ms)
{
	int64_t until = clock_ms() + ms;
	int got;

	while ((got = session_reply(r, reply)) == 0)
		if (session_wait(r, until) < 0)
			return -1;
	return got;
}
