/* SPDX-License-Identifier: ISC */
/*
 * {sender}, {rcpt} and {rcpts} are replaced as whole arguments only, {name}
 * anywhere: a UNIQUE has no character that means something to a shell.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arguments.h"

#define NAME_WORD "{name}"

/* Linux takes no more; where the stack has no limit a C library may say otherwise. */
#define MOST_OCTETS (6UL * 1024 * 1024)
/* For SENDER and NAME, a path that is searched, and an interpreter's line. */
#define SPARE (8192 + VERP_PATH_SIZE + SPOOL_UNIQUE_SIZE)

extern char **environ;

static size_t
longest(const char *arg)
{
	size_t length = strlen(arg) + 1;

	if (strcmp(arg, "{sender}") == 0)
		return VERP_PATH_SIZE;
	for (; (arg = strstr(arg, NAME_WORD)) != NULL; arg += strlen(NAME_WORD))
		length += SPOOL_UNIQUE_MAX;
	return length;
}

size_t
arguments_room(char **command)
{
	long said = sysconf(_SC_ARG_MAX);
	size_t limit = said > 0 ? (size_t)said : _POSIX_ARG_MAX, used = SPARE, times = 0;
	char **p;

	if (limit > MOST_OCTETS)
		limit = MOST_OCTETS;
	for (p = environ; *p != NULL; p++)
		used += strlen(*p) + 1 + sizeof *p;
	for (p = command; *p != NULL; p++)
		if (strcmp(*p, "{rcpts}") == 0)
			times++;
		else
			used += longest(*p) + sizeof *p;
	return used < limit ? (limit - used) / (times > 0 ? times : 1) : 0;
}

struct words {
	char **word;                    /* NULL while sizes are taken */
	char *text;
	size_t words, bytes;
};

static void
add_bytes(struct words *w, const char *from, size_t n)
{
	if (w->word != NULL)
		memcpy(w->text + w->bytes, from, n);
	w->bytes += n;
}

static void
begin_word(struct words *w)
{
	if (w->word != NULL)
		w->word[w->words] = w->text + w->bytes;
	w->words++;
}

static void
add_word(struct words *w, const char *text)
{
	begin_word(w);
	add_bytes(w, text, strlen(text) + 1);
}

static void
add_with_name(struct words *w, const char *arg, const char *name)
{
	const char *at;

	begin_word(w);
	for (; (at = strstr(arg, NAME_WORD)) != NULL; arg = at + strlen(NAME_WORD)) {
		add_bytes(w, arg, (size_t)(at - arg));
		add_bytes(w, name, strlen(name));
	}
	add_bytes(w, arg, strlen(arg) + 1);
}

static void
add_all(struct words *w, char **command, const struct transaction *t)
{
	const char *name = spool_unique(t->job->envelope.name);
	size_t i;

	for (; *command != NULL; command++) {
		if (strcmp(*command, "{sender}") == 0)
			add_word(w, t->sender);
		else if (strcmp(*command, "{rcpt}") == 0)
			add_word(w, t->addresses + t->target[0].address);
		else if (strcmp(*command, "{rcpts}") == 0)
			for (i = 0; i < t->targets; i++)
				add_word(w, t->addresses + t->target[i].address);
		else
			add_with_name(w, *command, name);
	}
}

char **
arguments_make(char **command, const struct transaction *t)
{
	struct words size = { NULL, NULL, 0, 0 }, made = { NULL, NULL, 0, 0 };
	size_t pointers;

	add_all(&size, command, t);
	pointers = (size.words + 1) * sizeof *made.word;
	made.word = malloc(pointers + size.bytes);
	if (made.word == NULL)
		return NULL;
	made.text = (char *)made.word + pointers;
	add_all(&made, command, t);
	made.word[made.words] = NULL;
	return made.word;
}
