/* SPDX-License-Identifier: ISC */
/*
 * The smallest thousand names of new/, in memory that does not grow with the
 * queue: one heap for flat envelopes and those of broadcasts, one for the
 * broadcasts themselves, so that only those are opened that can matter.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

struct spool_snapshot {
	struct spool *spool;
	size_t count, next;             /* envelopes; the first that was not taken */
	char above[SPOOL_NAME_SIZE];    /* only larger names are of interest; "" for all */
	char last[SPOOL_NAME_SIZE];     /* the largest in it, if it is full; otherwise "" */
	size_t dirs;
	int dropped;                    /* there were more directories than it keeps */
	char opened[SPOOL_NAME_SIZE];   /* the last broadcast that was read, "" before the first */
	const char *inside;             /* the broadcast being read, "" for new/ */
	size_t seen;                    /* names met in it, dot-files too */
	struct spool_entry entry[SPOOL_SNAPSHOT];
	char dir[SPOOL_SNAPSHOT][SPOOL_NAME_SIZE];
};

struct spool_snapshot *
spool_snapshot_new(void)
{
	return calloc(1, sizeof(struct spool_snapshot));
}

void
spool_snapshot_free(struct spool_snapshot *n)
{
	free(n);
}

size_t
spool_snapshot_left(const struct spool_snapshot *n)
{
	return n->count - n->next;
}

/* Both heaps hold items that begin with their name; the largest stands on top. */
static void
sift_down(char *heap, size_t count, size_t size, size_t i)
{
	char spare[sizeof(struct spool_entry)];
	size_t child;

	memcpy(spare, heap + i * size, size);
	while ((child = 2 * i + 1) < count) {
		if (child + 1 < count && strcmp(heap + child * size, heap + (child + 1) * size) < 0)
			child++;
		if (strcmp(heap + child * size, spare) <= 0)
			break;
		memcpy(heap + i * size, heap + child * size, size);
		i = child;
	}
	memcpy(heap + i * size, spare, size);
}

static void
sift_up(char *heap, size_t size, size_t i)
{
	char spare[sizeof(struct spool_entry)];

	memcpy(spare, heap + i * size, size);
	while (i > 0 && strcmp(heap + (i - 1) / 2 * size, spare) < 0) {
		memcpy(heap + i * size, heap + (i - 1) / 2 * size, size);
		i = (i - 1) / 2;
	}
	memcpy(heap + i * size, spare, size);
}

/* Takes ITEM among the smallest; 1 if it, or another for it, has no place there. */
static int
keep_smallest(char *heap, size_t *count, size_t size, const char *item)
{
	if (*count < SPOOL_SNAPSHOT) {
		memcpy(heap + *count * size, item, size);
		sift_up(heap, size, (*count)++);
		return 0;
	}
	if (strcmp(item, heap) < 0) {
		memcpy(heap, item, size);
		sift_down(heap, *count, size, 0);
	}
	return 1;
}

static void
keep_entry(struct spool_snapshot *n, const char *name)
{
	struct spool_entry e;

	if (strcmp(name, n->above) <= 0)
		return;
	if (n->count == SPOOL_SNAPSHOT && strcmp(name, n->entry[0].name) >= 0)
		return;
	(void)snprintf(e.name, sizeof e.name, "%s", name);
	(void)snprintf(e.broadcast, sizeof e.broadcast, "%s", n->inside);
	(void)keep_smallest((char *)n->entry, &n->count, sizeof *n->entry, (const char *)&e);
}

/* A directory that was read before is not read again. */
static void
keep_dir(struct spool_snapshot *n, const char *name)
{
	char item[SPOOL_NAME_SIZE];

	if (strcmp(name, n->opened) <= 0)
		return;
	(void)snprintf(item, sizeof item, "%s", name);
	n->dropped |= keep_smallest((char *)n->dir, &n->dirs, sizeof *n->dir, item);
}

static void
strange(struct spool_snapshot *n, const char *path, const char *reason)
{
	spool_strange(n->spool, SPOOL_NEW, path, reason);
}

static int
see(void *context, const char *name, enum spool_kind kind)
{
	struct spool_snapshot *n = context;
	char path[SPOOL_NAME_SIZE + 260];

	n->seen++;
	if (name[0] == '.')
		return 0;
	(void)snprintf(path, sizeof path, "%s%s%s", n->inside, *n->inside ? "/" : "", name);
	if (!spool_is_name(name)) {
		strange(n, path, "not a name of an envelope");
		return 0;
	}
	kind = spool_kind(n->spool, SPOOL_NEW, path, kind);
	if (kind == SPOOL_KIND_FILE)
		keep_entry(n, name);
	else if (kind == SPOOL_KIND_DIR && *n->inside == '\0')
		keep_dir(n, name);
	else if (kind != SPOOL_KIND_UNKNOWN)
		strange(n, path, "neither an envelope nor a broadcast");
	return 0;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int
read_broadcast(struct spool_snapshot *n, const char *name)
{
	n->inside = name;
	n->seen = 0;
	if (spool_scan(n->spool, SPOOL_NEW, name, 1, see, n) < 0) {
		if (errno == ENOENT)
			return 0;
		if (errno != EACCES && errno != ENOTDIR && errno != ELOOP)
			return -1;
		strange(n, name, strerror(errno));
		return 0;
	}
	/* rmdir takes only what is empty, so that no look before it is needed; but a power cut must
	   not keep it, and undo the renames that emptied it */
	if (n->seen == 0 && spool_sync_below(n->spool, SPOOL_NEW, name) == 0)
		(void)again_unlinkat(n->spool->dir[SPOOL_NEW], name, AT_REMOVEDIR);
	return 0;
}

/* The directories at hand, as far as they can hold one of the smallest names.  1: all of them. */
static int
read_broadcasts(struct spool_snapshot *n)
{
	size_t i;

	qsort(n->dir, n->dirs, sizeof *n->dir, by_name);
	for (i = 0; i < n->dirs; i++) {
		if (n->count == SPOOL_SNAPSHOT && strcmp(n->dir[i], n->entry[0].name) >= 0)
			return 0;
		if (read_broadcast(n, n->dir[i]) < 0)
			return -1;
		memcpy(n->opened, n->dir[i], sizeof n->opened);
	}
	return 1;
}

static int
see_dir(void *context, const char *name, enum spool_kind kind)
{
	struct spool_snapshot *n = context;

	if (spool_is_name(name) && spool_kind(n->spool, SPOOL_NEW, name, kind) == SPOOL_KIND_DIR)
		keep_dir(n, name);
	return 0;
}

/* An old broadcast's last envelope may lie far ahead, so that of many the thousand oldest don't tell
   enough: then the next thousand are looked for. */
static int
read_all(struct spool_snapshot *n)
{
	int all;

	n->opened[0] = '\0';
	n->inside = "";
	n->dropped = 0;
	if (spool_scan(n->spool, SPOOL_NEW, NULL, 0, see, n) < 0)
		return -1;
	while ((all = read_broadcasts(n)) > 0 && n->dropped) {
		n->dirs = 0;
		n->dropped = 0;
		if (spool_scan(n->spool, SPOOL_NEW, NULL, 0, see_dir, n) < 0)
			return -1;
	}
	return all < 0 ? -1 : 0;
}

static int
read_above(struct spool_snapshot *n, struct spool *s, const char *name)
{
	n->spool = s;
	n->count = n->next = n->dirs = 0;
	(void)snprintf(n->above, sizeof n->above, "%s", name);
	n->last[0] = '\0';
	if (read_all(n) < 0) {
		n->count = 0;
		return -1;
	}
	qsort(n->entry, n->count, sizeof *n->entry, by_name);
	if (n->count == SPOOL_SNAPSHOT)
		memcpy(n->last, n->entry[SPOOL_SNAPSHOT - 1].name, sizeof n->last);
	return 0;
}

int
spool_snapshot_read(struct spool_snapshot *n, struct spool *s)
{
	return read_above(n, s, "");
}

int
spool_snapshot_more(struct spool_snapshot *n, struct spool *s)
{
	char last[SPOOL_NAME_SIZE];

	memcpy(last, n->last, sizeof last);
	if (*last != '\0')
		return read_above(n, s, last);
	n->count = n->next = 0;         /* it held all that there is */
	return 0;
}

int
spool_snapshot_take(struct spool_snapshot *n, unsigned spread, struct spool_entry *e)
{
	size_t left = spool_snapshot_left(n), pick;

	if (left == 0)
		return 0;
	pick = n->next;
	if (spread > 1)
		pick += (size_t)(spool_random() % (left < spread ? left : spread));
	*e = n->entry[pick];
	n->entry[pick] = n->entry[n->next];
	n->next++;
	return 1;
}
