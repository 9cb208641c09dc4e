/* SPDX-License-Identifier: ISC */
/*
 * BDAT (RFC 3030).  The octets of a chunk are read whatever becomes of it, and the reply waits for
 * them.  After a refused chunk the rest is refused too, up to LAST or RSET.
 */
#include "sink.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

static bool
parse(struct session *s, const char *arg)
{
	size_t digits = strspn(arg, "0123456789");
	const char *rest = arg + digits;

	if (digits == 0 || digits > 18)
		return false;
	s->chunk_left = strtoumax(arg, NULL, 10);
	s->chunk_last = strcasecmp(rest, " LAST") == 0;
	return s->chunk_last || *rest == '\0';
}

static const char *
check(struct session *s)
{
	if (!(s->v->cfg.ext & EXT_CHUNKING))
		return "502 5.5.1 CHUNKING is not offered";
	if (!s->in_mail || s->tried == 0 || s->chunk_failed)
		return "503 5.5.1 BDAT out of sequence";
	if (s->n_rcpts == 0)
		return "554 5.5.1 No valid recipients";
	return NULL;
}

void
bdat_command(struct session *s, char *arg)
{
	if (!parse(s, arg)) {
		/* nobody knows where the next command begins */
		reply(s, "501 5.5.4 Bad BDAT");
		reply_end(s, END_CLOSE);
		return;
	}
	s->mode = MODE_CHUNK;
	s->chunk_reply = check(s);
	if (s->chunk_reply == NULL && !s->chunked)
		s->chunk_first = true;
	s->chunked = s->in_mail;
}

static void
chunk_end(struct session *s)
{
	const struct rule *r = NULL;
	enum verdict v = GO_ON;

	s->mode = MODE_COMMAND;
	if (s->chunk_reply != NULL)
		reply(s, s->chunk_reply);
	else {
		if (s->chunk_first)
			r = rules_match(&s->v->rules, PH_DATA, s->sender.p, 0);
		/* a 354 of a rule is for DATA */
		if (r != NULL && (r->action != ACT_REPLY || r->code >= 400))
			v = hook_apply(s, r);
		if (v != REFUSED && s->chunk_last)
			text_end(s);
		else if (v != REFUSED && s->too_big)
			reply(s, "552 5.3.4 Message too big");
		else if (v == GO_ON)
			reply(s, "250 2.0.0 Ok, more");
	}
	s->chunk_first = false;
	if (s->chunk_last)
		transaction_reset(s);
	else if (s->chunk_reply != NULL || v == REFUSED || s->too_big)
		s->chunk_failed = s->in_mail;
}

bool
chunk_input(struct session *s)
{
	size_t n = s->len - s->pos;

	if (n > s->chunk_left)
		n = (size_t)s->chunk_left;
	if (s->chunk_reply == NULL)
		text_add(s, s->in + s->pos, n);
	s->pos += n;
	s->chunk_left -= n;
	if (s->chunk_left > 0)
		return false;
	chunk_end(s);
	session_lockstep(s);
	return true;
}
