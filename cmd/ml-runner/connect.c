/* SPDX-License-Identifier: ISC */
/* Reaching the MTA: every address of a host in turn, or a UNIX socket. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "anew.h"
#include "clock.h"
#include "connect.h"
#include "signals.h"
#include "tend.h"

static int
prepare(int fd)
{
	int flags = anew_fcntl(fd, F_GETFL, 0);

	if (flags < 0 || anew_fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -1;
	return anew_fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static int
finish(struct runner *r, int fd, int64_t until)
{
	socklen_t size = sizeof(int);
	int error = 0, late = 0;
	short happened = 0;

	/* the socket is looked at before the clock: this process may have been stopped meanwhile */
	while ((happened & (POLLOUT | POLLERR | POLLHUP)) == 0) {
		if (late)
			error = ETIMEDOUT;
		if (signals.stop > 0)
			error = EINTR;
		if (error != 0) {
			errno = error;
			return -1;
		}
		late = clock_ms() >= until;
		happened = 0;
		(void)tend_wait(r, fd, POLLOUT, until, 0, &happened);
	}
	if (anew_getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
		return -1;
	errno = error;
	return error == 0 ? 0 : -1;
}

static int
try_one(struct runner *r, int family, const struct sockaddr *to, socklen_t length, int64_t ms)
{
	int fd = anew_socket(family, SOCK_STREAM, 0), on = 1, got, saved;

	if (fd < 0)
		return -1;
	if (prepare(fd) == 0) {
		if (family != AF_UNIX)
			(void)anew_setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		do
			got = connect(fd, to, length);
		while (got < 0 && errno == EINTR);
		if (got == 0 || errno == EISCONN || ((errno == EINPROGRESS || errno == EALREADY) &&
		    finish(r, fd, clock_ms() + ms) == 0))
			return fd;
	}
	saved = errno;
	(void)close(fd);
	errno = saved;
	return -1;
}

static int
connect_path(struct runner *r, const char *path, int64_t ms)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof to.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(to.sun_path, path, strlen(path) + 1);
	return try_one(r, AF_UNIX, (const struct sockaddr *)&to, sizeof to, ms);
}

int
connect_mta(struct runner *r, int64_t ms, char *why, size_t size)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *all, *a;
	int fd = -1, failed;

	if (r->opt->port == NULL) {
		fd = connect_path(r, r->opt->host, ms);
		(void)snprintf(why, size, "%s", strerror(errno));
		return fd;
	}
	failed = getaddrinfo(r->opt->host, r->opt->port, &hints, &all);
	if (failed != 0) {
		(void)snprintf(why, size, "%s", gai_strerror(failed));
		return -1;
	}
	for (a = all; a != NULL && fd < 0; a = a->ai_next)
		fd = try_one(r, a->ai_family, a->ai_addr, a->ai_addrlen, ms);
	(void)snprintf(why, size, "%s", fd < 0 ? strerror(errno) : "");
	freeaddrinfo(all);
	return fd;
}

int
connect_is_local(const struct sockaddr *to)
{
	static const unsigned char mapped[13] = { [10] = 0xff, [11] = 0xff, [12] = 127 };
	struct sockaddr_in four;
	struct sockaddr_in6 six;

	if (to->sa_family == AF_INET) {
		memcpy(&four, to, sizeof four);
		return ntohl(four.sin_addr.s_addr) >> 24 == 127;
	}
	if (to->sa_family == AF_INET6) {
		memcpy(&six, to, sizeof six);
		return IN6_IS_ADDR_LOOPBACK(&six.sin6_addr) ||
		    memcmp(&six.sin6_addr, mapped, sizeof mapped) == 0;
	}
	return to->sa_family == AF_UNIX;
}

/* What can't be resolved now is looked at when it is reached. */
int
connect_stays_here(const struct options *o)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *all, *a;
	int local = 1;

	if (getaddrinfo(o->host, o->port, &hints, &all) != 0)
		return 1;
	for (a = all; a != NULL; a = a->ai_next)
		local &= connect_is_local(a->ai_addr);
	freeaddrinfo(all);
	return local;
}
