/* SPDX-License-Identifier: ISC */
/*
 * What spool-layout.md promises of a tree, as far as a reader can tell: what was acknowledged is
 * there, whole and with its text; what can be seen is whole; a broadcast is there to its last
 * envelope or not at all; a record in sent/ and its broadcast stand and fall together.
 */
#include <stdlib.h>
#include <string.h>

#include "power.h"

static long orphans;

uint64_t
judge_promise(int step)
{
	uint64_t h = 11;
	int i;

	for (i = 0; i < letter_count; i++) {
		int parts[2] = { letters[i].told <= step, letters[i].gone <= step };

		h = hash_bytes(h, parts, sizeof parts);
	}
	for (i = 0; i <= step; i++)
		if (steps[i].finished)
			return h + 1;
	return h;
}

/* ---- one state ---- */

struct looking {
	const struct tree *tree;
	const char *broken;
	uint64_t signature;
	int recorded;                   /* keys in sent/ */
};

static void
see_letter(enum place p, const struct name *in, const struct name *name, int inode, void *context)
{
	struct looking *k = context;
	struct letter *l;

	if (p == P_MESS || p == P_RUN || p == P_SENT)
		return;
	l = letter_of(name->unique);
	if (p == P_TMP) {
		/* staged under its own name it can still be published */
		if (l != NULL && in != NULL && in == l->broadcast && name->is_name) {
			l->staged_in_full = 1;
			l->content = k->tree->content[inode];
		}
		return;
	}
	if (l == NULL) {
		if (name->text[0] != '.')
			k->broken = "something can be seen that nobody published";
		return;
	}
	l->places |= 1U << p;
	l->content = k->tree->content[inode];
}

static const char *
whole(const struct tree *t, const struct letter *l)
{
	const struct content *c = envelope((struct content *)(uintptr_t)l->content);
	int needs_text = c->todo > 0 || (c->failed > 0 && (l->places & 1U << P_DONE) == 0);

	if (!c->whole)
		return "a torn envelope";
	if (c->body != l->body)
		return "an envelope that says something else";
	if (needs_text && (l->text == NULL || text_in(t, l->unique) != l->text))
		return "an envelope without its text";
	return NULL;
}

static const char *
judge_letter(const struct tree *t, const struct letter *l, int step)
{
	const struct content *c = l->content;
	const char *broken;

	if (l->places == 0)
		return l->told <= step && l->gone > step ? "what was acknowledged can't be seen" : NULL;
	broken = whole(t, l);
	if (broken != NULL)
		return broken;
	if ((l->places & 1U << P_HOLD) != 0 && !l->held)
		return "an envelope in hold/";
	if (c->todo > 0 && (l->places & (1U << P_DONE | 1U << P_FAIL)) != 0)
		return "finished, with somebody to do";
	return NULL;
}

/* 0 nobody, 1 all, 2 some of a broadcast's envelopes; STAGED: those in tmp/ count. */
static int
part_of(const struct name *broadcast, int step, int staged)
{
	int i, in = 0, out = 0;

	for (i = 0; i < letter_count; i++) {
		const struct letter *l = &letters[i];

		if (l->broadcast != broadcast || (l->places == 0 && l->gone <= step))
			continue;
		if (l->places != 0 || (staged && l->staged_in_full))
			in++;
		else
			out++;
	}
	return in == 0 ? 0 : out == 0 ? 1 : 2;
}

static const char *
judge_broadcast(const struct tree *t, const struct letter *l, int step)
{
	char key[128];
	int part = part_of(l->broadcast, step, 0);

	if (part == 2)
		return "a part of a broadcast";
	if (part == 0 || l->content == NULL || !head_value(l->content, "key", key, sizeof key))
		return NULL;
	return recorded(t, key) == l->broadcast ? NULL : "a broadcast without the record of its key";
}

static void
see_record(enum place p, const struct name *in, const struct name *name, int inode, void *context)
{
	struct looking *k = context;
	const struct content *c = k->tree->content[inode];
	char name_of[128], sums[128];
	const struct name *broadcast;
	int i, part;

	(void)in;
	(void)name;
	if (p != P_SENT)
		return;
	k->recorded++;
	if (strncmp(c->data, "ml1\n", 4) != 0 || !head_value(c, "broadcast", name_of, sizeof name_of) ||
	    !head_value(c, "sums", sums, sizeof sums)) {
		k->broken = "a torn record";
		return;
	}
	broadcast = intern(name_of, strlen(name_of));
	part = part_of(broadcast, 0, 1);
	for (i = 0; i < letter_count && part == 1; i++)
		if (letters[i].broadcast == broadcast && letters[i].places == 0 &&
		    whole(k->tree, &letters[i]) != NULL)
			part = 2;
	if (part != 1)
		k->broken = "a record whose broadcast is not there";
}

static void
see_text(enum place p, const struct name *in, const struct name *name, int inode, void *context)
{
	long *count = context;
	const struct letter *l;

	(void)in;
	(void)inode;
	if (p != P_MESS)
		return;
	l = letter_of(name->text);
	*count += l == NULL || (l->places == 0 && !l->staged_in_full);
}

/* A spool that somebody was told of has all its parts. */
static const char *
judge_spool(const struct tree *t, int step)
{
	static const char *const parts[] = {
		"tmp", "mess", "new", "cur", "defer", "fail", "done", "hold", "run", "sent", "trigger"
	};
	size_t i;
	int done = 0, n;

	for (n = 0; n <= step; n++)
		done |= steps[n].finished;
	if (!done && origin.spool < 0)
		return NULL;
	for (i = 0; i < sizeof parts / sizeof *parts; i++)
		if (t->spool < 0 || tree_find(t, t->spool, intern(parts[i], strlen(parts[i]))) < 0)
			return "a spool without all its parts";
	return NULL;
}

static void
sign(struct looking *k)
{
	long count = 0;
	int i;

	for (i = 0; i < letter_count; i++) {
		const struct letter *l = &letters[i];
		size_t parts[5] = { l->places, (size_t)l->staged_in_full, 0, 0, 0 };

		if (l->content != NULL) {
			parts[2] = l->content->todo;
			parts[3] = l->content->failed;
			parts[4] = text_in(k->tree, l->unique) != NULL;
		}
		k->signature = hash_bytes(k->signature, parts, sizeof parts);
	}
	k->signature += (uint64_t)k->recorded;
	tree_walk(k->tree, see_text, &count);
	if (count > orphans)
		orphans = count;
}

static void
look(struct looking *k)
{
	int i;

	for (i = 0; i < letter_count; i++) {
		letters[i].places = 0;
		letters[i].staged_in_full = 0;
		letters[i].content = NULL;
	}
	tree_walk(k->tree, see_letter, k);
}

const char *
judge(const struct tree *t, int step, uint64_t *signature)
{
	struct looking k = { .tree = t };
	const char *broken = judge_spool(t, step);
	int i;

	if (broken != NULL || t->spool < 0)
		return broken;
	look(&k);
	for (i = 0; i < letter_count && k.broken == NULL; i++) {
		k.broken = judge_letter(t, &letters[i], step);
		if (k.broken == NULL && letters[i].broadcast != NULL)
			k.broken = judge_broadcast(t, &letters[i], step);
	}
	if (k.broken == NULL)
		tree_walk(t, see_record, &k);
	sign(&k);
	*signature = k.signature;
	return k.broken;
}

long
judge_orphans(void)
{
	return orphans;
}

/* ---- what recovery has to do ---- */

struct expecting {
	FILE *f;
	const struct content *text;
};

static void
expect_line(const char *line, size_t length, void *context)
{
	const struct expecting *e = context;
	const char *tab = memchr(line, '\t', length);
	int n = tab != NULL ? (int)(tab - line) - 5 : (int)length - 5;

	if (line[0] == 'T')
		(void)fprintf(e->f, "%.*s %zu %08lx\n", n, line + 5, e->text->length,
		    (unsigned long)crc32_of(e->text->data, e->text->length));
}

void
judge_expect(const struct tree *t, FILE *f)
{
	struct looking k = { .tree = t };
	struct expecting e = { .f = f };
	int i;

	if (t->spool < 0)
		return;
	look(&k);
	for (i = 0; i < letter_count; i++) {
		struct letter *l = &letters[i];
		int committed = l->staged_in_full && is_committed(t, P_TMP, l->broadcast, l->content);

		e.text = l->text;
		if (e.text != NULL && (l->places != 0 || committed))
			recipients(l->content, expect_line, &e);
	}
}
