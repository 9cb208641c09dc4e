/* SPDX-License-Identifier: ISC */
/*
 * Besides its work a runner beats its heart, syncs its marks within a second,
 * and notices that it was away: stopped, suspended, or held up by a file
 * server.  Then its claims may have been given to others, so it takes a new
 * name, and keeps only the claims that it can still rename onto it.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "die.h"
#include "job.h"
#include "log.h"
#include "signals.h"
#include "tend.h"

#define BEAT_MS  20000          /* at least every 30 s, with room for a slow disk */
#define AWAY     60             /* seconds without a heartbeat, then claims are doubted */
#define SYNC_MS  500            /* a power cut takes at most a second of marks */
#define RETRY_MS 1000
#define LOOK_MS  100            /* so often at signals and the parent, however busy the session is */

_Static_assert(BEAT_MS < 30000 && AWAY * 1000 > 2 * BEAT_MS, "a heartbeat must not be taken for an absence");

/* Moves every claim to this runner's new name; one that can't be is another's now. */
static void
follow_claims(struct runner *r)
{
	struct job *j;

	for (j = r->jobs; j != NULL; j = j->next) {
		if (j->lost || spool_envelope_follow(&j->envelope, &r->self) == 0)
			continue;
		j->lost = 1;
		log_begin("lost");
		log_text("name", j->envelope.name);
		log_text("reason", "claimed by another while this runner was away");
		log_end();
	}
}

/* 0, or -1 while no new name can be registered. */
static int
renew(struct runner *r)
{
	char old[SPOOL_RUNNER_SIZE];

	if (spool_runner_renew(&r->self, old) < 0) {
		if (!r->beatless)
			warn_spool(&r->spool, NULL);
		r->beatless = 1;
		return -1;
	}
	r->beatless = 0;
	r->revoked = 0;
	log_begin("renamed");
	log_text("runner", r->self.id);
	log_text("was", old);
	log_end();
	follow_claims(r);
	(void)spool_runner_forget(&r->spool, old);
	return 0;
}

/* 1: its claims may be another's, and nothing may be sent for them under this name. */
static int
needs_name(const struct runner *r)
{
	return r->revoked || spool_uptime() - r->self.beat > AWAY;
}

static void
beat(struct runner *r)
{
	r->beat_at = clock_ms() + BEAT_MS;
	if (needs_name(r)) {
		if (renew(r) < 0)
			r->beat_at = clock_ms() + RETRY_MS;
		return;
	}
	if (spool_runner_beat(&r->self) == 0) {
		r->beatless = 0;
		return;
	}
	if (errno == ENOENT) {
		r->revoked = 1;
		if (renew(r) < 0)
			r->beat_at = clock_ms() + RETRY_MS;
		return;
	}
	if (!r->beatless)
		warn_spool(&r->spool, NULL);
	r->beatless = 1;
	r->beat_at = clock_ms() + RETRY_MS;
}

static void
sync_marks(struct runner *r)
{
	struct job *j;
	int failing = 0;

	for (j = r->jobs; j != NULL; j = j->next)
		if (spool_envelope_sync(&j->envelope) < 0) {
			if (!r->stuck && !failing)
				warn_spool(&r->spool, NULL);
			failing = 1;
		}
	r->sync_at = clock_ms() + (failing ? RETRY_MS : SYNC_MS);
	if (r->stuck && !failing) {
		log_begin("recovered");
		log_end();
	}
	r->stuck = failing;
}

void
tend(struct runner *r)
{
	int64_t now = clock_ms();
	struct job *j;
	int dirty = 0;

	job_write_marks(r);
	if (now >= r->beat_at)
		beat(r);
	for (j = r->jobs; j != NULL; j = j->next)
		dirty |= j->envelope.failing || j->envelope.writes > 0;
	if (dirty && now >= r->sync_at)
		sync_marks(r);
	else if (!dirty)
		r->sync_at = now + SYNC_MS;
}

/* What failed is tried again at once: then only a failure that stays is one. */
int
tend_stuck(struct runner *r)
{
	struct job *j;
	int failing = 0;

	for (j = r->jobs; j != NULL; j = j->next)
		failing |= j->envelope.failing;
	if (failing && !r->stuck)
		sync_marks(r);
	return r->stuck;
}

int
tend_may_send(struct runner *r)
{
	struct job *j;

	if (needs_name(r)) {
		r->beat_at = 0;
		if (renew(r) < 0 || needs_name(r)) {    /* that took too long, too */
			r->troubled = 1;
			return 0;
		}
		r->beat_at = clock_ms() + BEAT_MS;
	}
	for (j = r->jobs; j != NULL; j = j->next)
		if (j->lost)
			return 0;
	return !tend_stuck(r);
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return b < 0 || (a >= 0 && a < b) ? a : b;
}

/* FIRST's revents are told, OTHER only wakes. */
static int
wait_on(struct runner *r, struct pollfd *first, int other, int64_t until, int with_trigger)
{
	struct pollfd p[5];
	nfds_t n = 0;
	int64_t now, end;
	int at_trigger = -1, result = 0;

	tend(r);
	p[n++] = (struct pollfd){ .fd = signals_fd(), .events = POLLIN };
	p[n++] = *first;
	p[n++] = (struct pollfd){ .fd = signals.stop == 0 ? r->parent : -1, .events = POLLIN };
	if (other >= 0)
		p[n++] = (struct pollfd){ .fd = other, .events = POLLOUT };
	if (with_trigger && r->queue.trigger >= 0) {
		at_trigger = (int)n;
		p[n++] = (struct pollfd){ .fd = r->queue.trigger, .events = 0 };
	}
	now = clock_ms();
	/* in the thick of it lines are gathered; nobody waits for them while nothing is in hand */
	if (r->jobs == NULL || (log_due() >= 0 && now >= log_due()))
		log_flush();
	end = earlier(r->beat_at, earlier(log_due(), until));
	if (r->jobs != NULL)
		end = earlier(r->sync_at, end);
	end = end > now ? end - now : 0;
	r->looked_at = now;
	if (poll(p, n, end > 3600000 ? 3600000 : (int)end) < 0)
		return errno == EINTR ? WAIT_SIGNAL : 0;
	first->revents = p[1].revents;
	if (p[0].revents != 0) {
		signals_drain();
		result |= WAIT_SIGNAL;
	}
	if (p[1].revents != 0)
		result |= WAIT_IO;
	if (p[2].revents != 0) {        /* the parent is gone */
		signals.stop = 1;
		result |= WAIT_SIGNAL;
	}
	if (at_trigger >= 0 && p[at_trigger].revents != 0)
		result |= WAIT_TRIGGER;
	return result;
}

int
tend_may_doze(struct runner *r, int64_t until)
{
	int64_t now = clock_ms(), then = now + TEND_DOZE_MS;

	if (signals.stop != 0 || until < then || now > r->looked_at + LOOK_MS)
		return 0;
	tend(r);
	if (log_due() >= 0 && log_due() < then)
		log_flush();
	return 1;
}

int
tend_wait(struct runner *r, int fd, short events, int64_t until, int with_trigger, short *revents)
{
	struct pollfd p = { .fd = fd, .events = events, .revents = *revents };
	int result = wait_on(r, &p, -1, until, with_trigger);

	*revents = p.revents;
	return result;
}

int
tend_wait_both(struct runner *r, int in, int out, int64_t until, short *in_happened)
{
	struct pollfd p = { .fd = in, .events = out == in ? POLLIN | POLLOUT : POLLIN };
	int result = wait_on(r, &p, out == in ? -1 : out, until, 0);

	*in_happened = p.revents;
	return result;
}

void
tend_state(struct runner *r, enum spool_state state)
{
	if (r->self.state == state)
		return;
	r->self.state = state;
	r->self.since = spool_now() / SPOOL_SECOND;
	r->beat_at = earlier(r->beat_at, clock_ms() + 200);     /* soon, but not at every turn */
}

void
tend_last(struct runner *r, const char *text)
{
	size_t i;

	for (i = 0; i + 1 < sizeof r->self.last && text[i] != '\0'; i++)
		r->self.last[i] = text[i] >= ' ' && text[i] < 0x7f ? text[i] : '?';
	r->self.last[i] = '\0';
}
