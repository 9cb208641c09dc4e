/* SPDX-License-Identifier: ISC */
/*
 * Writing behind: envelopes are handed over to a thread that creates and
 * writes them, while the next are filled.  Where it is behind, who fills them
 * writes some himself, so that nobody waits; and both link the text to those
 * that are written.  The first failure ends it, which the next call reports.
 * What a crash leaves is what the staging without it leaves: files in tmp/,
 * some of which may have no message yet.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "behind.h"
#include "helpers.h"
#include "internal.h"
#include "stage.h"

#define STACK_SIZE (256 * 1024) /* of which little is touched */

static int
start(struct spool_behind *b, pthread_t *thread, void *(*run)(void *context))
{
	pthread_attr_t attr;
	sigset_t all, old;
	int failed;

	if (pthread_attr_init(&attr) != 0)
		return -1;
	(void)pthread_attr_setstacksize(&attr, STACK_SIZE);
	(void)sigfillset(&all);
	failed = pthread_sigmask(SIG_SETMASK, &all, &old);
	if (failed == 0) {
		failed = pthread_create(thread, &attr, run, b);
		(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	}
	(void)pthread_attr_destroy(&attr);
	return failed == 0 ? 0 : -1;
}

static void
release(struct spool_behind *b)
{
	(void)pthread_cond_destroy(&b->early);
	(void)pthread_cond_destroy(&b->end);
	(void)pthread_cond_destroy(&b->work);
	(void)pthread_mutex_destroy(&b->text);
	(void)pthread_mutex_destroy(&b->lock);
	free(b);
}

struct spool_behind *
spool_behind_start(struct spool_stage *st)
{
	struct spool_behind *b = malloc(sizeof *b);

	if (b == NULL)
		return NULL;
	memset(b, 0, offsetof(struct spool_behind, number));
	b->spool = b->syncers = b->linker = *st->spool;
	memcpy(&b->stage, st, offsetof(struct spool_stage, buffer));
	b->stage.spool = &b->linker;
	(void)pthread_mutex_init(&b->lock, NULL);
	(void)pthread_mutex_init(&b->text, NULL);
	(void)pthread_cond_init(&b->work, NULL);
	(void)pthread_cond_init(&b->end, NULL);
	(void)pthread_cond_init(&b->early, NULL);
	if (start(b, &b->thread, spool_help_write) < 0) {
		release(b);
		return NULL;
	}
	b->has_syncer = start(b, &b->syncer, spool_help_sync) == 0;
	st->to = b->buffer[0];
	return b;
}

static int
check(struct spool_behind *b, struct spool *s)
{
	int failed = b->failed;

	if (failed == 0)
		return 0;
	errno = failed;
	return spool_fail_at(s, b->object);
}

int
spool_behind_has_room(const struct spool_behind *b)
{
	return b->put - b->done < SLOTS - 1;
}

int
spool_behind_put(struct spool_behind *b, struct spool_stage *st, size_t from, size_t length)
{
	struct job *j = &b->job[b->put % SLOTS];

	memcpy(j->path, st->file, sizeof j->path);
	j->from = from;
	j->length = length;
	b->number[b->put % BACKLOG] = st->envelopes;
	b->staged = st->envelopes;
	b->put++;
	st->to = b->buffer[b->put % SLOTS];
	spool_help_wake(b);
	while (b->put - b->linked == BACKLOG && spool_help_link(b))
		continue;
	return check(b, st->spool);
}

int
spool_behind_link(struct spool_behind *b, struct spool_stage *st)
{
	spool_help_link_own(b, st->envelopes);
	b->staged = st->envelopes;
	spool_help_wake(b);
	return check(b, st->spool);
}

static void
end_syncer(struct spool_behind *b)
{
	if (b->has_syncer)
		(void)pthread_join(b->syncer, NULL);
	b->has_syncer = 0;
}

int
spool_behind_wait(struct spool_behind *b, struct spool_stage *st)
{
	int written, linked;

	b->hurry = 1;
	spool_help_wake(b);
	do {
		written = b->failed || b->put == b->done;
		linked = !spool_help_link(b);
		if (linked && !written)
			spool_help_await_end(b);
	} while (!linked || !written);
	end_syncer(b);                  /* what it failed to sync, no later sync would tell of */
	return check(b, st->spool);
}

void
spool_behind_end(struct spool_behind *b, struct spool_stage *st)
{
	int saved = errno;

	b->ending = 1;
	spool_help_wake(b);
	(void)pthread_join(b->thread, NULL);
	end_syncer(b);
	st->to = st->buffer;
	st->texts = b->stage.texts;
	st->text_fd = b->stage.text_fd;
	release(b);
	errno = saved;
}
