/* SPDX-License-Identifier: ISC */
/* The command line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "connect.h"
#include "credentials.h"
#include "die.h"
#include "number.h"
#include "options.h"
#include "wire.h"

#define PROCESSES_MAX 1000
#define RCPTS_MAX     1000000
#define DAYS_MAX      3650
#define WINDOW_MAX    1000

static _Noreturn void
usage(void)
{
	(void)fprintf(stderr, "usage: ml-runner [-1q] [-a file] [-c messages] [-e name] [-j number] [-m number] "
	    "[-n number] [-r rate] [-t seconds] [-w window] "
	    "[-x days] spool transport [argument ...]\n");
	exit(EX_USAGE);
}

static unsigned long
number_of(char flag, const char *text, unsigned long min, unsigned long max)
{
	char name[3] = { '-', flag, '\0' };
	unsigned long n;

	if (number(text, min, max, &n) < 0)
		die_text(EX_USAGE, name, "%s: not a number from %lu to %lu", text, min, max);
	return n;
}

static const char *
ehlo_of(const char *text)
{
	size_t n = strlen(text);

	if (n == 0 || n > 255 || strspn(text,
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-[]:_") != n)
		die_text(EX_USAGE, "-e", "%s: not a host name", text);
	return text;
}

static void
read_flags(struct options *o, int argc, char **argv)
{
	int c;

	opterr = 0;                     /* usage says it in one line */
	while ((c = getopt(argc, argv, "+1qj:m:n:w:r:c:e:a:t:x:")) != -1)
		switch (c) {
		case '1': o->once = 1; break;
		case 'q': o->quiet = 1; break;
		case 'j': o->processes = number_of('j', optarg, 1, PROCESSES_MAX); break;
		case 'm': o->live_max = number_of('m', optarg, 1, PROCESSES_MAX); break;
		case 'n': o->rcpts = number_of('n', optarg, 1, RCPTS_MAX); break;
		case 'r': o->rate = number_of('r', optarg, 1, 1000000); break;
		case 'c': o->messages = number_of('c', optarg, 1, 1000000000); break;
		case 't': o->timeout = number_of('t', optarg, 1, 864000); break;
		case 'x': o->days = number_of('x', optarg, 0, DAYS_MAX); break;
		case 'e': o->ehlo = ehlo_of(optarg); break;
		case 'w': o->window = number_of('w', optarg, 1, WINDOW_MAX); break;
		case 'a': o->credentials = optarg; break;
		default: usage();
		}
}

static int
is_address_word(const char *arg)
{
	return strcmp(arg, "{sender}") == 0 || strcmp(arg, "{rcpt}") == 0 || strcmp(arg, "{rcpts}") == 0;
}

/* No address may become part of a word that something reads as code. */
static void
check_command(struct options *o)
{
	char **a;
	int one = 0;

	for (a = o->command; *a != NULL; a++) {
		one |= strcmp(*a, "{rcpt}") == 0;
		o->many |= strcmp(*a, "{rcpts}") == 0;
		if (is_address_word(*a) && a > o->command)
			continue;
		if (strstr(*a, "{sender}") != NULL || strstr(*a, "{rcpt}") != NULL ||
		    strstr(*a, "{rcpts}") != NULL)
			die_text(EX_USAGE, *a, "an address stands for a whole argument, or not at all");
	}
	if (one && o->many)
		die_text(EX_USAGE, "{rcpt}", "is one recipient, and {rcpts} are all of them");
	if (!o->many)
		o->rcpts = 1;
}

/* A number is looked at here: the resolver takes what is too large as something else.  What is no name of a
   service either will never be one. */
static const char *
port_of(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	unsigned long n;

	if (number(text, 1, 65535, &n) < 0 && (strpbrk(text, letters) == NULL || strpbrk(text, "/ ") != NULL))
		die_text(EX_USAGE, text, "not a port");
	return text;
}

/* To be asked before anything is opened that could take their place. */
static void
check_ucspi(const struct options *o)
{
	if (o->processes > 1)
		die_text(EX_USAGE, "-j", "ucspi has one connection, for one runner");
	if (!wire_has_ucspi())
		die_text(EX_USAGE, "ucspi", "descriptors %d and %d are not open: a UCSPI client starts this",
		    UCSPI_IN, UCSPI_OUT);
}

/* A fault in them is told now, and not when the MTA is reached. */
static void
check_credentials(const struct options *o)
{
	struct credentials c;
	const char *wrong;
	int code;

	if (o->kind == TRANSPORT_PIPE)
		die_text(EX_USAGE, "-a", "a command takes no credentials");
	if (o->port != NULL && !connect_stays_here(o))
		die_text(EX_USAGE, o->host, "credentials never go in the clear to another host");
	wrong = credentials_read(o->credentials, &c, &code);
	credentials_wipe(&c, sizeof c);
	if (wrong != NULL)
		die_text(code, o->credentials, "%s", wrong);
}

/* HOST PORT, or the path of a socket. */
static void
read_server(struct options *o, int argc, char **argv)
{
	if (argc != 3 && (argc != 2 || strchr(argv[1], '/') == NULL))
		usage();
	o->host = argv[1];
	o->port = argc == 3 ? port_of(argv[2]) : NULL;
}

/* RFC 2033 section 5: who comes there expects SMTP. */
static int
is_port_of_smtp(const char *port)
{
	unsigned long n;

	return strcmp(port, "smtp") == 0 || number(port, 25, 25, &n) == 0;
}

static void
read_transport(struct options *o, int argc, char **argv)
{
	if (strcmp(argv[0], "pipe") == 0 && argc >= 2) {
		o->kind = TRANSPORT_PIPE;
		o->host = "pipe";
		o->command = argv + 1;
		check_command(o);
	} else if (strcmp(argv[0], "smtp") == 0)
		read_server(o, argc, argv);
	else if (strcmp(argv[0], "lmtp") == 0) {
		o->kind = TRANSPORT_LMTP;
		read_server(o, argc, argv);
		if (o->port != NULL && is_port_of_smtp(o->port))
			die_text(EX_USAGE, o->port, "LMTP must not be spoken on the port of SMTP");
	} else if (strcmp(argv[0], "smtp-over") == 0 && argc >= 2) {
		o->kind = TRANSPORT_OVER;
		o->command = argv + 1;
		o->host = argv[1];
	} else if (strcmp(argv[0], "ucspi") == 0 && argc == 1) {
		o->kind = TRANSPORT_UCSPI;
		o->host = argv[0];
		check_ucspi(o);
	} else
		usage();
}

void
options_read(struct options *o, int argc, char **argv)
{
	*o = (struct options){ .processes = 1, .rcpts = 100, .window = 1, .days = 5 };
	read_flags(o, argc, argv);
	argc -= optind;
	argv += optind;
	if (argc < 2)
		usage();
	o->spool = argv[0];
	read_transport(o, argc - 1, argv + 1);
	if (o->credentials != NULL)
		check_credentials(o);
	if (o->rate != 0 && o->processes > o->rate)
		o->processes = o->rate;         /* more would have nothing to send */
}
