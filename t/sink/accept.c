/* SPDX-License-Identifier: ISC */
/*
 * The end of a text: whether the message is taken, and the reply, or with LMTP one for each
 * recipient.  A message is in the maildir and in the log before the reply is queued.
 */
#include "sink.h"

#include <string.h>

static int
take(struct session *s, const struct buf *rcpts)
{
	const char *sender = s->sender.p;
	uint32_t crc = crc32_of(s->text.p, s->text.len);

	if (s->v->cfg.maildir
	    && maildir_file(s->v->cfg.maildir, sender, rcpts, &s->text) == -1)
		return -1;
	for (size_t i = 0; i < rcpts->len; i += strlen(rcpts->p + i) + 1)
		log_accepted(&s->v->log, s->id, sender, rcpts->p + i, s->text.len, crc);
	return 0;
}

/* Does the message arrive under this rule? */
static bool
arrives(const struct rule *r)
{
	if (r == NULL || r->action == ACT_STALL || r->action == ACT_DROPBEFORE)
		return true;
	return (r->action == ACT_REPLY || r->action == ACT_DROPAFTER) && r->code < 300;
}

static void
judge(struct session *s, const struct rule *r, const struct buf *rcpts)
{
	if (arrives(r) && take(s, rcpts) == -1)
		reply(s, "451 4.3.0 Cannot file it");
	else if (r == NULL || hook_apply(s, r) == GO_ON)
		reply(s, "250 2.0.0 Ok");
}

static void
judge_each(struct session *s, const struct rule *all)
{
	for (size_t i = 0; i < s->rcpts.len && !s->closing && !s->v->crashing;) {
		size_t len = strlen(s->rcpts.p + i);
		struct buf one = { .p = s->rcpts.p + i, .len = len + 1 };

		judge(s, all ? all : rules_match(&s->v->rules, PH_LMTP, one.p, len), &one);
		i += len + 1;
	}
}

static void
too_big(struct session *s)
{
	size_t i, n = s->hello == HELLO_LHLO ? s->n_rcpts : 1;

	for (i = 0; i < n; i++)
		reply(s, "552 5.3.4 Message too big");
}

void
text_end(struct session *s)
{
	const struct rule *r;

	s->mode = MODE_COMMAND;
	if (s->last == '\r')
		s->bare++;
	r = rules_match(&s->v->rules, PH_TEXT, s->text.p, s->text.len);
	if (s->n_rcpts == 0)
		reply(s, "554 5.5.1 No valid recipients");
	else if (s->too_big)
		too_big(s);
	else {
		s->messages += arrives(r);
		if (s->hello == HELLO_LHLO)
			judge_each(s, r);
		else
			judge(s, r, &s->rcpts);
	}
	transaction_reset(s);
	session_lockstep(s);
}
