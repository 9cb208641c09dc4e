/* SPDX-License-Identifier: ISC */
/* A line an envelope, nine fields between TABs, as the directories give them. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "anew.h"
#include "format.h"
#include "status.h"

struct listing {
	struct spool *spool;
	uint64_t now;                   /* seconds */
};

static int
keep_reply(void *context, size_t index, const char *reply)
{
	char *last = context;

	(void)index;
	(void)snprintf(last, SPOOL_TEXT_NOTE + 1, "%s", reply);
	return 0;
}

/* The first recipient that is to do, or else the last note. */
static void
put_news(struct spool_envelope *e)
{
	struct spool_cursor c;
	struct spool_rcpt r;
	char last[SPOOL_TEXT_NOTE + 1] = "-";

	spool_cursor_begin(&c, e);
	while (e->todo > 0 && spool_cursor_next(&c, e, &r) > 0)
		if (r.state == 'T') {
			put_clean(output, r.address, NULL);
			return;
		}
	(void)spool_notes(e, keep_reply, last);
	put_clean(output, last, NULL);
}

static void
put_path(enum spool_dir d, const char *file)
{
	(void)fprintf(output, "\t%s/", spool_dir_name(d));
	put_clean(output, file, NULL);
	(void)fputc('\n', output);
	output_spill();
}

static void
list_strange(void *context, enum spool_dir d, const char *file, const char *reason)
{
	const char *base = strrchr(file, '/');

	(void)context;
	(void)fprintf(output, "%s\t", spool_dir_name(d));
	put_clean(output, base != NULL ? base + 1 : file, NULL);
	(void)fprintf(output, "\t-\t-\t-\t-\t-\tstrange: %s", reason);
	put_path(d, file);
}

static void
list_envelope(void *context, const struct place *at)
{
	const struct listing *l = context;
	struct spool_envelope e;
	struct stat st;
	int failed;

	if (anew_fstatat(l->spool->dir[at->dir], at->file, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if ((uint64_t)st.st_size > LARGE_ENVELOPE) {
		list_strange(context, at->dir, at->file, "too large");
		return;
	}
	if (spool_envelope_look(&e, l->spool, at->dir, at->file) < 0) {
		failed = errno;
		if (failed != ENOENT)
			list_strange(context, at->dir, at->file,
			    failed == EBADMSG ? "not an envelope, or torn" : strerror(failed));
		return;
	}
	(void)fprintf(output, "%s\t%s\t%" PRIu64 "\t%zu\t%zu\t%zu\t", spool_dir_name(at->dir), at->name,
	    elapsed(l->now, e.born), e.todo, e.delivered, e.failed);
	put_clean(output, *e.from != '\0' ? e.from : "<>", NULL);
	(void)fputc('\t', output);
	put_news(&e);
	put_path(at->dir, at->file);
	spool_envelope_close(&e);
}

static void
skip_broadcast(void *context, enum spool_dir d, const char *name)
{
	(void)context;
	(void)d;
	(void)name;
}

int
list(struct spool *s)
{
	static const enum spool_dir dirs[] = {
		SPOOL_NEW, SPOOL_CUR, SPOOL_DEFER, SPOOL_FAIL, SPOOL_DONE, SPOOL_HOLD
	};
	struct listing l = { s, spool_now() / SPOOL_SECOND };
	const struct walker w = { list_envelope, skip_broadcast, list_strange, &l };
	size_t i;

	for (i = 0; i < sizeof dirs / sizeof *dirs; i++)
		if (walk(s, dirs[i], &w) < 0)
			return -1;
	return 0;
}
