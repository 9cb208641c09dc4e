/* SPDX-License-Identifier: ISC */
/*
 * receiver [-l] [-d MS] [-p PORTFILE] [-c COUNTFILE] PORT: as little as any SMTP server can do, on
 * 127.0.0.1: takes every message, looks at the first letter of a command, keeps nothing, and answers
 * what one read brought with one write.  PORT 0 is any free one.
 *
 * -l: offers neither PIPELINING nor CHUNKING.  -d: every reply leaves MS milliseconds after its
 * command came.  -c: when nothing came for a while, "MESSAGES RECIPIENTS FIRST LAST" is in COUNTFILE:
 * how many since the start, and on the monotonic clock when the first and the last one came.
 */
#include <sys/select.h>
#include <sys/socket.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define IN_SIZE  262144
#define QUIET_NS 20000000

struct reply {                          /* bytes of `out` that may leave at DUE */
	int64_t due;
	size_t upto;
	struct reply *next;
};

struct peer {
	int fd;
	enum { COMMAND, TEXT, CHUNK } mode;
	size_t chunk;                   /* octets still to come */
	int chunk_is_last, quit;
	char *in;
	size_t used;
	char *out;
	size_t sent, filled, room;
	struct reply *oldest, *newest;
};

static struct peer peers[FD_SETSIZE];
static int highest, lockstep;
static int64_t delay;
static unsigned long messages, recipients;
static int64_t first, last, told;       /* told: the last that is in the count file */
static const char *count_file;

static _Noreturn void
die(const char *what)
{
	perror(what);
	exit(EX_OSERR);
}

static int64_t
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void
replace(const char *name, const char *text)
{
	char other[4096];
	FILE *f;

	(void)snprintf(other, sizeof other, "%s.new", name);
	f = fopen(other, "w");
	if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0 || rename(other, name) < 0)
		die(name);
}

static void
tell(void)
{
	char text[128];

	(void)snprintf(text, sizeof text, "%lu %lu %.6f %.6f\n", messages, recipients,
	    (double)first / 1e9, (double)last / 1e9);
	replace(count_file, text);
	told = last;
}

static void
say(struct peer *p, const char *text)
{
	size_t n = strlen(text);

	if (p->filled + n > p->room) {
		p->room = p->room * 2 + 4096;
		p->out = realloc(p->out, p->room);
		if (p->out == NULL)
			die("memory");
	}
	memcpy(p->out + p->filled, text, n);
	p->filled += n;
}

static void
take(struct peer *p)
{
	messages++;
	p->mode = COMMAND;
	say(p, "250 ok\r\n");
}

/* AT is the first octet of the line, which ends before NEXT; returns where to go on. */
static char *
command(struct peer *p, const char *at, char *next)
{
	char *end;

	switch (*at | 0x20) {
	case 'd':
		say(p, "354 go on\r\n");
		p->mode = TEXT;
		return next - 2;        /* so that the line end of an empty text is seen */
	case 'b':
		p->chunk = strtoul(at + 5, &end, 10);
		p->chunk_is_last = *end == ' ';
		p->mode = CHUNK;
		break;
	case 'e':
		say(p, lockstep ? "250 receiver\r\n" : "250-receiver\r\n250-PIPELINING\r\n250 CHUNKING\r\n");
		break;
	case 'q':
		say(p, "221 bye\r\n");
		p->quit = 1;
		break;
	default:
		recipients += (*at | 0x20) == 'r' && (at[1] | 0x20) == 'c';
		say(p, "250 ok\r\n");
	}
	return next;
}

/* Behind the end of the text, or NULL if it has not come yet. */
static char *
text_end(char *at, const char *end)
{
	char *dot;

	for (at += 2; at + 2 < end && (dot = memchr(at, '.', (size_t)(end - at - 2))) != NULL; at = dot + 1)
		if (memcmp(dot - 2, "\r\n.\r\n", 5) == 0)
			return dot + 3;
	return NULL;
}

static void
parse(struct peer *p)
{
	char *at = p->in, *end = p->in + p->used, *next;
	size_t n;

	while (!p->quit) {
		if (p->mode == TEXT) {
			next = text_end(at, end);
			if (next == NULL) {
				at = end - at > 4 ? end - 4 : at;
				break;
			}
			take(p);
		} else if (p->mode == CHUNK) {
			n = (size_t)(end - at) < p->chunk ? (size_t)(end - at) : p->chunk;
			next = at + n;
			p->chunk -= n;
			if (p->chunk > 0) {
				at = next;
				break;
			}
			if (p->chunk_is_last)
				take(p);
			else
				say(p, "250 ok\r\n");
			p->mode = COMMAND;
		} else {
			next = memchr(at, '\n', (size_t)(end - at));
			if (next == NULL)
				break;
			next = command(p, at, next + 1);
		}
		at = next;
	}
	p->used = (size_t)(end - at);
	memmove(p->in, at, p->used);
}

static void
hang_up(struct peer *p)
{
	struct reply *r;

	while ((r = p->oldest) != NULL) {
		p->oldest = r->next;
		free(r);
	}
	(void)close(p->fd);
	free(p->in);
	free(p->out);
	*p = (struct peer){ .fd = -1 };
}

/* Sends what is due. */
static void
answer(struct peer *p, int64_t at)
{
	size_t upto = delay == 0 ? p->filled : p->sent;
	struct reply *r;
	ssize_t n;

	while ((r = p->oldest) != NULL && r->due <= at) {
		upto = r->upto;
		p->oldest = r->next;
		free(r);
	}
	if (upto > p->sent) {
		n = send(p->fd, p->out + p->sent, upto - p->sent, MSG_NOSIGNAL);
		if (n != (ssize_t)(upto - p->sent)) {   /* who does not read so many is not worth it */
			hang_up(p);
			return;
		}
		p->sent = upto;
	}
	if (p->sent == p->filled) {
		p->sent = p->filled = 0;
		if (p->quit)
			hang_up(p);
	}
}

/* What was said since the last turn leaves later. */
static void
put_off(struct peer *p, int64_t due)
{
	struct reply *r = malloc(sizeof *r);

	if (r == NULL)
		die("memory");
	*r = (struct reply){ .due = due, .upto = p->filled };
	if (p->oldest == NULL)
		p->oldest = r;
	else
		p->newest->next = r;
	p->newest = r;
}

static void
hear(struct peer *p)
{
	unsigned long before = messages;
	size_t said = p->filled;
	ssize_t n = recv(p->fd, p->in + p->used, IN_SIZE - p->used, 0);
	int64_t at = 0;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		hang_up(p);
		return;
	}
	p->used += (size_t)n;
	parse(p);
	if (delay != 0 || count_file != NULL)
		at = now();
	if (messages > before) {
		last = at;
		if (first == 0)
			first = at;
	}
	if (delay != 0 && p->filled > said)
		put_off(p, at + delay);
	answer(p, at);
}

static void
welcome(int listener)
{
	int fd = accept(listener, NULL, NULL), one = 1;
	struct peer *p;

	if (fd < 0)
		return;
	if (fd >= FD_SETSIZE || fcntl(fd, F_SETFL, O_NONBLOCK) < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) < 0)
		die("accept");
	p = &peers[fd];
	*p = (struct peer){ .fd = fd, .in = malloc(IN_SIZE) };
	if (p->in == NULL)
		die("memory");
	highest = fd > highest ? fd : highest;
	say(p, "220 receiver\r\n");
	if (delay != 0)
		put_off(p, now() + delay);
	answer(p, 0);
}

/* How long nothing will be due; NULL is for ever. */
static struct timespec *
patience(struct timespec *t)
{
	int64_t due = INT64_MAX, at;
	int i;

	if (delay != 0)
		for (i = 0; i <= highest; i++)
			if (peers[i].oldest != NULL && peers[i].oldest->due < due)
				due = peers[i].oldest->due;
	if (due == INT64_MAX && told == last)
		return NULL;
	due = due == INT64_MAX ? QUIET_NS : (at = now()) < due ? due - at : 0;
	*t = (struct timespec){ due / 1000000000, due % 1000000000 };
	return t;
}

static _Noreturn void
serve(int listener)
{
	struct timespec t;
	fd_set ready;
	int i, n;

	for (highest = listener;;) {
		FD_ZERO(&ready);
		FD_SET(listener, &ready);
		for (i = 0; i <= highest; i++)
			if (peers[i].in != NULL && !peers[i].quit)
				FD_SET(i, &ready);
		n = pselect(highest + 1, &ready, NULL, NULL, patience(&t), NULL);
		if (n < 0 && errno != EINTR)
			die("pselect");
		if (n == 0 && count_file != NULL && told != last && now() - last >= QUIET_NS)
			tell();
		for (i = 0; i <= highest && n > 0; i++)
			if (peers[i].in != NULL && FD_ISSET(i, &ready))
				hear(&peers[i]);
		for (i = 0; i <= highest && delay != 0; i++)
			if (peers[i].oldest != NULL)
				answer(&peers[i], now());
		if (n > 0 && FD_ISSET(listener, &ready))
			welcome(listener);
	}
}

int
main(int argc, char **argv)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t size = sizeof a;
	const char *port_file = NULL;
	char text[32];
	int listener, one = 1, o;

	while ((o = getopt(argc, argv, "ld:p:c:")) != -1)
		switch (o) {
		case 'l': lockstep = 1; break;
		case 'd': delay = (int64_t)strtol(optarg, NULL, 10) * 1000000; break;
		case 'p': port_file = optarg; break;
		case 'c': count_file = optarg; break;
		default: argc = 0;
		}
	if (argc - optind != 1) {
		(void)fputs("usage: receiver [-l] [-d MS] [-p PORTFILE] [-c COUNTFILE] PORT\n", stderr);
		return EX_USAGE;
	}
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.sin_port = htons((uint16_t)strtoul(argv[optind], NULL, 10));
	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
	    bind(listener, (struct sockaddr *)&a, sizeof a) < 0 || listen(listener, 128) < 0 ||
	    fcntl(listener, F_SETFL, O_NONBLOCK) < 0 ||
	    getsockname(listener, (struct sockaddr *)&a, &size) < 0)
		die("listen");
	if (count_file != NULL)
		tell();
	(void)snprintf(text, sizeof text, "%u\n", ntohs(a.sin_port));
	if (port_file != NULL)
		replace(port_file, text);
	serve(listener);
}
