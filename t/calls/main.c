/* SPDX-License-Identifier: ISC */
/*
 * calls: what libspool does when single system calls fail, or take their time.
 *
 *   calls SPOOL STEP...
 *
 *   rule "CALL NAME [ERROR|SECONDS]"
 *               from now on that call fails with ERROR where a file's name has NAME in it, or sets all clocks
 *               so many SECONDS forward, or is told;
 *               readdir does not fail, but does not say what kind of file it is
 *   later N     N seconds later
 *
 * Each of these prints what came of it:
 *
 *   beat        a heartbeat, and the age of the last good one
 *   revoke      somebody takes this process's run file away; with the next `dead` a heartbeat is due
 *   due, dead   what ml-requeue does
 *   look        the first five names of new/, as a runner sees them
 *   mark        claims the first of them and marks its two recipients D, with no more memory for the second
 *   gather N... claims the first of them, gathers the D of its recipients N (separated by commas), and
 *               shows what its file says before and after they are written
 *   head N      stages an envelope whose id has N octets, and goes on whatever is said of it
 */
#include "calls.h"
#include "spool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static struct spool spool;
static struct spool_runner me;
static struct spool_round round_ = { .lease = 600, .keep = 7 };
static struct spool_snapshot *snapshot;

static void
stranger(void *context, const char *object, const char *reason)
{
	(void)context;
	printf("%s is strange: %s\n", object, reason);
}

static void
say(const char *step, int result, unsigned long n)
{
	if (result < 0)
		printf("%s %lu %s: %s\n", step, n, spool_object(&spool), error_name(errno));
	else
		printf("%s %lu\n", step, n);
}

static void
beat(void)
{
	int result = spool_runner_beat(&me);

	say("beat", result, spool_uptime() - me.beat);
}

static void
revoke(void)
{
	say("revoke", spool_runner_forget(&spool, me.id), 0);
	me.beat = 0;
}

static void
due(void)
{
	int result = spool_requeue_due(&spool, &round_);

	say("due", result, round_.due + round_.repaired);
}

static void
dead(void)
{
	int result = spool_requeue_dead(&me, &round_);

	say("dead", result, round_.returned);
}

static void
look(void)
{
	struct spool_entry e;
	int result = spool_snapshot_read(snapshot, &spool), i;

	say("look", result, (unsigned long)spool_snapshot_left(snapshot));
	for (i = 0; i < 5 && spool_snapshot_take(snapshot, 1, &e) == 1; i++)
		printf("%s%s%s\n", e.broadcast, *e.broadcast != '\0' ? "/" : "", e.name);
}

/* So large that no memory can be had for twice as much. */
static void
mark(void)
{
	static struct spool_envelope e;
	static struct spool_cursor c;
	struct spool_entry n;
	struct spool_rcpt r;
	size_t room = SIZE_MAX / 4 + 1, before;
	int result = spool_snapshot_read(snapshot, &spool);

	if (result < 0 || spool_snapshot_take(snapshot, 1, &n) != 1 || spool_claim(&e, &me, &n) != 0) {
		say("claim", -1, 0);
		return;
	}
	spool_cursor_begin(&c, &e);
	if (spool_cursor_next(&c, &e, &r) == 1) {
		result = spool_mark(&e, r.at, 'D', 250);
		say("mark", result, (unsigned long)e.todo);
	}
	(void)spool_cursor_next(&c, &e, &r);
	before = e.bytes_room;
	e.bytes_room = e.bytes_used = room;
	result = spool_mark(&e, r.at, 'D', 250);
	if (e.bytes_room == room)
		e.bytes_room = before;
	if (e.bytes_used == room)
		e.bytes_used = 0;
	say("mark", result, (unsigned long)e.todo);
	say("release", spool_release(&e, 0), 0);
}

static void
show_states(struct spool_envelope *e, const char *when)
{
	static struct spool_cursor c;
	struct spool_rcpt r;

	printf("%s ", when);
	spool_cursor_begin(&c, e);
	while (spool_cursor_next(&c, e, &r) == 1)
		printf("%c", r.state);
	printf("\n");
}

static void
gather(const char *numbers)
{
	static struct spool_envelope e;
	static struct spool_cursor c;
	struct spool_entry n;
	struct spool_rcpt r;
	int result = spool_snapshot_read(snapshot, &spool);

	if (result < 0 || spool_snapshot_take(snapshot, 1, &n) != 1 || spool_claim(&e, &me, &n) != 0) {
		say("claim", -1, 0);
		return;
	}
	spool_cursor_begin(&c, &e);
	while (spool_cursor_next(&c, &e, &r) == 1)
		if (r.index == strtoul(numbers, NULL, 10)) {
			result = spool_mark_delivered(&e, r.at, 250);
			say("gather", result, (unsigned long)e.todo);
			numbers += strcspn(numbers, ",");
			numbers += *numbers == ',';
		}
	show_states(&e, "before");
	say("write", spool_marks_write(&e), 0);
	show_states(&e, "after");
	say("release", spool_release(&e, 0), 0);
}

static void
head(const char *octets)
{
	static struct spool_stage st;
	char id[8192] = "";

	memset(id, 'x', strtoul(octets, NULL, 10) % sizeof id);
	if (spool_stage_begin(&st, &spool, 1) < 0) {
		say("begin", -1, 0);
		return;
	}
	st.head.from = "news@example.org";
	st.head.id = id;
	say("recipient", spool_stage_rcpt(&st, "ann@example.com", strlen("ann@example.com")), 0);
	say("next", spool_stage_next(&st), 0);
	say("publish", spool_stage_publish(&st), 0);
}

static int
take_step(const char *name, const char *argument, int *at)
{
	static const struct { const char *name; void (*take)(void); } steps[] = {
		{ "beat", beat }, { "revoke", revoke }, { "due", due }, { "dead", dead }, { "look", look },
		{ "mark", mark }
	};
	size_t i;

	if (strcmp(name, "rule") == 0) {
		++*at;
		return rule_add(argument);
	}
	if (strcmp(name, "gather") == 0) {
		++*at;
		gather(argument);
		return 0;
	}
	if (strcmp(name, "head") == 0) {
		++*at;
		head(argument);
		return 0;
	}
	if (strcmp(name, "later") == 0) {
		++*at;
		clock_advance(strtol(argument, NULL, 10));
		return 0;
	}
	for (i = 0; i < sizeof steps / sizeof *steps; i++)
		if (strcmp(name, steps[i].name) == 0) {
			steps[i].take();
			return 0;
		}
	return -1;
}

int
main(int argc, char **argv)
{
	int i;

	if (argc < 3) {
		fputs("usage: calls SPOOL STEP...\n", stderr);
		return EX_USAGE;
	}
	snapshot = spool_snapshot_new();
	if (snapshot == NULL || spool_open(&spool, argv[1]) < 0 ||
	    spool_runner_join(&me, &spool, "requeue") < 0) {
		fprintf(stderr, "calls: %s: %s\n", spool_object(&spool), strerror(errno));
		return EX_IOERR;
	}
	spool.stranger = stranger;
	for (i = 2; i < argc; i++)
		if (take_step(argv[i], i + 1 < argc ? argv[i + 1] : "", &i) < 0) {
			fprintf(stderr, "calls: %s: no step\n", argv[i]);
			return EX_USAGE;
		}
	spool_round_end(&round_);
	spool_snapshot_free(snapshot);
	(void)spool_runner_leave(&me);
	spool_close(&spool);
	return 0;
}
