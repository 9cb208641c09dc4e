/* SPDX-License-Identifier: ISC */
/*
 * Sockets, a command's stdin and stdout, or the descriptors of a UCSPI client:
 * the session sees bytes in and bytes out.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "anew.h"
#include "connect.h"
#include "tend.h"
#include "wire.h"

static int
prepare(int fd)
{
	int flags = anew_fcntl(fd, F_GETFL, 0);

	if (flags < 0 || anew_fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -1;
	return anew_fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* A client program has connected them; what it left undone to a socket is done here. */
static int
adopt(struct wire *w)
{
	int on = 1;

	if (prepare(UCSPI_IN) < 0 || prepare(UCSPI_OUT) < 0)
		return -1;
	w->in = UCSPI_IN;
	w->out = UCSPI_OUT;
	w->is_tcp = anew_setsockopt(w->out, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0;
	return 0;
}

static int
start_command(const struct runner *r, struct wire *w)
{
	w->in = w->out = over_start(&w->over, r->opt->command);
	if (w->in < 0)
		return -1;
	if (prepare(w->in) == 0)
		return 0;
	wire_close(w, -1);
	return -1;
}

/*
 * A read that waits is one call where poll and read are two; it ends after TEND_DOZE_MS all the same.
 * What must not wait says so call by call.
 */
static void
let_wait(struct wire *w)
{
#if defined(MSG_DONTWAIT) && !defined(SPOOL_PORTABLE)
	const struct timeval most = { .tv_usec = TEND_DOZE_MS * 1000 };
	int flags = fcntl(w->in, F_GETFL);

	if (flags < 0 || setsockopt(w->in, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most) < 0)
		return;
	w->waits = fcntl(w->in, F_SETFL, flags & ~O_NONBLOCK) == 0;
#else
	(void)w;
#endif
}

int
wire_open(struct runner *r, struct wire *w, int64_t ms, char *why, size_t size)
{
	int got;

	*w = (struct wire){ .in = -1, .out = -1 };
	if (r->opt->kind != TRANSPORT_OVER && r->opt->kind != TRANSPORT_UCSPI) {
		w->in = w->out = connect_mta(r, ms, why, size);
		w->is_tcp = r->opt->port != NULL;
		if (w->in >= 0)
			let_wait(w);
		return w->in < 0 ? -1 : 0;
	}
	w->trusted = 1;
	got = r->opt->kind == TRANSPORT_OVER ? start_command(r, w) : adopt(w);
	if (got < 0)
		(void)snprintf(why, size, "%s", strerror(errno));
	return got;
}

/* The address that was reached tells, whatever the name meant when this began. */
int
wire_is_private(const struct wire *w)
{
	union {
		struct sockaddr any;
		struct sockaddr_storage room;
	} peer;
	socklen_t size = sizeof peer;

	return w->trusted || (anew_getpeername(w->in, &peer.any, &size) == 0 && connect_is_local(&peer.any));
}

/*
 * A server without TCP_NODELAY waits with the rest of its replies until the first are acknowledged.
 * What is written carries an acknowledgement; where nothing is, it is asked for.
 */
void
wire_acknowledge(struct wire *w)
{
#ifdef TCP_QUICKACK
	int on = 1;

	if (w->unacknowledged)
		(void)anew_setsockopt(w->in, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
#endif
	w->unacknowledged = 0;
}

ssize_t
wire_read(struct wire *w, char *to, size_t n, int wait)
{
	ssize_t got;

#ifdef MSG_DONTWAIT
	if (w->waits)
		got = recv(w->in, to, n, wait ? 0 : MSG_DONTWAIT);
	else
#endif
		got = read(w->in, to, n);
	(void)wait;
	w->unacknowledged |= got > 0 && w->is_tcp;
	return got;
}

ssize_t
wire_write(struct wire *w, const char *from, size_t n)
{
	ssize_t put;

#ifdef MSG_DONTWAIT
	if (w->waits)
		put = anew_send(w->out, from, n, MSG_DONTWAIT);
	else
#endif
		put = anew_write(w->out, from, n);
	if (put > 0)
		w->unacknowledged = 0;
	return put;
}

void
wire_gone(struct wire *w, int error, char *why, size_t size)
{
	if (w->over.pid > 0)
		over_tell(&w->over, why, size);
	else
		(void)snprintf(why, size, "%s", error != 0 ? strerror(error) :
		    "connection closed by the server");
}

void
wire_close(struct wire *w, int wake)
{
	(void)close(w->in);
	if (w->out != w->in)
		(void)close(w->out);
	w->in = w->out = -1;
	over_end(&w->over, wake);
}

int
wire_has_ucspi(void)
{
	int in = anew_fcntl(UCSPI_IN, F_GETFL, 0), out = anew_fcntl(UCSPI_OUT, F_GETFL, 0);

	return in >= 0 && out >= 0 && (in & O_ACCMODE) != O_WRONLY && (out & O_ACCMODE) != O_RDONLY;
}
