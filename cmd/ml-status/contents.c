/* SPDX-License-Identifier: ISC */
/*
 * What is in the directories of envelopes: names are counted to the last one,
 * envelopes are read up to a limit, so that a look at a large queue stays short.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "anew.h"
#include "status.h"

struct reading {
	struct picture *picture;
	struct spool *spool;
};

static void
add_rcpts(struct recipients *r, const struct spool_envelope *e)
{
	r->todo += e->todo;
	r->delivered += e->delivered;
	r->failed += e->failed;
}

static struct broadcast *
find_broadcast(struct picture *p, const char *name)
{
	struct broadcast *b;
	unsigned long i;

	for (i = 0; i < p->broadcasts; i++)
		if (strcmp(p->broadcast[i].name, name) == 0)
			return &p->broadcast[i];
	if (p->broadcasts == BROADCASTS_MAX) {
		p->more_broadcasts = 1;
		return NULL;
	}
	b = &p->broadcast[p->broadcasts++];
	memset(b, 0, sizeof *b);
	(void)snprintf(b->name, sizeof b->name, "%s", name);
	return b;
}

static void
add_to_broadcast(struct picture *p, const struct spool_envelope *e)
{
	struct broadcast *b = find_broadcast(p, e->broadcast);

	if (b == NULL)
		return;
	b->envelopes++;
	b->held |= e->dir == SPOOL_HOLD;
	if (b->born == 0 || e->born < b->born)
		b->born = e->born;
	add_rcpts(&b->rcpts, e);
}

static void
add_envelope(struct picture *p, const struct spool_envelope *e)
{
	struct contents *c = &p->dir[e->dir];

	c->read++;
	if (c->oldest == 0 || e->born < c->oldest)
		c->oldest = e->born;
	add_rcpts(&c->rcpts, e);
	if (*e->broadcast != '\0')
		add_to_broadcast(p, e);
}

/* Reads one within the limits; one that can't be read is strange. */
static void
read_envelope(struct reading *r, const struct place *at)
{
	struct picture *p = r->picture;
	struct contents *c = &p->dir[at->dir];
	struct spool_envelope e;
	struct stat st;

	if (c->read >= READ_ENVELOPES || p->octets >= READ_OCTETS) {
		c->unread++;
		return;
	}
	if (anew_fstatat(r->spool->dir[at->dir], at->file, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if ((uint64_t)st.st_size > LARGE_ENVELOPE) {
		c->strange++;
		return;
	}
	p->octets += (uint64_t)st.st_size;
	if (spool_envelope_look(&e, r->spool, at->dir, at->file) == 0) {
		add_envelope(p, &e);
		spool_envelope_close(&e);
	} else if (anew_fstatat(r->spool->dir[at->dir], at->file, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		c->strange++;
	}
}

static void
count_claim(struct picture *p, const char *runner)
{
	unsigned long i;

	for (i = 0; i < p->runners && i < RUNNERS_MAX; i++)
		if (strcmp(p->runner[i].peer.id, runner) == 0) {
			p->runner[i].claims++;
			return;
		}
	if (p->runners <= RUNNERS_MAX)
		p->lone_claims++;
}

static void
see_envelope(void *context, const struct place *at)
{
	struct reading *r = context;
	struct contents *c = &r->picture->dir[at->dir];
	uint64_t order = spool_order(at->name);

	c->envelopes++;
	if (c->envelopes == 1 || order < c->first)
		c->first = order;
	if (order > c->last)
		c->last = order;
	if (at->dir == SPOOL_CUR)
		count_claim(r->picture, at->runner);
	read_envelope(r, at);
}

static void
see_broadcast(void *context, enum spool_dir d, const char *name)
{
	struct reading *r = context;

	(void)name;
	r->picture->dir[d].broadcasts++;
}

static void
see_strange(void *context, enum spool_dir d, const char *file, const char *reason)
{
	struct reading *r = context;

	(void)file;
	(void)reason;
	r->picture->dir[d].strange++;
}

int
contents_read(struct picture *p, struct spool *s, enum spool_dir d)
{
	struct reading r = { p, s };
	const struct walker w = { see_envelope, see_broadcast, see_strange, &r };

	return walk(s, d, &w);
}
