/* SPDX-License-Identifier: ISC */
/* The picture in the Prometheus text exposition format. */
#include <inttypes.h>
#include <string.h>

#include "format.h"
#include "status.h"
#include "utf8.h"

static const enum spool_dir queues[] = {
	SPOOL_NEW, SPOOL_CUR, SPOOL_DEFER, SPOOL_FAIL, SPOOL_DONE, SPOOL_HOLD
};
#define QUEUES (sizeof queues / sizeof *queues)

struct metrics {
	const struct picture *picture;
	const char *path;
};

static void
head(const char *name, const char *type, const char *help)
{
	(void)fprintf(output, "# HELP ml_spool_%s %s\n# TYPE ml_spool_%s %s\n", name, help, name, type);
}

/* A label's value: backslash and quote are escaped, and what is no text becomes a question mark. */
static void
put_value(const char *value)
{
	size_t left = strlen(value), n;

	for (; left > 0; value += n, left -= n) {
		unsigned char c = (unsigned char)*value;

		n = c < 0x80 ? c >= ' ' && c != 0x7f : utf8_shown(value, left);
		if (c == '\\' || c == '"')
			(void)fputc('\\', output);
		(void)fwrite(n > 0 ? value : "?", 1, n > 0 ? n : 1, output);
		n += n == 0;
	}
}

static void
put_label(const char *label, const char *value)
{
	if (label == NULL || value == NULL)
		return;
	(void)fprintf(output, "%s=\"", label);
	put_value(value);
	(void)fputs("\",", output);
}

/* A sample with up to two labels of its own; the spool is always the last. */
static void
sample(const struct metrics *m, const char *name, const char *label, const char *value,
    const char *label2, const char *value2, uint64_t n)
{
	(void)fprintf(output, "ml_spool_%s{", name);
	put_label(label, value);
	put_label(label2, value2);
	(void)fputs("spool=\"", output);
	put_value(m->path);
	(void)fprintf(output, "\"} %" PRIu64 "\n", n);
}

static void
single(const struct metrics *m, const char *name, const char *help, uint64_t n)
{
	head(name, "gauge", help);
	sample(m, name, NULL, NULL, NULL, NULL, n);
}

static void
put_envelopes(const struct metrics *m)
{
	const struct picture *p = m->picture;
	size_t i;

	head("envelopes", "gauge", "Envelopes in a directory.");
	for (i = 0; i < QUEUES; i++)
		sample(m, "envelopes", "dir", spool_dir_name(queues[i]), NULL, NULL,
		    p->dir[queues[i]].envelopes);
	head("envelopes_read", "gauge", "Envelopes whose recipients were counted.");
	for (i = 0; i < QUEUES; i++)
		sample(m, "envelopes_read", "dir", spool_dir_name(queues[i]), NULL, NULL,
		    p->dir[queues[i]].read);
	head("broadcasts", "gauge", "Broadcasts that are still a directory.");
	sample(m, "broadcasts", "dir", "new", NULL, NULL, p->dir[SPOOL_NEW].broadcasts);
	sample(m, "broadcasts", "dir", "hold", NULL, NULL, p->dir[SPOOL_HOLD].broadcasts);
}

static void
put_recipients(const struct metrics *m)
{
	const struct picture *p = m->picture;
	size_t i;

	head("recipients", "gauge", "Recipients in the envelopes that were read.");
	for (i = 0; i < QUEUES; i++) {
		const struct recipients *r = &p->dir[queues[i]].rcpts;
		const char *dir = spool_dir_name(queues[i]);

		sample(m, "recipients", "dir", dir, "state", "todo", r->todo);
		sample(m, "recipients", "dir", dir, "state", "delivered", r->delivered);
		sample(m, "recipients", "dir", dir, "state", "failed", r->failed);
	}
}

static void
put_ages(const struct metrics *m)
{
	const struct picture *p = m->picture;
	uint64_t now = p->now / SPOOL_SECOND;
	size_t i;

	head("oldest_seconds", "gauge", "Age of the oldest envelope that was read.");
	for (i = 0; i < QUEUES; i++)
		if (p->dir[queues[i]].oldest > 0)
			sample(m, "oldest_seconds", "dir", spool_dir_name(queues[i]), NULL, NULL,
			    elapsed(now, p->dir[queues[i]].oldest));
	if (p->dir[SPOOL_DEFER].envelopes > 0)
		single(m, "next_due_seconds", "Time until the next deferred envelope is due.",
		    elapsed(p->dir[SPOOL_DEFER].first, p->now) / SPOOL_SECOND);
}

static void
put_strange(const struct metrics *m)
{
	static const enum spool_dir more[] = { SPOOL_MESS, SPOOL_RUN, SPOOL_SENT };
	const struct picture *p = m->picture;
	size_t i;

	head("strange_files", "gauge", "Files that do not belong there or can not be read.");
	for (i = 0; i < QUEUES; i++)
		sample(m, "strange_files", "dir", spool_dir_name(queues[i]), NULL, NULL,
		    p->dir[queues[i]].strange);
	for (i = 0; i < sizeof more / sizeof *more; i++)
		sample(m, "strange_files", "dir", spool_dir_name(more[i]), NULL, NULL,
		    p->dir[more[i]].strange);
}

static void
put_runners(const struct metrics *m)
{
	static const char *const probes[] = { "alive", "dead", "unknown" };
	const struct picture *p = m->picture;
	unsigned long shown = p->runners < RUNNERS_MAX ? p->runners : RUNNERS_MAX, i;
	uint64_t count[3] = { 0, 0, 0 }, beat;

	for (i = 0; i < shown; i++)
		count[p->runner[i].probe]++;
	head("runners", "gauge", "Files in run/, and whether their process is known to live.");
	for (i = 0; i < 3; i++)
		sample(m, "runners", "probe", probes[i], NULL, NULL, count[i]);
	if (shown == 0)
		return;
	head("runner_recipients_total", "counter", "Recipients that a runner has dealt with.");
	for (i = 0; i < shown; i++) {
		const struct spool_peer *e = &p->runner[i].peer;

		sample(m, "runner_recipients_total", "runner", e->id, "outcome", "delivered", e->done);
		sample(m, "runner_recipients_total", "runner", e->id, "outcome", "failed", e->failed);
		sample(m, "runner_recipients_total", "runner", e->id, "outcome", "deferred",
		    e->deferred);
	}
	head("runner_heartbeat_age_seconds", "gauge", "Time since the last heartbeat.");
	for (i = 0; i < shown; i++) {
		beat = elapsed(p->now / SPOOL_SECOND, (uint64_t)p->runner[i].peer.mtime.tv_sec);
		sample(m, "runner_heartbeat_age_seconds", "runner", p->runner[i].peer.id, NULL, NULL,
		    beat);
	}
}

void
metrics(const struct picture *p, const char *path)
{
	const struct metrics m = { p, path };

	put_envelopes(&m);
	put_recipients(&m);
	put_ages(&m);
	put_strange(&m);
	put_runners(&m);
	single(&m, "lone_claims", "Claims whose runner has no file in run/.", p->lone_claims);
	single(&m, "messages", "Message links.", p->messages);
	if (p->orphans_known)
		single(&m, "orphaned_messages", "Message links with neither envelope nor witness.",
		    p->orphans);
	single(&m, "staged", "Entries of tmp/.", p->staged);
	single(&m, "staged_old", "Entries of tmp/ that are left over.", p->staged_old);
	single(&m, "keys", "Records of broadcast keys.", p->records);
	single(&m, "paused", "Is 1 while nothing is claimed.", (uint64_t)p->paused);
	single(&m, "room_bytes", "Octets available in the file system.", p->room);
	if (p->inodes_all > 0)
		single(&m, "room_inodes", "Inodes available in the file system.", p->inodes);
	single(&m, "room_enough", "Is 0 while producers refuse for want of room.",
	    (uint64_t)p->enough_room);
}
