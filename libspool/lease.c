/* SPDX-License-Identifier: ISC */
/*
 * The lease: since when a run file has been seen unchanged, by this observer's
 * own monotonic clock.  Notes of single rounds stand in run/.seen.HOST with
 * the boot they were written in; a crash leaves the former notes.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"
#include "names.h"

#define NOTES_MAX (16 << 20)    /* of a hundred thousand runners; what is larger tells nothing */

static uint64_t
monotonic(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec;
}

static struct spool_seen *
add(struct spool_lease *l, const char *id)
{
	struct spool_seen *bigger;

	if (l->count == l->room) {
		bigger = realloc(l->seen, (l->room * 2 + 16) * sizeof *bigger);
		if (bigger == NULL)
			return NULL;
		l->seen = bigger;
		l->room = l->room * 2 + 16;
	}
	bigger = &l->seen[l->count++];
	memset(bigger, 0, sizeof *bigger);
	(void)snprintf(bigger->id, sizeof bigger->id, "%s", id);
	return bigger;
}

static int
parse(struct spool_lease *l, const char *line)
{
	struct spool_seen seen = { .nanoseconds = 0 }, *at;
	char when[40];

	if (sscanf(line, "seen %" SCNu64 " %39s %" SCNd64 " %100s", &seen.since, when, &seen.size,
	    seen.id) != 4 || !spool_is_runner(seen.id) || seen.since > l->now)
		return 0;
	if (strcmp(when, "-") == 0)
		seen.seconds = -1;
	else if (sscanf(when, "%" SCNd64 ".%ld", &seen.seconds, &seen.nanoseconds) != 2)
		return 0;
	at = add(l, seen.id);
	if (at == NULL)
		return -1;
	*at = seen;
	return 0;
}

static int
read_notes(struct spool_lease *l, FILE *f, const char *boot)
{
	char line[512], writer[80] = "";

	while (fgets(line, sizeof line, f) != NULL) {
		if (sscanf(line, "boot %79s", writer) == 1 && strcmp(writer, boot) != 0)
			return 0;       /* another boot's clock says nothing here */
		if (*writer != '\0' && parse(l, line) < 0)
			return -1;
	}
	return ferror(f) ? -1 : 0;
}

static void
notes_name(char name[SPOOL_HOST_SIZE + 8])
{
	char host[SPOOL_HOST_SIZE];

	spool_host(host);
	(void)snprintf(name, SPOOL_HOST_SIZE + 8, ".seen.%s", host);
}

/* All of FD, and its size; with 0 or -1 there is nothing in TEXT to free. */
static ssize_t
whole(int fd, char **text)
{
	struct stat st;
	ssize_t size;
	int saved;

	if (again_fstat(fd, &st) < 0)
		return -1;
	if (st.st_size > NOTES_MAX)
		return 0;
	*text = malloc((size_t)st.st_size + 1);
	if (*text == NULL)
		return -1;
	size = spool_pread_all(fd, *text, (size_t)st.st_size, 0);
	if (size > 0)
		return size;
	saved = errno;
	free(*text);
	errno = saved;
	return size;
}

static int
load(struct spool *s, struct spool_lease *l)
{
	char name[SPOOL_HOST_SIZE + 8];
	struct spool_self me;
	ssize_t size;
	char *text;
	FILE *f;
	int fd, result = 0;

	spool_self(&me);
	notes_name(name);
	fd = again_openat(s->dir[SPOOL_RUN], name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		/* what is no file of notes tells nothing; the next ones take its place */
		return errno == ENOENT || errno == ELOOP || errno == ENXIO ? 0 :
		    spool_fail(s, SPOOL_RUN, name);
	size = whole(fd, &text);
	(void)again_close(fd);
	if (size <= 0)
		return size == 0 || errno == EISDIR ? 0 : spool_fail(s, SPOOL_RUN, name);
	f = fmemopen(text, (size_t)size, "r");
	/* notes without a boot can't be told from an older boot's */
	if (f == NULL || (*me.boot != '\0' && read_notes(l, f, me.boot) < 0))
		result = spool_fail(s, SPOOL_RUN, name);
	if (f != NULL)
		(void)fclose(f);
	free(text);
	return result;
}

/* Forgets whom the last round did not meet. */
static void
prune(struct spool_lease *l)
{
	size_t i, kept = 0;

	for (i = 0; i < l->count; i++)
		if (l->seen[i].fresh) {
			l->seen[kept] = l->seen[i];
			l->seen[kept++].fresh = 0;
		}
	l->count = kept;
}

int
spool_lease_begin(struct spool *s, struct spool_lease *l)
{
	l->now = monotonic();
	if (l->begun) {
		prune(l);
		return 0;
	}
	l->begun = 1;
	return load(s, l);
}

static int
write_notes(const struct spool_lease *l, FILE *f)
{
	struct spool_self me;
	size_t i;

	spool_self(&me);
	if (fprintf(f, "ml1\nboot %s\n", *me.boot != '\0' ? me.boot : "-") < 0)
		return -1;
	for (i = 0; i < l->count; i++) {
		const struct spool_seen *n = &l->seen[i];
		char when[40] = "-";

		if (!n->fresh)
			continue;
		if (n->seconds >= 0)
			(void)snprintf(when, sizeof when, "%" PRId64 ".%09ld", n->seconds, n->nanoseconds);
		if (fprintf(f, "seen %" PRIu64 " %s %" PRId64 " %s\n", n->since, when, n->size, n->id) < 0)
			return -1;
	}
	return 0;
}

int
spool_lease_save(struct spool *s, struct spool_lease *l)
{
	char name[SPOOL_HOST_SIZE + 8], fresh[SPOOL_HOST_SIZE + 32], *text = NULL;
	size_t size = 0;
	FILE *f;
	int fd, failed;

	notes_name(name);
	(void)snprintf(fresh, sizeof fresh, "%s.%016" PRIx64, name, spool_random());
	fd = spool_create(s, SPOOL_RUN, fresh, O_WRONLY);
	if (fd < 0)
		return -1;
	f = open_memstream(&text, &size);
	failed = f == NULL || write_notes(l, f) < 0;
	if (f != NULL)
		failed |= fclose(f) != 0;
	failed = failed || spool_write_all(fd, text, size) < 0;
	failed |= again_close(fd) < 0;
	free(text);
	if (!failed && again_renameat(s->dir[SPOOL_RUN], fresh, s->dir[SPOOL_RUN], name) == 0)
		return 0;
	(void)spool_fail(s, SPOOL_RUN, failed ? fresh : name);
	failed = errno;
	(void)again_unlinkat(s->dir[SPOOL_RUN], fresh, 0);
	errno = failed;
	return -1;
}

void
spool_lease_free(struct spool_lease *l)
{
	free(l->seen);
	memset(l, 0, sizeof *l);
}

static int
unchanged(const struct spool_seen *n, const struct spool_peer *p)
{
	if (p == NULL)
		return n->seconds == -1;
	return n->seconds == (int64_t)p->mtime.tv_sec && n->nanoseconds == p->mtime.tv_nsec &&
	    n->size == (int64_t)p->size;
}

int64_t
spool_lease_age(struct spool_lease *l, const char *id, const struct spool_peer *p)
{
	struct spool_seen *n = NULL;
	size_t i;

	for (i = 0; i < l->count && n == NULL; i++)
		if (strcmp(l->seen[i].id, id) == 0)
			n = &l->seen[i];
	if (n == NULL) {
		n = add(l, id);
		if (n == NULL)
			return -1;
		n->since = UINT64_MAX;
	}
	n->fresh = 1;
	if (n->since == UINT64_MAX || !unchanged(n, p)) {
		n->since = monotonic();         /* the file may have been slow to tell */
		n->seconds = p != NULL ? (int64_t)p->mtime.tv_sec : -1;
		n->nanoseconds = p != NULL ? p->mtime.tv_nsec : 0;
		n->size = p != NULL ? (int64_t)p->size : 0;
	}
	return n->since < l->now ? (int64_t)(l->now - n->since) : 0;
}
