/* SPDX-License-Identifier: ISC */
/* One line an event, in logfmt, without a timestamp; nothing where nothing happened. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "die.h"
#include "escape.h"
#include "io.h"
#include "requeue.h"

#define LINE_SIZE 1024
#define ONCE_SIZE 1024          /* strange names remembered */

static void
write_line(const char *line, int length)
{
	if (length > 0 && length < LINE_SIZE)
		(void)io_write(STDERR_FILENO, line, (size_t)length);
}

void
log_round(const struct spool_round *w)
{
	char line[LINE_SIZE];

	if (w->due + w->returned + w->held + w->swept + w->purged + w->repaired + w->published == 0)
		return;
	write_line(line, snprintf(line, sizeof line,
	    "requeued due=%lu returned=%lu held=%lu swept=%lu purged=%lu repaired=%lu published=%lu\n",
	    w->due, w->returned, w->held, w->swept, w->purged, w->repaired, w->published));
}

void
log_tell(void *context, const char *event, const char *object)
{
	char line[LINE_SIZE], name[SPOOL_CLAIM_SIZE * 4];

	(void)context;
	(void)escape(name, sizeof name, object, strlen(object), " \"\\");
	if (strcmp(event, "dead") == 0)
		write_line(line, snprintf(line, sizeof line, "dead runner=%s\n", name));
	else
		write_line(line, snprintf(line, sizeof line, "held name=%s reason=%s\n", name,
		    strcmp(event, "held") == 0 ? "deaths" : event));
}

static uint64_t
hash(uint64_t h, const char *text)
{
	for (; *text != '\0'; text++)
		h = (h ^ (unsigned char)*text) * UINT64_C(1099511628211);
	return h;
}

/* A name that stays strange round for round is news only once; where there are more than can be remembered
   the rest are not told, since they would be in every round. */
void
log_stranger(void *context, const char *object, const char *reason)
{
	static uint64_t once[ONCE_SIZE];
	static size_t count;
	static int full;
	uint64_t h = hash(hash(UINT64_C(14695981039346656037), object), reason);
	size_t i;

	for (i = 0; i < count; i++)
		if (once[i] == h)
			return;
	if (count == ONCE_SIZE) {
		if (!full)
			warn_text("*", "too many strange files, no more of them are reported");
		full = 1;
		return;
	}
	once[count++] = h;
	warn_stranger(context, object, reason);
}
