/* SPDX-License-Identifier: ISC */
/*
 * The header parser and the mailboxes in it, in pieces and whole: the same recipients and
 * Message-ID both times, no Bcc left, and the text ends in CRLF.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fuzz.h"
#include "header.h"

#define FOUND 65536

struct result {
	int got;
	char id[HEADER_ID_MAX + 1];
	size_t found;
	char recipients[FOUND];         /* how good each is, an octet; the address; NUL */
	size_t size;
	char text[1 << 20];
};

static void
keep(struct result *r, const struct header *h, int good)
{
	size_t n = strlen(h->address) + 1;

	must(good == 1 || good == -1);
	must(n <= sizeof h->address && h->length < sizeof h->address);
	if (r->found + n + 1 > FOUND)
		return;
	r->recipients[r->found++] = (char)good;
	memcpy(r->recipients + r->found, h->address, n);
	r->found += n;
}

static void
read_once(struct result *r, const uint8_t *data, size_t size, size_t piece, int take)
{
	struct header h;
	struct text t;
	int good;

	feed(data, size, piece);
	text_begin(&t, 1);
	header_begin(&h, &t, take);
	r->got = text_copy(&t, 0);
	r->found = 0;
	while (r->got == 0 && take && (good = header_next(&h)) != 0)
		keep(r, &h, good);
	memcpy(r->id, h.id, sizeof r->id);
	header_free(&h);
	r->size = fed_used;
	memcpy(r->text, fed_out, fed_used);
}

static void
check_id(const char *id)
{
	size_t n = strlen(id), i;

	if (n == 0)
		return;
	must(n >= 2 && id[0] == '<' && id[n - 1] == '>');
	for (i = 0; i < n; i++)
		must(id[i] > ' ' && id[i] < 0x7f);
}

/* No line of the header begins with Bcc and a colon, and what begins with white space is folded. */
static void
check_no_bcc(const char *p, size_t n)
{
	const char *end = p + n, *q;

	for (; p < end && *p != '\r'; p = q + 1) {
		q = memchr(p, '\n', (size_t)(end - p));
		must(q != NULL);
		if (q - p < 4 || strncasecmp(p, "bcc", 3) != 0)
			continue;
		for (p += 3; *p == ' ' || *p == '\t'; p++)
			;
		must(*p != ':');
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t pieces[] = { 1, 2, 3, 7, 100, 999, 4096, 65536 };
	static struct result whole, parts;
	int take;

	if (size < 1 || size > (1 << 18))
		return 0;
	take = (data[0] & 8) != 0;
	read_once(&whole, data + 1, size - 1, 1 << 20, take);
	read_once(&parts, data + 1, size - 1, pieces[data[0] % 8], take);
	must(whole.got == parts.got && whole.got >= 0);
	if (whole.got != 0)
		return 0;
	must(strcmp(whole.id, parts.id) == 0);
	must(whole.size == parts.size && memcmp(whole.text, parts.text, whole.size) == 0);
	must(whole.found == parts.found &&
	    memcmp(whole.recipients, parts.recipients, whole.found) == 0);
	must(whole.size >= 2 && memcmp(whole.text + whole.size - 2, "\r\n", 2) == 0);
	check_id(whole.id);
	if (take)
		check_no_bcc(whole.text, whole.size);
	return 0;
}
