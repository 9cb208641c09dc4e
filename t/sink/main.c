/* SPDX-License-Identifier: ISC */
/*
 * sink: an SMTP receiver for tests, which can be told how to misbehave.  Options and set-up.
 *
 *   -P -S -U -8   no PIPELINING, SIZE, SMTPUTF8, 8BITMIME
 *   -C -A         CHUNKING; AUTH PLAIN, demanded before MAIL, any credentials do
 *   -E KEYWORD    DSN or XVERP: their parameters are taken, and ignored
 *   -B            each reply in two writes, without TCP_NODELAY
 *   -d MS         each reply leaves so much later, independent of the others
 *   -n N, -R N    421 at the MAIL after N messages of a session; 452 after N recipients
 *   -x SIZE       of a text, 64 MiB
 *   -l LOG, -v    the log; every command line in it too, as "# cmd S LINE"
 *   -D MAILDIR    files the messages
 *   -r RULES      see below; read again when it changed, and at SIGHUP
 *   -p PORTFILE   appears once the sink listens, with the port (0: any) or path in it
 *   -T SECONDS    the longest life, 600
 *
 * SIGUSR1 closes listener and connections, SIGUSR2 listens again, SIGTERM ends.  LHLO makes a
 * session LMTP.
 *
 * Log, TAB between: epoch in microseconds, session number, sender (<> if null), recipient, octets
 * and CRC-32 of the text (CRLF line ends, unstuffed).  Events: "# EVENT S":
 *   connect close   of session S
 *   noquit          the client closed without QUIT
 *   drop stall crash  a rule did that
 *   rset            RSET came
 *   early           input came before a reply had left for which the client had to wait: without
 *                   PIPELINING any, with it that to EHLO, DATA, VRFY, NOOP, AUTH, QUIT
 *   bare S N        N times a CR or LF alone, in a command or a text
 *
 * Rules: PHASE PATTERN [times N] [after N] ACTION; the first that matches wins, one whose count is
 * out of range does not match.  A PATTERN may stand in double quotes; <> is the null sender.
 *   phases    connect *, ehlo NAME, helo NAME, auth USER:PASSWORD, mail SENDER, rcpt RECIPIENT,
 *             data SENDER (DATA, first BDAT), text STRING (sought in the text, * any), lmtp
 *             RECIPIENT (its reply after the text); all but text are glob patterns
 *   CODE TEXT           the reply; \n in TEXT makes several lines
 *   drop                close at once, no reply
 *   dropafter CODE TEXT reply, then close
 *   dropbefore          text: take the message, then close without a reply
 *   stall SECONDS       as without a rule, but the reply leaves later; nothing is read
 *   crash SECONDS       close all, refuse connections for so long
 */
#include "sink.h"

#include <sys/resource.h>

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

_Noreturn static void
usage(void)
{
	fputs("usage: sink [-PCSUAB8v] [-d MS] [-n MAXMSGS] [-R MAXRCPTS] [-x SIZE] [-E KEYWORD]\n"
	    "            [-l LOG] [-D MAILDIR] [-r RULES] [-p PORTFILE] [-T SECONDS]\n"
	    "            HOST PORT | /SOCKET/PATH\n", stderr);
	exit(EX_USAGE);
}

static unsigned long
number(const char *text)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end != '\0' || errno != 0 || n > 1UL << 40)
		usage();
	return n;
}

static unsigned
keyword(const char *name)
{
	if (strcmp(name, "DSN") == 0)
		return EXT_DSN;
	if (strcmp(name, "XVERP") == 0)
		return EXT_XVERP;
	usage();
}

static void
option(struct config *c, int letter)
{
	switch (letter) {
	case 'P': c->ext &= ~(unsigned)EXT_PIPELINING; break;
	case 'C': c->ext |= EXT_CHUNKING; break;
	case 'S': c->ext &= ~(unsigned)EXT_SIZE; break;
	case 'U': c->ext &= ~(unsigned)EXT_UTF8; break;
	case 'A': c->ext |= EXT_AUTH; break;
	case 'B': c->pieces = true; break;
	case '8': c->ext &= ~(unsigned)EXT_8BIT; break;
	case 'v': c->verbose = true; break;
	case 'E': c->ext |= keyword(optarg); break;
	case 'd': c->delay = (int64_t)number(optarg) * 1000; break;
	case 'n': c->max_messages = number(optarg); break;
	case 'R': c->max_rcpts = number(optarg); break;
	case 'x': c->max_size = number(optarg); break;
	case 'l': c->log = optarg; break;
	case 'D': c->maildir = optarg; break;
	case 'r': c->rules = optarg; break;
	case 'p': c->portfile = optarg; break;
	case 'T': c->lifetime = (int64_t)number(optarg) * 1000000; break;
	default: usage();
	}
}

static void
options(struct config *c, int argc, char **argv)
{
	int letter;

	*c = (struct config){ .ext = EXT_PIPELINING | EXT_SIZE | EXT_UTF8 | EXT_8BIT,
	    .max_size = 64 << 20, .max_rcpts = 10000, .lifetime = 600 * (int64_t)1000000 };
	while ((letter = getopt(argc, argv, "PCSUAB8vE:d:n:R:x:l:D:r:p:T:")) != -1)
		option(c, letter);
	argc -= optind;
	argv += optind;
	if (argc == 1 && strchr(argv[0], '/') != NULL)
		c->port = argv[0];
	else if (argc != 2)
		usage();
	else {
		c->host = argv[0];
		c->port = argv[1];
	}
}

static void
many_descriptors(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < r.rlim_max) {
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_NOFILE, &r);
	}
}

int
main(int argc, char **argv)
{
	static struct server v = { .listener = -1 };

	options(&v.cfg, argc, argv);
	v.rules.name = v.cfg.rules;
	if (rules_load(&v.rules) == -1)
		return EX_DATAERR;
	log_open(&v.log, v.cfg.log);
	if (v.cfg.maildir)
		maildir_make(v.cfg.maildir);
	many_descriptors();
	v.signals = signals_open();
	if (listener_open(&v) == -1)
		die(EX_UNAVAILABLE, v.cfg.port);
	listener_portfile(&v);
	server_run(&v);
	return 0;
}
