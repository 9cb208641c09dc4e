/* SPDX-License-Identifier: ISC */
/* Error lines.  Each leaves in one write, so that those of several programs don't mix. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "die.h"
#include "escape.h"
#include "io.h"
#include "spool.h"

#define OBJECT_SIZE 1536        /* an escaped address fits */
#define REASON_SIZE 1024

struct line {
	char text[OBJECT_SIZE + REASON_SIZE + 64];
	size_t used;
};

static void
line_add(struct line *l, const char *text, size_t most)
{
	size_t room = sizeof l->text - l->used;

	l->used += escape(l->text + l->used, room < most ? room : most, text, strlen(text), NULL);
}

static void
line_write(const char *object, const char *reason)
{
	struct line l = { .used = 0 };

	line_add(&l, program, 48);
	line_add(&l, ": ", 3);
	line_add(&l, *object != '\0' ? object : "''", OBJECT_SIZE);
	line_add(&l, ": ", 3);
	line_add(&l, reason, REASON_SIZE);
	l.text[l.used++] = '\n';        /* in the place of the NUL */
	(void)io_write(STDERR_FILENO, l.text, l.used);
}

static void
line_format(const char *object, const char *format, va_list list)
{
	char reason[REASON_SIZE];
	int saved = errno;

	if (vsnprintf(reason, sizeof reason, format, list) >= 0)
		line_write(object, reason);
	errno = saved;
}

void
warn_text(const char *object, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	line_format(object, format, list);
	va_end(list);
}

void
warn_errno(const char *object)
{
	warn_text(object, "%s", strerror(errno));
}

void
warn_line(const char *file, uint64_t line, const char *fault)
{
	char object[OBJECT_SIZE];

	if (line == 0)
		(void)snprintf(object, sizeof object, "%s", file);
	else
		(void)snprintf(object, sizeof object, "%.*s:%" PRIu64, OBJECT_SIZE - 32, file,
		    line);
	warn_text(object, "%s", fault);
}

void
warn_spool(const struct spool *s, const char *what)
{
	const char *object = spool_object(s);

	if (*object == '\0')           /* no file failed: memory */
		object = "spool";
	if (what == NULL)
		warn_errno(object);
	else
		warn_text(object, "%s: %s", what, strerror(errno));
}

void
warn_stranger(void *context, const char *object, const char *reason)
{
	(void)context;
	warn_text(object, "left where it is: %s", reason);
}

void
die_text(int code, const char *object, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	line_format(object, format, list);
	va_end(list);
	exit(code);
}

void
die_errno(const char *object)
{
	warn_errno(object);
	exit(exit_code(errno));
}

void
die_spool(const struct spool *s, const char *what)
{
	warn_spool(s, what);
	exit(exit_code(errno));
}
