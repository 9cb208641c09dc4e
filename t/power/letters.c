/* SPDX-License-Identifier: ISC */
/* The envelopes that the trace tells of: what each says, its text, and when it was acknowledged. */
#include <stdlib.h>
#include <string.h>

#include "power.h"

struct letter letters[LETTERS];
int letter_count;

struct letter *
letter_of(const char *unique)
{
	int i;

	for (i = 0; unique != NULL && i < letter_count; i++)
		if (strcmp(letters[i].unique, unique) == 0)
			return &letters[i];
	return NULL;
}

int
is_visible(enum place p)
{
	return p >= P_NEW && p <= P_HOLD;
}

static const struct tree *looked_at;

struct content *
text_in(const struct tree *t, const char *unique)
{
	static const struct name *mess;
	int dir, inode;

	if (mess == NULL)
		mess = intern("mess", 4);
	dir = t->spool >= 0 ? tree_find(t, t->spool, mess) : -1;
	inode = dir >= 0 ? tree_find(t, dir, intern(unique, strlen(unique))) : -1;
	return inode >= 0 ? t->content[inode] : NULL;
}

const struct name *
recorded(const struct tree *t, const char *key)
{
	static const struct name *sent;
	char name_of[128];
	int dir, inode;

	if (sent == NULL)
		sent = intern("sent", 4);
	dir = tree_find(t, t->spool, sent);
	inode = dir >= 0 ? tree_find(t, dir, intern(key, strlen(key))) : -1;
	if (inode < 0 || !head_value(t->content[inode], "broadcast", name_of, sizeof name_of))
		return NULL;
	return intern(name_of, strlen(name_of));
}

/* Staged, and a record of its key names it: that is as good as published. */
int
is_committed(const struct tree *t, enum place p, const struct name *in, const struct content *c)
{
	char key[128];

	return p == P_TMP && in != NULL && head_value(c, "key", key, sizeof key) && recorded(t, key) == in;
}

static void
learn(enum place p, const struct name *in, const struct name *name, int inode, void *context)
{
	int step = *(int *)context;
	struct letter *l;

	if (name->unique == NULL ||
	    !(is_visible(p) || is_committed(looked_at, p, in, looked_at->content[inode])))
		return;
	l = letter_of(name->unique);
	if (l == NULL) {
		if (letter_count == LETTERS)
			die("the trace", "has too many envelopes");
		l = &letters[letter_count++];
		l->unique = name->unique;
		l->broadcast = p == P_NEW || p == P_TMP ? in : NULL;
		l->body = envelope(looked_at->content[inode])->body;
		l->text = text_in(looked_at, l->unique);
		l->published = step;
		l->told = step == 0 ? 0 : NEVER;
		l->gone = NEVER;
	}
	l->held |= p == P_HOLD;
	l->places |= 1U << p;
}

/* Who is gone now, and who was told of. */
static void
told(int step)
{
	const struct name *name = steps[step].told;
	int i, known = 0;

	for (i = 0; i < letter_count; i++) {
		struct letter *l = &letters[i];

		if (l->places == 0 && l->gone == NEVER)
			l->gone = step;
		if (name == NULL || !(strcmp(name->unique, l->unique) == 0 || name == l->broadcast))
			continue;
		known = 1;
		if (l->told == NEVER)
			l->told = step;
	}
	if (name != NULL && !known)
		complain(name->text, "acknowledged, and nowhere");
}

void
judge_learn(void)
{
	static struct tree t;
	int step, i, n = 0;

	tree_init(&t);
	tree_copy(&t, &origin);
	for (i = 0; i < inode_count; i++)
		t.content[i] = inodes[i].start;
	looked_at = &t;
	for (step = 0; step < step_count; step++) {
		for (; n < op_count && ops[n].step <= step; n++) {
			const struct op *o = &ops[n];

			if (o->what == ADD || o->what == DEL)
				tree_apply(&t, o);
			else {
				struct content *c = t.content[o->inode];
				size_t end = o->at + o->length;
				size_t length = o->what == TRUNCATE || end > c->length ? end : c->length;
				char *data = need(calloc(length + 1, 1));

				memcpy(data, c->data, c->length < length ? c->length : length);
				if (o->what == WRITE)
					memcpy(data + o->at, o->data, o->length);
				t.content[o->inode] = content(data, length);
				free(data);
			}
		}
		for (i = 0; i < letter_count; i++)
			letters[i].places = 0;
		tree_walk(&t, learn, &step);
		told(step);
	}
}
