/* SPDX-License-Identifier: ISC */
/*
 * The list reader, fed in pieces, against a second reading of the whole list at once: the same
 * lines with the same numbers, and whatever is taken for a recipient can stand in an envelope.
 */
#include <string.h>

#include "address.h"
#include "fuzz.h"
#include "list.h"

#define LONGEST 8192

struct model {
	const char *at, *end;
	uint64_t line;
};

/* The next line that is neither empty nor a comment: 1, 2 if it is too long, 0 at the end. */
static int
model_next(struct model *m, const char **text, size_t *n)
{
	const char *lf;

	while (m->at < m->end) {
		m->line++;
		*text = m->at;
		lf = memchr(m->at, '\n', (size_t)(m->end - m->at));
		*n = (size_t)((lf != NULL ? lf : m->end) - m->at);
		m->at = lf != NULL ? lf + 1 : m->end;
		if (lf != NULL && *n > 0 && (*text)[*n - 1] == '\r')
			--*n;
		if (*n > LONGEST)
			return 2;
		if (*n > 0 && **text != '#')
			return 1;
	}
	return 0;
}

static void
check_line(const struct list_line *r)
{
	size_t i, ats = 0;
	int atoms, quick;

	/* the quick look agrees with the thorough one */
	must(address_look(r->text, r->address, &atoms) == NULL && r->atoms == atoms);
	must(!address_is_simple(r->text, r->address, &quick) || quick == atoms);
	must(r->address >= 3 && r->address <= 320 && r->address <= r->length);
	must(r->address == r->length || r->text[r->address] == '\t');
	must(is_text(r->text, r->address));
	for (i = 0; i < r->length; i++) {
		must((unsigned char)r->text[i] >= ' ' || (r->text[i] == '\t' && i >= r->address));
		must(r->text[i] != 0x7f);
		if (i < r->address) {
			must(r->text[i] != '<' && r->text[i] != '>');
			ats += r->text[i] == '@';
		}
	}
	must(ats > 0);
}

static void
read_list(struct model *m, size_t size)
{
	static struct list l;
	struct list_line r;
	const char *text;
	size_t n;
	int got, expected;

	list_begin(&l, 0);
	l.summed = 1;
	do {
		expected = model_next(m, &text, &n);
		got = list_next(&l, &r);
		must(got == expected || (got == 2 && expected == 1));
		must((got == 2) == (got != 0 && l.fault != NULL));
		if (got != 0)
			must(l.line == m->line);
		if (expected == 1)
			must(r.length == n && memcmp(r.text, text, n) == 0);
		if (got == 1)
			check_line(&r);
	} while (got != 0);
	must(l.sum.size == size);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t pieces[] = { 1, 2, 3, 7, 100, 4096, 65536, 1 << 20 };
	struct model m;
	size_t piece;

	if (size < 1)
		return 0;
	piece = pieces[data[0] % 8];
	m = (struct model){ (const char *)data + 1, (const char *)data + size, 0 };
	feed(data + 1, size - 1, piece);
	/* a byte order mark is none of the list */
	if (size >= 4 && memcmp(data + 1, "\xef\xbb\xbf", 3) == 0)
		m.at += 3;
	read_list(&m, size - 1);
	return 0;
}
