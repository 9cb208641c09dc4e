/* SPDX-License-Identifier: ISC */
/*
 * fault: runs a command and lets something happen to it at one of its system calls.
 *
 *   fault [-a ACTION] [-n N] [-s SPOOL] [-r REPORT] [-t SECONDS] [-m] COMMAND [ARGUMENT...]
 *
 *   -a ACTION   kill    SIGKILL to the process, instead of the call
 *               group   to it and all that came from it
 *               ENOSPC… the call is not made, and returns that (close is made all the same)
 *               short   of what it is to write, read or send, it does half; other calls as always
 *               count   nothing; all points go into REPORT (without -a)
 *               A + behind it: to every later call of the same name as well.
 *   -n N        at the N-th call, counted over all processes
 *   -s SPOOL    from the first call that names SPOOL on
 *   -m          points are the calls for memory, which are none otherwise
 *   -r REPORT   gets the call that it was and what its first argument is a descriptor of, "read 17
 *               socket:[4711]", "renameat 18 /spool/tmp", "poll 19 -"; or "beyond 16" if there were no
 *               more than sixteen; standard error without
 *   -t SECONDS  then all are killed, 20
 *
 * Every call is a point that touches a file or a socket, but those of a command that a child becomes.  brk can't fail: it does as if.  Exit code: the command's; 128 and the number
 * of the signal that ended it; 124 for what took too long.
 */
#include "fault.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static _Noreturn void
usage(void)
{
	fputs("usage: fault [-m] [-a ACTION] [-n N] [-s SPOOL] [-r REPORT] [-t SECONDS] COMMAND...\n", stderr);
	exit(EX_USAGE);
}

static unsigned long
number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text == '\0' || *end != '\0')
		usage();
	return n;
}

static void
action(struct plan *p, char *name)
{
	static const char *const names[] = { "count", "kill", "group", NULL, "short" };
	size_t length = strlen(name), i;

	p->every = length > 0 && name[length - 1] == '+';
	name[length - (size_t)p->every] = '\0';
	for (i = 0; i < sizeof names / sizeof *names; i++)
		if (names[i] != NULL && strcmp(names[i], name) == 0) {
			p->act = (enum act)i;
			return;
		}
	p->act = ACT_ERROR;
	p->error = error_by_name(name);
	if (p->error == 0)
		usage();
}

int
main(int argc, char **argv)
{
	struct plan p = { .act = ACT_COUNT, .limit = 20, .report = stderr };
	int c;

	while ((c = getopt(argc, argv, "+ma:n:s:r:t:")) != -1) {
		switch (c) {
		case 'a': action(&p, optarg); break;
		case 'm': p.memory = 1; break;
		case 'n': p.at = number(optarg); break;
		case 's': p.spool = optarg; break;
		case 't': p.limit = (unsigned)number(optarg); break;
		case 'r':
			p.report = fopen(optarg, "we");
			if (p.report == NULL) {
				perror(optarg);
				return EX_CANTCREAT;
			}
			break;
		default: usage();
		}
	}
	if (optind == argc)
		usage();
	c = trace(&p, argv + optind);
	return fflush(p.report) == 0 ? c : EX_IOERR;
}
