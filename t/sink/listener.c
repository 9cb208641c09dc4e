/* SPDX-License-Identifier: ISC */
/*
 * The listening socket, TCP or local.  Once a free port was picked it stays the same for the life
 * of the process, however often the listener is closed and opened.
 */
#include "sink.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static void
unlink_socket(const char *path)
{
	struct stat st;

	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		unlink(path);
}

static int
bind_local(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof a.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(a.sun_path, path, strlen(path) + 1);
	unlink_socket(path);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (fd != -1 && bind(fd, (struct sockaddr *)&a, sizeof a) == 0)
		return fd;
	if (fd != -1)
		close(fd);
	return -1;
}

static int
bind_tcp(const char *host, const char *port)
{
	struct addrinfo hints = { .ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM }, *a = NULL;
	int fd, on = 1, error = getaddrinfo(host, port, &hints, &a);

	if (error != 0) {
		warnx(host, gai_strerror(error));
		errno = EADDRNOTAVAIL;
		return -1;
	}
	fd = socket(a->ai_family, SOCK_STREAM, 0);
	if (fd != -1) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
		if (bind(fd, a->ai_addr, a->ai_addrlen) == -1) {
			error = errno;
			close(fd);
			errno = error;
			fd = -1;
		}
	}
	freeaddrinfo(a);
	return fd;
}

/* After the first bind the port is fixed. */
static void
keep_port(struct server *v)
{
	static char port[16];
	struct sockaddr_storage a;
	socklen_t len = sizeof a;

	if (getsockname(v->listener, (struct sockaddr *)&a, &len) == 0
	    && getnameinfo((struct sockaddr *)&a, len, NULL, 0, port, sizeof port,
	    NI_NUMERICSERV) == 0)
		v->cfg.port = port;
}

int
listener_open(struct server *v)
{
	int fd = v->cfg.host ? bind_tcp(v->cfg.host, v->cfg.port) : bind_local(v->cfg.port);

	if (fd == -1)
		return -1;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	if (listen(fd, 1024) == -1) {
		close(fd);
		return -1;
	}
	v->listener = fd;
	if (v->cfg.host)
		keep_port(v);
	return 0;
}

void
listener_close(struct server *v)
{
	if (v->listener != -1)
		close(v->listener);
	v->listener = -1;
	if (v->cfg.host == NULL)
		unlink_socket(v->cfg.port);
}

int
listener_accept(struct server *v)
{
	int on = 1, fd = accept(v->listener, NULL, NULL);

	if (fd == -1) {
		if (errno == EMFILE || errno == ENFILE)
			v->accept_at = v->now + 10000;
		return -1;
	}
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	if (v->cfg.host != NULL && !v->cfg.pieces)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	return fd;
}

void
listener_portfile(struct server *v)
{
	char temp[PATH_MAX];
	const char *name = v->cfg.portfile;
	FILE *f;
	int n, bad;

	if (name == NULL)
		return;
	n = snprintf(temp, sizeof temp, "%s.%ld", name, (long)getpid());
	if (n < 0 || n >= (int)sizeof temp)
		die(EX_USAGE, name);
	f = fopen(temp, "w");
	bad = f == NULL || fprintf(f, "%s\n", v->cfg.port) < 0;
	if (f != NULL)
		bad |= fclose(f) == EOF;
	if (bad || rename(temp, name) == -1)
		die(EX_CANTCREAT, name);
}
