/* SPDX-License-Identifier: ISC */
/* The MTA as a runner's life sees it: reached, parted from, gone down. */
#ifndef MTA_H
#define MTA_H

#include "work.h"

/* 1: there is something to deliver through, a live session unless the transport is a command. */
int mta_reach(struct runner *r);
/* Ends the session in peace. */
void mta_part(struct runner *r);
/* The server has ended the session, which did nothing; one that it does not really open is down. */
void mta_gone(struct runner *r);
/* It takes nothing now: everything goes back, and the runner keeps off. */
void mta_down(struct runner *r);
/* Everything in hand goes back; what a connection was lost over, behind the others. */
void mta_release(struct runner *r);

int mta_is_command(const struct runner *r);     /* pipe */
int mta_is_once(const struct runner *r);        /* ucspi: there is no second connection */

#endif
