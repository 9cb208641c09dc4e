/* SPDX-License-Identifier: ISC */
/*
 * {sender}, {rcpt} and {rcpts} are replaced as whole arguments only, {name}
 * anywhere: a UNIQUE has no character that means something to a shell.
 */
#include <stdlib.h>
#include <string.h>

#include "arguments.h"

#define NAME_WORD "{name}"

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
