/* SPDX-License-Identifier: ISC */
/* How far each broadcast has come. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"
#include "status.h"

#define SHOWN     20
#define BAR_WIDTH 30

static uint64_t
all(const struct recipients *r)
{
	return r->todo + r->delivered + r->failed;
}

static void
put_bar(FILE *out, const struct recipients *r)
{
	uint64_t total = all(r), i;
	uint64_t done = total == 0 ? BAR_WIDTH : r->delivered * BAR_WIDTH / total;
	uint64_t failed = total == 0 ? 0 : r->failed * BAR_WIDTH / total;

	(void)fputc('[', out);
	for (i = 0; i < BAR_WIDTH; i++)
		(void)fputc(i < done ? '#' : i < done + failed ? 'x' : '.', out);
	(void)fputs("] ", out);
}

static void
show_broadcast(const struct view *v, const struct picture *p, const struct broadcast *b, char mark)
{
	const struct recipients *r = &b->rcpts;
	uint64_t total = all(r), percent = total == 0 ? 100 : (total - r->todo) * 100 / total;

	(void)fprintf(v->out, "%-5s ", brief_age(elapsed(p->now / SPOOL_SECOND, b->born)).text);
	if (v->bars)
		put_bar(v->out, r);
	(void)fprintf(v->out, "%3" PRIu64 "%%  %9s %9s %7s  %s%s\n", percent,
	    brief_count(r->todo, mark).text, brief_count(r->delivered, mark).text,
	    brief_count(r->failed, mark).text, b->name, b->held ? " (held)" : "");
}

/* Behind numbers that may be larger, since not every envelope was read. */
static char
mark_of(const struct picture *p)
{
	int d;

	for (d = 0; d < SPOOL_DIRS; d++)
		if (p->dir[d].unread > 0)
			return '+';
	return '\0';
}

/* What still has work to do first, and the youngest of each kind. */
static int
by_interest(const void *a, const void *b)
{
	const struct broadcast *x = a, *y = b;

	if ((x->rcpts.todo > 0) != (y->rcpts.todo > 0))
		return x->rcpts.todo > 0 ? -1 : 1;
	return strcmp(y->name, x->name);
}

void
show_broadcasts(const struct view *v, const struct picture *p)
{
	unsigned long count = p->broadcasts, i;
	struct broadcast *sorted;

	if (count == 0)
		return;
	sorted = malloc(count * sizeof *sorted);
	if (sorted == NULL)
		return;
	memcpy(sorted, p->broadcast, count * sizeof *sorted);
	qsort(sorted, count, sizeof *sorted, by_interest);
	(void)fprintf(v->out, "\n%-*s %9s %9s %7s  broadcast\n", v->bars ? 14 + BAR_WIDTH : 11, "age",
	    "to do", "delivered", "failed");
	for (i = 0; i < count && i < SHOWN; i++)
		show_broadcast(v, p, &sorted[i], mark_of(p));
	if (count > SHOWN || p->more_broadcasts)
		(void)fprintf(v->out, "and %s%lu more\n", p->more_broadcasts ? "at least " : "",
		    count - (count < SHOWN ? count : SHOWN));
	free(sorted);
}
