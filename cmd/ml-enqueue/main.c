/* SPDX-License-Identifier: ISC */
/* ml-enqueue: one message and one envelope into a spool. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "address.h"
#include "die.h"
#include "enqueue.h"
#include "input.h"
#include "stop.h"

const char program[] = "ml-enqueue";

static _Noreturn void
usage(void)
{
	(void)fprintf(stderr, "usage: ml-enqueue -f sender [-t] [-r file] spool [recipient ...]\n");
	exit(EX_USAGE);
}

static void
check_address(const char *address)
{
	const char *fault = address_fault(address, strlen(address));

	if (fault != NULL)
		die_text(EX_DATAERR, address, "%s", fault);
}

static void
options(struct enqueue *e, int argc, char **argv)
{
	int c;

	/* The + is for the C library that else would look for options among the recipients. */
	opterr = 0;                     /* usage says it in one line */
	while ((c = getopt(argc, argv, "+f:r:t")) != -1) {
		switch (c) {
		case 'f':
			e->sender = optarg;
			break;
		case 'r':
			e->file = optarg;
			break;
		case 't':
			e->take = 1;
			break;
		default:
			usage();
		}
	}
	if (e->sender == NULL || optind == argc)
		usage();
	e->args = argv + optind + 1;
	if (*e->args == NULL && !e->take && e->file == NULL)
		usage();
	if (e->file != NULL && strcmp(e->file, "-") == 0)
		die_text(EX_USAGE, "-r", "stdin is the message");
}

static void
check(const struct enqueue *e)
{
	char **a;

	if (*e->sender != '\0')
		check_address(e->sender);
	for (a = e->args; *a != NULL; a++)
		check_address(*a);
}

int
main(int argc, char **argv)
{
	static struct enqueue e;
	int code;

	std_start();
	options(&e, argc, argv);
	check(&e);
	if (stop_catch() < 0)
		die_errno("signals");
	open_spool(&e.spool, argv[optind]);
	if (spool_room(&e.spool) < 0)
		die_spool(&e.spool, NULL);
	if (e.file != NULL)
		e.file_fd = input_open(e.file);
	code = enqueue(&e);
	if (code != EX_OK || e.rcpts == 0)
		return code;
	std_name(e.stage.name);         /* published: nothing changes that any more */
	return EX_OK;
}
