/* SPDX-License-Identifier: ISC */
/* One line of a rules file: PHASE PATTERN [times N] [after N] ACTION. */
#include "sink.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct word {
	const char *name;
	int value;
};

static const struct word phases[] = {
	{ "connect", PH_CONNECT }, { "ehlo", PH_EHLO }, { "helo", PH_HELO }, { "auth", PH_AUTH },
	{ "mail", PH_MAIL }, { "rcpt", PH_RCPT }, { "data", PH_DATA }, { "text", PH_TEXT },
	{ "lmtp", PH_LMTP }, { NULL, 0 },
};

static const struct word actions[] = {
	{ "drop", ACT_DROP }, { "dropafter", ACT_DROPAFTER }, { "dropbefore", ACT_DROPBEFORE },
	{ "stall", ACT_STALL }, { "crash", ACT_CRASH }, { NULL, 0 },
};

static const struct word *
find(const struct word *w, const char *name)
{
	for (; w->name != NULL; w++)
		if (strcmp(w->name, name) == 0)
			return w;
	return NULL;
}

/* Cuts the next word, which may stand in double quotes, off *p; NULL if there is none. */
static char *
next(char **p)
{
	char *from = *p + strspn(*p, " \t"), *end;

	if (*from == '\0')
		return NULL;
	if (*from == '"' && (end = strchr(from + 1, '"')) != NULL)
		from++;
	else
		end = from + strcspn(from, " \t");
	*p = *end ? end + 1 : end;
	*end = '\0';
	return from;
}

static bool
number(const char *word, unsigned long *n)
{
	char *end;

	if (word == NULL || !isdigit((unsigned char)*word))
		return false;
	errno = 0;
	*n = strtoul(word, &end, 10);
	return *end == '\0' && errno == 0;
}

static bool
seconds(const char *word, int64_t *microseconds)
{
	char *end;
	double d;

	if (word == NULL || !isdigit((unsigned char)*word))
		return false;
	d = strtod(word, &end);
	if (*end != '\0' || !(d >= 0 && d <= 1e6))
		return false;
	*microseconds = (int64_t)(d * 1e6);
	return true;
}

static char *
copy(const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(mem_grow(NULL, size), text, size);
}

static const char *
reply_parse(const char *code, char *rest, struct rule *r)
{
	unsigned long n;

	if (!number(code, &n) || n < 200 || n > 599)
		return "unknown action";
	r->code = (int)n;
	rest += strspn(rest, " \t");
	r->text = copy(rest);
	return NULL;
}

static const char *
action_parse(char *rest, struct rule *r)
{
	char *word = next(&rest);
	const struct word *w;
	unsigned long *n;

	while (word != NULL && (strcmp(word, "times") == 0 || strcmp(word, "after") == 0)) {
		n = *word == 't' ? &r->times : &r->after;
		if (!number(next(&rest), n) || r->times == 0)
			return "times and after want a number";
		word = next(&rest);
	}
	if (word == NULL)
		return "no action";
	if ((w = find(actions, word)) == NULL) {
		r->action = ACT_REPLY;
		return reply_parse(word, rest, r);
	}
	r->action = (enum action)w->value;
	if (r->action == ACT_DROPAFTER) {
		word = next(&rest);
		return reply_parse(word, rest, r);
	}
	if ((r->action == ACT_STALL || r->action == ACT_CRASH) && !seconds(next(&rest), &r->pause))
		return "stall and crash want seconds";
	return NULL;
}

const char *
rule_parse(char *line, struct rule *r)
{
	char *phase = next(&line), *pattern = next(&line);
	const struct word *w = phase ? find(phases, phase) : NULL;

	*r = (struct rule){ .times = (unsigned long)-1 };
	if (w == NULL)
		return "unknown phase";
	if (pattern == NULL)
		return "no pattern";
	r->phase = (enum phase)w->value;
	r->pattern = copy(strcmp(pattern, "<>") == 0 ? "" : pattern);
	return action_parse(line, r);
}

void
rule_free(struct rule *r)
{
	free(r->pattern);
	free(r->text);
}
