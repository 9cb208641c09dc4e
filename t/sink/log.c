/* SPDX-License-Identifier: ISC */
/*
 * The log: a line for each accepted recipient, and `#` lines for what else happened.  Lines gather
 * in memory and go out in one append before any reply of the same turn of the loop, so a reader who
 * has seen the 250 finds the line; a line is never torn by another sink that appends to the file.
 */
#include "sink.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

void
log_open(struct log *l, const char *name)
{
	l->fd = -1;
	l->name = name;
	if (name == NULL)
		return;
	l->fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (l->fd == -1)
		die(EX_CANTCREAT, name);
}

void
log_accepted(struct log *l, unsigned long session, const char *sender, const char *rcpt,
    size_t octets, uint32_t crc)
{
	char text[64];
	struct timespec t;

	if (l->fd == -1)
		return;
	clock_gettime(CLOCK_REALTIME, &t);
	snprintf(text, sizeof text, "%" PRId64 "\t%lu\t",
	    (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000, session);
	buf_str(&l->pending, text);
	buf_str(&l->pending, *sender ? sender : "<>");
	buf_add(&l->pending, "\t", 1);
	buf_str(&l->pending, rcpt);
	snprintf(text, sizeof text, "\t%zu\t%08" PRIx32 "\n", octets, crc);
	buf_str(&l->pending, text);
}

void
log_event(struct log *l, const char *event, unsigned long session, const char *detail)
{
	char text[64];

	if (l->fd == -1)
		return;
	snprintf(text, sizeof text, "# %s %lu", event, session);
	buf_str(&l->pending, text);
	if (detail != NULL) {
		buf_add(&l->pending, " ", 1);
		buf_printable(&l->pending, detail);
	}
	buf_add(&l->pending, "\n", 1);
}

void
log_flush(struct log *l)
{
	size_t done = 0;
	ssize_t n;

	while (done < l->pending.len) {
		n = write(l->fd, l->pending.p + done, l->pending.len - done);
		if (n == -1 && errno != EINTR)
			die(EX_IOERR, l->name);
		if (n > 0)
			done += (size_t)n;
	}
	l->pending.len = 0;
}
