/* SPDX-License-Identifier: ISC */
/* The picture for an operator: what there is, who works on it, and what wants a hand. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"
#include "status.h"

#define NAMES_A_LINE 50         /* of messages to remove */

static void
show_remarks(const struct view *v, const struct picture *p, enum spool_dir d)
{
	const struct contents *c = &p->dir[d];
	const char *gap = "   ";

	if (d == SPOOL_DEFER && c->envelopes > 0) {
		uint64_t due = elapsed(c->first, p->now) / SPOOL_SECOND;

		(void)fprintf(v->out, due == 0 ? "%sdue now" : "%snext due in %s", gap,
		    brief_age(due).text);
		gap = ", ";
	}
	if (d == SPOOL_CUR && p->lone_claims > 0) {
		(void)fprintf(v->out, "%s%lu of nobody in run/", gap, p->lone_claims);
		gap = ", ";
	}
	if (c->strange > 0)
		(void)fprintf(v->out, "%s%lu strange", gap, c->strange);
}

static void
show_dir(const struct view *v, const struct picture *p, enum spool_dir d)
{
	const struct contents *c = &p->dir[d];
	char mark = c->unread > 0 ? '+' : '\0';
	uint64_t age = elapsed(p->now / SPOOL_SECOND, c->oldest);

	(void)fprintf(v->out, "%-8s %9s  %10s  %10s  %10s  %10s  %6s", spool_dir_name(d),
	    brief_count(c->envelopes, '\0').text, brief_count(c->broadcasts, '\0').text,
	    brief_count(c->rcpts.todo, mark).text, brief_count(c->rcpts.delivered, mark).text,
	    brief_count(c->rcpts.failed, mark).text, c->oldest == 0 ? "-" : brief_age(age).text);
	show_remarks(v, p, d);
	(void)fputc('\n', v->out);
}

static void
show_dirs(const struct view *v, const struct picture *p)
{
	static const enum spool_dir dirs[] = {
		SPOOL_NEW, SPOOL_CUR, SPOOL_DEFER, SPOOL_FAIL, SPOOL_DONE, SPOOL_HOLD
	};
	int part = 0;
	size_t i;

	(void)fprintf(v->out, "%-8s %9s  %10s  %10s  %10s  %10s  %6s\n", "", "envelopes",
	    "broadcasts", "to do", "delivered", "failed", "oldest");
	for (i = 0; i < sizeof dirs / sizeof *dirs; i++) {
		show_dir(v, p, dirs[i]);
		part |= p->dir[dirs[i]].unread > 0;
	}
	if (part)
		(void)fprintf(v->out, "+ at least: of so many envelopes only the first %d were read\n",
		    READ_ENVELOPES);
}

/* For a shell: between single quotes, and none of them inside. */
static void
put_quoted(FILE *out, const char *path)
{
	size_t n;

	(void)fputc('\'', out);
	for (; *path != '\0'; path += n + (path[n] == '\'')) {
		char piece[256];

		n = strcspn(path, "'");
		if (n >= sizeof piece)
			for (n = sizeof piece - 1; n > 1 && ((unsigned char)path[n] & 0xc0) == 0x80;)
				n--;
		(void)snprintf(piece, sizeof piece, "%.*s", (int)n, path);
		put_clean(out, piece, NULL);
		if (path[n] == '\'')
			(void)fputs("'\\''", out);
	}
	(void)fputc('\'', out);
}

static void
show_commands(const struct view *v, const struct picture *p)
{
	unsigned long i, count = p->orphans < ORPHANS_MAX ? p->orphans : ORPHANS_MAX;
	char *path = realpath(v->path, NULL);   /* each line must find it, wherever the last one went */

	for (i = 0; i < count; i++) {
		if (i % NAMES_A_LINE == 0) {
			(void)fputs(i > 0 ? "\ncd " : "cd ", v->out);
			put_quoted(v->out, path != NULL ? path : v->path);
			(void)fputs(" && rm -f", v->out);
		}
		(void)fprintf(v->out, " mess/%s", p->orphan[i]);
	}
	(void)fputc('\n', v->out);
	free(path);
	if (p->orphans > count)
		(void)fprintf(v->out, "and then look again: there are %lu more\n", p->orphans - count);
}

static void
show_messages(const struct view *v, const struct picture *p)
{
	(void)fprintf(v->out, "%-9s %lu", "messages", p->messages);
	if (p->dir[SPOOL_MESS].strange > 0)
		(void)fprintf(v->out, ", %lu strange", p->dir[SPOOL_MESS].strange);
	if (!p->orphans_known)
		(void)fputs("; not every directory can be read, so some may be orphans", v->out);
	if (p->orphans > 0)
		(void)fprintf(v->out, ", %lu of them (%s) %s with neither envelope nor witness%s",
		    p->orphans, brief_size(p->orphan_octets).text, p->orphans == 1 ? "is" : "are",
		    v->commands ? "; to remove:" : "");
	(void)fputc('\n', v->out);
	if (p->orphans > 0 && v->commands)
		show_commands(v, p);
}

static void
show_rest(const struct view *v, const struct picture *p)
{
	(void)fprintf(v->out, "%-9s %lu in tmp/", "staging", p->staged);
	if (p->staged_old > 0)
		(void)fprintf(v->out, ", %lu left over for ml-requeue to sweep", p->staged_old);
	(void)fprintf(v->out, "\n%-9s %lu in sent/", "keys", p->records);
	if (p->dir[SPOOL_SENT].strange > 0)
		(void)fprintf(v->out, ", %lu strange", p->dir[SPOOL_SENT].strange);
	(void)fprintf(v->out, "\n%-9s %s of %s", "room", brief_size(p->room).text,
	    brief_size(p->room_all).text);
	if (p->inodes_all > 0)
		(void)fprintf(v->out, ", %" PRIu64 " of %" PRIu64 " inodes", p->inodes, p->inodes_all);
	(void)fprintf(v->out, "%s\n", p->enough_room ? "" : ": too little, producers refuse");
	(void)fprintf(v->out, "%-9s %s\n", "paused", p->paused ? "yes: nothing is claimed" : "no");
}

void
show(const struct view *v, const struct picture *p)
{
	show_dirs(v, p);
	show_runners(v, p);
	show_broadcasts(v, p);
	(void)fputc('\n', v->out);
	show_messages(v, p);
	show_rest(v, p);
}
