/* SPDX-License-Identifier: ISC */
/*
 * peer: plays a dialogue with an SMTP client, as a script has it, octet by octet.
 *
 *   peer [-T SECONDS] [-l LOG] [-p PORTFILE] SCRIPT HOST PORT | /SOCKET/PATH
 *
 * It takes one connection at a time, exits 0 when the script came to its end, and otherwise 1 with
 * one line that names the script's line and says what went wrong.  LOG gets every octet received,
 * PORTFILE appears once it listens; after SECONDS (30) it gives up.  Statements, one a line; empty
 * lines, leading blanks, and lines that begin with # don't count:
 *
 *   accept           wait for the next connection; one that is open is closed before
 *   send STRING      these octets; C escapes
 *   say STRING       the same and CRLF
 *   expect PATTERN   read a line, which must begin so; * ? [ as in the shell, a last $ is its end
 *   text             read to the dot that stands alone
 *   bdat [last]      read a BDAT command, with or without LAST, and its octets
 *   split on|off     each octet sent is a segment of its own
 *   lockstep on|off  each reply must find everything read: the client has waited for it
 *   delay MS         do nothing
 *   flood N STRING   send it N times, or until the client hangs up; prints the octets sent
 *   window N         take little before it is read, on the connections to come
 *   stalled MS       wait until something has come, and then nothing more for so long, unread
 *   close            send no more, read till the client closes too
 *   reset            close with RST
 *   gone             the client closes, without a word more
 *   repeat N … end   N times
 */
#include "peer.h"

#include <fnmatch.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static const char *script_name;
static struct script script;
static char playing[400];		/* for the alarm, which may not format */

_Noreturn void
fail(const char *format, ...)
{
	va_list ap;

	fprintf(stderr, "peer: %s: ", playing);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(EXIT_FAILURE);
}

static void
out_of_time(int sig)
{
	static const char text[] = ": waited in vain\n";

	(void)sig;
	if (write(STDERR_FILENO, "peer: ", 6) == 6 &&
	    write(STDERR_FILENO, playing, strlen(playing)) > 0)
		(void)!write(STDERR_FILENO, text, sizeof text - 1);
	_exit(EXIT_FAILURE);
}

static void
expect(const char *pattern)
{
	const char *line = link_line();
	char glob[4096];
	int n = (int)strlen(pattern);
	bool whole = n > 0 && pattern[n - 1] == '$';

	(void)snprintf(glob, sizeof glob, "%.*s%s", whole ? n - 1 : n, pattern, whole ? "" : "*");
	if (fnmatch(glob, line, 0) != 0)
		fail("got '%s'", line);
}

static void
read_text(void)
{
	while (strcmp(link_line(), ".") != 0)
		continue;
}

static void
read_bdat(bool last)
{
	const char *line = link_line(), *rest;
	unsigned long n;

	if (strncmp(line, "BDAT ", 5) != 0)
		fail("got '%s'", line);
	n = number(line + 5, &rest);
	if (strcmp(rest, last ? "LAST" : "") != 0)
		fail("got '%s'", line);
	link_octets(n);
}

static void
say(char *text, bool line)
{
	size_t n = unescape(text);

	if (line) {
		memcpy(text + n, "\r\n", 2);
		n += 2;
	}
	link_send(text, n);
}

/* What is sent is unescaped on the way: each time from a copy. */
static void
copy_and(const struct statement *p, const char *from)
{
	unsigned long times = 0;
	const char *rest = from;
	size_t n;
	char *text;

	if (*p->verb == 'f')
		times = number(from, &rest);
	n = strlen(rest);
	text = malloc(n + 3);
	if (!text)
		fail("out of memory");
	memcpy(text, rest, n + 1);
	if (*p->verb == 'f')
		link_flood(times, text, unescape(text));
	else
		say(text, p->verb[1] == 'a');
	free(text);
}

static void
again(struct statement *p)
{
	struct statement *first = &script.statement[p->partner];

	if (--first->left > 0)
		script.at = p->partner + 1;
}

static void
begin_rounds(struct statement *p)
{
	p->left = number(p->text, NULL);
	if (p->left == 0)
		script.at = p->partner + 1;
}

static void
play(struct statement *p)
{
	const char *v = p->verb;

	if (strcmp(v, "accept") == 0)
		link_accept();
	else if (strcmp(v, "send") == 0 || strcmp(v, "say") == 0 || strcmp(v, "flood") == 0)
		copy_and(p, p->text);
	else if (strcmp(v, "expect") == 0)
		expect(p->text);
	else if (strcmp(v, "text") == 0)
		read_text();
	else if (strcmp(v, "bdat") == 0)
		read_bdat(strcmp(p->text, "last") == 0);
	else if (strcmp(v, "split") == 0)
		link_split(strcmp(p->text, "on") == 0);
	else if (strcmp(v, "lockstep") == 0)
		link_lockstep(strcmp(p->text, "on") == 0);
	else if (strcmp(v, "delay") == 0)
		(void)poll(NULL, 0, (int)number(p->text, NULL));
	else if (strcmp(v, "window") == 0)
		link_window(number(p->text, NULL));
	else if (strcmp(v, "stalled") == 0)
		link_stalled(number(p->text, NULL));
	else if (strcmp(v, "close") == 0)
		link_close();
	else if (strcmp(v, "reset") == 0)
		link_reset();
	else if (strcmp(v, "gone") == 0)
		link_gone();
	else if (strcmp(v, "repeat") == 0)
		begin_rounds(p);
	else
		again(p);
}

static _Noreturn void
usage(void)
{
	fputs("usage: peer [-T SECONDS] [-l LOG] [-p PORTFILE] SCRIPT HOST PORT | /SOCKET/PATH\n", stderr);
	exit(EX_USAGE);
}

int
main(int argc, char **argv)
{
	const char *portfile = NULL;
	unsigned limit = 30;
	int letter;

	(void)snprintf(playing, sizeof playing, "start");
	while ((letter = getopt(argc, argv, "T:l:p:")) != -1)
		switch (letter) {
		case 'T': limit = (unsigned)number(optarg, NULL); break;
		case 'l': link_log(optarg); break;
		case 'p': portfile = optarg; break;
		default: usage();
		}
	argc -= optind;
	argv += optind;
	if (argc != 3 && (argc != 2 || !strchr(argv[1], '/')))
		usage();
	script_name = argv[0];
	script_load(&script, script_name);
	signal(SIGALRM, out_of_time);
	alarm(limit);
	link_listen(argv[1], argv[2], portfile);
	while (script.at < script.count) {
		struct statement *p = &script.statement[script.at++];

		(void)snprintf(playing, sizeof playing, "%s:%u: %s %s", script_name, p->line, p->verb, p->text);
		play(p);
	}
	return 0;
}
