/* SPDX-License-Identifier: ISC */
#ifndef CREW_H
#define CREW_H

#include "options.h"

/* -j: the runners as children.  The exit code: that of the first that ended badly, or 0. */
int crew(const struct options *o);

#endif
