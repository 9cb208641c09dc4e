/* SPDX-License-Identifier: ISC */
/* MAIL and RCPT: their syntax, their parameters, and what must have come before. */
#include "sink.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct parameter {
	const char *name;
	unsigned ext;
	bool rcpt;
	const char *(*check)(struct session *s, const char *value);
};

static const char *
check_size(struct session *s, const char *value)
{
	size_t digits = value ? strspn(value, "0123456789") : 0;

	if (digits == 0 || digits > 20 || value[digits] != '\0')
		return "501 5.5.4 Bad SIZE";
	if (strtoumax(value, NULL, 10) > s->v->cfg.max_size)
		return "552 5.3.4 Message too big";
	return NULL;
}

static const char *
check_body(struct session *s, const char *value)
{
	(void)s;
	if (value && (strcasecmp(value, "7BIT") == 0 || strcasecmp(value, "8BITMIME") == 0))
		return NULL;
	return "501 5.5.4 Bad BODY";
}

static const char *
check_utf8(struct session *s, const char *value)
{
	s->utf8 = true;
	return value ? "501 5.5.4 SMTPUTF8 takes no value" : NULL;
}

static const struct parameter parameters[] = {
	{ "SIZE", EXT_SIZE, false, check_size }, { "BODY", EXT_8BIT, false, check_body },
	{ "SMTPUTF8", EXT_UTF8, false, check_utf8 }, { "AUTH", EXT_AUTH, false, NULL },
	{ "RET", EXT_DSN, false, NULL }, { "ENVID", EXT_DSN, false, NULL },
	{ "XVERP", EXT_XVERP, false, NULL }, { "NOTIFY", EXT_DSN, true, NULL },
	{ "ORCPT", EXT_DSN, true, NULL },
};

static const char *
check_parameter(struct session *s, char *word, bool rcpt)
{
	char *value = strchr(word, '=');

	if (value != NULL)
		*value++ = '\0';
	for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++) {
		const struct parameter *p = &parameters[i];

		if (p->rcpt != rcpt || !(s->v->cfg.ext & p->ext) || strcasecmp(p->name, word) != 0)
			continue;
		return p->check ? p->check(s, value) : NULL;
	}
	return "555 5.5.4 Unknown parameter";
}

static const char *
check_parameters(struct session *s, char *rest, bool rcpt)
{
	const char *wrong = NULL;
	char *end;

	while (wrong == NULL && *rest == ' ') {
		rest += strspn(rest, " ");
		if (*rest == '\0')
			break;
		if (s->hello == HELLO_HELO)
			return "555 5.5.4 No parameters after HELO";
		end = rest + strcspn(rest, " ");
		if (*end != '\0')
			*end++ = '\0';
		wrong = check_parameter(s, rest, rcpt);
		rest = *end ? end - 1 : end;
		*rest = *end ? ' ' : '\0';
	}
	return wrong;
}

/* "FROM:<ADDRESS>REST": ends the address with a NUL; NULL if it is not that. */
static char *
path(char *arg, const char *word, char **rest)
{
	size_t n = strlen(word);
	bool quoted = false;
	char *p;

	if (strncasecmp(arg, word, n) != 0 || arg[n] != '<')
		return NULL;
	for (p = arg + n + 1; *p != '\0' && (quoted || *p != '>'); p++) {
		if (iscntrl((unsigned char)*p) || (!quoted && (*p == ' ' || *p == '<')))
			return NULL;
		if (quoted && *p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '"')
			quoted = !quoted;
	}
	if (*p != '>' || (p[1] != '\0' && p[1] != ' '))
		return NULL;
	*p = '\0';
	*rest = p + 1;
	return arg + n + 1;
}

static const char *
check_ascii(const struct session *s, const char *address)
{
	for (; *address; address++)
		if ((unsigned char)*address > 0x7f && !s->utf8)
			return "553 5.6.7 Non-ASCII address without SMTPUTF8";
	return NULL;
}

static const char *
mail_check(struct session *s, char *arg, char **address)
{
	const char *wrong;
	char *rest;

	if (s->hello == HELLO_NONE)
		return "503 5.5.1 Say EHLO first";
	if ((s->v->cfg.ext & EXT_AUTH) && !s->authed)
		return "530 5.7.0 Authentication required";
	if (s->in_mail)
		return "503 5.5.1 Nested MAIL";
	if ((*address = path(arg, "FROM:", &rest)) == NULL)
		return "501 5.1.7 Bad sender";
	s->utf8 = false;
	wrong = check_parameters(s, rest, false);
	return wrong ? wrong : check_ascii(s, *address);
}

void
mail_command(struct session *s, char *arg)
{
	char *address;
	const char *wrong = mail_check(s, arg, &address);
	enum verdict v;

	rules_refresh(&s->v->rules);
	if (wrong != NULL) {
		reply(s, wrong);
		return;
	}
	if (s->v->cfg.max_messages != 0 && s->messages >= s->v->cfg.max_messages) {
		reply(s, "421 4.7.0 Enough messages for a session");
		reply_end(s, END_CLOSE);
		return;
	}
	if ((v = hook(s, PH_MAIL, address)) == REFUSED)
		return;
	s->in_mail = true;
	buf_add(&s->sender, address, strlen(address) + 1);
	if (v == GO_ON)
		reply(s, "250 2.1.0 Ok");
}

static const char *
rcpt_check(struct session *s, char *arg, char **address)
{
	const char *wrong;
	char *rest;

	if (!s->in_mail)
		return "503 5.5.1 MAIL first";
	if (s->chunked)
		return "503 5.5.1 RCPT after BDAT";
	s->tried++;
	if ((*address = path(arg, "TO:", &rest)) == NULL || **address == '\0')
		return "501 5.1.3 Bad recipient";
	wrong = check_parameters(s, rest, true);
	if (wrong == NULL)
		wrong = check_ascii(s, *address);
	if (wrong == NULL && s->n_rcpts >= s->v->cfg.max_rcpts)
		wrong = "452 4.5.3 Too many recipients";
	return wrong;
}

void
rcpt_command(struct session *s, char *arg)
{
	char *address;
	const char *wrong = rcpt_check(s, arg, &address);
	enum verdict v;

	if (wrong != NULL) {
		reply(s, wrong);
		return;
	}
	if ((v = hook(s, PH_RCPT, address)) == REFUSED)
		return;
	buf_add(&s->rcpts, address, strlen(address) + 1);
	s->n_rcpts++;
	if (v == GO_ON)
		reply(s, "250 2.1.5 Ok");
}
