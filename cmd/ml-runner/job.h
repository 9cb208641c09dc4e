/* SPDX-License-Identifier: ISC */
/* Envelopes in hand. */
#ifndef JOB_H
#define JOB_H

#include "work.h"

/* Claims the next envelope into r->jobs: 1, 0 when there is none now, -1 (reported). */
int job_claim(struct runner *r);
/* The transaction is over or was dropped: its job may be finished now. */
void job_done_with(struct runner *r, struct transaction *t);
/* Nothing is in flight any more: puts back everything that is in hand. */
void job_release_all(struct runner *r);
/* The job was answered for recipient INDEX under this claim. */
void job_answered(struct job *j, size_t index);
int job_was_answered(const struct job *j, size_t index);
/* Writes the marks that were gathered; to be called before anything is sent, and before a wait. */
void job_write_marks(struct runner *r);
/* Begins planning anew: what was in flight is no longer. */
void job_replan(struct job *j);
/* The recipient is to be first in the next transaction; -1 without memory. */
int job_carry(struct job *j, off_t at, size_t index, const char *address);
/* Adds a temporary reply to the tally. */
void job_tally(struct job *j, int code, const char *text, size_t index, size_t count);
/* 1 if a job waits for its turn on a session of its own. */
int job_is_alone(const struct runner *r);
/* 1 if a claim in hand is another's now. */
int job_any_lost(const struct runner *r);
/* Frees JOB, which has left r->jobs' care: its claim is closed. */
void job_drop(struct runner *r, struct job *j);

#endif
