/* SPDX-License-Identifier: ISC */
/*
 * What happened: each call becomes a step of changes to names and data, and each sync says of which
 * changes it made sure.  Beside it the live tree, as a reader sees it at that moment.
 *
 * A file's fsync makes its data sure, a directory's the names in it, syncfs everything.  A rename is
 * two changes; the source's is never sure before the target's, since that would be a file without
 * a name, and for a directory, which has but one name, they are one.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "power.h"

struct inode inodes[INODES];
struct op *ops;
struct step *steps;
int inode_count, op_count, step_count, complaints;
struct tree origin;

struct tree live;
static int op_room, step_room;
static const char *root;
static struct name *names[1024];

static size_t
is_order(const char *text)
{
	size_t n = strspn(text, "0123456789");

	return n == 16 && text[16] == '.' ? 17 : 0;
}

const struct name *
intern(const char *text, size_t length)
{
	struct name **at = &names[hash_bytes(3, text, length) % 1024], *n;
	const char *unique, *colon;
	size_t skip;

	for (n = *at; n != NULL; n = n->next)
		if (strlen(n->text) == length && memcmp(n->text, text, length) == 0)
			return n;
	n = need(calloc(1, sizeof *n));
	n->text = need(strndup(text, length));
	n->next = *at;
	*at = n;
	skip = strncmp(n->text, ".sweep.", 7) == 0 && length > 24 ? 24 : 0;
	colon = strchr(n->text, ':');
	if (is_order(n->text + skip) > 0) {
		unique = n->text + skip + 17;
		n->is_claim = colon != NULL;
		n->is_name = colon == NULL && skip == 0;
		n->unique = colon == NULL ? unique : need(strndup(unique, (size_t)(colon - unique)));
	}
	return n;
}

int
new_inode(enum kind kind)
{
	struct inode *f;

	if (inode_count == INODES)
		die("the trace", "has too many files");
	f = &inodes[inode_count++];
	f->kind = kind;
	f->start = content("", 0);
	return inode_count - 1;
}

static struct step *
new_step(const char *text, double time)
{
	struct step *s;

	steps = grow(steps, step_count, &step_room, sizeof *steps);
	s = &steps[step_count++];
	memset(s, 0, sizeof *s);
	s->text = need(strdup(text));
	s->time = time;
	return s;
}

/* ---- changes ---- */

static const char *
below_root(const char *path)
{
	size_t n = strlen(root);

	if (path == NULL || strncmp(path, root, n) != 0 || (path[n] != '/' && path[n] != '\0'))
		return NULL;
	return path + n + strspn(path + n, "/");
}

/* The directory that PATH is in, and its name there; the inode of PATH itself, or -1. */
int
resolve(const char *path, int *dir, const struct name **name)
{
	int at = 0;
	size_t n;

	*dir = -1;
	*name = NULL;
	for (path = below_root(path); path != NULL && *path != '\0'; path += strspn(path, "/")) {
		n = strcspn(path, "/");
		*dir = at;
		*name = intern(path, n);
		path += n;
		if (at < 0)
			return -1;
		if (n == 1 && path[-1] == '.')
			continue;
		at = tree_find(&live, at, *name);
	}
	return path == NULL ? -1 : at;
}

static struct op *
change(enum what what, int dir, const struct name *name, int inode, const struct call *c)
{
	struct op *o;

	ops = grow(ops, op_count, &op_room, sizeof *ops);
	o = &ops[op_count++];
	memset(o, 0, sizeof *o);
	o->what = what;
	o->step = step_count - 1;
	o->durable = NEVER;
	o->dir = dir;
	o->name = name;
	o->inode = inode;
	o->pair = -1;
	o->ended = c->ended;
	if (what == ADD || what == DEL)
		tree_apply(&live, o);
	return o;
}

static void
change_data(enum what what, int inode, size_t at, const struct call *c)
{
	struct inode *f = &inodes[inode];
	struct op *o = change(what, -1, NULL, inode, c);
	size_t end = what == WRITE ? at + (size_t)c->result : at;

	o->at = at;
	if (end > f->length || what == TRUNCATE) {
		f->live = need(realloc(f->live, end + 1));
		if (end > f->length)
			memset(f->live + f->length, 0, end - f->length);
		f->length = end;
	}
	if (what == WRITE) {
		o->length = (size_t)c->result;
		o->data = need(malloc(o->length + 1));
		memcpy(o->data, c->data, o->length);
		memcpy(f->live + at, o->data, o->length);
	}
	if (f->dirty_since == 0)
		f->dirty_since = c->time;
}

static void
made(const char *path, enum kind kind, const struct call *c)
{
	const struct name *name;
	int dir, inode = resolve(path, &dir, &name);

	if (inode < 0 && dir >= 0)
		(void)change(ADD, dir, name, new_inode(kind), c);
	else if (inode >= 0 && c->truncates && kind == REGULAR)
		change_data(TRUNCATE, inode, 0, c);
}

static void
linked(const struct call *c)
{
	const struct name *name;
	int dir, inode = resolve(c->path[0], &dir, &name);

	if (inode < 0 || resolve(c->path[1], &dir, &name) >= 0 || dir < 0)
		return;
	(void)change(ADD, dir, name, inode, c);
}

static void
renamed(const struct call *c)
{
	const struct name *name, *to;
	int add, dir, target, inode = resolve(c->path[0], &dir, &name);

	if (inode < 0 || resolve(c->path[1], &target, &to) == inode || target < 0)
		return;
	(void)change(ADD, target, to, inode, c);
	add = op_count - 1;
	change(DEL, dir, name, inode, c)->pair = add;
}

static void
removed(const struct call *c)
{
	const struct name *name;
	int dir, inode = resolve(c->path[0], &dir, &name);

	if (inode >= 0)
		(void)change(DEL, dir, name, inode, c);
}

/* What was not written for good, and was not written again since. */
static int
was_rewritten(int n)
{
	const struct op *o = &ops[n];
	int i;

	for (i = n + 1; i < op_count; i++)
		if (ops[i].what == WRITE && ops[i].inode == o->inode && ops[i].step > o->lost &&
		    ops[i].at <= o->at && ops[i].at + ops[i].length >= o->at + o->length)
			return 1;
	return 0;
}

void
complain(const char *path, const char *what)
{
	(void)printf("%s: %s\n", path, what);
	complaints++;
}

/* A sync that failed has lost what it should have written, whatever a later one says. */
static void
made_sure(struct op *o, const struct call *c, int now)
{
	if (c->result < 0) {
		if (o->what == WRITE && o->lost == 0)
			o->lost = now;
		return;
	}
	if (o->lost > 0 && !was_rewritten((int)(o - ops))) {
		complain(steps[now].text, "what an earlier sync has lost was not written anew");
		return;
	}
	o->durable = now;
	if (o->pair >= 0 && ops[o->pair].durable == NEVER)
		ops[o->pair].durable = now;
}

static void
synced(const struct call *c, int all)
{
	const struct name *name;
	int dir, i, inode = resolve(c->path[0], &dir, &name), now = step_count - 1;

	if (inode < 0)
		return;
	for (i = 0; i < op_count; i++) {
		struct op *o = &ops[i];
		int names_of_it = o->what == ADD || o->what == DEL ? o->dir == inode : o->inode == inode;

		if (o->durable == NEVER && o->ended < c->begun && (all || names_of_it))
			made_sure(o, c, now);
	}
	for (i = 0; i < inode_count && c->result >= 0; i++)
		if (all || i == inode)
			inodes[i].dirty_since = 0;
}

/* ---- calls ---- */

static int
is(const struct call *c, const char *name)
{
	return strncmp(c->name, name, strlen(name)) == 0;
}

static void
told(const struct call *c, struct step *s)
{
	const struct name *n;

	if (c->length < 2 || c->data[c->length - 1] != '\n')
		return;
	n = intern(c->data, c->length - 1);
	if (n->is_name)
		s->told = n;
}

static void
written(const struct call *c)
{
	const struct name *name;
	int dir, inode = c->deleted ? -1 : resolve(c->path[0], &dir, &name);

	if (inode < 0 || inodes[inode].kind != REGULAR || c->result == 0)
		return;
	change_data(WRITE, inode, is(c, "pwrite") ? (size_t)c->number : inodes[inode].length, c);
}

static void
see_call(const struct call *c, struct step *s)
{
	const struct name *name;
	int dir, inode;

	if (is(c, "open") || is(c, "creat")) {
		if (c->creates || c->truncates || is(c, "creat"))
			made(c->path[0], REGULAR, c);
	} else if (is(c, "mkdir"))
		made(c->path[0], DIRECTORY, c);
	else if (is(c, "mknod"))
		made(c->path[0], FIFO, c);
	else if (is(c, "link"))
		linked(c);
	else if (is(c, "rename"))
		renamed(c);
	else if (is(c, "unlink") || is(c, "rmdir"))
		removed(c);
	else if (is(c, "fsync") || is(c, "fdatasync"))
		synced(c, 0);
	else if (is(c, "sync"))
		synced(c, 1);
	else if (is(c, "write") && c->fd == 1)
		told(c, s);
	else if (is(c, "write") || is(c, "pwrite64"))
		written(c);
	else if (is(c, "ftruncate")) {
		inode = c->deleted ? -1 : resolve(c->path[0], &dir, &name);
		if (inode >= 0 && (size_t)c->number != inodes[inode].length)
			change_data(TRUNCATE, inode, (size_t)c->number, c);
	} else if (is(c, "exit_group"))
		s->finished = c->fd == 0;
	else if (!is(c, "close"))
		die(c->name, "a call that the model does not know");
}

/* Long names in short: what a reader of a finding wants to know. */
static void
describe(const struct call *c, char *text, size_t size)
{
	const char *a = below_root(c->path[0]), *b = below_root(c->path[1]);

	(void)snprintf(text, size, "line %d: %s %s %s", c->line, c->name, a != NULL ? a : "",
	    b != NULL ? b : "");
}

void
history_see(const struct call *c)
{
	char text[2 * PATH_MAX];
	struct step *s;
	int before = op_count;

	if (below_root(c->path[0]) == NULL && !is(c, "exit_group") && !(is(c, "write") && c->fd == 1))
		return;
	describe(c, text, sizeof text);
	s = new_step(text, c->time);
	marks_look(c);
	see_call(c, s);
	/* what changes nothing, and tells nothing, is no step */
	if (op_count == before && s->told == NULL && !s->finished && !is(c, "fsync") &&
	    !is(c, "fdatasync") && !is(c, "sync")) {
		free(s->text);
		step_count--;
	}
}

void
history_begin(const char *path)
{
	struct stat st;
	char start[PATH_MAX];

	root = path;
	(void)snprintf(start, sizeof start, "%s.start", path);
	if (stat(start, &st) < 0)
		die(start, strerror(errno));
	tree_init(&live);
	tree_init(&origin);
	(void)new_inode(DIRECTORY);
	start_load(start, 0);
	(void)new_step("the beginning", 0);
	tree_copy(&origin, &live);
}

void
history_end(void)
{
	int i;

	for (i = 0; i < inode_count; i++)
		live.content[i] = content(inodes[i].live != NULL ? inodes[i].live : "", inodes[i].length);
	tree_compare(&live, root);
}
