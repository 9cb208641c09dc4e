/* SPDX-License-Identifier: ISC */
/* Who works on the spool, as far as run/ tells. */
#include <inttypes.h>
#include <string.h>

#include "format.h"
#include "status.h"

#define ID_SHOWN   8            /* the random end of a RUNNER; enough for ls run/ and grep */
#define HOST_SHOWN 16

static const char *
probe_name(enum spool_probe probe)
{
	return probe == SPOOL_ALIVE ? "alive" : probe == SPOOL_DEAD ? "dead" : "unknown";
}

static const char *
short_id(const char *id)
{
	size_t length = strlen(id);

	return length > ID_SHOWN ? id + length - ID_SHOWN : id;
}

/* A word of somebody's run file, in a column of WIDTH. */
static void
put_word(FILE *out, const char *word, int width)
{
	int length = (int)strlen(word);

	if (length > width) {
		(void)fprintf(out, "%*s", width, "?");
		return;
	}
	put_clean(out, *word == '\0' ? "-" : word, NULL);
	(void)fprintf(out, "%*s", width - (length == 0 ? 1 : length), "");
}

static void
show_runner(const struct view *v, const struct picture *p, const struct runner *r)
{
	const struct spool_peer *e = &r->peer;
	uint64_t now = p->now / SPOOL_SECOND, beat = elapsed(now, (uint64_t)e->mtime.tv_sec);
	char host[HOST_SHOWN + 1] = "";

	(void)snprintf(host, sizeof host, "%.*s", HOST_SHOWN, e->host);
	(void)fprintf(v->out, "%-8s %-7s ", short_id(e->id), probe_name(r->probe));
	put_word(v->out, e->role, 8);
	put_word(v->out, e->state, 7);
	(void)fprintf(v->out, "%5s %5s %9s %7s %8s %6s  ",
	    e->since == 0 ? "-" : brief_age(elapsed(now, e->since)).text, brief_age(beat).text,
	    brief_count(e->done, '\0').text, brief_count(e->failed, '\0').text,
	    brief_count(e->deferred, '\0').text, brief_count(r->claims, '\0').text);
	put_clean(v->out, host, NULL);
	(void)fprintf(v->out, " %ld\n", e->pid);
	if (*e->last != '\0') {
		(void)fputs("         last refusal: ", v->out);
		put_clean(v->out, e->last, NULL);
		(void)fputc('\n', v->out);
	}
}

void
show_runners(const struct view *v, const struct picture *p)
{
	unsigned long shown = p->runners < RUNNERS_MAX ? p->runners : RUNNERS_MAX, i;

	if (p->runners == 0) {
		(void)fprintf(v->out, "\n%-9s none\n", "runners");
		return;
	}
	(void)fprintf(v->out, "\n%-8s %-7s %-7s %-6s %5s %5s %9s %7s %8s %6s  %s\n", "runners", "",
	    "role", "state", "since", "beat", "delivered", "failed", "deferred", "claims", "host pid");
	for (i = 0; i < shown; i++)
		show_runner(v, p, &p->runner[i]);
	if (p->runners > shown)
		(void)fprintf(v->out, "and %lu more\n", p->runners - shown);
	if (p->dir[SPOOL_RUN].strange > 0)
		(void)fprintf(v->out, "%lu strange in run/\n", p->dir[SPOOL_RUN].strange);
}
