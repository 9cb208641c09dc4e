/* SPDX-License-Identifier: ISC */
/* What becomes of an envelope that has been worked through. */
#ifndef SETTLE_H
#define SETTLE_H

#include "work.h"

#define LOST_NOTE "lost "               /* and the 421: released over a lost connection, not deferred */

/* Finishes, defers or expires the envelope of J, which has nothing in flight, and frees J. */
void settle(struct runner *r, struct job *j);
/* Back into new/, with ORDER (0: as it is), and frees J. */
void settle_release(struct runner *r, struct job *j, uint64_t order);
/* Back into new/ behind the others: the MTA went away over it.  Frees J. */
void settle_step_back(struct runner *r, struct job *j);
/* Into hold/, with a line that says why, and frees J. */
void settle_hold(struct runner *r, struct job *j, const char *why);
/* What could not be let go while its marks could not be written, and now can. */
void settle_kept(struct runner *r);

#endif
