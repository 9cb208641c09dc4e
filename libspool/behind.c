/* SPDX-License-Identifier: ISC */
/*
 * Writing behind: a thread creates and writes envelopes in the order in which
 * they were handed over, while the next are filled.  Whichever side has nothing
 * else to do links the text to those that stand in tmp/.  What fails first
 * ends it, and is reported by the next call.  What a crash leaves is what the
 * staging without it leaves: files in tmp/, some of which may have no message
 * yet.
 *
 * The thread takes no signal, allocates nothing, and shares nothing but the
 * queue.  Counters that only grow, each written by one side, say whose a slot
 * is; one lock is for sleeping, the other for the text.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "behind.h"
#include "internal.h"
#include "stage.h"

#define SLOTS      32
#define BATCH      16         /* neither side is woken for less: waking costs as much as a file */
#define BACKLOG    1024       /* envelopes that may wait for their link */
#define STACK_SIZE (256 * 1024) /* of which little is touched */
_Static_assert(2 * BATCH <= SLOTS, "who waits for room must leave enough to work on");

struct job {
	char path[2 * SPOOL_NAME_SIZE];
	size_t length;
};

struct spool_behind {
	pthread_t thread;
	struct spool spool;             /* the thread's own copy */
	atomic_ulong put, done;         /* jobs so far; those between are the thread's */
	atomic_int hurry, ending;
	atomic_int thread_sleeps, we_sleep;
	pthread_mutex_t lock;
	pthread_cond_t work, room;

	pthread_mutex_t text;           /* for what follows */
	struct spool linker;
	struct spool_stage stage;       /* of which only the text is used */
	atomic_ulong linked;            /* of those done */
	atomic_int failed;              /* errno of what failed first, */
	char object[SPOOL_PATH_SIZE];   /* and over what */

	unsigned long number[BACKLOG];  /* which envelope a job is */
	struct job job[SLOTS];
	char buffer[SLOTS][SPOOL_STAGE_BUFFER];
};

static int
write_envelope(struct spool *s, const struct job *j, const char *data)
{
	int fd = spool_create(s, SPOOL_TMP, j->path, O_WRONLY), failed;

	if (fd < 0)
		return -1;
	failed = spool_write_all(fd, data, j->length) < 0 ? errno : 0;
	if (again_close(fd) < 0 && failed == 0)
		failed = errno;
	errno = failed;
	return failed == 0 ? 0 : spool_fail(s, SPOOL_TMP, j->path);
}

/* Whoever goes to sleep says so first, and looks once more then: so either he sees what has changed,
   or who changed it sees that he sleeps. */
static void
sleep_until(struct spool_behind *b, int (*is_time)(struct spool_behind *b), atomic_int *sleeps, pthread_cond_t *call)
{
	if (is_time(b))
		return;
	(void)pthread_mutex_lock(&b->lock);
	*sleeps = 1;
	while (!is_time(b))
		(void)pthread_cond_wait(call, &b->lock);
	*sleeps = 0;
	(void)pthread_mutex_unlock(&b->lock);
}

static void
wake(struct spool_behind *b, int enough, atomic_int *sleeps, pthread_cond_t *call)
{
	if (!enough || !*sleeps)
		return;
	(void)pthread_mutex_lock(&b->lock);
	(void)pthread_cond_signal(call);
	(void)pthread_mutex_unlock(&b->lock);
}

static int
is_work(struct spool_behind *b)
{
	return b->ending || b->failed || b->put - b->done >= (b->hurry ? 1 : BATCH);
}

static int
is_room(struct spool_behind *b)
{
	return b->failed || b->put - b->done <= (b->hurry ? 0 : SLOTS - BATCH);
}

/* The first failure counts. */
static void
fail(struct spool_behind *b, const struct spool *s)
{
	if (b->failed == 0) {
		memcpy(b->object, s->object, sizeof b->object);
		b->failed = errno;
	}
}

/* Links the text to one envelope that stands in tmp/: 1, or 0 where none waits for it. */
static int
link_one(struct spool_behind *b)
{
	unsigned long at;

	(void)pthread_mutex_lock(&b->text);
	at = b->linked;
	if (b->failed || at == b->done) {
		(void)pthread_mutex_unlock(&b->text);
		return 0;
	}
	if (spool_stage_link_text(&b->stage, b->number[at % BACKLOG]) < 0)
		fail(b, &b->linker);
	else
		b->linked++;
	(void)pthread_mutex_unlock(&b->text);
	return 1;
}

static void
write_one(struct spool_behind *b)
{
	size_t slot = b->done % SLOTS;
	const struct job *j = &b->job[slot];

	if (j->length == 0 || write_envelope(&b->spool, j, b->buffer[slot]) == 0) {
		b->done++;
		return;
	}
	(void)pthread_mutex_lock(&b->text);
	fail(b, &b->spool);
	(void)pthread_mutex_unlock(&b->text);
}

static void *
work(void *context)
{
	struct spool_behind *b = context;

	while (!b->ending && !b->failed) {
		if (b->done != b->put)
			write_one(b);
		else if (!link_one(b))
			sleep_until(b, is_work, &b->thread_sleeps, &b->work);
		wake(b, is_room(b), &b->we_sleep, &b->room);
	}
	return NULL;
}

static int
start(struct spool_behind *b)
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
		failed = pthread_create(&b->thread, &attr, work, b);
		(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	}
	(void)pthread_attr_destroy(&attr);
	return failed == 0 ? 0 : -1;
}

static void
release(struct spool_behind *b)
{
	(void)pthread_cond_destroy(&b->room);
	(void)pthread_cond_destroy(&b->work);
	(void)pthread_mutex_destroy(&b->text);
	(void)pthread_mutex_destroy(&b->lock);
	free(b);
}

struct spool_behind *
spool_behind_start(const struct spool_stage *st)
{
	struct spool_behind *b = malloc(sizeof *b);

	if (b == NULL)
		return NULL;
	memset(b, 0, offsetof(struct spool_behind, number));
	b->spool = b->linker = *st->spool;
	memcpy(&b->stage, st, offsetof(struct spool_stage, buffer));
	b->stage.spool = &b->linker;
	(void)pthread_mutex_init(&b->lock, NULL);
	(void)pthread_mutex_init(&b->text, NULL);
	(void)pthread_cond_init(&b->work, NULL);
	(void)pthread_cond_init(&b->room, NULL);
	if (start(b) == 0)
		return b;
	release(b);
	return NULL;
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

/* Links while the thread makes room, or sleeps till it has. */
static void
await_room(struct spool_behind *b)
{
	while (!b->failed && b->put - b->done == SLOTS)
		if (!link_one(b))
			sleep_until(b, is_room, &b->we_sleep, &b->room);
	while (b->put - b->linked == BACKLOG && link_one(b))
		continue;
}

int
spool_behind_put(struct spool_behind *b, struct spool_stage *st, const char *data, size_t length)
{
	struct job *j = &b->job[b->put % SLOTS];

	await_room(b);
	if (check(b, st->spool) < 0)
		return -1;
	(void)snprintf(j->path, sizeof j->path, "%s", st->file);
	j->length = length;
	if (length > 0)
		memcpy(b->buffer[b->put % SLOTS], data, length);
	b->number[b->put % BACKLOG] = st->envelopes;
	b->put++;
	wake(b, is_work(b), &b->thread_sleeps, &b->work);
	return 0;
}

int
spool_behind_wait(struct spool_behind *b, struct spool_stage *st)
{
	int written, linked;

	b->hurry = 1;
	wake(b, 1, &b->thread_sleeps, &b->work);
	do {
		written = b->failed || b->put == b->done;
		linked = !link_one(b);
		if (linked && !written)
			sleep_until(b, is_room, &b->we_sleep, &b->room);
	} while (!linked || !written);
	return check(b, st->spool);
}

void
spool_behind_end(struct spool_behind *b, struct spool_stage *st)
{
	int saved = errno;

	b->ending = 1;
	wake(b, 1, &b->thread_sleeps, &b->work);
	(void)pthread_join(b->thread, NULL);
	st->texts = b->stage.texts;
	st->text_fd = b->stage.text_fd;
	release(b);
	errno = saved;
}
