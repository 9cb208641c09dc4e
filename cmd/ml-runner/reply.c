/* SPDX-License-Identifier: ISC */
/*
 * One reply out of the stream: any number of lines, of any length, within a
 * bound; what is kept of it is one text that is safe to store and to show.
 */
#include <string.h>

#include "escape.h"
#include "reply.h"

#define LINE_BYTES 2048         /* of a line; what is longer is not looked at */

/* Adds a line's text to what is kept, behind a space. */
static void
keep(struct reply_parser *p, const char *text, size_t n)
{
	size_t left = sizeof p->reply.text - 1 - p->kept;
	char *to = p->reply.text + p->kept;

	if (n == 0 || left < 2)
		return;
	if (n > left - 1)
		n = left - 1;
	*to++ = ' ';
	memcpy(to, text, n);
	to[n] = '\0';
	p->kept += n + 1;
	if (escape_plain(to, n) == n)
		return;
	for (; n > 0; n--, to++)
		if (*to == '\0')
			*to = ' ';
	tame(p->reply.text);
}

static int
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "250-text", "250 text", "250": 1 for a last line, 0 for another, -1. */
static int
parse_line(struct reply_parser *p, const char *line, size_t n)
{
	int code;

	if (n > 0 && line[n - 1] == '\r')
		n--;
	if (n < 3 || line[0] < '2' || line[0] > '5' || !is_digit(line[1]) || !is_digit(line[2]) ||
	    (n > 3 && line[3] != ' ' && line[3] != '-'))
		return -1;
	code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
	if (p->begun && code / 100 != p->reply.code / 100)
		return -1;
	if (!p->begun) {
		p->begun = 1;
		p->kept = 3;
		p->reply.text[3] = '\0';
	}
	p->reply.code = code;           /* the last line's counts */
	memcpy(p->reply.text, line, 3);
	if (n > 4)
		keep(p, line + 4, n - 4);
	return n == 3 || line[3] == ' ';
}

static int
is_too_long(const struct reply_parser *p)
{
	return p->octets > REPLY_OCTETS_MAX;
}

int
reply_parse(struct reply_parser *p, const char *data, size_t n, size_t *used)
{
	const char *end;
	int last;

	*used = 0;
	while ((end = memchr(data + *used, '\n', n - *used)) != NULL) {
		const char *line = data + *used;

		p->octets += (size_t)(end + 1 - line);
		*used = (size_t)(end + 1 - data);
		if (p->skipping != SKIP_NOTHING)
			last = p->skipping == SKIP_LAST;
		else
			last = parse_line(p, line, (size_t)(end - line));
		p->skipping = SKIP_NOTHING;
		if (last < 0 || is_too_long(p))
			return -1;
		if (last > 0) {
			p->begun = 0;
			p->octets = 0;
			return 1;
		}
	}
	if (p->skipping != SKIP_NOTHING || n - *used > LINE_BYTES) {
		if (p->skipping == SKIP_NOTHING) {
			last = parse_line(p, data + *used, LINE_BYTES);
			if (last < 0)
				return -1;
			p->skipping = last > 0 ? SKIP_LAST : SKIP_ANOTHER;
		}
		p->octets += n - *used;
		*used = n;
	}
	return is_too_long(p) ? -1 : 0;
}
