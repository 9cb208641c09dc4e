/* SPDX-License-Identifier: ISC */
/* ml-requeue: what is due and what the dead have left goes back; what is over is swept. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "die.h"
#include "number.h"
#include "requeue.h"

#define LEASE_SECONDS 600
#define KEEP_DAYS     7
#define MOST_SECONDS  1000000000
#define MOST_DAYS     36500

const char program[] = "ml-requeue";

static _Noreturn void
usage(void)
{
	(void)fprintf(stderr, "usage: ml-requeue [-a] [-i seconds] [-g seconds] [-k days] spool\n");
	exit(EX_USAGE);
}

static unsigned long
argument(int flag, unsigned long least, unsigned long most)
{
	const char object[] = { '-', (char)flag, '\0' };
	unsigned long n;

	if (number(optarg, least, most, &n) < 0)
		die_text(EX_USAGE, object, "%s: not a number from %lu to %lu", optarg, least, most);
	return n;
}

static void
options(struct requeue *q, int argc, char **argv)
{
	int c;

	opterr = 0;                     /* usage says it in one line */
	while ((c = getopt(argc, argv, "+ag:i:k:")) != -1) {
		switch (c) {
		case 'a':
			q->all_due = 1;
			break;
		case 'g':
			q->lease = (unsigned)argument(c, 0, MOST_SECONDS);
			break;
		case 'i':
			q->interval = argument(c, 1, MOST_SECONDS);
			break;
		case 'k':
			q->keep = (unsigned)argument(c, 0, MOST_DAYS);
			break;
		default:
			usage();
		}
	}
	if (argc - optind != 1)
		usage();
}

/* Until the next round is due; the heartbeat goes on. */
static void
pause_until(struct requeue *q, uint64_t due)
{
	uint64_t now;

	while (!wait_stopped() && (now = spool_uptime()) < due) {
		uint64_t left = due - now;

		if (wait_seconds(left < BEAT_SECONDS ? (unsigned long)left : BEAT_SECONDS))
			return;
		if (round_beat(q) < 0)
			warn_spool(&q->spool, NULL);
	}
}

static int
stay(struct requeue *q)
{
	uint64_t begun;

	while (!wait_stopped()) {
		begun = spool_uptime();
		(void)round_make(q);    /* what failed was told, and may work the next time */
		if (!wait_seconds(0))
			pause_until(q, begun + q->interval);
	}
	return EX_OK;
}

int
main(int argc, char **argv)
{
	static struct requeue q = { .lease = LEASE_SECONDS, .keep = KEEP_DAYS };
	int code;

	std_start();
	options(&q, argc, argv);
	wait_setup();
	open_spool(&q.spool, argv[optind]);
	q.spool.stranger = log_stranger;
	code = q.interval > 0 ? stay(&q) : round_make(&q);
	if (round_leave(&q) < 0) {
		warn_spool(&q.spool, NULL);
		code = code == EX_OK ? exit_code(errno) : code;
	}
	return std_finish(code);
}
