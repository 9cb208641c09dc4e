/* SPDX-License-Identifier: ISC */
/*
 * blast [-l | -w W] CONNECTIONS MESSAGES TEXT PORT: the least that any client does to send MESSAGES
 * messages, one transaction each with a return path of its own, to an SMTP server on 127.0.0.1: no
 * queue, no marks, no log, no look at what a reply says.  TEXT, a file in wire form without dots at
 * line starts, is sent as it is.
 *
 * End-of-data and the next MAIL, RCPT and DATA go in one write, a group; with -l one command at a
 * time; with -w the whole transaction with BDAT LAST, W of them on their way, and as many again in
 * one write when half of these are answered.  There RSET stands before each MAIL: it is what keeps a
 * MAIL from being nested in a transaction that was refused, and no client is right without it.
 */
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define TEXT_MAX   65536
#define HEAD_MAX   256
#define WINDOW_MAX 500

static char text[TEXT_MAX + 1024];
static size_t size;

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

/* Reads once: how many replies came to their end.  Of several lines only the last has a space. */
static int
hear_some(int fd)
{
	char in[8192];
	static int column, last;
	int count = 0;
	ssize_t n = read(fd, in, sizeof in), i;

	if (n <= 0)
		die("read");
	for (i = 0; i < n; i++) {
		if (++column == 4)
			last = in[i] == ' ';
		if (in[i] == '\n') {
			count += last;
			column = 0;
		}
	}
	return count;
}

static void
hear(int fd, int count)
{
	while (count > 0)
		count -= hear_some(fd);
}

static size_t
fit(int n, size_t room)
{
	return n > 0 && (size_t)n < room ? (size_t)n : 0;
}

static size_t
put_mail(char *to, size_t room, int connection, int k)
{
	return fit(snprintf(to, room, "MAIL FROM:<news-bounces+user%d=c%d.example@lists.example.org>\r\n",
	    k, connection), room);
}

static size_t
put_rcpt(char *to, size_t room, int connection, int k)
{
	return fit(snprintf(to, room, "RCPT TO:<user%d@c%d.example>\r\n", k, connection), room);
}

static void
lockstep(int fd, int connection, int messages)
{
	char line[HEAD_MAX];
	int k;

	memcpy(text + size, ".\r\n", 3);
	for (k = 0; k < messages; k++) {
		say(fd, line, put_mail(line, sizeof line, connection, k));
		hear(fd, 1);
		say(fd, line, put_rcpt(line, sizeof line, connection, k));
		hear(fd, 1);
		say(fd, "DATA\r\n", 6);
		hear(fd, 1);
		say(fd, text, size + 3);
		hear(fd, 1);
	}
}

static size_t
put_group(char *to, int connection, int k)
{
	size_t n = put_mail(to, HEAD_MAX, connection, k);

	n += put_rcpt(to + n, HEAD_MAX - n, connection, k);
	memcpy(to + n, "DATA\r\n", 6);
	return n + 6;
}

static void
groups(int fd, int connection, int messages)
{
	char begin[HEAD_MAX + 6];
	int k;

	memcpy(text + size, ".\r\n", 3);
	say(fd, begin, put_group(begin, connection, 0));
	hear(fd, 3);
	for (k = 1; k < messages; k++) {
		say(fd, text, size + 3 + put_group(text + size + 3, connection, k));
		hear(fd, 4);
	}
	say(fd, text, size + 3);
	hear(fd, 1);
}

/* N transactions in one write. */
static void
fill(int fd, int connection, int k, int n)
{
	static char head[WINDOW_MAX][HEAD_MAX * 2];
	static struct iovec v[WINDOW_MAX * 2];
	size_t all = 0, used;
	int i;

	for (i = 0; i < n; i++) {
		memcpy(head[i], "RSET\r\n", 6);
		used = 6 + put_mail(head[i] + 6, HEAD_MAX - 6, connection, k + i);
		used += put_rcpt(head[i] + used, HEAD_MAX, connection, k + i);
		used += fit(snprintf(head[i] + used, 32, "BDAT %zu LAST\r\n", size), 32);
		v[i * 2] = (struct iovec){ head[i], used };
		v[i * 2 + 1] = (struct iovec){ text, size };
		all += used + size;
	}
	if (writev(fd, v, n * 2) != (ssize_t)all)
		die("writev");
}

static void
windows(int fd, int connection, int messages, int w)
{
	int sent = 0, owed = 0, n;

	while (sent < messages || owed > 0) {
		n = w - (owed + 3) / 4;
		n = messages - sent < n ? messages - sent : n;
		if (n > 0 && (owed + 3) / 4 <= w / 2) {
			fill(fd, connection, sent, n);
			sent += n;
			owed += n * 4;
		}
		owed -= hear_some(fd);
	}
}

static _Noreturn void
session(int connection, int messages, int w, unsigned port)
{
	int fd = dial(port);

	hear(fd, 1);
	say(fd, "EHLO blast\r\n", 12);
	hear(fd, 1);
	if (w == 0)
		lockstep(fd, connection, messages);
	else if (w == 1)
		groups(fd, connection, messages);
	else
		windows(fd, connection, messages, w);
	say(fd, "QUIT\r\n", 6);
	hear(fd, 1);
	_exit(EX_OK);
}

static void
read_text(const char *name)
{
	int fd = open(name, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, TEXT_MAX);

	if (n < 0)
		die(name);
	size = (size_t)n;
	(void)close(fd);
}

int
main(int argc, char **argv)
{
	int connections, messages, i, o, w = 1, status, bad = 0;
	unsigned port;

	while ((o = getopt(argc, argv, "lw:")) != -1)
		w = o == 'l' ? 0 : o == 'w' ? (int)strtol(optarg, NULL, 10) : WINDOW_MAX + 1;
	argv += optind;
	if (argc - optind != 4 || w > WINDOW_MAX) {
		(void)fputs("usage: blast [-l | -w W] CONNECTIONS MESSAGES TEXT PORT\n", stderr);
		return EX_USAGE;
	}
	connections = (int)strtol(argv[0], NULL, 10);
	messages = (int)strtol(argv[1], NULL, 10);
	read_text(argv[2]);
	port = (unsigned)strtoul(argv[3], NULL, 10);
	for (i = 0; i < connections; i++)
		switch (fork()) {
		case -1:
			die("fork");
		case 0:
			session(i, messages / connections, w, port);
		}
	while (wait(&status) > 0)
		bad |= status;
	return bad ? EX_SOFTWARE : EX_OK;
}
