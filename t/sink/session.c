/* SPDX-License-Identifier: ISC */
/*
 * A connection: its input buffer, and who works on it.  Input is left in the buffer, and the
 * socket unread, as long as the session is blocked.
 */
#include "sink.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
greet(struct session *s)
{
	const struct rule *r = rules_match(&s->v->rules, PH_CONNECT, "*", 1);

	s->wait = s->sync = s->peek = true;
	if (r == NULL || hook_apply(s, r) == GO_ON)
		reply(s, "220 sink ESMTP");
	else if (r->action == ACT_REPLY && r->code == 421)
		reply_end(s, END_CLOSE);
	else
		s->refused = r->code >= 400;
}

struct session *
session_new(struct server *v, int fd)
{
	struct session *s = mem_grow(NULL, sizeof *s);

	memset(s, 0, offsetof(struct session, in));
	s->v = v;
	s->fd = fd;
	s->id = ++v->last_id;
	log_event(&v->log, "connect", s->id, NULL);
	greet(s);
	return s;
}

static void
report_bare(struct session *s)
{
	char number[32];

	if (s->bare == 0)
		return;
	snprintf(number, sizeof number, "%lu", s->bare);
	log_event(&s->v->log, "bare", s->id, number);
	s->bare = 0;
}

void
session_free(struct session *s)
{
	report_bare(s);
	if (s->dead && !s->quit && !s->closing)
		log_event(&s->v->log, "noquit", s->id, NULL);
	log_event(&s->v->log, "close", s->id, NULL);
	close(s->fd);
	reply_free(s);
	buf_free(&s->sender);
	buf_free(&s->rcpts);
	buf_free(&s->text);
	free(s);
}

bool
session_blocked(const struct session *s)
{
	return s->closing || s->v->crashing || (s->wait && reply_pending(s))
	    || s->out.text.len - s->out.sent > OUT_LIMIT;
}

short
session_events(const struct session *s)
{
	int events = 0;
	int64_t due = reply_due(s);

	if (s->draining || (!s->eof && !session_blocked(s)))
		events |= POLLIN;
	if (due != -1 && due <= s->v->now)
		events |= POLLOUT;
	return (short)events;
}

static void
drain(struct session *s)
{
	ssize_t n = read(s->fd, s->in, IN_SIZE);

	if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR))
		s->dead = true;
}

void
session_read(struct session *s)
{
	ssize_t n;

	if (s->draining)
		drain(s);
	if (s->draining || s->eof || session_blocked(s))
		return;
	if (s->pos > 0) {
		s->len -= s->pos;
		memmove(s->in, s->in + s->pos, s->len);
		s->pos = 0;
	}
	n = read(s->fd, s->in + s->len, IN_SIZE - s->len);
	if (n > 0)
		s->len += (size_t)n;
	else if (n == 0)
		s->eof = true;
	else if (errno != EAGAIN && errno != EINTR)
		s->dead = true;
	s->ready = true;
}

void
session_lockstep(struct session *s)
{
	if (!(s->v->cfg.ext & EXT_PIPELINING) && s->mode != MODE_CHUNK)
		s->sync = s->peek = true;
	s->wait |= s->sync;
}

/* Counts what is not half of a CRLF; s->last carries over from one call to the next. */
void
session_bare(struct session *s, const char *data, size_t len)
{
	unsigned long n = 0;
	const char *end = data + len;

	for (const char *p = data; p < end; p++) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));
		const char *stop = lf ? lf : end;
		char before = stop > p ? stop[-1] : s->last;

		if (s->last == '\r' && stop > p)
			n++;
		for (const char *q = p; (q = memchr(q, '\r', (size_t)(stop - q))) != NULL; q++)
			n += q + 1 < stop;
		n += lf != NULL && before != '\r';
		s->last = lf ? '\n' : before;
		p = lf ? lf : end - 1;
	}
	s->bare += n;
}

/* One command line, without its end; false if there is none yet. */
static bool
line_input(struct session *s)
{
	char *line = s->in + s->pos;
	size_t have = s->len - s->pos;
	char *lf = memchr(line, '\n', have);
	size_t len = lf ? (size_t)(lf - line) + 1 : have;

	if (lf == NULL && have < LINE_LIMIT)
		return false;
	s->pos += len;
	s->last = '\0';
	session_bare(s, line, len);
	if (s->skip_line || len > LINE_LIMIT || lf == NULL) {
		if (!s->skip_line)
			reply(s, "500 5.5.6 Line too long");
		s->skip_line = lf == NULL;
		return true;
	}
	*lf = '\0';
	if (lf > line && lf[-1] == '\r')
		lf[-1] = '\0';
	if (strlen(line) + 1 + (lf > line && lf[-1] == '\0') != len)
		reply(s, "500 5.5.2 NUL in command");
	else
		command(s, line);
	return true;
}

void
session_work(struct session *s)
{
	bool more = true;

	s->ready = false;
	while (more && !s->dead && !session_blocked(s)) {
		if (s->mode == MODE_TEXT)
			more = text_input(s);
		else if (s->mode == MODE_CHUNK)
			more = chunk_input(s);
		else
			more = line_input(s);
		if (s->mode == MODE_COMMAND)
			report_bare(s);
	}
	if (s->eof && !more && !s->closing) {
		if (!s->quit)
			log_event(&s->v->log, "noquit", s->id, NULL);
		s->quit = true;
		reply_end(s, END_CLOSE);
	}
}
