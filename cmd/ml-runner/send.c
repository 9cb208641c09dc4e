/* SPDX-License-Identifier: ISC */
/*
 * A transaction on the wire: RSET where it is needed, MAIL, RCPT for each, and
 * DATA, after whose reply the text follows, or BDAT with the text at once.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "flight.h"
#include "outcome.h"
#include "send.h"
#include "xtext.h"

#define PIECE       65536       /* of a large text */
#define COMMAND_MAX 1100

static int
put_command(struct session *s, const char *line, int n)
{
	if (n < 0 || n >= COMMAND_MAX)
		return session_fail(s, "a command is too long");
	return session_put(s, line, (size_t)n);
}

static int
put_mail(struct session *s, const struct transaction *t)
{
	const struct spool_envelope *e = &t->job->envelope;
	char line[COMMAND_MAX], size[40] = "", xverp[16] = "";
	int n;

	if (s->size)
		(void)snprintf(size, sizeof size, " SIZE=%lld", (long long)t->job->body->octets);
	if (t->xverp)
		(void)snprintf(xverp, sizeof xverp, " XVERP=%.2s", e->verp);
	n = snprintf(line, sizeof line, "MAIL FROM:<%s>%s%s%s%s\r\n", t->sender, size,
	    s->eightbit && e->body == 8 ? " BODY=8BITMIME" : "", t->utf8 && s->utf8 ? " SMTPUTF8" : "",
	    xverp);
	return put_command(s, line, n);
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
	char line[COMMAND_MAX], original[XTEXT_MAX + 1];
	int n;

	if (!wants_dsn(s, t))
		n = snprintf(line, sizeof line, "RCPT TO:<%s>\r\n", address);
	else if (xtext_address(original, sizeof original, address) < 0)
		n = snprintf(line, sizeof line, "RCPT TO:<%s> NOTIFY=FAILURE\r\n", address);
	else
		n = snprintf(line, sizeof line, "RCPT TO:<%s> NOTIFY=FAILURE ORCPT=%s\r\n", address,
		    original);
	return put_command(s, line, n);
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
	char line[COMMAND_MAX];
	int n = snprintf(line, sizeof line, "BDAT %lld LAST\r\n",
	    (long long)s->sending->job->body->octets);

	next_stage(s, STAGE_TEXT);
	body_begin(&s->reader, 0);
	return put_command(s, line, n) < 0 ? -1 : flight_expect_text(s, s->sending);
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
