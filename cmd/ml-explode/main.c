/* SPDX-License-Identifier: ISC */
/* ml-explode: one message and a list of any length into a spool, as a broadcast. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "address.h"
#include "die.h"
#include "explode.h"
#include "input.h"
#include "number.h"
#include "stop.h"
#include "verp.h"

#define DEFAULT_MOST 500
#define LARGEST_MOST 1000000

const char program[] = "ml-explode";

struct inputs {
	const char *list, *message;
};

static _Noreturn void
usage(void)
{
	(void)fprintf(stderr, "usage: ml-explode -f sender [-V delims] [-n number] [-k key] [-s] "
	    "[-l list] [-m message] spool\n");
	exit(EX_USAGE);
}

static void
option(struct explode *x, struct inputs *in, int c)
{
	switch (c) {
	case 'f':
		x->sender = optarg;
		break;
	case 'V':
		x->verp = optarg;
		break;
	case 'n':
		if (number(optarg, 1, LARGEST_MOST, &x->most) < 0)
			die_text(EX_USAGE, "-n", "not a number from 1 to %d", LARGEST_MOST);
		break;
	case 'k':
		x->key = optarg;
		break;
	case 's':
		x->skip = 1;
		break;
	case 'l':
		in->list = optarg;
		break;
	case 'm':
		in->message = optarg;
		break;
	case 'M': case 'c': case 'H':
		die_text(EX_USAGE, (char[]){ '-', (char)c, '\0' }, "not supported by this version");
	default:
		usage();
	}
}

/* Whichever file is not named is stdin, but only one of them. */
static void
settle_inputs(struct inputs *in)
{
	if (in->list == NULL && in->message == NULL)
		usage();
	if (in->list == NULL)
		in->list = "-";
	if (in->message == NULL)
		in->message = "-";
	if (strcmp(in->list, "-") == 0 && strcmp(in->message, "-") == 0)
		die_text(EX_USAGE, "stdin", "can't be both the message and the list");
}

static void
check(struct explode *x)
{
	const char *fault = NULL;

	if (x->sender == NULL)
		usage();
	if (x->verp != NULL && !verp_delims_ok(x->verp))
		die_text(EX_USAGE, "-V", "not two characters out of -=+");
	if (x->key != NULL && !spool_is_key(x->key))
		die_text(EX_USAGE, "-k", "not 1 to %d of A-Za-z0-9_=+@-. with no dot in front",
		    SPOOL_KEY_MAX);
	if (*x->sender != '\0')
		fault = address_fault(x->sender, strlen(x->sender));
	if (fault != NULL)
		die_text(EX_DATAERR, x->sender, "%s", fault);
}

static void
settle_verp(struct explode *x)
{
	if (x->verp == NULL)
		return;
	x->room = verp_room(x->sender);
	if (x->room > 0)
		return;
	warn_text("-V", "this sender can't carry a recipient, it is used as it is");
	x->verp = NULL;
}

static void
open_inputs(struct explode *x, const struct inputs *in)
{
	x->message_fd = input_open(in->message);
	x->message_name = input_name(in->message);
	x->list_fd = input_open(in->list);
	x->list_name = input_name(in->list);
}

int
main(int argc, char **argv)
{
	static struct explode x;
	struct inputs in = { NULL, NULL };
	int c, code, named;

	std_start();
	x.most = DEFAULT_MOST;
	opterr = 0;                     /* usage says it in one line */
	while ((c = getopt(argc, argv, "+f:V:n:k:sl:m:McH:")) != -1)
		option(&x, &in, c);
	if (argc - optind != 1)
		usage();
	check(&x);
	settle_inputs(&in);
	settle_verp(&x);
	if (stop_catch() < 0)
		die_errno("signals");
	open_spool(&x.spool, argv[optind]);
	if (spool_room(&x.spool) < 0)
		die_spool(&x.spool, NULL);
	open_inputs(&x, &in);
	code = explode(&x, &named);
	if (!named)
		return code;
	std_name(x.stage.name);         /* published: nothing changes that any more */
	return code;
}
