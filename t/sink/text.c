/* SPDX-License-Identifier: ISC */
/* DATA: what follows it, up to CRLF.CRLF and nothing else, with the stuffed dots taken out. */
#include "sink.h"

#include <string.h>

void
text_add(struct session *s, const char *data, size_t len)
{
	session_bare(s, data, len);
	if (s->too_big || len > s->v->cfg.max_size - s->text.len) {
		s->too_big = true;
		return;
	}
	buf_add(&s->text, data, len);
}

static void
begin(struct session *s)
{
	s->mode = MODE_TEXT;
	s->line_start = true;
	s->last = '\0';
}

void
data_command(struct session *s, char *arg)
{
	enum verdict v;

	if (*arg != '\0')
		reply(s, "501 5.5.4 DATA takes no argument");
	else if (!s->in_mail || s->chunked || s->tried == 0)
		reply(s, "503 5.5.1 DATA out of sequence");
	else if ((v = hook(s, PH_DATA, s->sender.p)) == ACCEPTED)
		begin(s);
	else if (v == GO_ON && s->n_rcpts == 0)
		reply(s, "554 5.5.1 No valid recipients");
	else if (v == GO_ON) {
		begin(s);
		reply(s, "354 End with a dot");
	}
}

bool
text_input(struct session *s)
{
	while (s->pos < s->len) {
		const char *p = s->in + s->pos, *lf;
		size_t have = s->len - s->pos, n;

		if (s->line_start && *p == '.') {
			if (have >= 3 && p[1] == '\r' && p[2] == '\n') {
				s->pos += 3;
				text_end(s);
				return true;
			}
			if (have == 1 || (have == 2 && p[1] == '\r'))
				return false;
			s->pos++;
			s->line_start = false;
			continue;
		}
		lf = memchr(p, '\n', have);
		n = lf ? (size_t)(lf - p) + 1 : have;
		s->line_start = lf && (n > 1 ? lf[-1] : s->last) == '\r';
		text_add(s, p, n);
		s->pos += n;
	}
	return false;
}
