/* SPDX-License-Identifier: ISC */
/*
 * One round.  Every phase is idempotent and leaves nothing that another round
 * would not finish, so a phase that fails does not keep the next from its work:
 * on a full disk, where run/RUNNER can't be written, sweeping is what is needed.
 */
#include <errno.h>
#include <string.h>

#include "die.h"
#include "requeue.h"

/* Claims under the former name were taken over in a round and not yet put back. */
static int
put_back_under(const struct spool_runner *now, const char *id)
{
	struct spool_runner former = *now;

	memcpy(former.id, id, sizeof former.id);
	return spool_return_strays(&former, NULL, 0) < 0 ? -1 : 0;
}

static int
renew(struct requeue *q)
{
	char old[SPOOL_RUNNER_SIZE];

	if (spool_runner_renew(&q->runner, old) < 0 || put_back_under(&q->runner, old) < 0)
		return -1;
	return spool_runner_forget(&q->spool, old);
}

int
round_beat(struct requeue *q)
{
	if (!q->joined) {
		q->joined = spool_runner_join(&q->runner, &q->spool, "requeue") == 0;
		return q->joined ? 0 : -1;
	}
	if (spool_runner_beat(&q->runner) == 0)
		return 0;
	return errno == ENOENT ? renew(q) : -1;
}

static void
enter_state(struct spool_runner *r, enum spool_state state)
{
	r->state = state;
	r->since = spool_now() / SPOOL_SECOND;
}

static int
complete_keys(struct requeue *q, struct spool_round *w)
{
	int count = spool_complete_keys(&q->spool);

	if (count > 0)
		w->published = (unsigned long)count;
	return count < 0 ? -1 : 0;
}

static int
return_dead(struct requeue *q, struct spool_round *w)
{
	int result, saved;

	if (!q->joined)         /* nobody could tell whether its claims are a dead man's */
		return 0;
	result = spool_requeue_dead(&q->runner, w);
	saved = errno;
	/* what it took over and could not put back */
	if (spool_return_strays(&q->runner, NULL, 0) < 0)
		return -1;
	errno = saved;
	return result;
}

static int
requeue_due(struct requeue *q, struct spool_round *w)
{
	return spool_requeue_due(&q->spool, w);
}

static int
sweep(struct requeue *q, struct spool_round *w)
{
	return spool_sweep(&q->spool, w);
}

static void
check(struct requeue *q, int result, int *code)
{
	if (result == 0)
		return;
	if (*code == EX_OK)
		*code = exit_code(errno);
	warn_spool(&q->spool, NULL);
}

int
round_make(struct requeue *q)
{
	static int (*const phases[])(struct requeue *q, struct spool_round *w) = {
		complete_keys, return_dead, requeue_due, sweep
	};
	struct spool_round w = {
		.all_due = q->all_due, .lease = q->lease, .keep = q->keep, .tell = log_tell,
		.lease_notes = q->lease_notes
	};
	size_t count = sizeof phases / sizeof *phases, i;
	int code = EX_OK;

	check(q, round_beat(q), &code);
	if (code == EX_NOPERM)          /* read-only, or not ours: all else would fail too */
		return code;
	enter_state(&q->runner, SPOOL_BUSY);
	for (i = 0; i < count; i++) {
		check(q, phases[i](q, &w), &code);
		if (i + 1 == count)
			enter_state(&q->runner, SPOOL_IDLE);
		if (q->joined)
			check(q, round_beat(q), &code);
	}
	q->lease_notes = w.lease_notes;
	log_round(&w);
	return code;
}

int
round_leave(struct requeue *q)
{
	struct spool_round last = { .lease_notes = q->lease_notes };

	spool_round_end(&last);
	q->lease_notes = NULL;
	if (!q->joined)
		return 0;
	if (spool_return_strays(&q->runner, NULL, 0) < 0)
		return -1;
	return spool_runner_leave(&q->runner);
}
