/* SPDX-License-Identifier: ISC */
/*
 * Marks of what was delivered, gathered: those of neighbouring lines are
 * written with one write, which writes what stands between them once more as
 * it was read.  Nobody else writes there but a mark of one of these lines,
 * and `D` is final.  A crash loses what is gathered: a repetition, as for a
 * reply that was not read yet.
 */
#include <string.h>

#include "internal.h"
#include "marks.h"

#define RUN_OCTETS 4096

int
spool_mark_delivered(struct spool_envelope *e, off_t at, int code)
{
	char text[MARK_OCTETS];

	if (e->failing)
		return spool_mark(e, at, 'D', code);
	spool_mark_text(text, 'D', code);
	if (spool_remember(e, at, text, sizeof text) == NULL)
		return spool_mark(e, at, 'D', code);
	spool_recount(e, 'D');
	e->gathered++;
	return spool_marks_bound(e);
}

static const char *
text_of(const struct spool_envelope *e, const struct spool_written *w)
{
	return e->bytes + w->offset;
}

/* 1 if the N octets read from FROM on show that the line at B follows that at A. */
static int
are_neighbours(const char *octets, off_t from, size_t n, off_t a, off_t b)
{
	const char *line, *end;

	if (b <= a || b - from + MARK_OCTETS > (off_t)n)
		return 0;
	line = octets + (a - from);
	end = memchr(line, '\n', (size_t)(b - a));
	return end != NULL && end + 1 == octets + (b - from);
}

size_t
spool_marks_run(struct spool_envelope *e, const struct spool_written *w, size_t count)
{
	char octets[RUN_OCTETS];
	off_t from = w->at, span = w[count - 1].at + MARK_OCTETS - from;
	size_t done = 1;
	ssize_t n = 0;

	if (count > 1 && span > 0)
		n = spool_pread_all(e->fd, octets, span < RUN_OCTETS ? (size_t)span : RUN_OCTETS, from);
	if (n < 0)
		n = 0;                  /* one by one, then */
	memcpy(octets, text_of(e, w), MARK_OCTETS);
	for (; done < count && are_neighbours(octets, from, (size_t)n, w[done - 1].at, w[done].at); done++)
		memcpy(octets + (w[done].at - from), text_of(e, &w[done]), MARK_OCTETS);
	if (spool_pwrite_all(e->fd, octets, (size_t)(w[done - 1].at - from) + MARK_OCTETS, from) < 0)
		return 0;
	return done;
}

int
spool_marks_write(struct spool_envelope *e)
{
	size_t left = e->gathered, n;

	e->gathered = 0;                /* what fails now is written anew by the next sync */
	if (left > 0 && e->failing)
		return -1;
	for (; left > 0; left -= n) {
		n = spool_marks_run(e, e->written + e->writes - left, left);
		if (n == 0)
			return spool_failing(e);
	}
	return 0;
}
