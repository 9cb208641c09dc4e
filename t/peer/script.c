/* SPDX-License-Identifier: ISC */
/* The script: one statement a line, in memory before anything is played. */
#include "peer.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum { DEPTH = 8 };

static const char *const verbs[] = { "accept", "send", "say", "expect", "text", "bdat", "split",
	"lockstep", "delay", "flood", "window", "stalled", "close", "reset", "gone", "repeat", "end", NULL };

static _Noreturn void
bad(const char *name, unsigned line, const char *why)
{
	fprintf(stderr, "peer: %s:%u: %s\n", name, line, why);
	exit(EX_DATAERR);
}

static const char *
verb_of(const char *name, unsigned line, const char *word)
{
	for (size_t i = 0; verbs[i]; i++)
		if (strcmp(verbs[i], word) == 0)
			return verbs[i];
	bad(name, line, "unknown statement");
}

static void
add(struct script *s, const char *name, unsigned line, char *text)
{
	struct statement *grown = realloc(s->statement, (s->count + 1) * sizeof *grown);
	char *word = text + strspn(text, " \t"), *rest;

	if (!grown)
		bad(name, line, "out of memory");
	s->statement = grown;
	word[strcspn(word, "\n")] = '\0';
	rest = word + strcspn(word, " ");
	if (*rest)
		*rest++ = '\0';
	if (*word && *word != '#')
		s->statement[s->count++] = (struct statement){ .line = line,
		    .verb = verb_of(name, line, word), .text = strdup(rest) };
}

/* Joins each end with its repeat. */
static void
pair(struct script *s, const char *name)
{
	size_t open[DEPTH], depth = 0;

	for (size_t i = 0; i < s->count; i++) {
		struct statement *p = &s->statement[i];

		if (strcmp(p->verb, "repeat") == 0) {
			if (depth == DEPTH)
				bad(name, p->line, "nested too deep");
			open[depth++] = i;
		} else if (strcmp(p->verb, "end") == 0) {
			if (depth == 0)
				bad(name, p->line, "nothing to end");
			p->partner = open[--depth];
			s->statement[p->partner].partner = i;
		}
	}
	if (depth > 0)
		bad(name, s->statement[open[depth - 1]].line, "no end");
}

void
script_load(struct script *s, const char *name)
{
	FILE *f = fopen(name, "r");
	char *text = NULL;
	size_t room = 0;

	if (!f)
		bad(name, 0, strerror(errno));
	for (unsigned line = 1; getline(&text, &room, f) != -1; line++)
		add(s, name, line, text);
	free(text);
	fclose(f);
	pair(s, name);
}

unsigned long
number(const char *text, const char **rest)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (!isdigit((unsigned char)*text) || (*end && *end != ' ') || errno)
		fail("'%s' does not begin with a number", text);
	if (rest)
		*rest = *end ? end + 1 : end;
	return n;
}

static int
digit(char c)
{
	if (isdigit((unsigned char)c))
		return c - '0';
	return isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10 : 99;
}

/* \xHH and up to three octal digits. */
static char
coded(const char **from)
{
	int base = **from == 'x' ? 16 : 8, n = 0;

	*from += base == 16;
	for (int i = 0; i < (base == 16 ? 2 : 3) && digit(**from) < base; i++)
		n = n * base + digit(*(*from)++);
	return (char)n;
}

size_t
unescape(char *text)
{
	static const char letter[] = "nrtabfv\\", value[] = "\n\r\t\a\b\f\v\\";
	const char *from = text, *known;
	char *to = text;

	while (*from) {
		if (*from != '\\' || !from[1]) {
			*to++ = *from++;
			continue;
		}
		known = strchr(letter, *++from);
		if (known) {
			*to++ = value[known - letter];
			from++;
		} else if (*from == 'x' || digit(*from) < 8)
			*to++ = coded(&from);
		else
			fail("unknown escape '\\%c'", *from);
	}
	return (size_t)(to - text);
}
