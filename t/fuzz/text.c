/* SPDX-License-Identifier: ISC */
/*
 * The canonicaliser, fed in pieces, against a second one that has the whole text before it: what
 * comes out has CRLF and no other CR or LF, no NUL, no line over 998 octets, and ends in CRLF.
 */
#include <string.h>

#include "fuzz.h"
#include "text.h"

#define ROOM (1 << 18)

struct wire {
	char text[2 * ROOM + 4];
	size_t used, line;
	int refused;
};

/* What it should be.  REFUSED says that it should be none. */
static void
model(struct wire *w, const char *p, size_t n)
{
	size_t i, length = 0;

	w->used = 0;
	w->line = 1;
	w->refused = 0;
	for (i = 0; i < n; i++) {
		if (p[i] == '\n' || p[i] == '\r') {
			memcpy(w->text + w->used, "\r\n", 2);
			w->used += 2;
			w->line++;
			length = 0;
			if (p[i] == '\r' && i + 1 < n && p[i + 1] == '\n')
				i++;
			continue;
		}
		if (p[i] == '\0' || ++length > 998) {
			w->refused = 1;
			return;
		}
		w->text[w->used++] = p[i];
	}
	if (length > 0 || w->used == 0) {
		memcpy(w->text + w->used, "\r\n", 2);
		w->used += 2;
	}
}

static void
check_wire(const char *p, size_t n)
{
	size_t i, length = 0;

	must(n >= 2 && p[n - 2] == '\r' && p[n - 1] == '\n');
	for (i = 0; i < n; i++) {
		must(p[i] != '\0' && (p[i] != '\r' || p[i + 1] == '\n'));
		must(p[i] != '\n' || (i > 0 && p[i - 1] == '\r'));
		length = p[i] == '\n' ? 0 : length + 1;
		must(length <= 999);            /* with the CR */
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t pieces[] = { 1, 2, 3, 7, 1000, 4096, 65535, 1 << 20 };
	static struct wire w;
	struct text t;
	size_t i;
	int got, eight = 0;

	if (size < 1 || size > ROOM)
		return 0;
	feed(data + 1, size - 1, pieces[data[0] % 8]);
	model(&w, (const char *)data + 1, size - 1);
	text_begin(&t, 1);
	t.summed = 1;
	got = text_copy(&t, 0);
	must(got == w.refused);
	if (got == 1) {
		must(t.fault != NULL && t.line == w.line);
		return 0;
	}
	check_wire(fed_out, fed_used);
	must(fed_used == w.used && memcmp(fed_out, w.text, w.used) == 0);
	must(t.size == fed_used && t.sum.size == fed_used);
	for (i = 0; i < fed_used; i++)
		eight |= (unsigned char)fed_out[i] >= 0x80;
	must(t.eight == eight);
	return 0;
}
