/* SPDX-License-Identifier: ISC */
/* One state of the spool: names and contents, and the way from and to real directories. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "power.h"

static const char *const places[PLACES] = {
	"", "tmp", "mess", "new", "cur", "defer", "fail", "done", "hold", "run", "sent"
};

void
tree_init(struct tree *t)
{
	t->dir = need(calloc(INODES, sizeof *t->dir));
	t->content = need(calloc(INODES, sizeof *t->content));
	t->spool = -1;
}

void
tree_copy(struct tree *t, const struct tree *from)
{
	int i, count;

	for (i = 0; i < inode_count; i++) {
		count = from->dir[i].count;
		if (count > t->dir[i].room) {
			free(t->dir[i].entry);
			t->dir[i].entry = need(malloc((size_t)count * 2 * sizeof(struct entry)));
			t->dir[i].room = count * 2;
		}
		t->dir[i].count = count;
		if (count > 0)
			memcpy(t->dir[i].entry, from->dir[i].entry, (size_t)count * sizeof(struct entry));
		t->content[i] = from->content[i];
	}
	t->spool = from->spool;
}

static struct entry *
entry_of(const struct tree *t, int dir, const struct name *name)
{
	int i;

	for (i = 0; i < t->dir[dir].count; i++)
		if (t->dir[dir].entry[i].name == name)
			return &t->dir[dir].entry[i];
	return NULL;
}

int
tree_find(const struct tree *t, int dir, const struct name *name)
{
	struct entry *e = entry_of(t, dir, name);

	return e != NULL ? e->inode : -1;
}

void
tree_apply(struct tree *t, const struct op *o)
{
	struct dir *d = &t->dir[o->dir];
	struct entry *e = entry_of(t, o->dir, o->name);

	if (o->what == DEL) {
		if (e != NULL && e->inode == o->inode)
			*e = d->entry[--d->count];
		return;
	}
	if (e == NULL) {
		d->entry = grow(d->entry, d->count, &d->room, sizeof *d->entry);
		e = &d->entry[d->count++];
		e->name = o->name;
	}
	e->inode = o->inode;
	if (o->dir == 0 && strcmp(o->name->text, "spool") == 0)
		t->spool = o->inode;
}

static uint64_t
hash_dir(const struct tree *t, int dir, uint64_t path)
{
	uint64_t sum = path, h;
	int i, inode;

	for (i = 0; i < t->dir[dir].count; i++) {
		inode = t->dir[dir].entry[i].inode;
		h = hash_bytes(path, &t->dir[dir].entry[i].name, sizeof(char *));
		h = hash_bytes(h, &inode, sizeof inode);
		if (inodes[inode].kind == DIRECTORY)
			sum += hash_dir(t, inode, h);
		else if (inodes[inode].kind == REGULAR)
			sum += hash_bytes(h, &t->content[inode]->hash, sizeof(uint64_t));
		else
			sum += h;
	}
	return sum;
}

uint64_t
tree_hash(const struct tree *t)
{
	return hash_dir(t, 0, 7);
}

static void
walk_dir(const struct tree *t, int dir, enum place p, const struct name *in,
    void (*see)(enum place p, const struct name *in, const struct name *name, int inode, void *context),
    void *context)
{
	const struct entry *e;
	int i;

	for (i = 0; i < t->dir[dir].count; i++) {
		e = &t->dir[dir].entry[i];
		if (inodes[e->inode].kind == DIRECTORY && in == NULL)
			walk_dir(t, e->inode, p, e->name, see, context);
		else
			see(p, in, e->name, e->inode, context);
	}
}

void
tree_walk(const struct tree *t, void (*see)(enum place p, const struct name *in,
    const struct name *name, int inode, void *context), void *context)
{
	static const struct name *known[PLACES];
	int p, dir;

	if (t->spool < 0)
		return;
	for (p = 1; p < PLACES; p++) {
		if (known[p] == NULL)
			known[p] = intern(places[p], strlen(places[p]));
		dir = tree_find(t, t->spool, known[p]);
		if (dir >= 0)
			walk_dir(t, dir, (enum place)p, NULL, see, context);
	}
}

/* Where an inode was written first: its other names are links to it. */
static char **written;

static void
set_time(const char *path, int64_t mtime)
{
	struct timespec t[2] = { { .tv_sec = mtime }, { .tv_sec = mtime } };

	if (mtime != 0)
		(void)utimensat(AT_FDCWD, path, t, AT_SYMLINK_NOFOLLOW);
}

static void
write_file(const struct content *c, const char *path)
{
	FILE *f = fopen(path, "w");

	if (f == NULL || fwrite(c->data, 1, c->length, f) != c->length || fclose(f) != 0)
		die(path, strerror(errno));
	(void)chmod(path, 0600);
}

static void
write_entry(const struct tree *t, int inode, const char *path)
{
	char below[PATH_MAX];
	int i, result = 0;

	if (inodes[inode].kind == DIRECTORY) {
		result = mkdir(path, 0700);
		for (i = 0; result == 0 && i < t->dir[inode].count; i++) {
			(void)snprintf(below, sizeof below, "%s/%s", path, t->dir[inode].entry[i].name->text);
			write_entry(t, t->dir[inode].entry[i].inode, below);
		}
	} else if (written[inode] != NULL)
		result = link(written[inode], path);
	else if (inodes[inode].kind == FIFO)
		result = mkfifo(path, 0600);
	else {
		write_file(t->content[inode], path);
		written[inode] = need(strdup(path));
	}
	if (result != 0)
		die(path, strerror(errno));
	set_time(path, inodes[inode].mtime);
}

void
tree_write(const struct tree *t, const char *path)
{
	int i;

	written = need(calloc((size_t)inode_count + 1, sizeof *written));
	write_entry(t, 0, path);
	for (i = 0; i < inode_count; i++)
		free(written[i]);
	free(written);
}

static int
same_file(const struct content *c, const char *path)
{
	char *data = need(malloc(c->length + 2));
	FILE *f = fopen(path, "r");
	size_t n = f != NULL ? fread(data, 1, c->length + 1, f) : 0;
	int same = f != NULL && n == c->length && memcmp(data, c->data, n) == 0;

	if (f != NULL)
		(void)fclose(f);
	free(data);
	return same;
}

static void
compare_dir(const struct tree *t, int dir, const char *path)
{
	char below[PATH_MAX];
	struct dirent *d;
	DIR *real = opendir(path);
	int i, inode, seen = 0;

	if (real == NULL)
		die(path, "the trace says that it is there");
	while ((d = readdir(real)) != NULL)
		seen += strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
	(void)closedir(real);
	for (i = 0; i < t->dir[dir].count; i++) {
		inode = t->dir[dir].entry[i].inode;
		(void)snprintf(below, sizeof below, "%s/%s", path, t->dir[dir].entry[i].name->text);
		if (inodes[inode].kind == DIRECTORY)
			compare_dir(t, inode, below);
		else if (inodes[inode].kind == REGULAR && !same_file(t->content[inode], below))
			die(below, "the trace tells of it otherwise");
	}
	if (seen != t->dir[dir].count)
		die(path, "the trace tells of another number of names in it");
}

void
tree_compare(const struct tree *t, const char *path)
{
	compare_dir(t, 0, path);
}
