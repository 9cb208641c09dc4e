/* SPDX-License-Identifier: ISC */
/*
 * The envelope reader against a second one that has the whole file before it, and marks and notes
 * against what they may change: four octets of a line, and what is behind the end.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "spool.h"

#define FILE_MAX 100000
#define HEAD_MAX 65536
#define LINE_MAX_READ 16382     /* what the reader's buffer takes */
#define CLAIM "1700000000000000.u:r"

struct model {
	const char *text;
	size_t size, first, notes;
	int has_count;
	uint64_t count;
	size_t rcpts, by_state[3];      /* T, D, F */
};

static int
is_number(const char *s, size_t n, uint64_t *value)
{
	size_t i;

	*value = 0;
	for (i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9' || *value > (UINT64_MAX - (uint64_t)(s[i] - '0')) / 10)
			return 0;
		*value = *value * 10 + (uint64_t)(s[i] - '0');
	}
	return n > 0;
}

/* What is neither a control character nor an angle bracket. */
static int
is_plain(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if ((unsigned char)s[i] < ' ' || s[i] == 0x7f || s[i] == '<' || s[i] == '>')
			return 0;
	return 1;
}

struct needed {
	int born, from;
};

/* The octets from S to END before the first C; S goes behind that, or becomes NULL. */
static size_t
word(const char **s, const char *end, char c)
{
	const char *from = *s, *at = memchr(from, c, (size_t)(end - from));

	*s = at != NULL ? at + 1 : NULL;
	return (size_t)((at != NULL ? at : end) - from);
}

static int
is_slot(const char *s, size_t n)
{
	const char *end = s + n, *from;
	int i;

	for (i = 0; i < 3; i++) {
		from = s;
		n = word(&s, end, ' ');
		if (s == NULL || n == 0 || (i < 2 && strspn(from, "0123456789") < n))
			return 0;
	}
	return s < end && *s != ' ';
}

/* Each between TABs is empty, or key=value. */
static int
are_fields(const char *s, size_t n)
{
	const char *end = s + n, *from, *equals;
	size_t i;

	while (s != NULL) {
		from = s;
		n = word(&s, end, '\t');
		if (n == 0)
			continue;
		equals = memchr(from, '=', n);
		if (equals == NULL || equals == from)
			return 0;
		for (i = 0; i < n; i++)
			if ((unsigned char)from[i] < ' ' || from[i] == 0x7f || (from[i] == ' ' && from + i < equals))
				return 0;
	}
	return 1;
}

static int
key_is(const char *line, const char *space, const char *key)
{
	return (size_t)(space - line) == strlen(key) && memcmp(line, key, strlen(key)) == 0;
}

static int
model_key(struct model *m, struct needed *k, const char *line, size_t n)
{
	const char *space = memchr(line, ' ', n), *value;
	uint64_t number;

	if (space == NULL)
		return 1;
	value = space + 1;
	n -= (size_t)(value - line);
	if (key_is(line, space, "born"))
		return k->born = is_number(value, n, &number) && number != UINT64_MAX;
	if (key_is(line, space, "rcpts"))
		return m->has_count = is_number(value, n, &m->count);
	if (key_is(line, space, "from"))
		return k->from = is_plain(value, n);
	if (key_is(line, space, "verp"))
		return n == 2;
	if (key_is(line, space, "body"))
		return n == 1 && (*value == '7' || *value == '8');
	return !key_is(line, space, "slot") || is_slot(value, n);
}

/* Version and head, up to the empty line. */
static int
model_head(struct model *m)
{
	struct needed k = { 0, 0 };
	const char *line = m->text + 4, *end = m->text + m->size, *lf;

	if (m->size < 4 || memcmp(m->text, "ml1\n", 4) != 0)
		return 0;
	for (; line < end && *line != '\n'; line = lf + 1) {
		lf = memchr(line, '\n', (size_t)(end - line));
		if (lf == NULL || memchr(line, '\0', (size_t)(lf - line)) != NULL ||
		    !model_key(m, &k, line, (size_t)(lf - line)))
			return 0;
	}
	m->first = (size_t)(line + 1 - m->text);
	return line < end && m->first <= HEAD_MAX && k.born && k.from;
}

static int
is_rcpt(const char *line, size_t n)
{
	const char *tab;

	if (n < 6 || memchr(line, '\0', n) != NULL || strchr("TDF", line[0]) == NULL || line[4] != ' ' ||
	    strspn(line + 1, "0123456789") < 3)
		return 0;
	line += 5;
	n -= 5;
	tab = memchr(line, '\t', n);
	if (n > SPOOL_LINE_MAX || (tab != NULL && !are_fields(tab, (size_t)(line + n - tab))))
		return 0;
	n = tab != NULL ? (size_t)(tab - line) : n;
	return n > 0 && n <= SPOOL_ADDRESS_MAX && is_plain(line, n);
}

static int
model_rcpts(struct model *m)
{
	const char *line = m->text + m->first, *end = m->text + m->size, *lf;

	for (; line < end && (!m->has_count || m->rcpts < m->count); line = lf + 1) {
		if (*line == '!' && !m->has_count)
			break;
		lf = memchr(line, '\n', (size_t)(end - line));
		if (lf == NULL || (size_t)(lf - line) > LINE_MAX_READ || !is_rcpt(line, (size_t)(lf - line)))
			return 0;
		m->by_state[strchr("TDF", *line) - "TDF"]++;
		m->rcpts++;
	}
	m->notes = (size_t)(line - m->text);
	return !m->has_count || m->rcpts == m->count;
}

static int
put(const char *text, size_t n)
{
	struct spool *s = place_spool();
	int fd = openat(s->dir[SPOOL_CUR], CLAIM, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	must(fd >= 0 && (n == 0 || write(fd, text, n) == (ssize_t)n));
	return fd;
}

/* Walks along it; at the first T, if there is one, AT is where it stands. */
static void
walk(struct spool_envelope *e, const struct model *m, off_t *at)
{
	struct spool_cursor c;
	struct spool_rcpt r;
	size_t index = 0;
	off_t last = (off_t)m->first - 1;
	int got;

	*at = -1;
	spool_cursor_begin(&c, e);
	while ((got = spool_cursor_next(&c, e, &r)) > 0) {
		must(r.index == ++index && r.at > last && r.at < (off_t)m->notes);
		must(m->text[r.at] == r.state && m->text[r.at - 1] == '\n');
		must(*r.address != '\0' && is_plain(r.address, strlen(r.address)));
		must(memcmp(m->text + r.at + 5, r.address, strlen(r.address)) == 0);
		must(r.code >= 0 && r.code <= 999);
		if (r.state == 'T' && *at < 0)
			*at = r.at;
		last = r.at;
	}
	must(got == 0 && index == m->rcpts);
}

static int
see_note(void *context, size_t index, const char *reply)
{
	size_t *notes = context;

	(void)index;
	must(strlen(reply) <= LINE_MAX_READ);
	++*notes;
	return 0;
}

/* A mark, a note, and what the file is afterwards. */
static void
change(struct spool_envelope *e, const struct model *m, off_t at, int fd)
{
	static char now[FILE_MAX + 2000];
	size_t notes = 0, n, before = m->size;
	struct spool_envelope again;
	off_t unused;

	if (at >= 0)
		must(spool_mark(e, at, 'D', 250) == 0 && spool_mark(e, at, 'T', 451) == 1);
	must(spool_note(e, 0, "451 later\n! 1 550 \x1b[31m") == 0 && spool_envelope_sync(e) == 0);
	n = (size_t)pread(fd, now, sizeof now, 0);
	must(n > before && n < before + 64 && now[n - 1] == '\n');
	if (at >= 0) {
		must(memcmp(now + at, "D250", 4) == 0);
		memcpy(now + at, m->text + at, 4);
	}
	must(memcmp(now, m->text, before) == 0);
	if (at >= 0)
		memcpy(now + at, "D250", 4);
	must(now[before - 1] == '\n' || now[before] == '\n');
	must(memchr(now + before, 0x1b, n - before) == NULL);
	must(spool_envelope_open(&again, e->spool, SPOOL_CUR, CLAIM) == 0);
	must(again.rcpts == m->rcpts && again.todo == m->by_state[0] - (at >= 0));
	must(again.delivered == m->by_state[1] + (at >= 0) && again.noted);
	walk(&again, &(struct model){ now, n, m->first, m->notes, 0, 0, m->rcpts, { 0 } }, &unused);
	must(spool_notes(&again, see_note, &notes) == 0 && notes >= 1);
	spool_envelope_close(&again);
}

/* All that are left are delivered at once: nothing but their marks changes. */
static void
gather(struct spool_envelope *e, int fd)
{
	static char now[FILE_MAX + 2000], expected[sizeof now];
	size_t n = (size_t)pread(fd, expected, sizeof expected, 0);
	struct spool_cursor c;
	struct spool_rcpt r;

	spool_cursor_begin(&c, e);
	while (spool_cursor_next(&c, e, &r) > 0)
		if (r.state == 'T') {
			must(spool_mark_delivered(e, r.at, 250) == 0);
			memcpy(expected + r.at, "D250", 4);
		}
	must(spool_marks_write(e) == 0 && e->todo == 0);
	must((size_t)pread(fd, now, sizeof now, 0) == n && memcmp(now, expected, n) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct model m = { .text = (const char *)data, .size = size };
	struct spool_envelope e;
	size_t notes = 0;
	off_t at;
	int fd, expected;

	if (size > FILE_MAX)
		return 0;
	fd = put((const char *)data, size);
	expected = model_head(&m) && model_rcpts(&m);
	must((spool_envelope_open(&e, place_spool(), SPOOL_CUR, CLAIM) == 0) == expected);
	if (expected) {
		must(e.rcpts == m.rcpts && (size_t)e.first == m.first && (size_t)e.notes == m.notes);
		must(e.todo == m.by_state[0] && e.delivered == m.by_state[1] && e.failed == m.by_state[2]);
		must(e.from != NULL && e.id != NULL && is_plain(e.from, strlen(e.from)));
		must(*e.broadcast == '\0' || spool_is_name(e.broadcast));
		must(spool_notes(&e, see_note, &notes) == 0);
		walk(&e, &m, &at);
		change(&e, &m, at, fd);
		gather(&e, fd);
		spool_envelope_close(&e);
	}
	(void)close(fd);
	return 0;
}
