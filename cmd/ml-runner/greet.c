/* SPDX-License-Identifier: ISC */
/* The beginning and the end of a session: greeting, EHLO (or HELO), QUIT. */
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/utsname.h>

#include "auth.h"
#include "clock.h"
#include "log.h"
#include "session.h"
#include "signals.h"
#include "tend.h"

#define QUIT_MS      2000
#define QUIT_STEP_MS 20

static int
is_keyword(const char *keyword, const char *word, size_t n)
{
	size_t k = strlen(keyword);

	return n >= k && (n == k || word[k] == ' ') && strncasecmp(word, keyword, k) == 0;
}

/* The N octets at TEXT as a number; 0, which is no limit, if they are none. */
static unsigned long long
limit_of(const char *text, size_t n)
{
	unsigned long long limit = 0;
	size_t i;

	for (i = 0; i < n && text[i] == ' '; i++)
		continue;
	for (; i < n && text[i] >= '0' && text[i] <= '9'; i++) {
		if (limit > (ULLONG_MAX - 9) / 10)
			return 0;
		limit = limit * 10 + (unsigned long long)(text[i] - '0');
	}
	return i == n || text[i] == ' ' ? limit : 0;
}

/* A reply's lines are joined, so that EHLO's are looked at one by one as they come. */
static void
offer(struct session *s, const char *word, size_t n)
{
	if (is_keyword("PIPELINING", word, n))
		s->pipelining = 1;
	else if (is_keyword("CHUNKING", word, n))
		s->chunking = 1;
	else if (is_keyword("DSN", word, n))
		s->dsn = 1;
	else if (is_keyword("XVERP", word, n))
		s->xverp = 1;
	else if (is_keyword("8BITMIME", word, n))
		s->eightbit = 1;
	else if (is_keyword("SMTPUTF8", word, n))
		s->utf8 = 1;
	else if (n > 4 && strncasecmp(word, "AUTH", 4) == 0)
		auth_offer(s, word, n);
	else if (is_keyword("SIZE", word, n)) {
		s->size = 1;
		s->size_limit = limit_of(word + 4, n - 4);
	}
}

static void
parse_offers(struct session *s, const char *data, size_t n)
{
	const char *line = data, *end;
	int first = 1;

	for (; (end = memchr(line, '\n', n - (size_t)(line - data))) != NULL; line = end + 1) {
		size_t length = (size_t)(end - line);

		if (length > 0 && line[length - 1] == '\r')
			length--;
		if (!first && length > 4)
			offer(s, line + 4, length - 4);
		first = 0;
	}
}

static int
command(struct runner *r, const char *verb, const char *argument, struct reply *p)
{
	struct session *s = r->session;
	char line[600];
	int n = snprintf(line, sizeof line, "%s%s%s\r\n", verb, *argument != '\0' ? " " : "", argument);

	if (n < 0 || (size_t)n >= sizeof line || session_put(s, line, (size_t)n) < 0)
		return -1;
	return session_await(r, p, session_timeout(r, 5));
}

static int
is_lmtp(const struct runner *r)
{
	return r->opt->kind == TRANSPORT_LMTP;
}

/* EHLO's whole answer must be in the buffer before it is parsed away, to see each line. */
static int
say_ehlo(struct runner *r, const char *name, struct reply *p)
{
	struct session *s = r->session;
	int64_t until = clock_ms() + session_timeout(r, 5);
	char line[600];
	int n = snprintf(line, sizeof line, "%s %s\r\n", is_lmtp(r) ? "LHLO" : "EHLO", name), got;
	struct reply_parser copy;
	size_t used;

	if (n < 0 || (size_t)n >= sizeof line || session_put(s, line, (size_t)n) < 0)
		return -1;
	for (;;) {
		copy = s->parser;
		got = reply_parse(&copy, s->in + s->in_from, s->in_to - s->in_from, &used);
		if (got > 0)
			break;
		if (got < 0 || s->in_to - s->in_from == sizeof s->in)
			return session_fail(s, "the server's reply is not SMTP");
		if (session_wait(r, until) < 0)
			return -1;
	}
	if (copy.reply.code / 100 == 2)
		parse_offers(s, s->in + s->in_from, used);
	s->utf8 &= s->eightbit;         /* RFC 6531 section 3.1: it is nothing without */
	return session_reply(r, p);
}

static const char *
ehlo_name(const struct runner *r)
{
	static struct utsname host;

	if (r->opt->ehlo != NULL)
		return r->opt->ehlo;
	if (uname(&host) < 0 || host.nodename[0] == '\0')
		return "localhost";
	return host.nodename;
}

/* What comes unasked would be taken for the reply to what is asked next. */
static int
spoke_unasked(struct session *s)
{
	if (s->in_from == s->in_to)
		return 0;
	(void)session_fail(s, "the server spoke unasked");
	return 1;
}

static int
greet(struct runner *r, struct reply *p)
{
	struct session *s = r->session;
	int got;

	if (session_await(r, p, session_timeout(r, 5)) < 0)
		return -1;
	if (p->code / 100 != 2)
		return 0;
	if (spoke_unasked(s) || say_ehlo(r, ehlo_name(r), p) < 0 || spoke_unasked(s))
		return -1;
	if (p->code / 100 == 5 && !is_lmtp(r) &&
	    (command(r, "HELO", ehlo_name(r), p) < 0 || spoke_unasked(s)))
		return -1;
	if (p->code / 100 != 2)
		return 0;
	got = r->opt->credentials != NULL ? auth(r, p) : 1;
	return got > 0 && spoke_unasked(s) ? -1 : got;
}

int
session_open(struct runner *r)
{
	struct session *s = calloc(1, sizeof *s);
	char why[REPLY_SIZE] = "out of memory";
	struct reply p;
	int got;

	if (s == NULL || wire_open(r, &s->wire, session_timeout(r, 1), why, sizeof why) < 0) {
		free(s);
		tend_last(r, why);
		return 0;
	}
	signals.reconnect = 0;          /* a HUP asks for no more than this */
	r->session = s;
	s->each = is_lmtp(r);
	s->wake = -1;
	s->flight_last = &s->flight;
	s->progress_at = clock_ms();
	got = greet(r, &p);
	s->greeted = got >= 0;
	s->opened_at = clock_ms();
	if (got > 0)
		return 1;
	tend_last(r, got == 0 ? p.text : s->why);
	if (got == 0)
		session_close(r);
	else
		session_drop(r);
	return 0;
}

static void
free_transactions(struct transaction *t)
{
	struct transaction *next;

	for (; t != NULL; t = next) {
		next = t->next;
		free(t->target);
		free(t->addresses);
		free(t);
	}
}

void
session_drop(struct runner *r)
{
	struct session *s = r->session;

	if (s == NULL)
		return;
	wire_close(&s->wire, s->wake);
	free_transactions(s->spare);
	free(s->expected);
	free(s->out);
	free(s);
	r->session = NULL;
}

static int
is_awaited(const struct session *s)
{
	struct pollfd p = { .fd = s->wake, .events = 0 };

	return poll(&p, 1, 0) > 0;
}

static void
quit(struct runner *r)
{
	int64_t until = clock_ms() + QUIT_MS;
	struct reply p;

	if (session_put(r->session, "QUIT\r\n", 6) < 0)
		return;
	while (session_listen(r, clock_ms() + QUIT_STEP_MS) >= 0 && session_reply(r, &p) == 0)
		if (clock_ms() >= until || is_awaited(r->session))
			return;
}

void
session_close(struct runner *r)
{
	if (r->session != NULL && !r->session->dead && r->session->expected_count == 0)
		quit(r);
	session_drop(r);
}
