/* SPDX-License-Identifier: ISC */
/*
 * All states that a cut after each step may leave, in two readings.
 *
 *   ordered   of what was not sure, each directory keeps some beginning, each apart from the others
 *   strict    any subset of it
 *
 * In both each file keeps of its unsure data all, nothing, a beginning, the last write alone, half of
 * the last write, or its length with zeros; of many writes not every beginning, and how many beginnings
 * were left out is said.  Where the combinations are more than the cap, its share is taken from them:
 * the corners first, then the same pseudo-random choice every time.
 */
#include <stdlib.h>
#include <string.h>

#include "power.h"

enum { OTHER, FIRST, TAKEN };

struct kept {                           /* how to make a tree again */
	int step, strict;
	unsigned char *value;
	uint64_t signature;
};

static struct kept *kept;
static int kept_count, kept_room;
static uint64_t *seen;
static size_t seen_count, seen_room;
static long judged, distinct, capped, moments;
static uint64_t dice;

static int
is_new(uint64_t hash)
{
	uint64_t *old = seen;
	size_t i, was = seen_room;

	hash |= 1;
	if (seen_count * 2 >= seen_room) {
		seen_room = was == 0 ? 65536 : was * 2;
		seen = need(calloc(seen_room, sizeof *seen));
		seen_count = 0;
		for (i = 0; i < was; i++)
			if (old[i] != 0)
				(void)is_new(old[i]);
		free(old);
	}
	for (i = hash % seen_room; seen[i] != 0; i = (i + 1) % seen_room)
		if (seen[i] == hash)
			return 0;
	seen[i] = hash;
	seen_count++;
	return 1;
}

static void
keep(uint64_t signature)
{
	struct kept *k;

	kept = grow(kept, kept_count, &kept_room, sizeof *kept);
	k = &kept[kept_count++];
	k->step = at_step;
	k->strict = at_strict;
	k->signature = signature;
	k->value = need(malloc((size_t)dimensions + 1));
	memcpy(k->value, value, (size_t)dimensions);
}

static void
show(const char *broken)
{
	int i;

	if (complaints++ >= 3)
		return;
	(void)printf("%s, after %s (%s)\n", broken, steps[at_step].text, at_strict ? "strict" : "ordered");
	for (i = 0; i < op_count; i++)
		if (state_pending(&ops[i]) && !applied[i] && (ops[i].what == ADD || ops[i].what == DEL))
			(void)printf("  not there: %s %s of %s\n", ops[i].what == ADD ? "the name" : "the end of",
			    ops[i].name->text, steps[ops[i].step].text);
	for (i = 0; i < dimensions; i++)
		if (dimension[i].inode >= 0 && value[i] + 1 < dimension[i].values)
			(void)printf("  data of file %d: variant %d of %d\n", dimension[i].inode, value[i],
			    dimension[i].values);
}

static void
examine(void)
{
	uint64_t hash, signature = 0;
	const char *broken;

	state_make();
	hash = tree_hash(&tree);
	judged++;
	if (!is_new(hash_bytes(hash, &(uint64_t){ judge_promise(at_step) }, sizeof(uint64_t))))
		return;
	broken = judge(&tree, at_step, &signature);
	if (broken != NULL)
		show(broken);
	if (is_new(hash)) {
		distinct++;
		keep(signature);
	}
}

/* ---- all of them ---- */

static unsigned
throw_dice(unsigned sides)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (unsigned)((dice >> 33) % sides);
}

static void
set_all(int highest)
{
	int d;

	for (d = 0; d < dimensions; d++)
		value[d] = (unsigned char)(highest ? dimension[d].values - 1 : 0);
}

static void
corners(void)
{
	int d, v, rest;

	for (rest = 0; rest < 2; rest++) {
		set_all(rest);
		examine();
		for (d = 0; d < dimensions; d++)
			for (v = 0; v < dimension[d].values; v++) {
				set_all(rest);
				value[d] = (unsigned char)v;
				examine();
			}
	}
}

static void
some(long most)
{
	int d;

	capped++;
	corners();
	for (; most > 0; most--) {
		for (d = 0; d < dimensions; d++)
			value[d] = (unsigned char)throw_dice((unsigned)dimension[d].values);
		examine();
	}
}

static void
every(void)
{
	int d;

	set_all(0);
	do {
		examine();
		for (d = 0; d < dimensions; d++) {
			if (++value[d] < dimension[d].values)
				break;
			value[d] = 0;
		}
	} while (d < dimensions);
}

static void
moment(int step, int strict, long most)
{
	double product = 1;
	int d;

	state_lay_out(step, strict);
	for (d = 0; d < dimensions; d++)
		product *= dimension[d].values;
	moments++;
	if (product <= (double)most)
		every();
	else
		some(most);
}

void
cuts_all(long most)
{
	int step;

	state_begin();
	dice = UINT64_C(88172645463325252);
	for (step = 0; step < step_count; step++) {
		moment(step, 0, most);
		moment(step, 1, most);
	}
	(void)printf("%d steps, %ld states, %ld trees, %ld orphaned texts at most", step_count, judged,
	    distinct, judge_orphans());
	if (capped > 0)
		(void)printf(", %ld of %ld moments capped at %ld", capped, moments, most);
	if (state_left_out > 0)
		(void)printf(", %ld beginnings of files capped", state_left_out);
}

static void
write_expected(const char *path, const char *about)
{
	FILE *f = fopen(path, "w");

	if (f != NULL) {
		(void)fprintf(f, "# %s, %s\n", steps[at_step].text, about);
		judge_expect(&tree, f);
	}
	if (f == NULL || fclose(f) != 0)
		die(path, "can't be written");
}

static void
write_kept(const struct kept *k, const char *path, int number)
{
	char name[PATH_MAX];

	state_lay_out(k->step, k->strict);
	memcpy(value, k->value, (size_t)dimensions);
	state_make();
	(void)snprintf(name, sizeof name, "%s/%05d", path, number);
	tree_write(&tree, name);
	(void)snprintf(name, sizeof name, "%s/%05d.expect", path, number);
	write_expected(name, k->strict ? "strict" : "ordered");
}

/* Marks at most MOST of those that are of a KIND, evenly; how many there are left to take. */
static long
take(unsigned char *taken, int kind, long most)
{
	long of_kind = 0, left = most;
	int i;

	for (i = 0; i < kept_count; i++)
		of_kind += taken[i] == kind;
	for (i = 0; i < kept_count && left > 0; i++)
		if (taken[i] == kind && (long)throw_dice((unsigned)of_kind--) < left) {
			taken[i] = TAKEN;
			left--;
		}
	return left;
}

/* Half of them each of another kind, as far as that goes, the rest evenly over all. */
void
cuts_write(const char *path, long most)
{
	unsigned char *taken = need(calloc((size_t)kept_count + 1, 1));
	char name[PATH_MAX];
	int i, n = 0;

	for (i = 0; i < kept_count; i++)
		taken[i] = is_new(kept[i].signature ^ UINT64_C(0x5555555555555555)) ? FIRST : OTHER;
	most -= most / 2 - take(taken, FIRST, most / 2);
	(void)take(taken, OTHER, most);
	for (i = 0; i < kept_count; i++)
		if (taken[i] == TAKEN)
			write_kept(&kept[i], path, n++);
	state_lay_out(step_count - 1, 0);
	set_all(1);
	state_make();
	(void)snprintf(name, sizeof name, "%s/all", path);
	write_expected(name, "all that happened");
	(void)printf(", %d recovered%s", n, n < kept_count ? " (capped)" : "");
	free(taken);
}
