/* SPDX-License-Identifier: ISC */
/* Threads that write and sync whole envelopes beside who fills them. */
#ifndef SPOOL_BEHIND_H
#define SPOOL_BEHIND_H

#include "spool.h"

struct spool_behind;

/* For what comes next in ST, and ST->to is where that is filled.  NULL where no thread or no memory can be
   had: who asked goes on alone. */
struct spool_behind *spool_behind_start(struct spool_stage *st);
/* 1 if another envelope may be handed over; 0: the thread is behind, and who asked writes it himself. */
int spool_behind_has_room(const struct spool_behind *b);
/* Lets it write the LENGTH octets from ST->to + FROM on to a new file ST->file, and link the text to that
   envelope.  Sets ST->to to where the next is to be filled. */
int spool_behind_put(struct spool_behind *b, struct spool_stage *st, size_t from, size_t length);
/* Links the text to the envelope that ST has just written itself. */
int spool_behind_link(struct spool_behind *b, struct spool_stage *st);
/* Waits until all of that is written, and linked. */
int spool_behind_wait(struct spool_behind *b, struct spool_stage *st);
/* Ends the threads, which leave what they have not begun, and frees B; ST gets its text back.  Keeps errno. */
void spool_behind_end(struct spool_behind *b, struct spool_stage *st);

#endif
