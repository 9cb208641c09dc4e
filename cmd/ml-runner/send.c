/* SPDX-License-Identifier: ISC */
/*
 * A transaction on the wire: RSET where it is needed, MAIL, RCPT for each, and
 * DATA, after whose reply the text follows, or BDAT with the text at once.
 */
#include <stdint.h>
#include <string.h>

#include "flight.h"
#include "number.h"
#include "outcome.h"
#include "send.h"
#include "xtext.h"

#define PIECE       65536       /* of a large text */
#define COMMAND_MAX 1100

/* A command in the making, at the end of what goes out: nothing is copied twice, or formatted. */
struct line {
	char *text;                     /* NULL: there is no room for any */
	size_t length;
	int overlong;
};

static void
line_put(struct line *l, const char *text, size_t n)
{
	if (l->text == NULL || (l->overlong |= n > COMMAND_MAX - l->length))
		return;
	memcpy(l->text + l->length, text, n);
	l->length += n;
}

/* For literals: their lengths are known. */
#define line_word(l, word) line_put(l, word, sizeof(word) - 1)

static void
line_add(struct line *l, const char *text)
{
	line_put(l, text, strlen(text));
}

static void
line_number(struct line *l, unsigned long long n)
{
	char digits[NUMBER_DIGITS] = "";

	line_put(l, digits, number_put(digits, n));
}

static struct line
line_begin(struct session *s)
{
	return (struct line){ .text = session_room(s, COMMAND_MAX) };
}

static int
line_end(struct session *s, struct line *l)
{
	line_word(l, "\r\n");
	if (l->text == NULL)
		return -1;
	if (l->overlong)
		return session_fail(s, "a command is too long");
	s->out_to += l->length;
	return 0;
}

static int
put_mail(struct session *s, const struct transaction *t)
{
	const struct spool_envelope *e = &t->job->envelope;
	struct line l = line_begin(s);

	line_word(&l, "MAIL FROM:<");
	line_add(&l, t->sender);
	line_word(&l, ">");
	if (s->size) {
		line_word(&l, " SIZE=");
		line_number(&l, (unsigned long long)t->job->body->octets);
	}
	if (s->eightbit && e->body == 8)
		line_word(&l, " BODY=8BITMIME");
	if (t->utf8 && s->utf8)
		line_word(&l, " SMTPUTF8");
	if (t->xverp) {
		line_word(&l, " XVERP=");
		line_add(&l, e->verp);
	}
	return line_end(s, &l);
}

/* With a return path for each the bounce says who it is; otherwise the server is asked to. */
static int
wants_dsn(const struct session *s, const struct transaction *t)
{
	return s->dsn && *t->job->envelope.verp == '\0' && *t->sender != '\0';
}

static int
put_rcpt(struct session *s, const struct transaction *t, size_t i)
{
	const char *address = t->addresses + t->target[i].address;
	struct line l = line_begin(s);
	char original[XTEXT_MAX + 1];

	line_word(&l, "RCPT TO:<");
	line_add(&l, address);
	line_word(&l, ">");
	if (wants_dsn(s, t)) {
		line_word(&l, " NOTIFY=FAILURE");
		if (xtext_address(original, sizeof original, address) == 0) {
			line_word(&l, " ORCPT=");
			line_add(&l, original);
		}
	}
	return line_end(s, &l);
}

static void
next_stage(struct session *s, enum stage stage)
{
	s->stage = stage;
	s->next_rcpt = 0;
}

static int
send_rset(struct session *s)
{
	s->needs_rset = 0;
	next_stage(s, STAGE_MAIL);
	return session_put(s, "RSET\r\n", 6) < 0 ? -1 : flight_expect(s, EXPECT_RSET, s->sending, 0);
}

static int
send_mail(struct session *s)
{
	next_stage(s, STAGE_RCPT);
	return put_mail(s, s->sending) < 0 ? -1 : flight_expect(s, EXPECT_MAIL, s->sending, 0);
}

static int
send_rcpt(struct session *s)
{
	size_t i = s->next_rcpt++;

	if (s->next_rcpt == s->sending->targets)
		next_stage(s, STAGE_DATA);
	return put_rcpt(s, s->sending, i) < 0 ? -1 : flight_expect(s, EXPECT_RCPT, s->sending, i);
}

static int
send_data(struct session *s)
{
	next_stage(s, STAGE_WAIT);
	return session_put(s, "DATA\r\n", 6) < 0 ? -1 : flight_expect(s, EXPECT_DATA, s->sending, 0);
}

/* Its reply may come before all of the text is out: the octets that were announced follow all the same. */
static int
send_bdat(struct session *s)
{
	struct line l = line_begin(s);

	line_word(&l, "BDAT ");
	line_number(&l, (unsigned long long)s->sending->job->body->octets);
	line_word(&l, " LAST");
	next_stage(s, STAGE_TEXT);
	body_begin(&s->reader, 0);
	return line_end(s, &l) < 0 ? -1 : flight_expect_text(s, s->sending);
}

static int
text_is_out(struct runner *r)
{
	struct session *s = r->session;
	struct transaction *t = s->sending;

	s->sending = NULL;
	s->stage = STAGE_NONE;
	s->messages++;
	t->is_out = 1;
	if (s->reader.stuff)
		return flight_expect_text(s, t);
	if (t->answered)
		flight_end(r, t);
	return 0;
}

static int
send_small_text(struct runner *r, const struct body *b)
{
	struct session *s = r->session;
	int put = s->reader.stuff ? session_put(s, b->stuffed, b->stuffed_length) :
	    session_put(s, b->text, (size_t)b->octets);

	return put < 0 ? -1 : text_is_out(r);
}

static int
send_text(struct runner *r)
{
	struct session *s = r->session;
	struct body *b = s->sending->job->body;
	char *to;
	ssize_t n;

	if (b->text != NULL)
		return send_small_text(r, b);
	to = session_room(s, PIECE);
	if (to == NULL)
		return -1;
	n = body_next(b, &s->reader, to, PIECE);
	if (n < 0)
		return session_fail(s, "the message can't be read");
	s->out_to += (size_t)n;
	return n > 0 ? 0 : text_is_out(r);
}

/*
 * How many RCPTs may be unanswered.  Ten errors, and Postfix waits a second with each reply; twenty,
 * and it hangs up.  So no more are sent than may all be refused, until a thousand have not been.
 */
static size_t
most_owed(const struct runner *r)
{
	unsigned errors = r->session->errors;

	if (r->streak >= STREAK_CLEAN)
		return SIZE_MAX;
	return errors < REFUSED_MAX ? REFUSED_MAX + 1 - errors : 1;
}

/* Behind the first MAIL with XVERP nothing is sent, since all of it would be refused with that. */
static int
must_wait(const struct runner *r)
{
	const struct session *s = r->session;
	const struct transaction *t = s->sending;

	if (s->stage != STAGE_RCPT)
		return s->stage == STAGE_WAIT;
	return (t->xverp && !s->xverp_granted && t->mail_code == 0) ||
	    (t->targets > REFUSED_MAX && s->rcpts_owed >= most_owed(r));
}

/* So many were refused that the session had better end with those accepted; the others come first
   in the next. */
static int
is_enough(const struct session *s)
{
	return s->stage == STAGE_RCPT && s->next_rcpt > 0 && s->errors >= REFUSED_MAX &&
	    !s->sending->is_void;
}

static int
end_short(struct runner *r)
{
	struct session *s = r->session;
	struct transaction *t = s->sending;

	if (s->expected_count > 0)
		return 0;
	outcome_carry(t);
	if (t->accepted > 0) {
		next_stage(s, STAGE_DATA);
		return 1;
	}
	s->sending = NULL;
	s->stage = STAGE_NONE;
	s->needs_rset = 1;
	flight_end(r, t);
	return 1;
}

int
send_next(struct runner *r)
{
	struct session *s = r->session;
	int put = 0;

	if (s->sending == NULL)
		return 0;
	if (is_enough(s))
		return end_short(r);
	if (must_wait(r))
		return 0;
	switch (s->stage) {
	case STAGE_RSET: put = send_rset(s); break;
	case STAGE_MAIL: put = send_mail(s); break;
	case STAGE_RCPT: put = send_rcpt(s); break;
	case STAGE_DATA: put = session_is_windowed(r) ? send_bdat(s) : send_data(s); break;
	case STAGE_TEXT: put = send_text(r); break;
	case STAGE_NONE:
	case STAGE_WAIT: break;
	}
	return put < 0 ? -1 : 1;
}
