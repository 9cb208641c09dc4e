/* SPDX-License-Identifier: ISC */
/*
 * The reply parser: what a server says is understood the same however it arrives, a reply is a
 * code and one harmless text, and there is an end to what it may be made of.
 */
#include <string.h>

#include "fuzz.h"
#include "reply.h"

#define REPLIES 64
#define SAID    200000
#define WINDOW  65536           /* what is not yet used waits in a window, as in a session */

struct heard {
	size_t count, at;               /* replies; octets used by them */
	int end;                        /* 0: more is needed, -1: that is no SMTP */
	struct reply reply[REPLIES];
};

static void
check_reply(const struct reply *p)
{
	must(p->code >= 200 && p->code <= 599);
	must(memchr(p->text, '\0', sizeof p->text) != NULL && strlen(p->text) >= 3);
	must((p->text[0] - '0') * 100 + (p->text[1] - '0') * 10 + p->text[2] - '0' == p->code);
	must(strpbrk(p->text, "\n\t") == NULL && is_harmless_text(p->text, strlen(p->text)));
}

/* DATA arrives PIECE by PIECE, the next one only when nothing more can be made of what is there. */
static void
listen(struct heard *h, const char *data, size_t size, size_t piece)
{
	struct reply_parser p;
	size_t from = 0, to = 0, used;

	memset(&p, 0, sizeof p);
	memset(h, 0, sizeof *h);
	for (;;) {
		h->end = reply_parse(&p, data + from, to - from, &used);
		must(used <= to - from && p.octets <= REPLY_OCTETS_MAX + WINDOW);
		from += used;
		if (h->end < 0)
			return;
		if (h->end > 0) {
			check_reply(&p.reply);
			h->at = from;
			h->reply[h->count++] = p.reply;
			if (h->count == REPLIES)
				return;
			continue;
		}
		must(to - from <= WINDOW / 2);  /* an unfinished line does not pile up */
		if (to == size)
			return;
		to = size - to < piece ? size : to + piece;
	}
}

/* The input, up to 32 times, so that a short one can be too much. */
static size_t
repeat(char *to, const uint8_t *data, size_t size, unsigned times)
{
	size_t used = 0;

	for (; times > 0 && size <= SAID - used; times--, used += size)
		memcpy(to + used, data, size);
	return used;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t pieces[] = { 1, 2, 3, 5, 64, 1000, 2047, 2049 };
	static struct heard whole, parts;
	static char said[SAID];
	size_t i, n;

	if (size < 2)
		return 0;
	n = repeat(said, data + 1, size - 1, data[0] / 8 + 1);
	listen(&whole, said, n, WINDOW);
	listen(&parts, said, n, pieces[data[0] % 8]);
	must(whole.count == parts.count && whole.end == parts.end && whole.at == parts.at);
	for (i = 0; i < whole.count; i++) {
		must(whole.reply[i].code == parts.reply[i].code);
		must(strcmp(whole.reply[i].text, parts.reply[i].text) == 0);
	}
	return 0;
}
