/* SPDX-License-Identifier: ISC */
/*
 * AUTH PLAIN, or LOGIN where only that is offered.  Credentials never go in
 * the clear to another host, and what a server repeats of them goes no further
 * than here.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "auth.h"
#include "base64.h"
#include "credentials.h"

#define PLAIN         1
#define LOGIN         2
#define ENCODED_MAX   BASE64_SIZE(CREDENTIALS_MAX + 2)
#define COMMAND_MAX   510               /* without CRLF: RFC 4954 section 4 */
#define WORD_LEAST    4                 /* a shorter part of a secret tells nothing */

struct secrets {
	struct credentials given;
	char plain[ENCODED_MAX], user[ENCODED_MAX], password[ENCODED_MAX];
};

void
auth_offer(struct session *s, const char *word, size_t n)
{
	size_t at, length;

	if (n < 5 || strncasecmp(word, "AUTH", 4) != 0 || (word[4] != ' ' && word[4] != '='))
		return;
	for (at = 5; at < n; at += length + 1) {
		for (length = 0; at + length < n && word[at + length] != ' '; length++)
			continue;
		if (length == 5 && strncasecmp(word + at, "PLAIN", 5) == 0)
			s->auth |= PLAIN;
		else if (length == 5 && strncasecmp(word + at, "LOGIN", 5) == 0)
			s->auth |= LOGIN;
	}
}

static int
refuse(struct reply *p, const char *what, const char *why)
{
	(void)snprintf(p->text, sizeof p->text, "%s%s%s", what, *what != '\0' ? ": " : "", why);
	return 0;
}

static void
encode(struct secrets *s)
{
	char both[CREDENTIALS_MAX + 2];
	size_t user = strlen(s->given.user), password = strlen(s->given.password);

	both[0] = '\0';
	memcpy(both + 1, s->given.user, user + 1);
	memcpy(both + user + 2, s->given.password, password);
	base64(s->plain, both, user + password + 2);
	base64(s->user, s->given.user, user);
	base64(s->password, s->given.password, password);
	credentials_wipe(both, sizeof both);
}

/* One line, and its reply: 0, or -1. */
static int
say(struct runner *r, const char *verb, const char *text, struct reply *p)
{
	struct session *s = r->session;

	if (session_put(s, verb, strlen(verb)) < 0 || session_put(s, text, strlen(text)) < 0 ||
	    session_put(s, "\r\n", 2) < 0)
		return -1;
	return session_await(r, p, session_timeout(r, 5)) < 0 ? -1 : 0;
}

/* A server that asks once more although it was told at once is told once more. */
static int
plain(struct runner *r, const struct secrets *s, struct reply *p)
{
	static const char verb[] = "AUTH PLAIN ";
	int fits = strlen(verb) + strlen(s->plain) <= COMMAND_MAX;

	if (say(r, fits ? verb : "AUTH PLAIN", fits ? s->plain : "", p) < 0)
		return -1;
	return p->code == 334 ? say(r, "", s->plain, p) : 0;
}

static int
login(struct runner *r, const struct secrets *s, struct reply *p)
{
	if (say(r, "AUTH LOGIN", "", p) < 0)
		return -1;
	if (p->code == 334 && say(r, "", s->user, p) < 0)
		return -1;
	return p->code == 334 ? say(r, "", s->password, p) : 0;
}

static int
is_in(const char *text, const char *part, size_t n)
{
	for (; strlen(text) >= n; text++)
		if (strncasecmp(text, part, n) == 0)
			return 1;
	return 0;
}

/* A server may repeat what it did not understand, all of it or what fitted into a line. */
static void
censor(const struct secrets *s, struct reply *p)
{
	const char *secret[] = { s->given.password, s->plain, s->user, s->password };
	char *word = p->text + 3;
	size_t i, n;

	for (i = 0; i < sizeof secret / sizeof *secret; i++)
		if (is_in(p->text, secret[i], strlen(secret[i]))) {
			(void)snprintf(p->text, sizeof p->text, "%d (the text repeats credentials)", p->code);
			return;
		}
	while (word += strspn(word, " \"'<>()[]:;,."), *word != '\0') {
		n = strcspn(word, " \"'<>()[]:;,.");
		for (i = 0; i < sizeof secret / sizeof *secret; i++)
			if (n >= WORD_LEAST && is_in(secret[i], word, n))
				memset(word, '*', n);
		word += n;
	}
}

static int
exchange(struct runner *r, const struct secrets *s, struct reply *p)
{
	int got = (r->session->auth & PLAIN) != 0 ? plain(r, s, p) : login(r, s, p);

	if (got == 0 && p->code / 100 == 3) {   /* it wants more than there is */
		if (say(r, "*", "", p) < 0)
			return -1;
		p->code = 501;
	}
	if (session_unsent(r->session) == 0 && r->session->out != NULL)
		credentials_wipe(r->session->out, r->session->out_room);
	if (got < 0)
		return -1;
	censor(s, p);
	return p->code / 100 == 2;
}

int
auth(struct runner *r, struct reply *p)
{
	struct secrets s;
	const char *wrong;
	int code, got;

	if (!wire_is_private(&r->session->wire))
		return refuse(p, "", "credentials never go in the clear to another host");
	if (r->session->auth == 0)
		return refuse(p, "", "the server offers neither AUTH PLAIN nor LOGIN");
	wrong = credentials_read(r->opt->credentials, &s.given, &code);
	if (wrong != NULL)
		return refuse(p, r->opt->credentials, wrong);
	encode(&s);
	got = exchange(r, &s, p);
	credentials_wipe(&s, sizeof s);
	return got;
}
