/* SPDX-License-Identifier: ISC */
/* The commands that do not belong to a transaction, and the way to those that do. */
#include "sink.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct verb {
	const char *name;
	void (*run)(struct session *s, char *arg);
	bool last;	/* in a group of pipelined commands (RFC 2920) */
};

void
transaction_reset(struct session *s)
{
	s->in_mail = s->utf8 = s->chunked = s->chunk_failed = s->too_big = false;
	s->tried = s->n_rcpts = 0;
	s->sender.len = s->rcpts.len = s->text.len = 0;
	s->last = '\0';
	if (s->text.cap > OUT_LIMIT)
		buf_free(&s->text);
}

static void
extensions(struct session *s)
{
	static const struct { unsigned bit; const char *text; } list[] = {
		{ EXT_PIPELINING, "PIPELINING" }, { EXT_CHUNKING, "CHUNKING" },
		{ EXT_8BIT, "8BITMIME" }, { EXT_UTF8, "SMTPUTF8" }, { EXT_AUTH, "AUTH PLAIN" },
		{ EXT_DSN, "DSN" }, { EXT_XVERP, "XVERP" },
	};
	struct buf b = { 0 };
	char size[48];

	buf_str(&b, "250-sink\n");
	for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
		if (!(s->v->cfg.ext & list[i].bit))
			continue;
		buf_str(&b, "250-");
		buf_str(&b, list[i].text);
		buf_str(&b, "\n");
	}
	if (s->v->cfg.ext & EXT_SIZE) {
		snprintf(size, sizeof size, "250-SIZE %zu\n", s->v->cfg.max_size);
		buf_str(&b, size);
	}
	buf_add(&b, "250 ENHANCEDSTATUSCODES", sizeof "250 ENHANCEDSTATUSCODES");
	reply(s, b.p);
	buf_free(&b);
}

static void
hello(struct session *s, const char *arg, enum hello how)
{
	enum verdict v;

	if (*arg == '\0') {
		reply(s, "501 5.5.4 Who are you?");
		return;
	}
	v = hook(s, how == HELLO_HELO ? PH_HELO : PH_EHLO, arg);
	if (v == REFUSED)
		return;
	transaction_reset(s);
	s->hello = v == ACCEPTED && how == HELLO_EHLO ? HELLO_HELO : how;
	if (v == ACCEPTED)
		return;
	if (how == HELLO_HELO)
		reply(s, "250 sink");
	else
		extensions(s);
}

static void
helo(struct session *s, char *arg)
{
	hello(s, arg, HELLO_HELO);
}

static void
ehlo(struct session *s, char *arg)
{
	hello(s, arg, HELLO_EHLO);
}

static void
lhlo(struct session *s, char *arg)
{
	hello(s, arg, HELLO_LHLO);
}

static void
rset(struct session *s, char *arg)
{
	(void)arg;
	log_event(&s->v->log, "rset", s->id, NULL);
	transaction_reset(s);
	reply(s, "250 2.0.0 Ok");
}

static void
noop(struct session *s, char *arg)
{
	(void)arg;
	reply(s, "250 2.0.0 Ok");
}

static void
vrfy(struct session *s, char *arg)
{
	reply(s, *arg ? "252 2.1.5 Try to send to it" : "501 5.5.4 Whom?");
}

static void
quit(struct session *s, char *arg)
{
	(void)arg;
	s->quit = true;
	reply(s, "221 2.0.0 Bye");
	reply_end(s, END_CLOSE);
}

static const struct verb verbs[] = {
	{ "MAIL", mail_command, false }, { "RCPT", rcpt_command, false },
	{ "DATA", data_command, true }, { "BDAT", bdat_command, false },
	{ "RSET", rset, false }, { "QUIT", quit, true }, { "EHLO", ehlo, true },
	{ "HELO", helo, true }, { "LHLO", lhlo, true }, { "NOOP", noop, true },
	{ "VRFY", vrfy, true }, { "AUTH", auth_command, true },
};

static const struct verb *
find(const char *line)
{
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (strncasecmp(line, verbs[i].name, 4) == 0
		    && (line[4] == '\0' || line[4] == ' '))
			return &verbs[i];
	return NULL;
}

static void
run(struct session *s, char *line)
{
	const struct verb *verb = find(line);
	char *arg = line + 4;

	if (verb != NULL)
		s->sync |= verb->last;
	if (s->refused && (verb == NULL || verb->run != quit)) {
		reply(s, "503 5.5.1 Only QUIT is left");
		return;
	}
	if (verb == NULL) {
		reply(s, "500 5.5.2 Unknown command");
		return;
	}
	while (*arg == ' ')
		arg++;
	verb->run(s, arg);
}

void
command(struct session *s, char *line)
{
	if (s->v->cfg.verbose)
		log_event(&s->v->log, "cmd", s->id, line);
	if (s->mode == MODE_AUTH) {
		s->mode = MODE_COMMAND;
		auth_line(s, line);
	} else
		run(s, line);
	session_lockstep(s);
}
