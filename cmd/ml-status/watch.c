/* SPDX-License-Identifier: ISC */
/* Looks once a second: a picture that is redrawn on a terminal, a line elsewhere. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "die.h"
#include "format.h"
#include "status.h"
#include "stop.h"

#define INTERVAL 1000           /* milliseconds */

struct rate {
	uint64_t delivered, at;         /* at the last look; milliseconds */
	uint64_t tenths;                /* of a recipient a second */
};

static uint64_t
milliseconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static struct recipients
sum(const struct picture *p)
{
	struct recipients r = { 0, 0, 0 };
	int d;

	for (d = 0; d < SPOOL_DIRS; d++) {
		r.todo += p->dir[d].rcpts.todo;
		r.delivered += p->dir[d].rcpts.delivered;
		r.failed += p->dir[d].rcpts.failed;
	}
	return r;
}

/* What leaves done/ meanwhile must not count backwards. */
static void
measure(struct rate *r, const struct picture *p)
{
	uint64_t delivered = sum(p).delivered, now = milliseconds();

	r->tenths = 0;
	if (r->at != 0 && now > r->at)
		r->tenths = elapsed(delivered, r->delivered) * 10000 / (now - r->at);
	r->delivered = delivered;
	r->at = now;
}

static int
rows(void)
{
#ifdef TIOCGWINSZ
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 1)
		return size.ws_row;
#endif
	return 24;
}

/* Over the last picture, line by line, so that nothing flickers; what does not fit is left out. */
static void
draw(const char *text)
{
	int left = rows() - 1;

	(void)fputs("\033[H\033[?7l", output);
	for (; *text != '\0' && left > 0; left--) {
		size_t n = strcspn(text, "\n");

		(void)fwrite(text, 1, n, output);
		(void)fputs("\033[K\n", output);
		text += n + (text[n] == '\n');
	}
	(void)fputs("\033[J\033[?7h", output);
}

static void
show_screen(const struct picture *p, const struct rate *r, const char *path)
{
	char *text = NULL;
	size_t size = 0;
	struct view v = { .path = path, .bars = 1 };

	v.out = open_memstream(&text, &size);
	if (v.out == NULL)
		die_errno("memory");
	put_clean(v.out, path, NULL);
	(void)fprintf(v.out, "   %" PRIu64 ".%" PRIu64 " delivered a second\n\n", r->tenths / 10,
	    r->tenths % 10);
	show(&v, p);
	if (fclose(v.out) != 0)
		die_errno("memory");
	draw(text);
	free(text);
}

static void
show_line(const struct picture *p, const struct rate *r)
{
	static const enum spool_dir dirs[] = {
		SPOOL_NEW, SPOOL_CUR, SPOOL_DEFER, SPOOL_FAIL, SPOOL_DONE, SPOOL_HOLD
	};
	struct recipients all = sum(p);
	size_t i;

	(void)fprintf(output, "time=%" PRIu64, p->now / SPOOL_SECOND);
	for (i = 0; i < sizeof dirs / sizeof *dirs; i++)
		(void)fprintf(output, " %s=%lu", spool_dir_name(dirs[i]), p->dir[dirs[i]].envelopes);
	(void)fprintf(output, " todo=%" PRIu64 " delivered=%" PRIu64 " failed=%" PRIu64 " rate=%" PRIu64
	    ".%" PRIu64 " runners=%lu paused=%s\n", all.todo, all.delivered, all.failed,
	    r->tenths / 10, r->tenths % 10, p->runners, p->paused ? "yes" : "no");
}

/* The list or the metrics anew; the picture has its own ways to be looked at. */
static void
look(struct spool *s, const char *path, int what, int terminal, struct rate *r)
{
	static struct picture p;

	if (what != 0) {
		if (terminal)
			(void)fputs("\033[H\033[2J", output);
		show_by(s, path, what);
		return;
	}
	picture_take(&p, s);
	measure(r, &p);
	if (terminal)
		show_screen(&p, r, path);
	else
		show_line(&p, r);
}

int
watch(struct spool *s, const char *path, int what)
{
	struct pollfd stop = { .events = POLLIN };
	struct rate r = { 0, 0, 0 };
	int terminal = isatty(STDOUT_FILENO);

	if (stop_catch() < 0)
		die_errno("signals");
	stop.fd = stop_fd();
	if (terminal)
		(void)fputs("\033[2J", output);
	while (!stop_asked()) {
		look(s, path, what, terminal, &r);
		if (output_flush() < 0)
			return output_finish(EX_OK);
		if (poll(&stop, 1, INTERVAL) < 0 && errno != EINTR)
			die_errno("poll");
	}
	return output_finish(EX_OK);
}
