/* SPDX-License-Identifier: ISC */
/* Between sweeping and giving up a stage. */
#ifndef SPOOL_WITNESS_H
#define SPOOL_WITNESS_H

#include "spool.h"

/* D/PATH vouches for the message of NAME: the message goes first (counted), then D/PATH. */
int spool_drop_witness(struct spool *s, enum spool_dir d, const char *path, const char *name,
    unsigned long *dropped);
/* Takes tmp/NAME away, with its messages; OWN: the caller has written it.  0 if it is not there. */
int spool_put_away(struct spool *s, const char *name, enum spool_kind kind, int own,
    unsigned long *dropped);
/* 1 if NAME is that of something that is being swept. */
int spool_is_swept(const char *name);
int spool_finish_swept(struct spool *s, const char *swept, enum spool_kind kind,
    unsigned long *dropped);

#endif
