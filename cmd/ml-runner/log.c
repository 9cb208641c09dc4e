/* SPDX-License-Identifier: ISC */
/*
 * The log's lines; a line that does not fit whole flushes what is there first.
 * Runners share one log, and a pipe keeps a write together up to 4096 octets
 * only: so many in whole lines are written at once, and no line is longer.  A
 * file keeps all together.  A crash loses at most a tenth of a second of lines.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "anew.h"
#include "clock.h"
#include "escape.h"
#include "io.h"
#include "log.h"
#include "number.h"

#define ROOM    32768
#define LONGEST 4096
#define LATE_MS 100

static char gathered[ROOM];
static size_t used, line;               /* the open line begins at `used` and has `line` bytes */
static int64_t due;

static char *
tail(size_t *room)
{
	*room = LONGEST - 2 - line;
	return gathered + used + line;
}

static void
add(const char *text, size_t length)
{
	size_t room;
	char *to = tail(&room);

	if (length > room)
		length = room;
	memcpy(to, text, length);
	line += length;
}

void
log_begin(const char *event)
{
	if (used + LONGEST > ROOM)
		log_flush();
	if (used == 0)
		due = clock_ms() + LATE_MS;
	line = 0;
	add(event, strlen(event));
}

static void
add_key(const char *key)
{
	add(" ", 1);
	add(key, strlen(key));
	add("=", 1);
}

static int
is_plain(const char *value, size_t length)
{
	size_t plain = escape_plain(value, length);

	return length > 0 && plain == length && memchr(value, ' ', length) == NULL && memchr(value, '=', length) == NULL;
}

void
log_text(const char *key, const char *value)
{
	size_t room, length = strlen(value);
	char *to;

	add_key(key);
	if (is_plain(value, length)) {
		add(value, length);
		return;
	}
	add("\"", 1);
	to = tail(&room);
	if (room > 1)
		line += escape(to, room - 1, value, length, "\"\\");
	add("\"", 1);
}

void
log_number(const char *key, unsigned long long value)
{
	char digits[NUMBER_DIGITS] = "";

	add_key(key);
	add(digits, number_put(digits, value));
}

void
log_end(void)
{
	gathered[used + line] = '\n';
	used += line + 1;
	line = 0;
}

int64_t
log_due(void)
{
	return used > 0 ? due : -1;
}

static int
is_file(void)
{
	static int known = -1;
	struct stat st;

	if (known < 0)
		known = anew_fstat(STDERR_FILENO, &st) == 0 && S_ISREG(st.st_mode);
	return known;
}

/* Whole lines from there, as many as are kept together. */
static size_t
piece(size_t from)
{
	size_t end = used - from > LONGEST && !is_file() ? from + LONGEST : used;

	while (gathered[end - 1] != '\n')
		end--;
	return end - from;
}

void
log_flush(void)
{
	size_t n, written;

	/* a log that can't be written must not stop the mail */
	for (written = 0; written < used; written += n) {
		n = piece(written);
		(void)io_write(STDERR_FILENO, gathered + written, n);
	}
	used = 0;
}

void
log_trouble(const char *event, const char *object, const char *reason)
{
	log_begin(event);
	log_text("object", object);
	log_text("error", reason);
	log_end();
}
