/* SPDX-License-Identifier: ISC */
/*
 * ml-mkspool: an empty spool.  What a crash leaves is a half-made one, which
 * the same command completes.
 */
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "die.h"
#include "number.h"
#include "spool.h"

const char program[] = "ml-mkspool";

static _Noreturn void
usage(void)
{
	(void)fprintf(stderr, "usage: ml-mkspool [-g group] spool\n");
	exit(EX_USAGE);
}

/* A name, or else a number, which need not be anybody's. */
static gid_t
group_id(const char *text)
{
	const struct group *g;
	unsigned long n;

	errno = 0;
	g = getgrnam(text);
	if (g != NULL)
		return g->gr_gid;
	if (number(text, 0, (gid_t)-1 - (gid_t)1, &n) == 0)
		return (gid_t)n;
	/* what it says of a group that is not there differs from system to system */
	if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == EIO)
		die_errno(text);
	die_text(EX_USAGE, text, "no such group");
}

static int
code_of(int err)
{
	int code = exit_code(err);

	return code == EX_UNAVAILABLE || code == EX_OSERR || code == EX_USAGE ? EX_CANTCREAT : code;
}

static int
failed(const struct spool *s, const char *path)
{
	const char *object = spool_object(s);
	int err = errno;

	if (err == ENOTEMPTY)
		warn_text(path, "neither empty nor a spool: left as it is");
	else
		warn_errno(*object != '\0' ? object : path);
	return code_of(err);
}

int
main(int argc, char **argv)
{
	gid_t group = (gid_t)-1;
	struct spool s;
	int c;

	std_start();
	opterr = 0;                     /* usage says it in one line */
	while ((c = getopt(argc, argv, "+g:")) != -1) {
		if (c != 'g')
			usage();
		group = group_id(optarg);
	}
	if (argc - optind != 1)
		usage();
	if (spool_make(&s, argv[optind], group) < 0)
		return failed(&s, argv[optind]);
	return std_finish(EX_OK);
}
