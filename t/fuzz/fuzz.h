/* SPDX-License-Identifier: ISC */
/* What the harnesses share.  Each states its properties with must(). */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* A property that does not hold is a crash. */
#define must(property) ((property) ? (void)0 : __builtin_trap())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* octets.c: reading what was cut off the input */
struct octets {
	const uint8_t *at;
	size_t left;
};
/* The next one, 0 where there is none. */
unsigned octet(struct octets *o);
/* As many as the input says, at most MOST and what fits, copied into TO with a NUL behind. */
size_t octets_take(struct octets *o, char *to, size_t size, size_t most);
/* 1 if the N octets at S are text and line ends: no control character but LF and TAB, valid UTF-8,
   none of U+0080 to U+009F. */
int is_text(const char *s, size_t n);
/* 1 if a terminal or a log also takes them for nothing else: no character that is obeyed, not shown. */
int is_harmless_text(const char *s, size_t n);

/* feed.c: io_read() and io_write(), from and into memory; for harnesses of what reads by them */
void feed(const uint8_t *data, size_t size, size_t piece);
extern char fed_out[1 << 20];
extern size_t fed_used;         /* in fed_out; writing more fails with ENOSPC */

/* place.c: one empty spool in memory, for as long as the process lives, beside a file that nobody
   may touch */
struct spool;
const char *place_path(void);
struct spool *place_spool(void);
/* Removes whatever there is below the spool's directories. */
void place_clean(void);
/* The file beside it, and what a link to it is called from a directory of the spool. */
#define PLACE_CANARY "../../canary"
void place_look(void);

/* hostile.c: fills the spool as the input says, with names, kinds and contents of anybody's */
void hostile_fill(struct octets *o);

#endif
