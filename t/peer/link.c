/* SPDX-License-Identifier: ISC */
/* The listener and the one connection at a time: octets in and out, none of them looked at. */
#include "peer.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int listener = -1, fd = -1, logged = -1;
static bool splits, waits;
static char in[65537], line[65536];
static size_t from, to;

static int
listen_path(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof a.sun_path)
		return -1;
	memcpy(a.sun_path, path, strlen(path) + 1);
	(void)unlink(path);
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	return bind(listener, (struct sockaddr *)&a, sizeof a);
}

static int
listen_port(const char *host, const char *port)
{
	struct addrinfo hints = { .ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM }, *a;
	int result, on = 1;

	if (getaddrinfo(host, port, &hints, &a) != 0)
		return -1;
	listener = socket(a->ai_family, SOCK_STREAM, 0);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	result = bind(listener, a->ai_addr, a->ai_addrlen);
	freeaddrinfo(a);
	return result;
}

static const char *
port_number(void)
{
	static char text[8];
	struct sockaddr_storage a;
	socklen_t n = sizeof a;

	if (getsockname(listener, (struct sockaddr *)&a, &n) == -1 ||
	    getnameinfo((struct sockaddr *)&a, n, NULL, 0, text, sizeof text, NI_NUMERICSERV) != 0)
		fail("no port");
	return text;
}

/* The file appears whole, under another name before. */
static void
announce(const char *file, const char *where)
{
	char name[4096];
	FILE *f;

	if (snprintf(name, sizeof name, "%s.new", file) >= (int)sizeof name || !(f = fopen(name, "w")) ||
	    fprintf(f, "%s\n", where) < 0 || fclose(f) != 0 || rename(name, file) == -1)
		fail("%s: %s", file, strerror(errno));
}

void
link_listen(const char *host, const char *port, const char *portfile)
{
	if ((port ? listen_port(host, port) : listen_path(host)) == -1 || listen(listener, 16) == -1)
		fail("can't listen at %s: %s", host, strerror(errno));
	if (portfile)
		announce(portfile, port ? port_number() : host);
}

void
link_log(const char *name)
{
	logged = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	if (logged == -1)
		fail("%s: %s", name, strerror(errno));
}

void
link_window(unsigned long octets)
{
	int n = (int)octets;

	setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &n, sizeof n);
}

void
link_split(bool on)
{
	splits = on;
}

void
link_lockstep(bool on)
{
	waits = on;
}

static void
forget(void)
{
	if (fd != -1)
		close(fd);
	fd = -1;
	from = to = 0;
}

void
link_accept(void)
{
	int on = 1;

	forget();
	do
		fd = accept(listener, NULL, NULL);
	while (fd == -1 && errno == EINTR);
	if (fd == -1)
		fail("accept: %s", strerror(errno));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/* How much has come that nobody read yet; 1 at the end as well. */
static size_t
unread(void)
{
	static char peeked[1 << 20];
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n;

	if (from < to || fd == -1 || poll(&p, 1, 0) != 1)
		return to - from;
	n = recv(fd, peeked, sizeof peeked, MSG_PEEK);
	return n > 0 ? (size_t)n : 1;
}

/* False once the client has gone. */
static bool
put(const char *data, size_t n)
{
	while (n > 0) {
		ssize_t done = send(fd, data, splits ? 1 : n, MSG_NOSIGNAL);

		if (done == -1 && errno != EINTR)
			return false;
		if (done > 0) {
			data += done;
			n -= (size_t)done;
		}
	}
	return true;
}

void
link_send(const char *data, size_t n)
{
	if (waits && unread() > 0)
		fail("something came before this reply");
	if (!put(data, n))
		fail("can't send: %s", strerror(errno));
}

/* Prints how much went out: a client that does not want it hangs up. */
void
link_flood(unsigned long times, const char *data, size_t n)
{
	static char block[1 << 16];
	unsigned long at_once = n > 0 ? sizeof block / n : 0, each, octets = 0;

	if (at_once == 0)
		fail("nothing, or too much, to repeat");
	for (each = 0; each < at_once; each++)
		memcpy(block + each * n, data, n);
	for (; times > 0; times -= each) {
		each = times < at_once ? times : at_once;
		if (!put(block, each * n))
			break;
		octets += each * n;
	}
	printf("%lu\n", octets);
	fflush(stdout);
}

/* False at the end. */
static bool
fill(void)
{
	ssize_t n;

	if (fd == -1)
		fail("there is no connection");
	do
		n = recv(fd, in, sizeof in - 1, 0);
	while (n == -1 && errno == EINTR);
	from = 0;
	to = n > 0 ? (size_t)n : 0;
	in[to] = '\0';
	if (logged != -1 && write(logged, in, to) != (ssize_t)to)
		fail("can't write the log: %s", strerror(errno));
	return n > 0;
}

const char *
link_line(void)
{
	size_t n = 0;

	do {
		if (from == to && !fill())
			fail("the client closed");
		if (n == sizeof line - 1)
			fail("a line of more than %zu octets", n);
		line[n++] = in[from++];
	} while (line[n - 1] != '\n');
	if (n < 2 || line[n - 2] != '\r')
		fail("a line that ends in LF alone");
	line[n - 2] = '\0';
	return line;
}

void
link_octets(unsigned long n)
{
	for (; n > 0; n--, from++)
		if (from == to && !fill())
			fail("the client closed with %lu octets to come", n);
}

void
link_stalled(unsigned long ms)
{
	size_t before = 0, now;

	for (;;) {
		(void)poll(NULL, 0, (int)ms);
		now = unread();
		if (now > 0 && now == before)
			return;
		before = now;
	}
}

void
link_close(void)
{
	shutdown(fd, SHUT_WR);
	while (fill())
		continue;
	forget();
}

void
link_reset(void)
{
	struct linger now = { .l_onoff = 1 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	forget();
}

void
link_gone(void)
{
	if (from < to || fill())
		fail("'%.*s' came instead of the end", (int)strcspn(in + from, "\r\n"), in + from);
	forget();
}
