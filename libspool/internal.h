/* SPDX-License-Identifier: ISC */
/* What the files of libspool share, and nobody else sees. */
#ifndef SPOOL_INTERNAL_H
#define SPOOL_INTERNAL_H

#include <errno.h>
#include <stdio.h>

#include "again.h"
#include "spool.h"

/* A writer gives up before a sweeper may take its staging away. */
#define WRITER_SECONDS 86400
#define SWEEP_SECONDS  (36 * 3600)
_Static_assert(WRITER_SECONDS < SWEEP_SECONDS, "a writer must give up before it is swept");

/* ORDERs reach this far; what lies beyond the repair line was made by a wrong clock. */
#define ORDER_SPAN   (29 * SPOOL_DAY)
#define ORDER_REPAIR (30 * SPOOL_DAY)
_Static_assert(ORDER_SPAN < ORDER_REPAIR, "no broadcast may look like a clock error");

#define RCPT_SPACING (SPOOL_SECOND / 10)        /* a broadcast's share: ten recipients a second */
#define LIVE_LEASE   600                        /* seconds, for a runner that is probed alive */
#define HEAD_MAX     65536                      /* octets of an envelope before its recipients */
#define DEATHS_MAX   5                          /* deaths in a row without a mark, then hold/ */

struct spool_written {                  /* bytes that a power cut may still take */
	off_t at;                       /* -1: appended, the place unknown */
	size_t offset, length;          /* in the envelope's bytes */
};

/* fail.c: -1 with spool_object() set to DIR/NAME; errno is kept. */
int spool_fail(struct spool *s, enum spool_dir d, const char *name);
int spool_fail_at(struct spool *s, const char *object);
/* What failed first while the rest of a pass went on. */
struct spool_trouble {
	int failed;                     /* errno, or 0 */
	char object[SPOOL_PATH_SIZE];
};
/* Remembers the failure that has just happened, unless there was one before.  Always 0. */
int spool_trouble_note(struct spool *s, struct spool_trouble *t);
/* 0, or -1 with what was remembered. */
int spool_trouble_end(struct spool *s, const struct spool_trouble *t);
/* Tells s->stranger. */
void spool_strange(struct spool *s, enum spool_dir d, const char *name, const char *reason);

/* file.c */
int spool_create(struct spool *s, enum spool_dir d, const char *name, int flags);
/* As mkdirat(), but its owner may do everything in it, whatever the umask. */
int spool_mkdir(int d, const char *name, mode_t mode);
int spool_own(const struct spool *s, int fd, mode_t mode);
mode_t spool_file_mode(const struct spool *s);
mode_t spool_dir_mode(const struct spool *s);
int spool_write_all(int fd, const char *data, size_t length);
int spool_pwrite_all(int fd, const char *data, size_t length, off_t at);
ssize_t spool_pread_all(int fd, char *data, size_t length, off_t at);
/* Reads a small file whole, NUL-terminated: its length, or -1 (EFBIG: it does not fit). */
ssize_t spool_slurp(int dirfd, const char *name, char *data, size_t size);
int spool_sync_dir(struct spool *s, enum spool_dir d);
/* Syncs the directory D/NAME. */
int spool_sync_below(struct spool *s, enum spool_dir d, const char *name);
/* The value of KEY in `key value` lines, of the last one that there is, copied; 1 if it is there. */
int spool_line_value(const char *text, const char *key, char *value, size_t size);

/* place.c: lets the file system put each directory in FD somewhere else, where it can. */
void spool_spread(int fd);

/* move.c: renames, and unlinks a source that one inode's two names have left.
   1: the target was there before, as the other name of the same inode. */
int spool_move(struct spool *s, enum spool_dir from, const char *old, enum spool_dir to, const char *name);

/* claim.c: 1 if a live runner other than EXCEPT holds a claim of UNIQUE, else 0, or -1. */
int spool_claimed_elsewhere(struct spool *s, const char *unique, const char *except_file);
/* Puts a claim, by file name, aside: into defer/ for ten minutes. */
int spool_stand_back(struct spool *s, const char *file, const char *name);

/* mark.c: so much memory that marks can be remembered between one sync and the next. */
int spool_marks_begin(struct spool_envelope *e);

/* cursor.c: 1 if ADDRESS has neither control characters nor angle brackets. */
int spool_is_harmless(const char *address);

/* peer.c: 1 if run/ID is there and was read, 0 if not there, or -1. */
int spool_peer_read(struct spool *s, const char *id, struct spool_peer *p);
/* This process as run/RUNNER describes it. */
struct spool_self {
	char host[64], boot[64], pidns[32], start[32];
	long pid;
};
void spool_self(struct spool_self *me);

/* key.c */
int spool_key_names(struct spool *s, const char *key, const char *broadcast);
int spool_staged_key(struct spool *s, const char *broadcast, char key[SPOOL_KEY_MAX + 1]);

/* lease.c: what was seen of run files, and since when */
struct spool_seen {
	char id[SPOOL_RUNNER_SIZE];
	uint64_t since;                 /* seconds of CLOCK_MONOTONIC */
	int64_t seconds;                /* the mtime; -1: no run file */
	long nanoseconds;
	int64_t size;
	int fresh;                      /* met in this round */
};
struct spool_lease {
	struct spool_seen *seen;
	size_t count, room;
	uint64_t now;                   /* when the round began */
	int begun;                      /* this process's own notes are at least as good as the file's */
};
/* Begins a round; the first one of a process reads what single rounds before it have noted. */
int spool_lease_begin(struct spool *s, struct spool_lease *l);
int spool_lease_save(struct spool *s, struct spool_lease *l);
void spool_lease_free(struct spool_lease *l);
/* Seconds that this state of the run file has been seen unchanged; -1 without memory. */
int64_t spool_lease_age(struct spool_lease *l, const char *id, const struct spool_peer *p);

#endif
