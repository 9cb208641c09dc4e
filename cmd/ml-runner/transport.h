/* SPDX-License-Identifier: ISC */
/* How a runner hands on: opened before the first claim, worked until nothing is ready. */
#ifndef TRANSPORT_H
#define TRANSPORT_H

#include "work.h"

enum work {
	WORK_IDLE,                      /* nothing more to claim, or a stop; nothing is in flight */
	WORK_AGAIN,                     /* the session has done its share: open another */
	WORK_LOST,                      /* the connection went; claims are still in hand */
	WORK_DOWN                       /* the MTA takes nothing now: r->self.last says why */
};

enum work smtp_work(struct runner *r);
enum work pipe_work(struct runner *r);

#endif
