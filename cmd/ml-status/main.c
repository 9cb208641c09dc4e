/* SPDX-License-Identifier: ISC */
/* ml-status: what is in a spool.  It reads, and changes nothing. */
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
	(void)fprintf(stderr, "usage: ml-status [-l | -m | -w] spool\n");
	exit(EX_USAGE);
}

static int
options(int argc, char **argv)
{
	int c, mode = 0;

	opterr = 0;                     /* usage says it in one line */
	while ((c = getopt(argc, argv, "+lmw")) != -1) {
		if (c == '?' || (mode != 0 && mode != c))
			usage();
		mode = c;
	}
	if (argc - optind != 1)
		usage();
	return mode;
}

static void
show_once(struct spool *s, const char *path)
{
	static struct picture p;
	const struct view v = {
		.out = stdout, .path = path, .bars = isatty(STDOUT_FILENO), .commands = 1
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

int
main(int argc, char **argv)
{
	struct spool s;
	const char *path;
	int mode;

	std_start();
	mode = options(argc, argv);
	path = argv[optind];
	open_spool(&s, path);
	s.stranger = NULL;      /* counted, and shown by -l */
	switch (mode) {
	case 'w':
		return watch(&s, path);
	case 'm':
		show_metrics(&s, path);
		break;
	case 'l':
		if (list(&s) < 0)
			die_spool(&s, NULL);
		break;
	default:
		show_once(&s, path);
	}
	return std_finish(EX_OK);
}
