/* SPDX-License-Identifier: ISC */
/* What a reply does: to recipients by outcome.c, to the dialogue here. */
#include <stdio.h>
#include <string.h>

#include "answer.h"
#include "flight.h"

static int
wants_nothing(int code)
{
	return code == 530 || code == 534 || code == 535 || code == 538;
}

/* What the server said is why, also where a write failed before that was read. */
static void
take_reason(struct session *s, const char *text)
{
	if (!s->unwanted)
		(void)snprintf(s->why, sizeof s->why, "%s", text);
}

static int
hang_up(struct session *s, const struct reply *p)
{
	take_reason(s, strlen(p->text) > 4 ? p->text + 4 : "the server closes the session");
	s->dead = 1;
	return -1;
}

/* Behind such a reply there may be others, each of which counts; who got this one has had no answer. */
static void
hear_out(struct session *s, const struct reply *p)
{
	take_reason(s, p->text);
	s->unwanted = 1;
}

/* The transaction has ended without a text. */
static void
end_early(struct runner *r, struct transaction *t)
{
	struct session *s = r->session;

	if (s->sending == t) {
		s->sending = NULL;
		s->stage = STAGE_NONE;
	}
	flight_end(r, t);
}

/* Without PIPELINING nothing follows a refused MAIL, nor RCPTs that were all refused; nor does it
   follow the first MAIL with XVERP. */
static int
is_last_sent(const struct session *s, const struct transaction *t)
{
	return s->sending == t && s->expected_count == 0 && s->stage != STAGE_WAIT;
}

/* Behind something in the window that was refused, 503 says no more than that. */
static int
is_void(const struct session *s, const struct transaction *t, const struct reply *p)
{
	return p->code == 503 && s->spoilt && !t->resent;
}

static void
refused(struct runner *r)
{
	struct session *s = r->session;

	s->refused++;
	s->spoilt = session_is_windowed(r);
}

static void
answer_mail(struct runner *r, struct transaction *t, const struct reply *p)
{
	struct session *s = r->session;

	t->mail_code = p->code;
	if (p->code / 100 == 2) {
		s->xverp_granted |= t->xverp;
		return;
	}
	refused(r);
	if (wants_nothing(p->code))
		return;
	if (p->code == 503 && !t->resent)
		t->is_void = 1;
	else if (t->xverp) {            /* it may want the sender, and not make return paths of it */
		s->xverp = 0;
		outcome_carry(t);
	} else if (p->code == 452 && s->taken) {
		/* enough for one session, says OpenSMTPD after 100; of more than that a fresh one will tell */
		s->refused = REFUSED_MAX;
		outcome_carry(t);
	} else
		outcome_refused(r, t, p);
	if (is_last_sent(s, t) && (!s->pipelining || t->xverp)) {
		s->needs_rset = 1;
		end_early(r, t);
	}
}

static void
answer_rcpt(struct runner *r, struct transaction *t, size_t i, const struct reply *p)
{
	struct session *s = r->session;

	if (t->mail_code / 100 != 2) {
		t->nested |= p->code / 100 == 2;
		return;
	}
	if (is_void(s, t, p)) {
		t->is_void = 1;
		s->refused++;
		return;
	}
	if (p->code / 100 != 2)
		refused(r);
	if (wants_nothing(p->code))
		return;
	outcome_rcpt(r, t, i, p);
	if (!s->pipelining && s->stage == STAGE_DATA && t->accepted == 0) {
		s->needs_rset = 1;
		end_early(r, t);
	}
}

static int
send_lone_dot(struct runner *r, struct transaction *t)
{
	struct session *s = r->session;

	if (t->nested)                  /* even an empty text would be taken for somebody */
		return session_fail(s, "the server asked for a text after it refused its sender");
	if (s->each) {                  /* for which LMTP knows no reply: RFC 2033 has a 503 there */
		end_early(r, t);
		return session_fail(s, "the server asked for a text that is for nobody");
	}
	s->sending = NULL;
	s->stage = STAGE_NONE;
	s->needs_rset = 1;
	if (session_put(s, ".\r\n", 3) < 0)
		return -1;
	return flight_expect(s, EXPECT_LONE_DOT, t, 0);
}

static int
answer_data(struct runner *r, struct transaction *t, const struct reply *p)
{
	struct session *s = r->session;

	if (p->code / 100 == 3) {
		if (t->accepted == 0)
			return send_lone_dot(r, t);
		s->stage = STAGE_TEXT;
		body_begin(&s->reader, 1);
		return 0;
	}
	if (t->accepted > 0 && !wants_nothing(p->code)) {
		s->refused++;
		outcome_refused(r, t, p);
	}
	s->needs_rset = 1;
	end_early(r, t);
	return 0;
}

static int
answer_text(struct runner *r, struct transaction *t, size_t i, const struct reply *p)
{
	struct session *s = r->session;
	int void_behind = t->accepted > 0 && is_void(s, t, p);

	if (p->code / 100 != 2 && t->accepted > 0)
		refused(r);
	s->taken |= p->code / 100 == 2;
	s->needs_rset |= p->code / 100 != 2 && session_is_windowed(r);
	t->is_void |= void_behind;
	if (!void_behind && !wants_nothing(p->code)) {
		if (s->each)
			outcome_text_for(r, t, i, p);
		else
			outcome_text(r, t, p);
	}
	if (--t->texts > 0)
		return 0;
	t->answered = 1;
	if (t->is_out)
		flight_end(r, t);
	return s->cut ? session_fail(s, "the text was refused before its end") : 0;
}

/* The text is refused before its end, and the server will not hear the rest. */
static int
cut_text(struct session *s)
{
	struct transaction *t = s->sending;

	s->sending = NULL;
	s->stage = STAGE_NONE;
	t->is_out = 1;
	s->cut = 1;
	return flight_expect_text(s, t);
}

/* No server answers so: it said something unasked, and whose reply is whose is not known. */
static int
is_out_of_step(enum expected_kind kind, int code)
{
	return code / 100 == (kind == EXPECT_DATA ? 2 : 3);
}

/* Postfix makes a client wait that made ten errors since it last delivered, those that only say
   again what was said included: DATA behind refused RCPTs, RCPTs behind a refused MAIL. */
static void
count_error(struct runner *r, const struct expected *e, const struct reply *p)
{
	struct session *s = r->session;
	int refused = p->code / 100 > 3;

	s->rcpts_owed -= e->kind == EXPECT_RCPT;
	if (e->kind == EXPECT_TEXT && !refused)
		s->errors = 0;
	if (refused && !(e->transaction != NULL && e->transaction->xverp &&
	    e->transaction->mail_code / 100 != 2)) {
		s->errors++;
		r->streak = 0;
	} else if (e->kind == EXPECT_RCPT)
		r->streak++;
}

int
answer(struct runner *r, const struct reply *p)
{
	struct session *s = r->session;
	struct expected e;

	if (s->expected_count == 0 && s->stage == STAGE_TEXT && p->code / 100 >= 4 && p->code != 421 &&
	    cut_text(s) < 0)
		return -1;
	if (p->code == 421)
		return hang_up(s, p);
	if (s->expected_count == 0)
		return session_fail(s, "the server spoke unasked");
	if (wants_nothing(p->code))
		hear_out(s, p);
	if (is_out_of_step(s->expected[s->expected_first].kind, p->code))
		return session_fail(s, "the server's replies are out of step");
	s->answered = 1;
	s->rested = 0;
	e = flight_next(s);
	count_error(r, &e, p);
	switch (e.kind) {
	case EXPECT_RSET:
		break;
	case EXPECT_MAIL:
		answer_mail(r, e.transaction, p);
		break;
	case EXPECT_RCPT:
		answer_rcpt(r, e.transaction, e.target, p);
		break;
	case EXPECT_DATA:
		return answer_data(r, e.transaction, p);
	case EXPECT_TEXT:
		return answer_text(r, e.transaction, e.target, p);
	case EXPECT_LONE_DOT:
		end_early(r, e.transaction);
		break;
	}
	return 0;
}
