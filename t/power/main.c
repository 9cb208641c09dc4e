/* SPDX-License-Identifier: ISC */
/*
 * powercut [-k STATES] [-o DIR] [-n TREES] ROOT TRACE...: the programs whose calls stand in the
 * TRACEs, one after the other, have made of ROOT.start what ROOT is now.  Every tree that a power cut
 * may have left meanwhile is judged, at most about STATES for a moment; what breaks a promise is
 * told, with exit 1.  TREES of them are written into DIR, each with a list of who is to be sent to.
 */
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "power.h"

void
die(const char *about, const char *why)
{
	(void)fprintf(stderr, "powercut: %s: %s\n", about, why);
	exit(EX_DATAERR);
}

void *
need(void *p)
{
	if (p == NULL)
		die("memory", "none");
	return p;
}

void *
grow(void *array, int count, int *room, size_t size)
{
	if (count < *room)
		return array;
	*room = *room * 2 + 16;
	return need(realloc(array, (size_t)*room * size));
}

int
main(int argc, char **argv)
{
	const char *out = NULL;
	long states = 2000, trees = 100;
	int c;

	while ((c = getopt(argc, argv, "k:n:o:")) != -1) {
		if (c == 'k')
			states = strtol(optarg, NULL, 10);
		else if (c == 'n')
			trees = strtol(optarg, NULL, 10);
		else if (c == 'o')
			out = optarg;
		else
			return EX_USAGE;
	}
	if (argc - optind < 2)
		return EX_USAGE;
	history_begin(argv[optind]);
	for (c = optind + 1; c < argc; c++)
		trace_read(argv[c], history_see);
	history_end();
	judge_learn();
	cuts_all(states);
	if (out != NULL && complaints == 0)
		cuts_write(out, trees);
	(void)printf("\n");
	return complaints == 0 ? EX_OK : 1;
}
