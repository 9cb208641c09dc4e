/* SPDX-License-Identifier: ISC */
/*
 * The runner's own words: a job is an envelope in hand, a transaction is one
 * MAIL … end-of-data exchange for some of its recipients, and struct runner is
 * the process that has them.
 */
#ifndef WORK_H
#define WORK_H

#include <stdint.h>
#include <sys/types.h>

#include "options.h"
#include "spool.h"
#include "verp.h"

#define TALLIES      8
#define REPLY_SIZE   SPOOL_TEXT_NOTE
#define REFUSED_MAX  8                  /* refused commands, then the session is changed */
#define STREAK_CLEAN 1000               /* RCPTs accepted in a row, and none is expected to be refused */
#define BARREN_MAX   10                 /* transactions with nothing but 4xx, then a backoff */

struct tally {                          /* temporary replies, and how many got each */
	int code;
	size_t count, index;            /* index: of the recipient, 0 once there were several */
	char text[REPLY_SIZE];
};

struct job {
	struct spool_envelope envelope;
	struct spool_cursor cursor;
	int pass;                       /* 0: never tried; 1: tried before; 2: all planned */
	size_t path_room;               /* for a recipient in a return path of his own; 0: there is none such */
	int second_pass;                /* somebody in it was tried before */
	unsigned char *answered;        /* a bit a recipient: answered under this claim */
	size_t in_flight;               /* transactions */
	size_t marks;                   /* recipients decided (D or F) under this claim */
	int alone;                      /* its connection was lost, now or at its last claim: one transaction at a time */
	size_t alone_marks;             /* marks when that began */
	int lost;                       /* the claim is another's now */
	int give_up;                    /* plan no more: it goes to defer/ as it is */
	int failed_whole;               /* the code of its last `! 0` line */
	int noted;                      /* the line of its deferral, likewise */
	enum kept {                     /* it can't be let go before its marks can be written */
		KEPT_NOT, KEPT_SETTLE, KEPT_RELEASE
	} kept;
	struct tally tally[TALLIES];
	size_t tallies;
	struct body *body;              /* its text */
	struct carried {                /* to be tried first in the next transaction */
		off_t at;
		size_t index;
		char *address;
	} *carried;
	size_t carries, carries_room;
	struct job *next;
};

enum target_state {
	TARGET_WAITING,                 /* no reply yet */
	TARGET_ACCEPTED,                /* its RCPT got 2xx */
	TARGET_DECIDED,                 /* marked */
	TARGET_CARRIED                  /* into the next transaction */
};

struct target {
	off_t at;
	size_t index;
	size_t address;                 /* in the transaction's addresses */
	enum target_state state;
};

struct transaction {
	struct job *job;
	struct target *target;
	size_t targets, targets_room;
	char *addresses;
	size_t addresses_used, addresses_room;
	char sender[VERP_PATH_SIZE];
	int utf8;
	int xverp;                      /* the server makes the return paths */
	int alone;                      /* its recipient shares it with nobody */
	size_t accepted;
	size_t texts;                   /* replies to the text that are still owed */
	int mail_code;                  /* 0 before the reply to MAIL */
	int is_out;                     /* its text, to the last octet */
	int answered;                   /* the reply to its text has come */
	int succeeded;                  /* it brought something else than 4xx */
	int nested;                     /* RCPT was accepted, and MAIL was not: for another sender */
	int is_void;                    /* 503 behind a refused command was no verdict on who is left */
	int resent;                     /* after that */
	struct transaction *next, *next_again;
};

struct queue {
	struct spool_snapshot *snapshot;
	int trigger;
	int fired;                      /* the trigger was pulled since the last reading */
	int64_t read_at, read_took;     /* microseconds */
	size_t useful;                  /* names of it that were claimed, or taken by others */
	size_t refused;                 /* names of it that may not be moved */
	size_t claimed;                 /* recipients that were claimed since it was read */
	unsigned spread;
	int surplus;                    /* -m: enough others live */
};

struct backoff {
	int64_t until, delay;           /* milliseconds */
};

struct rate {
	size_t share;                   /* recipients a second */
	size_t part;                    /* the most at once */
	int64_t next;                   /* milliseconds: not before, to space them evenly */
	int64_t *free_at;               /* for each of the share, when it may be used again: a ring */
	size_t oldest;
};

struct session;

struct runner {
	const struct options *opt;
	struct spool spool;
	struct spool_runner self;
	struct queue queue;
	struct job *jobs;               /* in order of their claims */
	struct session *session;
	struct backoff backoff;
	size_t rcpts_most;              /* of one transaction: -n, or what the server was seen to take */
	size_t streak;                  /* RCPTs accepted in a row */
	unsigned barren;                /* transactions with nothing but 4xx, in a row */
	int backing_off;                /* plan nothing more */
	int troubled;                   /* the spool could not be read or claimed from */
	int is_down;                    /* said so, and not yet that it is up again */
	int64_t look_at;                /* the next look that the trigger does not ask for */
	int64_t beat_at, sync_at;       /* when to do so next */
	int64_t looked_at;              /* when everything that can wake it was looked at last */
	int beatless;                   /* a heartbeat failed, which was said */
	int revoked;                    /* its name is gone, and it has no other yet */
	int stuck;                      /* marks can't be written: send nothing */
	int leaving;                    /* what can't be let go now never will */
	int unfinished;                 /* an envelope could not be claimed, read, or moved on */
	struct rate rate;
	int parent;                     /* -j: a pipe that ends with the parent, else -1 */
};

#endif
