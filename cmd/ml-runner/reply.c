/* SPDX-License-Identifier: ISC */
/*
 * One reply out of the stream: any number of lines, of any length, within a
 * bound; what is kept of it is one text that is safe to store and to show.
 */
#include <ctype.h>
#include <string.h>

#include "escape.h"
#include "reply.h"

#define LINE_BYTES 2048         /* of a line; what is longer is not looked at */

static void
keep(struct reply *r, const char *text, size_t n)
{
	size_t used = strlen(r->text), i;
	char *begin = r->text + used;

	if (used > 0 && n > 0 && used + 1 < sizeof r->text)
		r->text[used++] = ' ';
	for (i = 0; i < n && used + 1 < sizeof r->text; i++)
		r->text[used++] = text[i] != '\0' ? text[i] : ' ';
	r->text[used] = '\0';
	tame(begin);
}

/* "250-text", "250 text", "250": 1 for a last line, 0 for another, -1. */
static int
parse_line(struct reply_parser *p, const char *line, size_t n)
{
	int code;

	if (n > 0 && line[n - 1] == '\r')
		n--;
	if (n < 3 || line[0] < '2' || line[0] > '5' || !isdigit((unsigned char)line[1]) ||
	    !isdigit((unsigned char)line[2]) || (n > 3 && line[3] != ' ' && line[3] != '-'))
		return -1;
	code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
	if (p->begun && code / 100 != p->reply.code / 100)
		return -1;
	if (!p->begun) {
		p->begun = 1;
		p->reply.text[0] = '\0';
		keep(&p->reply, line, 3);
	}
	p->reply.code = code;           /* the last line's counts */
	memcpy(p->reply.text, line, 3);
	if (n > 4)
		keep(&p->reply, line + 4, n - 4);
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
