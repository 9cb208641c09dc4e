/* SPDX-License-Identifier: ISC */
/* What an input makes of the spool: records of a place, a kind, a name and a content. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "internal.h"

#define RECORDS 24
#define BROADCAST "1700000000000000.b"

enum { PREFIX = 1, CLAIM = 2, INSIDE = 4, OLD = 8, RUNNER = 16, SWEEP = 32 };

struct record {
	enum spool_dir dir;
	unsigned kind, how;
	char path[600];
	char content[4000];
	size_t length;
};

static size_t
add(struct record *r, size_t used, const char *text)
{
	int n = snprintf(r->path + used, sizeof r->path - used, "%s", text);

	return used + (size_t)n;
}

static void
name_it(struct record *r, struct octets *o)
{
	size_t used = 0, n, i;

	if (r->how & INSIDE)
		used = add(r, used, BROADCAST "/");
	if (r->how & SWEEP)
		used = add(r, used, ".sweep.0123456789abcdef.");
	if (r->how & PREFIX)
		used = add(r, used, "1700000000000001.");
	n = octets_take(o, r->path + used, sizeof r->path - used - 64, 255);
	for (i = 0; i < n; i++)
		if (r->path[used + i] == '/' || r->path[used + i] == '\0')
			r->path[used + i] = '_';
	used += n;
	if (r->how & CLAIM)
		used = add(r, used, ":1700000000000002.h.1.00000000");
	r->path[used] = '\0';
}

/* What makes a beginning: nothing, an envelope's head, a run file of a process that is gone. */
static size_t
begin_content(char *to, size_t size, unsigned how)
{
	struct spool_self me;
	int n = 0;

	to[0] = '\0';
	if (how % 3 == 1)
		n = snprintf(to, size, "ml1\nborn 1700000000\nfrom a@b.c\n");
	if (how % 3 == 2) {
		spool_self(&me);
		n = snprintf(to, size, "host %s\npid 2147483000\nboot %s\npidns %s\n", me.host, me.boot,
		    me.pidns);
	}
	return (size_t)n;
}

static void
put_file(struct spool *s, const struct record *r)
{
	int fd = openat(s->dir[r->dir], r->path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
	    0600);

	if (fd < 0)
		return;
	(void)!write(fd, r->content, r->length);
	(void)close(fd);
}

static void
put(struct spool *s, const struct record *r)
{
	static const struct timespec old[2] = { { 1600000000, 0 }, { 1600000000, 0 } };

	(void)mkdirat(s->dir[r->dir], r->how & INSIDE ? BROADCAST : ".", 0700);
	switch (r->kind) {
	case 0:
		(void)mkdirat(s->dir[r->dir], r->path, 0700);
		break;
	case 1:
		(void)symlinkat(PLACE_CANARY, s->dir[r->dir], r->path);
		break;
	case 2:
		(void)mkfifoat(s->dir[r->dir], r->path, 0600);
		break;
	case 3:                         /* another name of what a record of kind 4 has made */
		(void)linkat(s->dir[SPOOL_CUR], "1700000000000001.u:1700000000000002.h.1.00000000",
		    s->dir[r->dir], r->path, 0);
		break;
	default:
		put_file(s, r);
	}
	if (r->how & OLD)
		(void)utimensat(s->dir[r->dir], r->path, old, AT_SYMLINK_NOFOLLOW);
}

void
hostile_fill(struct octets *o)
{
	struct spool *s = place_spool();
	struct record r;
	size_t i;

	for (i = 0; i < RECORDS && o->left > 0; i++) {
		unsigned first = octet(o);

		r.dir = (enum spool_dir)(first % SPOOL_DIRS);
		r.kind = first / SPOOL_DIRS;
		r.how = octet(o);
		name_it(&r, o);
		r.length = begin_content(r.content, 400, octet(o));
		r.length += octets_take(o, r.content + r.length, sizeof r.content - r.length, 3000);
		put(s, &r);
	}
}
