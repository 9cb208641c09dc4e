/* SPDX-License-Identifier: ISC */
/*
 * claims [-b] PROCESSES SPOOL: claims every envelope of SPOOL, and prints how many that were and
 * how many seconds it took.  The claims stay in cur/: the spool is used up.
 *
 * Without -b each process does what a runner does: read the smallest thousand names, rename one of
 * them onto its own name, open it, read its head.  With -b it is the least that any queue of files
 * does: one pass over the directory of the only broadcast, one rename for each name.
 */
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "spool.h"

static _Noreturn void
die(const char *what)
{
	(void)fprintf(stderr, "claims: %s: %s\n", what, strerror(errno));
	_exit(EX_OSERR);
}

static unsigned long
claim_as_runner(struct spool *s, unsigned spread)
{
	struct spool_snapshot *n = spool_snapshot_new();
	struct spool_runner r = { .state = SPOOL_BUSY };
	static struct spool_envelope e;
	struct spool_entry entry;
	unsigned long claims = 0, before;

	if (n == NULL || spool_runner_join(&r, s, "runner") < 0)
		die("run");
	do {
		before = claims;
		if (spool_snapshot_read(n, s) < 0)
			die(spool_object(s));
		while (spool_snapshot_take(n, spread, &entry) == 1)
			switch (spool_claim(&e, &r, &entry)) {
			case 0:
				spool_envelope_close(&e);
				claims++;
				break;
			case 1:
				break;
			default:
				die(spool_object(s));
			}
	} while (claims > before);
	spool_snapshot_free(n);
	return claims;
}

/* The only broadcast in new/. */
static int
find_broadcast(void *context, const char *name, enum spool_kind kind)
{
	(void)kind;
	(void)snprintf(context, SPOOL_NAME_SIZE, "%s", name);
	return 1;
}

static unsigned long
claim_bare(struct spool *s, unsigned spread)
{
	char broadcast[SPOOL_NAME_SIZE], from[SPOOL_PATH_SIZE], to[SPOOL_PATH_SIZE];
	const struct dirent *d;
	unsigned long claims = 0;
	DIR *dir;

	(void)spread;
	if (spool_scan(s, SPOOL_NEW, NULL, 0, find_broadcast, broadcast) != 1)
		die("new/");
	(void)snprintf(from, sizeof from, "new/%s", broadcast);
	dir = fdopendir(openat(s->fd, from, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	if (dir == NULL)
		die(from);
	while ((d = readdir(dir)) != NULL) {
		if (d->d_name[0] == '.')
			continue;
		(void)snprintf(from, sizeof from, "%s/%s", broadcast, d->d_name);
		(void)snprintf(to, sizeof to, "%s:%ld", d->d_name, (long)getpid());
		if (renameat(s->dir[SPOOL_NEW], from, s->dir[SPOOL_CUR], to) == 0)
			claims++;
		else if (errno != ENOENT)
			die(from);
	}
	(void)closedir(dir);
	return claims;
}

static double
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
work(const char *path, int bare, unsigned spread, int out)
{
	unsigned long (*claim)(struct spool *, unsigned) = bare ? claim_bare : claim_as_runner;
	struct spool s = { 0 };
	unsigned long claims;

	if (spool_open(&s, path) < 0)
		die(path);
	claims = claim(&s, spread);
	if (write(out, &claims, sizeof claims) != sizeof claims)
		die("pipe");
	_exit(EX_OK);
}

int
main(int argc, char **argv)
{
	unsigned long claims, all = 0;
	int bare = argc == 4 && strcmp(argv[1], "-b") == 0, out[2], i, processes;
	double began = now();

	if (argc != 3 + bare || (processes = (int)strtol(argv[1 + bare], NULL, 10)) < 1) {
		(void)fputs("usage: claims [-b] PROCESSES SPOOL\n", stderr);
		return EX_USAGE;
	}
	if (pipe(out) < 0)
		die("pipe");
	for (i = 0; i < processes; i++)
		switch (fork()) {
		case -1:
			die("fork");
		case 0:
			work(argv[2 + bare], bare, processes > 1 ? 16 : 1, out[1]);
		}
	(void)close(out[1]);
	while (read(out[0], &claims, sizeof claims) == sizeof claims)
		all += claims;
	while (wait(NULL) > 0)
		;
	(void)printf("%lu %.6f\n", all, now() - began);
	return EX_OK;
}
