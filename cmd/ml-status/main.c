/* SPDX-License-Identifier: ISC */
/* ml-status: what is in a spool.  It reads, and changes nothing. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "die.h"
#include "format.h"
#include "status.h"

const char program[] = "ml-status";

static _Noreturn void
usage(void)
{
	(void)fprintf(stderr, "usage: ml-status [-l | -m] [-w] spool\n");
	exit(EX_USAGE);
}

/* What to show: 'l', 'm' or 0. */
static int
options(int argc, char **argv, int *watching)
{
	int c, what = 0;

	opterr = 0;                     /* usage says it in one line */
	while ((c = getopt(argc, argv, "+lmw")) != -1) {
		if (c == '?' || (c != 'w' && what != 0 && what != c))
			usage();
		if (c == 'w')
			*watching = 1;
		else
			what = c;
	}
	if (argc - optind != 1)
		usage();
	return what;
}

static void
show_once(struct spool *s, const char *path)
{
	static struct picture p;
	const struct view v = {
		.out = output, .path = path, .bars = isatty(STDOUT_FILENO), .commands = 1
	};

	picture_take(&p, s);
	show(&v, &p);
}

static void
show_metrics(struct spool *s, const char *path)
{
	static struct picture p;

	picture_take(&p, s);
	metrics(&p, path);
}

static void
show_list(struct spool *s)
{
	int failed;

	if (list(s) == 0)
		return;
	failed = errno;
	(void)output_flush();
	errno = failed;
	die_spool(s, NULL);
}

void
show_by(struct spool *s, const char *path, int what)
{
	if (what == 'm')
		show_metrics(s, path);
	else if (what == 0)
		show_once(s, path);
	else
		show_list(s);
}

int
main(int argc, char **argv)
{
	struct spool s;
	const char *path;
	int what, watching = 0;

	std_start();
	what = options(argc, argv, &watching);
	path = argv[optind];
	open_spool(&s, path);
	output_start();
	s.stranger = NULL;      /* counted, and shown by -l */
	if (watching)
		return watch(&s, path, what);
	show_by(&s, path, what);
	return output_finish(EX_OK);
}
