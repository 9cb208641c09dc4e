/* SPDX-License-Identifier: ISC */
/* Marks and notes: sure at the latest a second after they were written, and before a claim is let go. */
#include <string.h>

#include "power.h"

#define LATE 1.5                /* seconds: one, and a busy machine's half */

struct lateness {
	double now;
	int closed, ended;              /* an inode that is closed; or all are, the program being over */
};

static void
see_late(enum place p, const struct name *in, const struct name *name, int inode, void *context)
{
	const struct lateness *l = context;
	const struct inode *f = &inodes[inode];

	(void)in;
	if (p < P_NEW || p > P_HOLD || f->dirty_since == 0 || !(name->is_name || name->is_claim))
		return;
	if (inode == l->closed || l->ended)
		complain(name->text, "let go with marks that were not synced");
	else if (l->now - f->dirty_since > LATE)
		complain(name->text, "a mark was not synced within a second");
	else
		return;
	inodes[inode].dirty_since = 0;
}

void
marks_look(const struct call *c)
{
	struct lateness l = { .now = c->time, .closed = -1 };
	const struct name *name;
	int dir;

	if (strcmp(c->name, "close") == 0 && !c->deleted)
		l.closed = resolve(c->path[0], &dir, &name);
	l.ended = strcmp(c->name, "exit_group") == 0;
	tree_walk(&live, see_late, &l);
}
