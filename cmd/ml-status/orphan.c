/* SPDX-License-Identifier: ISC */
/*
 * Messages that a power cut left with neither envelope nor witness.
 *
 * Memory does not grow with the spool: the UNIQUEs of all envelopes go into a
 * bit field, two bits each, and a message whose bits are not both set belongs
 * to none of them.  Two UNIQUEs that share bits can only hide an orphan, never
 * make one, and the next look hides another.  An envelope that moves from one
 * directory to the next while we look may be missed, so where anything seems
 * to be an orphan all directories are read twice more before it is called one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "anew.h"
#include "status.h"

#define FIELD_BITS (UINT64_C(1) << 25)
#define DEPTH_MAX  4
#define SWEPT      ".sweep."
#define SWEPT_SIZE (sizeof SWEPT - 1 + 16 + 1)

struct search {
	struct spool *spool;
	struct picture *picture;
	unsigned char *field;
	uint64_t seed;
	enum spool_dir dir;
	const char *below;
	int depth;
	int blind;                      /* a directory could not be read */
	unsigned long found;
};

static uint64_t
hash(const struct search *r, const char *text, size_t length)
{
	uint64_t h = r->seed;
	size_t i;

	for (i = 0; i < length; i++)
		h = (h ^ (unsigned char)text[i]) * UINT64_C(1099511628211);
	h = (h ^ h >> 31) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 29;
}

static void
set_bit(struct search *r, uint64_t bit)
{
	r->field[bit / 8] |= (unsigned char)(1U << bit % 8);
}

static int
get_bit(const struct search *r, uint64_t bit)
{
	return r->field[bit / 8] >> bit % 8 & 1;
}

static void
add(struct search *r, const char *unique, size_t length)
{
	uint64_t h = hash(r, unique, length);

	set_bit(r, h % FIELD_BITS);
	set_bit(r, (h >> 32) % FIELD_BITS);
}

static int
has(const struct search *r, const char *unique)
{
	uint64_t h = hash(r, unique, strlen(unique));

	return get_bit(r, h % FIELD_BITS) && get_bit(r, (h >> 32) % FIELD_BITS);
}

/* What was put aside by hand may have got a suffix: it keeps its message all the same. */
static void
add_name(struct search *r, const char *name)
{
	const char *unique = spool_unique(name);
	size_t length = strlen(unique);

	add(r, unique, length);
	while (r->dir == SPOOL_HOLD && length > 0)
		if (unique[--length] == '.')
			add(r, unique, length);
}

static int see_name(void *context, const char *file, enum spool_kind kind);

static int
look_below(struct search *r, const char *path)
{
	const char *below = r->below;
	int result;

	if (r->depth == DEPTH_MAX) {
		r->blind = 1;
		return 0;
	}
	r->below = path;
	r->depth++;
	result = spool_scan(r->spool, r->dir, path, 1, see_name, r);
	r->depth--;
	r->below = below;
	if (result < 0 && errno != ENOENT)
		r->blind = 1;
	return 0;
}

static int
see_name(void *context, const char *file, enum spool_kind kind)
{
	struct search *r = context;
	char path[1600], name[SPOOL_NAME_SIZE], runner[SPOOL_RUNNER_SIZE];
	int n = snprintf(path, sizeof path, "%s%s%s", r->below != NULL ? r->below : "",
	    r->below != NULL ? "/" : "", file);

	if (n < 0 || (size_t)n >= sizeof path) {
		r->blind = 1;
		return 0;
	}
	if (strncmp(file, SWEPT, sizeof SWEPT - 1) == 0 && strlen(file) > SWEPT_SIZE)
		file += SWEPT_SIZE;
	if (spool_split_claim(file, name, runner) == 0)
		add_name(r, name);
	else if (spool_is_name(file))
		add_name(r, file);
	if (spool_kind(r->spool, r->dir, path, kind) == SPOOL_KIND_DIR)
		return look_below(r, path);
	return 0;
}

/* In the order in which envelopes move on. */
static int
note_envelopes(struct search *r)
{
	static const enum spool_dir dirs[] = {
		SPOOL_TMP, SPOOL_NEW, SPOOL_CUR, SPOOL_DEFER, SPOOL_FAIL, SPOOL_DONE, SPOOL_HOLD
	};
	size_t i;

	r->below = NULL;
	for (i = 0; i < sizeof dirs / sizeof *dirs; i++) {
		r->dir = dirs[i];
		if (spool_scan(r->spool, r->dir, NULL, 1, see_name, r) < 0)
			return -1;
	}
	return 0;
}

static int
see_message(void *context, const char *file, enum spool_kind kind)
{
	struct search *r = context;
	struct picture *p = r->picture;
	char name[SPOOL_NAME_SIZE];
	struct stat st;

	(void)kind;
	if (spool_name(name, 0, file) < 0 || has(r, file) ||
	    anew_fstatat(r->spool->dir[SPOOL_MESS], file, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISREG(st.st_mode) ||
	    (int64_t)(p->now / SPOOL_SECOND) - (int64_t)st.st_mtime < OLD_SECONDS)
		return 0;
	if (r->found < ORPHANS_MAX)
		(void)snprintf(p->orphan[r->found], SPOOL_UNIQUE_SIZE, "%s", file);
	r->found++;
	p->orphan_octets += (uint64_t)st.st_size / (uint64_t)st.st_nlink;
	return 0;
}

static int
search(struct search *r)
{
	r->found = 0;
	r->picture->orphan_octets = 0;
	return spool_scan(r->spool, SPOOL_MESS, NULL, 0, see_message, r);
}

int
orphans_find(struct picture *p, struct spool *s)
{
	struct search r = { .spool = s, .picture = p, .seed = spool_random() };
	int result;

	r.field = calloc(FIELD_BITS / 8, 1);
	if (r.field == NULL)
		return -1;
	result = note_envelopes(&r);
	if (result == 0)
		result = search(&r);
	if (result == 0 && r.found > 0) {
		result = note_envelopes(&r);
		if (result == 0)
			result = note_envelopes(&r);
		if (result == 0)
			result = search(&r);
	}
	free(r.field);
	p->orphans_known = !r.blind;
	p->orphans = r.blind ? 0 : r.found;
	return result;
}
