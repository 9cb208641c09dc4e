/* SPDX-License-Identifier: ISC */
/*
 * powercut: what a power cut may leave of a spool.  A program's system calls, as strace wrote them
 * down, become a history of names and data, of which some is durable at each moment and the rest
 * may be there or not.  Each tree that this allows is judged by what spool-layout.md promises.
 */
#ifndef POWER_H
#define POWER_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define NEVER INT_MAX

/* ---- trace.c: strace's text ---- */

struct call {
	char *name;
	char *path[2];          /* the first and second path, whole; NULL if there is none */
	int fd;                 /* the first argument's number, or -1 */
	int deleted;            /* its file has no name any more */
	char *data;             /* what was written */
	size_t length;          /* of the data, as far as the call went */
	long long number;       /* pwrite64: the offset, ftruncate: the length */
	int creates, truncates, empties;
	long long result;
	double time;
	long begun, ended;      /* calls that had ended when this one began, and ended */
	int line;
};

/* Calls SEE with each call in FILE that went well, and each sync that did not, in the order of their
   ends. */
void trace_read(const char *file, void (*see)(const struct call *c));

/* ---- content.c: what is in files ---- */

struct content {                /* one for each different text */
	char *data;
	size_t length;
	uint64_t hash;
	struct content *next;
	int parsed, whole;      /* an envelope, complete */
	size_t todo, delivered, failed;
	uint64_t body;          /* of all but marks and notes */
};

uint64_t hash_bytes(uint64_t h, const void *data, size_t length);
struct content *content(const char *data, size_t length);
/* Fills in the fields behind `parsed`. */
const struct content *envelope(struct content *c);
/* Calls SEE with each recipient's line. */
void recipients(const struct content *c, void (*see)(const char *line, size_t length, void *context),
    void *context);
/* 1 and the value of KEY in the first lines of C. */
int head_value(const struct content *c, const char *key, char *value, size_t size);

/* ---- history.c: what happened, and when it was durable ---- */

enum place { P_OTHER, P_TMP, P_MESS, P_NEW, P_CUR, P_DEFER, P_FAIL, P_DONE, P_HOLD, P_RUN, P_SENT, PLACES };

struct name {
	char *text;
	struct name *next;
	int is_name, is_claim;  /* ORDER.UNIQUE, ORDER.UNIQUE:RUNNER */
	const char *unique;     /* NULL if it has none */
};

enum kind { DIRECTORY, REGULAR, FIFO };

struct inode {
	enum kind kind;
	struct content *start;  /* what was durable at first; an empty one for what is new */
	int64_t mtime;          /* of what was there at first, 0 for the rest */
	char *live;             /* as a reader sees it */
	size_t length;
	double dirty_since;     /* the oldest write that is not durable, 0 if all is */
};

enum what { ADD, DEL, WRITE, TRUNCATE };

struct op {
	enum what what;
	int step, durable;      /* after which step it stands, and after which it stays */
	int dir, inode;
	const struct name *name;
	int pair;               /* DEL: the ADD of the same rename, or -1 */
	int lost;               /* the step of a sync that failed: only new writes help */
	long ended;
	size_t at, length;
	char *data;
};

struct step {
	char *text;
	double time;
	const struct name *told;        /* the NAME that was printed, or NULL */
	int finished;                   /* a program exited 0 */
};

#define INODES 8192

extern struct inode inodes[INODES];
extern int inode_count;
extern struct op *ops;
extern int op_count;
extern struct step *steps;      /* steps[0] is before the first call */
extern int step_count;
extern int complaints;          /* what was found on the way */

const struct name *intern(const char *text, size_t length);
void history_begin(const char *root);
void history_see(const struct call *c);
void history_end(void);

/* ---- start.c, marks.c ---- */

int new_inode(enum kind kind);
/* The inode of PATH in the live tree, or -1; the directory that it is in, and its name there. */
int resolve(const char *path, int *dir, const struct name **name);
void complain(const char *path, const char *what);
void start_load(const char *path, int dir);
void marks_look(const struct call *c);

/* ---- tree.c ---- */

struct entry {
	const struct name *name;
	int inode;
};
struct dir {
	struct entry *entry;
	int count, room;
};
struct tree {
	struct dir *dir;                /* by inode */
	struct content **content;       /* by inode; of what is a file */
	int spool;                      /* SPOOL's inode, or -1 */
};

extern struct tree origin;      /* the durable tree before the first call */
extern struct tree live;        /* as a reader sees it */

void tree_init(struct tree *t);
void tree_copy(struct tree *t, const struct tree *from);
int tree_find(const struct tree *t, int dir, const struct name *name);
void tree_apply(struct tree *t, const struct op *o);
uint64_t tree_hash(const struct tree *t);
/* Calls SEE with each file, its place, and the name of the broadcast that it lies in (or NULL). */
void tree_walk(const struct tree *t, void (*see)(enum place p, const struct name *in,
    const struct name *name, int inode, void *context), void *context);
void tree_write(const struct tree *t, const char *path);
void tree_compare(const struct tree *t, const char *path);

/* ---- state.c: one state among those that a step may leave ---- */

#define DIMENSIONS 256
#define VARIANTS   12

struct dimension {              /* something that may be so or otherwise */
	int values;             /* its value, below this, stands in value[] */
	int dir;                /* ordered: this directory's changes, up to the value */
	int op;                 /* strict: this change, or not */
	int inode;              /* this file's data */
	struct content *variant[VARIANTS];
};

extern struct dimension dimension[DIMENSIONS];
extern int dimensions;
extern unsigned char value[DIMENSIONS];
extern unsigned char *applied;  /* by op */
extern struct tree tree;        /* the state */
extern int at_step, at_strict;
extern long state_left_out;     /* beginnings of a file that no state has had, at all steps together */

void state_begin(void);
int state_pending(const struct op *o);
/* Finds the dimensions of what STEP may leave. */
void state_lay_out(int step, int strict);
/* Makes the tree of value[]. */
void state_make(void);

/* ---- cuts.c: all states ---- */

void cuts_all(long most);
/* Writes at most MOST of them below PATH. */
void cuts_write(const char *path, long most);

/* ---- letters.c ---- */

#define LETTERS 256

struct letter {                         /* an envelope, by its UNIQUE */
	const char *unique;
	const struct name *broadcast;   /* that it was published in, or NULL */
	uint64_t body;
	struct content *text;
	int published, told, gone;      /* after which step */
	int held;                       /* it was put into hold/ by a program */
	/* in the state that is looked at */
	unsigned places;
	const struct content *content;
	int staged_in_full;
};

extern struct letter letters[LETTERS];
extern int letter_count;

struct letter *letter_of(const char *unique);
int is_visible(enum place p);
struct content *text_in(const struct tree *t, const char *unique);
/* The broadcast that sent/KEY names, or NULL. */
const struct name *recorded(const struct tree *t, const char *key);
/* Staged in IN, and a record of its key names that: as good as published. */
int is_committed(const struct tree *t, enum place p, const struct name *in, const struct content *c);

/* ---- judge.c ---- */

void judge_learn(void);
/* What is promised after STEP: differs where the promise does. */
uint64_t judge_promise(int step);
/* The first broken promise in T after STEP, or NULL.  SIGNATURE: alike for trees of one kind. */
const char *judge(const struct tree *t, int step, uint64_t *signature);
/* Writes who is to be sent to, and what: address, octets, CRC-32. */
void judge_expect(const struct tree *t, FILE *f);
long judge_orphans(void);

uint32_t crc32_of(const char *data, size_t length);

/* ---- main.c ---- */

void *need(void *p);
_Noreturn void die(const char *about, const char *why);
/* Makes room for one more behind COUNT. */
void *grow(void *array, int count, int *room, size_t size);

#endif
