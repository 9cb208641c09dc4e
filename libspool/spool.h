/* SPDX-License-Identifier: ISC */
/*
 * libspool: directories, names, envelopes and claims of a spool.
 *
 * What lies on disk, and why, is spool-layout.md; this is the way in from C.
 * Nothing here prints or exits.  Unless its comment says otherwise a function
 * returns 0, or -1 with errno set, and then spool_object() names the file it
 * was about, relative to SPOOL.  The caller ignores SIGPIPE.
 */
#ifndef SPOOL_H
#define SPOOL_H

#include <sys/types.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define SPOOL_ORDER_DIGITS 16
#define SPOOL_UNIQUE_MAX   80
#define SPOOL_RUNNER_MAX   100
#define SPOOL_KEY_MAX      100
#define SPOOL_ADDRESS_MAX  320
#define SPOOL_LINE_MAX     8192         /* a recipient's line in a list: address and fields */
#define SPOOL_TEXT_NOTE    512          /* a reply behind `! N`, cut to this */

#define SPOOL_UNIQUE_SIZE  (SPOOL_UNIQUE_MAX + 1)
#define SPOOL_NAME_SIZE    (SPOOL_ORDER_DIGITS + 1 + SPOOL_UNIQUE_SIZE)
#define SPOOL_RUNNER_SIZE  (SPOOL_RUNNER_MAX + 1)
#define SPOOL_CLAIM_SIZE   (SPOOL_NAME_SIZE + SPOOL_RUNNER_SIZE)
#define SPOOL_PATH_SIZE    (2 * SPOOL_CLAIM_SIZE + 64)

#define SPOOL_SECOND       UINT64_C(1000000)            /* an ORDER counts microseconds */
#define SPOOL_DAY          (86400 * SPOOL_SECOND)

/* ---- spool.c: the directories ---- */

enum spool_dir {
	SPOOL_TMP, SPOOL_MESS, SPOOL_NEW, SPOOL_CUR, SPOOL_DEFER, SPOOL_FAIL,
	SPOOL_DONE, SPOOL_HOLD, SPOOL_RUN, SPOOL_SENT, SPOOL_DIRS
};

struct spool {
	int fd;                         /* SPOOL itself */
	int dir[SPOOL_DIRS];            /* its directories */
	uid_t uid;                      /* what SPOOL has, and so every file in it */
	gid_t gid;
	mode_t bits;                    /* SPOOL's group bits and set-group-ID */
	int whole_sync;                 /* one syncfs may stand for many fsyncs here */
	/* told of what is left where it is: a strange name, a file of a strange kind; may be NULL */
	void (*stranger)(void *context, const char *object, const char *reason);
	void *context;
	char object[SPOOL_PATH_SIZE];   /* what the last failure was about */
};

/* Opens PATH, which may be a symlink; nothing below it may be.  ENOENT or ENOTDIR: not a whole spool. */
int spool_open(struct spool *s, const char *path);
void spool_close(struct spool *s);
/* Makes PATH a spool, or completes it, with group GROUP and set-group-ID unless it is (gid_t)-1.
   ENOTEMPTY: a directory with something else in it; nothing was changed. */
int spool_make(struct spool *s, const char *path, gid_t group);
const char *spool_dir_name(enum spool_dir d);
/* 1 if the errno ERR speaks of this process or the whole file system, 0 if of one file. */
int spool_is_general(int err);
/* What the last failure was about: "cur/NAME"; never NULL. */
const char *spool_object(const struct spool *s);
/* 1 while SPOOL/paused exists, else 0; -1 if that can't be known. */
int spool_paused(struct spool *s);
/* ENOSPC (blocks) or EDQUOT-like ENOSPC (inodes) where a producer must refuse; see "Room" in the layout. */
int spool_room(struct spool *s);
/* Opens mess/UNIQUE for reading; a descriptor, or -1. */
int spool_text_open(struct spool *s, const char *unique);

/* ---- scan.c: one pass over a directory ---- */

/* What an entry is; UNKNOWN where the directory does not tell. */
enum spool_kind { SPOOL_KIND_UNKNOWN, SPOOL_KIND_FILE, SPOOL_KIND_DIR, SPOOL_KIND_OTHER };
/* KIND, or what a look at D/NAME tells if that is UNKNOWN (and still UNKNOWN if it is gone). */
enum spool_kind spool_kind(struct spool *s, enum spool_dir d, const char *name, enum spool_kind kind);
/* Calls SEE for each name in D, or in D/BELOW unless that is NULL, but those that begin with a dot;
   dot-files too where DOTS.  SEE returns 0 to go on.  The result of SEE, or -1 for a scan that failed. */
int spool_scan(struct spool *s, enum spool_dir d, const char *below, int dots,
    int (*see)(void *context, const char *name, enum spool_kind kind), void *context);

/* ---- name.c: ORDER.UNIQUE, NAME:RUNNER ---- */

/* Microseconds since 1970. */
uint64_t spool_now(void);
/* Random bits, for jitter as well as for names. */
uint64_t spool_random(void);
/* 1 if TEXT is a NAME, a RUNNER or a KEY, else 0. */
int spool_is_name(const char *text);
int spool_is_runner(const char *text);
int spool_is_key(const char *text);
uint64_t spool_order(const char *name);
/* The UNIQUE in NAME: points into it. */
const char *spool_unique(const char *name);
/* EINVAL where it would not be a NAME. */
int spool_name(char name[SPOOL_NAME_SIZE], uint64_t order, const char *unique);
int spool_new_unique(char unique[SPOOL_UNIQUE_SIZE]);
/* Splits a file name of cur/.  EINVAL: it is not NAME:RUNNER. */
int spool_split_claim(const char *file, char name[SPOOL_NAME_SIZE], char runner[SPOOL_RUNNER_SIZE]);

/* ---- stage.c, head.c, text.c, behind.c, publish.c: writing, and the only way into new/ ---- */

#define SPOOL_STAGE_BUFFER 65536
#define SPOOL_STAGE_HEAD   4096 /* of its front is left to the head */

struct spool_head {                     /* what the envelopes of one stage begin with */
	const char *from;               /* "" is the null sender */
	const char *verp;               /* two delimiters, or NULL */
	const char *id;                 /* Message-ID, or NULL */
	const char *key;                /* or NULL */
	int body;                       /* 7 or 8: the text */
};

struct spool_stage {
	struct spool *spool;
	int broadcast;                  /* 1: a directory of envelopes; 0: one envelope */
	uint64_t born;                  /* microseconds; also the first ORDER */
	char unique[SPOOL_UNIQUE_SIZE];
	char name[SPOOL_NAME_SIZE];     /* what is printed: ORDER.UNIQUE */
	struct spool_head head;
	int text_fd;                    /* tmp/.text.UNIQUE */
	unsigned long texts;            /* copies made of it (EMLINK) */
	unsigned long envelopes;        /* begun so far */
	uint64_t rcpts;                 /* in all of them */
	uint64_t begun;                 /* seconds of spool_uptime(): writers give up after a day */
	int renamed;                    /* it is in new/: nothing may be taken back */
	int fd;                         /* the envelope, if some of it is on disk, or -1 */
	char file[2 * SPOOL_NAME_SIZE]; /* its path below tmp/ */
	size_t count;                   /* recipients in it; 0: none is begun */
	off_t count_at;                 /* where its count stands, once the head is on disk; 0 before */
	size_t used;
	struct spool_behind *behind;    /* the thread that writes envelopes, or NULL */
	char *to;                       /* where the envelope is filled: BUFFER, or a slot of BEHIND */
	size_t common_length;           /* octets of the head that all envelopes have, once it was made */
	char buffer[SPOOL_STAGE_BUFFER];
	char common[SPOOL_STAGE_HEAD];  /* these */
};

/* Begins a stage and opens tmp/.text.UNIQUE, to which the caller writes the text in wire form
   (st->text_fd) before the first envelope.  The strings in st->head are the caller's to set,
   and to keep, before the first recipient. */
int spool_stage_begin(struct spool_stage *st, struct spool *s, int broadcast);
/* Adds `address[TAB fields]`, checked by the caller, to the open envelope (and opens one if there is none). */
int spool_stage_rcpt(struct spool_stage *st, const char *line, size_t length);
/* Completes the open envelope and links its text; the next recipient begins another.  Without one open: nothing. */
int spool_stage_next(struct spool_stage *st);
/* Syncs all, renames it into new/, syncs new/, wakes the runners.  On failure what was staged is
   removed, unless the rename had been done: then it may be delivered all the same. */
int spool_stage_publish(struct spool_stage *st);
/* The same under a key: first come, first sent.  SUMS is one line of text that says what was asked for.
   1: the key was taken by a broadcast with the same SUMS, which is in new/ or was; st->name is its NAME.
   2: likewise, with other SUMS.  This stage is then removed. */
int spool_stage_publish_key(struct spool_stage *st, const char *key, const char *sums);
/* For a stage that can't be published.  1: KEY was taken all the same; its broadcast is in new/ or was,
   st->name is its NAME, and this stage is removed.  0: it was not. */
int spool_stage_yield_key(struct spool_stage *st, const char *key);
/* Removes what was staged; keeps errno. */
void spool_stage_abort(struct spool_stage *st);
/* Publishes tmp/B for every record in sent/ that names it; for ml-requeue.  How many, or -1. */
int spool_complete_keys(struct spool *s);

/* ---- trigger.c: waking runners ---- */

/* Wakes every idle runner; no error is possible or of interest.  Keeps errno. */
void spool_wake(struct spool *s);
/* Opens the trigger for one wait, reading it empty; poll it with events 0, POLLHUP wakes.
   Open the next before closing the last, and before looking into new/.  A descriptor, or -1. */
int spool_trigger_open(struct spool *s);

/* ---- snapshot.c: what is ready ---- */

#define SPOOL_SNAPSHOT 1000

struct spool_entry {                    /* new/NAME, or new/BROADCAST/NAME */
	char name[SPOOL_NAME_SIZE];
	char broadcast[SPOOL_NAME_SIZE];/* "" if flat */
};

struct spool_snapshot;

struct spool_snapshot *spool_snapshot_new(void);
void spool_snapshot_free(struct spool_snapshot *n);
/* Reads the smallest thousand names of new/; removes empty broadcasts.  On failure the snapshot is empty. */
int spool_snapshot_read(struct spool_snapshot *n, struct spool *s);
/* Reads the thousand behind those of the last reading: for who may take none of them. */
int spool_snapshot_more(struct spool_snapshot *n, struct spool *s);
/* Takes one of the first SPREAD names (1: the first) out of the snapshot.  1, or 0 when it is used up. */
int spool_snapshot_take(struct spool_snapshot *n, unsigned spread, struct spool_entry *e);
/* Names still in it. */
size_t spool_snapshot_left(const struct spool_snapshot *n);

/* ---- runner.c: run/RUNNER, the heartbeat ---- */

enum spool_state { SPOOL_IDLE, SPOOL_BUSY, SPOOL_DOWN, SPOOL_PAUSED };

struct spool_runner {
	struct spool *spool;
	char id[SPOOL_RUNNER_SIZE];
	const char *role;               /* "runner", "requeue", "bounce" */
	enum spool_state state;
	uint64_t since;                 /* of the state, seconds since 1970 */
	uint64_t done, failed, deferred;/* recipients so far */
	char last[SPOOL_TEXT_NOTE];     /* the MTA's last refusal */
	uint64_t beat;                  /* when the last good one began, seconds of spool_uptime() */
};

/* Seconds of a clock that runs on while the machine is suspended and that nobody sets. */
uint64_t spool_uptime(void);
/* Takes a new RUNNER name and creates run/RUNNER; role and counts stay as they are. */
int spool_runner_join(struct spool_runner *r, struct spool *s, const char *role);
/* Rewrites run/RUNNER.  ENOENT: revoked; take a new name with spool_runner_renew(). */
int spool_runner_beat(struct spool_runner *r);
/* Registers under a new name; OLD gets the former one.  The caller moves its claims with
   spool_envelope_follow(), then calls spool_runner_forget(OLD). */
int spool_runner_renew(struct spool_runner *r, char old[SPOOL_RUNNER_SIZE]);
int spool_runner_forget(struct spool *s, const char *id);
int spool_runner_leave(struct spool_runner *r);

struct spool_peer {                     /* somebody's run file, as read */
	char id[SPOOL_RUNNER_SIZE];
	char host[64], boot[64], pidns[32], start[32], role[16], state[16], last[SPOOL_TEXT_NOTE];
	long pid;
	uint64_t since, done, failed, deferred;
	struct timespec mtime;
	off_t size;
};

enum spool_probe { SPOOL_ALIVE, SPOOL_DEAD, SPOOL_UNKNOWN };

/* Calls SEE for every run file.  SEE returns 0 to go on, anything else to stop with that result.
   -1 after all of them where some could not be read. */
int spool_peers(struct spool *s, int (*see)(void *context, const struct spool_peer *p), void *context);
/* What can be known at once: SPOOL_UNKNOWN if only the lease can tell. */
enum spool_probe spool_peer_probe(const struct spool_peer *p);
/* Live runners (not dead at once) whose names sort before ID (all, if ID is NULL); -1 if it can't be known. */
int spool_runners_before(struct spool *s, const char *id);

/* ---- envelope.c: reading ---- */

struct spool_envelope {
	struct spool *spool;
	enum spool_dir dir;             /* where it stands */
	char file[SPOOL_CLAIM_SIZE];    /* and its name there */
	char name[SPOOL_NAME_SIZE];
	int fd;
	nlink_t links;
	uint64_t born;                  /* seconds since 1970 */
	char *from, *id;                /* never NULL */
	char verp[3];                   /* "" if none */
	char broadcast[SPOOL_NAME_SIZE];
	int body;
	int slots;                      /* the text has some, to be filled for each recipient */
	size_t rcpts, todo, untried, delivered, failed;
	off_t first, notes;             /* offsets of the first recipient and of what follows the last */
	int noted;                      /* a `!` line with a 4xx reply: it has been deferred before */
	char *head;
	struct spool_written *written;  /* since the last good sync */
	size_t writes, writes_room;
	size_t gathered;                /* of these, the last ones, that are not in the file yet */
	char *bytes;
	size_t bytes_used, bytes_room;
	int failing;                    /* a mark or a sync failed: write anew before syncing */
	uint64_t dirty_since;           /* microseconds of spool_now(), 0 if all is synced */
};

/* Opens and reads DIR/FILE.  EBADMSG: torn, or not of a version that is known here.  The
   recipients are left on disk; memory does not grow with them. */
int spool_envelope_open(struct spool_envelope *e, struct spool *s, enum spool_dir dir, const char *file);
/* The same for who only looks: no mark can be written, even in cur/.  FILE may be BROADCAST/NAME. */
int spool_envelope_look(struct spool_envelope *e, struct spool *s, enum spool_dir dir, const char *file);
/* Closes and frees; marks that were not synced stay as written. */
void spool_envelope_close(struct spool_envelope *e);

/* NULL if what stands from FIELDS to END, behind an address and a TAB, are fields; else what is wrong with
   them, as an unchanging text. */
const char *spool_fields_fault(const char *fields, const char *end);

struct spool_rcpt {
	size_t index;                   /* from 1 */
	off_t at;                       /* of its state byte */
	char state;                     /* T, D, F */
	int code;                       /* 0: never tried */
	char *address;                  /* NUL-terminated, till the next call */
	char *fields;                   /* what follows it and a TAB, "" if nothing */
};

struct spool_cursor {
	off_t at;
	size_t index;
	size_t from, to;                /* what of the buffer is unread */
	char buffer[2 * SPOOL_LINE_MAX];
};

/* Places a cursor before the first recipient. */
void spool_cursor_begin(struct spool_cursor *c, const struct spool_envelope *e);
/* The next recipient: 1, or 0 at the end, or -1. */
int spool_cursor_next(struct spool_cursor *c, struct spool_envelope *e, struct spool_rcpt *r);
/* Calls SEE with every well-formed `!` line: recipient (0: the message) and reply. */
int spool_notes(struct spool_envelope *e, int (*see)(void *context, size_t index, const char *reply), void *context);

/* ---- mark.c, gather.c: what became of a recipient ---- */

/* Writes STATE and CODE over the line at AT.  1: left alone, since another had decided it.
   A failure leaves the envelope failing: send nothing more for it until spool_envelope_sync() succeeds. */
int spool_mark(struct spool_envelope *e, off_t at, char state, int code);
/* The same for D; but only the next spool_marks_write(), mark, note or sync writes it, neighbouring
   lines in one write.  So many will get it twice if the process is killed before. */
int spool_mark_delivered(struct spool_envelope *e, off_t at, int code);
/* Writes what was gathered.  To be called before anything else is sent, and before a wait. */
int spool_marks_write(struct spool_envelope *e);
/* Appends `! N REPLY` for recipient R (its index and place), then marks it F; the result as above. */
int spool_mark_failed(struct spool_envelope *e, const struct spool_rcpt *r, int code, const char *reply);
/* Appends `! INDEX REPLY`, its control characters made harmless and cut to SPOOL_TEXT_NOTE. */
int spool_note(struct spool_envelope *e, size_t index, const char *reply);
/* Makes every mark and note durable, after a failure by writing each anew first. */
int spool_envelope_sync(struct spool_envelope *e);

/* ---- claim.c: taking, and putting back ---- */

/* Renames E into cur/ for R and opens it.  1: somebody else has it, or a live runner holds its other name.
   -1 with EBADMSG: it can't be read and is in hold/ now; any other errno: not claimed. */
int spool_claim(struct spool_envelope *e, struct spool_runner *r, const struct spool_entry *n);
/* Puts a claim back into new/, with ORDER (0: as it is), and closes it.  ENOENT: it was no longer ours. */
int spool_release(struct spool_envelope *e, uint64_t order);
/* Syncs, moves a claim to defer/, due at ORDER, and closes it. */
int spool_defer(struct spool_envelope *e, uint64_t order);
/* Syncs, moves a claim that has no T to done/ (and unlinks its message) or to fail/, and closes it. */
int spool_finish(struct spool_envelope *e);
/* Syncs, moves a claim to hold/ and closes it. */
int spool_hold(struct spool_envelope *e);
/* Renames a claim to R's present name.  ENOENT: lost; only marks of what was accepted may still be written. */
int spool_envelope_follow(struct spool_envelope *e, const struct spool_runner *r);
/* Puts back every claim under R's name but the COUNT envelopes in HELD; how many, or -1. */
int spool_return_strays(struct spool_runner *r, struct spool_envelope *const *held, size_t count);

/* ---- retry.c: when again ---- */

/* The ORDER in defer/ of an envelope born at BORN (seconds) that was tried at NOW (microseconds). */
uint64_t spool_retry_order(uint64_t born, uint64_t now);

/* ---- requeue.c, lease.c, sweep.c: recovery, each idempotent ---- */

struct spool_lease;

struct spool_round {                    /* one round of ml-requeue: what to do, and what was done */
	int all_due;
	unsigned lease;                 /* seconds */
	unsigned keep;                  /* days of done/ */
	unsigned long due, returned, held, repaired, published, swept, purged;
	struct spool_lease *lease_notes;/* NULL at first; who stays hands them from round to round */
	/* told of each dead runner and each claim put into hold/; may be NULL */
	void (*tell)(void *context, const char *event, const char *object);
	void *context;
};

/* Moves what is due from defer/ to new/, and repairs ORDERs a clock has spoilt. */
int spool_requeue_due(struct spool *s, struct spool_round *w);
/* Frees the lease notes. */
void spool_round_end(struct spool_round *w);
/* Returns the claims of dead runners; R is the caller's own run file. */
int spool_requeue_dead(struct spool_runner *r, struct spool_round *w);
/* Removes old staging, done/ past its days, and messages with a witness. */
int spool_sweep(struct spool *s, struct spool_round *w);

#endif
