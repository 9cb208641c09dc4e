/* SPDX-License-Identifier: ISC */
/*
 * The rules file.  It is read again when it changed, and then every count begins anew; a file with
 * a bad line leaves the rules as they were.  A file that is not there is an empty one.
 */
#include "sink.h"

#include <sys/stat.h>

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
forget(struct rule *rule, size_t n)
{
	while (n > 0)
		rule_free(&rule[--n]);
	free(rule);
}

static void
complain(const char *name, unsigned long line, const char *reason)
{
	char text[64];

	snprintf(text, sizeof text, "line %lu: %s", line, reason);
	warnx(name, text);
}

static int
parse(FILE *f, const char *name, struct rule **rule, size_t *n)
{
	char line[4096];
	const char *wrong;

	for (unsigned long k = 1; fgets(line, sizeof line, f) != NULL; k++) {
		line[strcspn(line, "\r\n")] = '\0';
		if (line[strspn(line, " \t")] == '\0' || *line == '#')
			continue;
		*rule = mem_grow(*rule, (*n + 1) * sizeof **rule);
		wrong = rule_parse(line, &(*rule)[(*n)++]);
		if (wrong != NULL) {
			complain(name, k, wrong);
			return -1;
		}
	}
	return ferror(f) ? -1 : 0;
}

static void
remember(struct rules *r, const struct stat *st)
{
	r->dev = st->st_dev;
	r->ino = st->st_ino;
	r->size = st->st_size;
	r->mtime = st->st_mtim;
}

int
rules_load(struct rules *r)
{
	struct rule *rule = NULL;
	size_t n = 0;
	struct stat st = { 0 };
	FILE *f;
	int result = 0;

	if (r->name == NULL)
		return 0;
	f = fopen(r->name, "r");
	if (f == NULL && errno != ENOENT) {
		warn(r->name);
		return -1;
	}
	if (f != NULL) {
		result = fstat(fileno(f), &st) == -1 ? -1 : parse(f, r->name, &rule, &n);
		fclose(f);
	}
	remember(r, &st);
	if (result == -1) {
		forget(rule, n);
		return -1;
	}
	forget(r->rule, r->n);
	r->rule = rule;
	r->n = n;
	return 0;
}

void
rules_refresh(struct rules *r)
{
	struct stat st = { 0 };

	if (r->name == NULL || (stat(r->name, &st) == -1 && errno != ENOENT))
		return;
	if (st.st_dev != r->dev || st.st_ino != r->ino || st.st_size != r->size
	    || st.st_mtim.tv_sec != r->mtime.tv_sec || st.st_mtim.tv_nsec != r->mtime.tv_nsec)
		rules_load(r);
}

static bool
fits(const struct rule *r, const char *subject, size_t len)
{
	if (r->phase != PH_TEXT)
		return fnmatch(r->pattern, subject, 0) == 0;
	return strcmp(r->pattern, "*") == 0 || mem_find(subject, len, r->pattern) != NULL;
}

const struct rule *
rules_match(struct rules *r, enum phase ph, const char *subject, size_t len)
{
	for (struct rule *p = r->rule; p < r->rule + r->n; p++) {
		if (p->phase != ph || !fits(p, subject, len))
			continue;
		if (p->hits >= p->after && p->hits - p->after >= p->times)
			continue;
		if (p->hits++ >= p->after)
			return p;
	}
	return NULL;
}
