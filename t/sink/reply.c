/* SPDX-License-Identifier: ISC */
/*
 * The queue of replies of a session.  Each piece leaves when it is due and never before the one in
 * front of it; what is due at the same time leaves in one write.  The end of a session is a piece
 * too, so what was answered before it still leaves.
 */
#include "sink.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DRAIN_TIME = 5000000 };	/* microseconds */

static void
add_piece(struct session *s, size_t len, int64_t due, enum ending ending)
{
	struct queue *q = &s->out;
	struct piece *last = q->n > q->first ? &q->piece[q->n - 1] : NULL;

	if (last != NULL && due < last->due)
		due = last->due;
	if (last != NULL && last->due == due && !ending && !s->v->cfg.pieces) {
		last->len += len;
		return;
	}
	if (q->n == q->cap && q->first > q->cap / 2) {
		q->n -= q->first;
		memmove(q->piece, q->piece + q->first, q->n * sizeof *q->piece);
		q->first = 0;
	}
	if (q->n == q->cap) {
		q->cap = q->cap ? q->cap * 2 : 8;
		q->piece = mem_grow(q->piece, q->cap * sizeof *q->piece);
	}
	q->piece[q->n++] = (struct piece){ .len = len, .due = due, .ending = ending };
}

static void
queue_text(struct session *s, size_t len)
{
	int64_t due = s->v->now + s->v->cfg.delay + s->hold;

	s->hold = 0;
	if (s->v->cfg.pieces) {
		add_piece(s, len / 2, due, END_NOT);
		len -= len / 2;
	}
	add_piece(s, len, due, END_NOT);
}

void
reply(struct session *s, const char *line)
{
	struct buf *b = &s->out.text;
	size_t before = b->len;
	const char *nl;

	for (; (nl = strchr(line, '\n')) != NULL; line = nl + 1) {
		buf_add(b, line, (size_t)(nl - line));
		buf_add(b, "\r\n", 2);
	}
	buf_str(b, line);
	buf_add(b, "\r\n", 2);
	queue_text(s, b->len - before);
}

void
reply_code(struct session *s, int code, const char *text)
{
	struct buf *b = &s->out.text;
	size_t before = b->len;
	const char *end;
	char head[16];

	do {
		end = strstr(text, "\\n");
		snprintf(head, sizeof head, "%03d%c", code, end ? '-' : ' ');
		buf_str(b, head);
		buf_add(b, text, end ? (size_t)(end - text) : strlen(text));
		buf_add(b, "\r\n", 2);
		text = end ? end + 2 : "";
	} while (end != NULL);
	queue_text(s, b->len - before);
}

void
reply_end(struct session *s, enum ending how)
{
	add_piece(s, 0, s->v->now + (how == END_CLOSE ? s->v->cfg.delay : 0), how);
	s->closing = true;
}

bool
reply_pending(const struct session *s)
{
	return s->out.n > s->out.first;
}

int64_t
reply_due(const struct session *s)
{
	return reply_pending(s) ? s->out.piece[s->out.first].due : -1;
}

/* How many octets are due now, in *pieces pieces. */
static size_t
due_now(const struct session *s, size_t *pieces)
{
	const struct queue *q = &s->out;
	size_t len = 0, i;

	for (i = q->first; i < q->n; i++) {
		if (q->piece[i].due > s->v->now || q->piece[i].ending)
			break;
		len += q->piece[i].len;
		if (s->v->cfg.pieces && len > 0) {
			i++;
			break;
		}
	}
	*pieces = i - q->first;
	return len;
}

static void
consume(struct queue *q, size_t len)
{
	q->sent += len;
	while (q->first < q->n && !q->piece[q->first].ending) {
		struct piece *p = &q->piece[q->first];
		size_t n = len < p->len ? len : p->len;

		len -= n;
		p->len -= n;
		if (p->len > 0)
			break;
		q->first++;
	}
	if (q->first == q->n)
		q->first = q->n = 0;
	if (q->sent == q->text.len)
		q->sent = q->text.len = 0;
	if (q->sent > OUT_LIMIT) {
		q->text.len -= q->sent;
		memmove(q->text.p, q->text.p + q->sent, q->text.len);
		q->sent = 0;
	}
}

static void
finish(struct session *s, enum ending how)
{
	s->out.first = s->out.n;
	if (how == END_DROP || s->eof || shutdown(s->fd, SHUT_WR) == -1) {
		s->dead = true;
		return;
	}
	/* closing with input unread would be a reset, which may overtake the last reply */
	s->draining = true;
	s->drain_until = s->v->now + DRAIN_TIME;
}

/* Was there input before the last reply has left? */
static void
note_early(struct session *s)
{
	char c;

	s->sync = false;
	if (s->pos < s->len
	    || (s->peek && recv(s->fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) == 1))
		log_event(&s->v->log, "early", s->id, NULL);
	s->peek = false;
}

void
reply_flush(struct session *s)
{
	struct queue *q = &s->out;
	size_t len, pieces;
	ssize_t n = 0;

	if (s->draining && s->drain_until <= s->v->now)
		s->dead = true;
	if (s->dead || !reply_pending(s))
		return;
	while ((len = due_now(s, &pieces)) > 0) {
		if (s->sync && q->first + pieces == q->n)
			note_early(s);
		n = write(s->fd, q->text.p + q->sent, len);
		if (n == -1)
			break;
		consume(q, (size_t)n);
	}
	if (n == -1 && errno != EAGAIN && errno != EINTR) {
		s->dead = true;
		return;
	}
	if (reply_pending(s) && q->piece[q->first].ending && reply_due(s) <= s->v->now)
		finish(s, q->piece[q->first].ending);
	if (!reply_pending(s))
		s->wait = false;
	if (s->pos < s->len || s->eof)
		s->ready = !session_blocked(s);
}

void
reply_free(struct session *s)
{
	free(s->out.piece);
	buf_free(&s->out.text);
}
