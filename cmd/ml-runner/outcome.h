/* SPDX-License-Identifier: ISC */
/* What a reply means for recipients: marks, notes, log lines. */
#ifndef OUTCOME_H
#define OUTCOME_H

#include "work.h"

struct reply {
	int code;
	char text[REPLY_SIZE];          /* all lines joined: "550 5.1.1 no such user" */
};

/* One line: what became of the recipient TO. */
void outcome_log(const char *event, const struct spool_envelope *e, const char *to, int code,
    const char *text);
/* 1 if CODE can be no verdict on a recipient: it speaks of the dialogue. */
int outcome_is_no_verdict(int code);
/* The reply to the RCPT of target I. */
void outcome_rcpt(struct runner *r, struct transaction *t, size_t i, const struct reply *p);
/* A refusal that befalls everyone in T who has no answer yet: MAIL, DATA, or a size that does not fit. */
void outcome_refused(struct runner *r, struct transaction *t, const struct reply *p);
/* The reply to the text, for those whose RCPT was accepted. */
void outcome_text(struct runner *r, struct transaction *t, const struct reply *p);
/* The reply to the text for target I alone, as LMTP has it. */
void outcome_text_for(struct runner *r, struct transaction *t, size_t i, const struct reply *p);
/* Nothing was said about who waits in T: they are first in the next transactions. */
void outcome_carry(struct transaction *t);
/* Target I failed for a reason of our own, said in P. */
void outcome_fail(struct runner *r, struct transaction *t, size_t i, const struct reply *p);
/* The connection went before T was answered: T421, so that they come last. */
void outcome_lost(struct transaction *t, const char *why);
/* A transaction of J brought nothing: ten in a row, and the runner keeps off. */
void outcome_barren(struct runner *r, struct job *j);
/* T has ended: ten in a row with nothing but temporary refusals make the runner back off. */
void outcome_end(struct runner *r, struct transaction *t);

#endif
