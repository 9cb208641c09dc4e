/* SPDX-License-Identifier: ISC */
/*
 * One state that a cut after a step may leave, in two readings.
 *
 *   ordered   of what was not sure, each directory keeps some beginning, each apart from the others
 *   strict    any subset of it
 *
 * In both each file keeps of its unsure data all, nothing, a beginning, the last write alone, half of
 * the last write, or its length with zeros.
 */
#include <stdlib.h>
#include <string.h>

#include "power.h"

struct dimension dimension[DIMENSIONS];
int dimensions;
unsigned char value[DIMENSIONS];
unsigned char *applied;
struct tree tree;
int at_step, at_strict;
long state_left_out;

int
state_pending(const struct op *o)
{
	return o->step <= at_step && o->durable > at_step;
}

/* ---- data ---- */

static void
write_op(char **data, size_t *length, const struct op *o, size_t much, int zeros)
{
	size_t end = o->what == WRITE ? o->at + much : o->at;

	if (end > *length || o->what == TRUNCATE) {
		*data = need(realloc(*data, end + 1));
		if (end > *length)
			memset(*data + *length, 0, end - *length);
		*length = end;
	}
	if (o->what == WRITE && !zeros)
		memcpy(*data + o->at, o->data, much);
}

enum { ALL, NOTHING, LAST, HALF, ZEROS, BEGINNING };

/* INODE's data with what is sure, and of the COUNT changes that are not the part that HOW says. */
static struct content *
made_of(int inode, int count, int how, int first)
{
	const struct content *start = inodes[inode].start;
	char *data = need(malloc(start->length + 1));
	size_t length = start->length, much;
	struct content *c;
	int i, n = 0;

	memcpy(data, start->data, length);
	for (i = 0; i < op_count; i++) {
		const struct op *o = &ops[i];

		if (o->inode != inode || o->what == ADD || o->what == DEL || o->step > at_step)
			continue;
		much = o->length;
		if (state_pending(o)) {
			n++;
			if (how == NOTHING || (how == BEGINNING && n > first) || (how == LAST && n < count))
				continue;
			if (how == HALF && n == count)
				much /= 2;
		}
		write_op(&data, &length, o, much, state_pending(o) && how == ZEROS);
	}
	c = content(data, length);
	free(data);
	return c;
}

static void
add_variant(struct dimension *d, struct content *c)
{
	int i;

	for (i = 0; i < d->values; i++)
		if (d->variant[i] == c)
			return;
	if (d->values == VARIANTS)
		state_left_out++;
	else
		d->variant[d->values++] = c;
}

static struct dimension *
new_dimension(void)
{
	struct dimension *d = &dimension[dimensions];

	if (dimensions == DIMENSIONS)
		die("the trace", "leaves too much unsynced");
	dimensions++;
	memset(d, 0, sizeof *d);
	d->dir = d->op = d->inode = -1;
	return d;
}

static void
data_dimension(int inode, int count)
{
	struct dimension *d = new_dimension();
	int i, jump = count / 4 + 1;

	d->inode = inode;
	add_variant(d, made_of(inode, count, NOTHING, 0));
	for (i = 1; i < count; i++)
		if ((i - 1) % jump == 0)
			add_variant(d, made_of(inode, count, BEGINNING, i));
		else
			state_left_out++;
	add_variant(d, made_of(inode, count, HALF, 0));
	add_variant(d, made_of(inode, count, LAST, 0));
	add_variant(d, made_of(inode, count, ZEROS, 0));
	add_variant(d, made_of(inode, count, ALL, 0));
	if (d->values == 1) {
		tree.content[inode] = d->variant[0];
		dimensions--;
	}
}

void
state_lay_out(int step, int strict)
{
	int i, inode, count, last;

	at_step = step;
	at_strict = strict;
	dimensions = 0;
	for (inode = 0; inode < inode_count; inode++) {
		int named = 0;

		count = last = 0;
		for (i = 0; i < op_count; i++) {
			const struct op *o = &ops[i];

			if (o->what != ADD && o->what != DEL) {
				count += o->inode == inode && state_pending(o);
				last |= o->inode == inode && o->step <= step;
			} else if (o->dir == inode && state_pending(o)) {
				named++;
				if (strict) {
					new_dimension()->op = i;
					dimension[dimensions - 1].values = 2;
				}
			}
		}
		if (named > 0 && !strict) {
			new_dimension()->dir = inode;
			dimension[dimensions - 1].values = named + 1;
		}
		if (count > 0)
			data_dimension(inode, count);
		else if (inodes[inode].kind == REGULAR)
			tree.content[inode] = last ? made_of(inode, 0, ALL, 0) : inodes[inode].start;
	}
}

/* ---- one state ---- */

static void
choose_names(void)
{
	int d, i, n, again = 1;

	for (i = 0; i < op_count; i++)
		applied[i] = (ops[i].what == ADD || ops[i].what == DEL) && ops[i].durable <= at_step;
	for (d = 0; d < dimensions; d++) {
		if (dimension[d].op >= 0)
			applied[dimension[d].op] = value[d];
		if (dimension[d].dir < 0)
			continue;
		for (i = 0, n = value[d]; i < op_count && n > 0; i++)
			if ((ops[i].what == ADD || ops[i].what == DEL) && ops[i].dir == dimension[d].dir &&
			    state_pending(&ops[i])) {
				applied[i] = 1;
				n--;
			}
	}
	/* no file without a name, and no directory with two */
	while (again) {
		again = 0;
		for (i = 0; i < op_count; i++) {
			int pair = ops[i].what == DEL ? ops[i].pair : -1;

			if (pair < 0 || applied[i] == applied[pair] || ops[i].step > at_step)
				continue;
			if (applied[i]) {
				applied[pair] = 1;
				again = 1;
				/* in order: what came before it in that directory as well */
				for (n = 0; n < pair && !at_strict; n++)
					if ((ops[n].what == ADD || ops[n].what == DEL) && ops[n].dir == ops[pair].dir)
						applied[n] = 1;
			} else if (inodes[ops[i].inode].kind == DIRECTORY) {
				applied[i] = 1;
				again = 1;
			}
		}
	}
}

void
state_make(void)
{
	int i;

	choose_names();
	for (i = 0; i < inode_count; i++) {
		int n = origin.dir[i].count;

		if (n > tree.dir[i].room) {
			tree.dir[i].entry = need(realloc(tree.dir[i].entry, (size_t)n * sizeof(struct entry)));
			tree.dir[i].room = n;
		}
		if (n > 0)
			memcpy(tree.dir[i].entry, origin.dir[i].entry, (size_t)n * sizeof(struct entry));
		tree.dir[i].count = n;
	}
	tree.spool = origin.spool;
	for (i = 0; i < op_count && ops[i].step <= at_step; i++)
		if (applied[i])
			tree_apply(&tree, &ops[i]);
	for (i = 0; i < dimensions; i++)
		if (dimension[i].inode >= 0)
			tree.content[dimension[i].inode] = dimension[i].variant[value[i]];
}

void
state_begin(void)
{
	tree_init(&tree);
	applied = need(calloc((size_t)op_count + 1, 1));
}
