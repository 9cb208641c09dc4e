/* SPDX-License-Identifier: ISC */
/* What a rule does to a session. */
#include "sink.h"

#include <string.h>

static void
drop(struct session *s, enum ending how)
{
	log_event(&s->v->log, "drop", s->id, NULL);
	reply_end(s, how);
}

enum verdict
hook_apply(struct session *s, const struct rule *r)
{
	switch (r->action) {
	case ACT_STALL:
		log_event(&s->v->log, "stall", s->id, NULL);
		s->hold = r->pause;
		s->wait = true;
		return GO_ON;
	case ACT_CRASH:
		log_event(&s->v->log, "crash", s->id, NULL);
		server_crash(s->v, r->pause);
		return REFUSED;
	case ACT_DROP:
	case ACT_DROPBEFORE:
		drop(s, END_DROP);
		return REFUSED;
	case ACT_DROPAFTER:
		reply_code(s, r->code, r->text);
		drop(s, END_CLOSE);
		return REFUSED;
	case ACT_REPLY:
		break;
	}
	reply_code(s, r->code, r->text);
	return r->code < 400 ? ACCEPTED : REFUSED;
}

enum verdict
hook(struct session *s, enum phase ph, const char *subject)
{
	const struct rule *r = rules_match(&s->v->rules, ph, subject, strlen(subject));

	return r ? hook_apply(s, r) : GO_ON;
}
