/* SPDX-License-Identifier: ISC */
/* What the files of ml-status share: one picture of a spool, and ways to show it. */
#ifndef STATUS_H
#define STATUS_H

#include <stdint.h>
#include <stdio.h>

#include "spool.h"

#define READ_ENVELOPES 5000             /* of each directory; of the rest the names are counted */
#define READ_OCTETS    (UINT64_C(256) << 20)
#define LARGE_ENVELOPE (UINT64_C(64) << 20)     /* not looked into */
#define RUNNERS_MAX    64
#define BROADCASTS_MAX 256
#define ORPHANS_MAX    500
#define OLD_SECONDS    (36 * 3600)      /* no writer is at work on it any more */

struct recipients {
	uint64_t todo, delivered, failed;
};

struct contents {                       /* of one directory */
	unsigned long envelopes, broadcasts, strange;
	unsigned long read, unread;     /* unread: beyond the limits */
	uint64_t oldest;                /* the smallest `born` read, seconds; 0: none */
	uint64_t first, last;           /* the smallest and the largest ORDER; 0: none */
	struct recipients rcpts;        /* in those that were read */
};

struct broadcast {
	char name[SPOOL_NAME_SIZE];
	uint64_t born;
	unsigned long envelopes;
	int held;
	struct recipients rcpts;
};

struct runner {
	struct spool_peer peer;
	enum spool_probe probe;
	unsigned long claims;
};

struct picture {
	uint64_t now;                   /* microseconds */
	int paused;
	struct contents dir[SPOOL_DIRS];
	uint64_t octets;                /* read so far */
	struct runner runner[RUNNERS_MAX];
	unsigned long runners, lone_claims;     /* lone: their RUNNER has no file */
	struct broadcast broadcast[BROADCASTS_MAX];
	unsigned long broadcasts;       /* known; at most BROADCASTS_MAX */
	int more_broadcasts;
	unsigned long messages, records;
	unsigned long staged, staged_old;       /* entries of tmp/ */
	int orphans_known;              /* 0: it could not look everywhere */
	unsigned long orphans;
	uint64_t orphan_octets;
	char orphan[ORPHANS_MAX][SPOOL_UNIQUE_SIZE];
	uint64_t room, room_all, inodes, inodes_all;    /* octets; inodes_all 0: not counted there */
	int enough_room;
};

/* An envelope's place: DIR/FILE, where FILE may be BROADCAST/NAME. */
struct place {
	enum spool_dir dir;
	const char *file;
	char name[SPOOL_NAME_SIZE];
	char runner[SPOOL_RUNNER_SIZE]; /* "" but in cur/ */
};

/* output.c: standard output */
extern FILE *output;
void output_start(void);
/* Writes what was gathered: 0 or -1. */
int output_flush(void);
/* The same where that is much; what goes wrong is kept for the end. */
void output_spill(void);
/* The exit code, as std_finish has it. */
int output_finish(int code);

/* walk.c */
struct walker {
	void (*envelope)(void *context, const struct place *p);
	void (*broadcast)(void *context, enum spool_dir d, const char *name);
	/* neither; REASON says why */
	void (*strange)(void *context, enum spool_dir d, const char *file, const char *reason);
	void *context;
};
/* Everything in D with a NAME, and in its broadcasts (new/, hold/): 0 or -1. */
int walk(struct spool *s, enum spool_dir d, const struct walker *w);

/* picture.c: fills P, or dies */
void picture_take(struct picture *p, struct spool *s);

/* contents.c: counts and reads what is in D; 0 or -1 */
int contents_read(struct picture *p, struct spool *s, enum spool_dir d);

/* orphan.c: messages that nothing refers to any more; 0 or -1 */
int orphans_find(struct picture *p, struct spool *s);

/* show.c, runners.c, broadcasts.c: for people */
struct view {
	FILE *out;
	const char *path;               /* SPOOL as it was given */
	int bars;                       /* a terminal */
	int commands;                   /* with what to type */
};
void show(const struct view *v, const struct picture *p);
void show_runners(const struct view *v, const struct picture *p);
void show_broadcasts(const struct view *v, const struct picture *p);

/* metrics.c: for machines */
void metrics(const struct picture *p, const char *path);
/* list.c: a line an envelope; 0 or -1 */
int list(struct spool *s);
/* main.c: once, WHAT: 'l' the list, 'm' the metrics, 0 the picture */
void show_by(struct spool *s, const char *path, int what);
/* watch.c: WHAT each second until a signal; returns an exit code */
int watch(struct spool *s, const char *path, int what);

#endif
