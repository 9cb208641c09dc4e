/* SPDX-License-Identifier: ISC */
/*
 * blast CONNECTIONS MESSAGES TEXT PORT: the least that any client does to send MESSAGES messages,
 * one transaction each, to an SMTP server on 127.0.0.1: no queue, no marks, no log, no look at what
 * a reply says.  TEXT, a file in wire form without dots at line starts, is sent as it is.
 * End-of-data and the next MAIL, RCPT and DATA go in one write.
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define TEXT_MAX 65536

static char text[TEXT_MAX + 1024];

static _Noreturn void
die(const char *what)
{
	perror(what);
	_exit(EX_OSERR);
}

static int
dial(unsigned port)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.sin_port = htons((uint16_t)port);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) < 0)
		die("connect");
	return fd;
}

static void
say(int fd, const char *bytes, size_t n)
{
	if (write(fd, bytes, n) != (ssize_t)n)
		die("write");
}

/* Reads until COUNT replies of one line have come; one of several lines counts with its last. */
static void
hear(int fd, int count)
{
	char in[4096];
	static int column, last;
	ssize_t n, i;

	while (count > 0) {
		n = read(fd, in, sizeof in);
		if (n <= 0)
			die("read");
		for (i = 0; i < n; i++) {
			if (++column == 4)
				last = in[i] == ' ';
			if (in[i] == '\n') {
				count -= last;
				column = 0;
			}
		}
	}
}

static size_t
group(char *to, size_t size, const char *before, int connection, int k)
{
	int n = snprintf(to, size, "%sMAIL FROM:<news-bounces+user%d=c%d.example@lists.example.org>\r\n"
	    "RCPT TO:<user%d@c%d.example>\r\nDATA\r\n", before, k, connection, k, connection);

	return n > 0 && (size_t)n < size ? (size_t)n : 0;
}

static void
session(int connection, int messages, size_t size, unsigned port)
{
	int fd = dial(port), k;
	char first[512];

	hear(fd, 1);
	say(fd, "EHLO blast\r\n", 12);
	hear(fd, 1);
	say(fd, first, group(first, sizeof first, "", connection, 0));
	hear(fd, 3);
	for (k = 1; k < messages; k++) {
		say(fd, text, size + group(text + size, sizeof text - size, ".\r\n", connection, k));
		hear(fd, 4);
	}
	memcpy(text + size, ".\r\nQUIT\r\n", 9);
	say(fd, text, size + 9);
	hear(fd, 2);
	_exit(EX_OK);
}

int
main(int argc, char **argv)
{
	int connections, messages, i, status, bad = 0;
	ssize_t size;
	int fd;

	if (argc != 5) {
		(void)fputs("usage: blast CONNECTIONS MESSAGES TEXT PORT\n", stderr);
		return EX_USAGE;
	}
	connections = (int)strtol(argv[1], NULL, 10);
	messages = (int)strtol(argv[2], NULL, 10);
	fd = open(argv[3], O_RDONLY);
	size = fd < 0 ? -1 : read(fd, text, TEXT_MAX);
	if (size < 0)
		die(argv[3]);
	for (i = 0; i < connections; i++)
		switch (fork()) {
		case -1:
			die("fork");
		case 0:
			session(i, messages / connections, (size_t)size,
			    (unsigned)strtoul(argv[4], NULL, 10));
		}
	while (wait(&status) > 0)
		bad |= status;
	return bad ? EX_SOFTWARE : EX_OK;
}
