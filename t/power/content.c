/* SPDX-License-Identifier: ISC */
/* What is in files, each different text once, and what it says if it is an envelope. */
#include <stdlib.h>
#include <string.h>

#include "power.h"

#define BUCKETS 4096

static struct content *bucket[BUCKETS];

uint64_t
hash_bytes(uint64_t h, const void *data, size_t length)
{
	const unsigned char *p = data;
	size_t i;

	for (i = 0; i < length; i++)
		h = (h ^ p[i]) * UINT64_C(1099511628211);
	h ^= h >> 29;
	return h * UINT64_C(0x9e3779b97f4a7c15);
}

struct content *
content(const char *data, size_t length)
{
	uint64_t hash = hash_bytes(UINT64_C(14695981039346656037), data, length);
	struct content **at = &bucket[hash % BUCKETS], *c;

	for (c = *at; c != NULL; c = c->next)
		if (c->hash == hash && c->length == length && memcmp(c->data, data, length) == 0)
			return c;
	c = need(calloc(1, sizeof *c));
	c->data = need(malloc(length + 1));
	memcpy(c->data, data, length);
	c->data[length] = '\0';
	c->length = length;
	c->hash = hash;
	c->next = *at;
	*at = c;
	return c;
}

int
head_value(const struct content *c, const char *key, char *text, size_t size)
{
	const char *line = c->data, *end;
	size_t length = strlen(key), n;

	while (*line != '\0' && *line != '\n') {
		end = line + strcspn(line, "\n");
		if (strncmp(line, key, length) == 0 && line[length] == ' ') {
			n = (size_t)(end - line) - length - 1;
			if (n >= size || *end != '\n')
				return 0;
			memcpy(text, line + length + 1, n);
			text[n] = '\0';
			return 1;
		}
		line = *end == '\n' ? end + 1 : end;
	}
	return 0;
}

static const char *
first_recipient(const struct content *c)
{
	const char *end = strstr(c->data, "\n\n");

	return end == NULL || strncmp(c->data, "ml1\n", 4) != 0 ? NULL : end + 2;
}

void
recipients(const struct content *c, void (*see)(const char *line, size_t length, void *context),
    void *context)
{
	const char *line = first_recipient(c), *end;
	char count[32];
	long n = head_value(c, "rcpts", count, sizeof count) ? strtol(count, NULL, 10) : -1;

	if (line == NULL)
		return;
	for (; n > 0; n--) {
		end = memchr(line, '\n', c->length - (size_t)(line - c->data));
		if (end == NULL)
			return;
		see(line, (size_t)(end - line), context);
		line = end + 1;
	}
}

struct reading {
	struct content *c;
	size_t lines, bad;
};

static void
see_line(const char *line, size_t length, void *context)
{
	struct reading *r = context;

	r->lines++;
	if (length < 6 || strchr("TDF", line[0]) == NULL || line[0] == '\0' ||
	    strspn(line + 1, "0123456789") < 3 || line[4] != ' ' || memchr(line, '\0', length) != NULL) {
		r->bad++;
		return;
	}
	r->c->todo += line[0] == 'T';
	r->c->delivered += line[0] == 'D';
	r->c->failed += line[0] == 'F';
	r->c->body = hash_bytes(r->c->body, line + 4, length - 4);
}

const struct content *
envelope(struct content *c)
{
	struct reading r = { c, 0, 0 };
	const char *first = first_recipient(c);
	char count[32];

	if (c->parsed)
		return c;
	c->parsed = 1;
	if (first == NULL || !head_value(c, "rcpts", count, sizeof count))
		return c;
	c->body = hash_bytes(1, c->data, (size_t)(first - c->data));
	recipients(c, see_line, &r);
	c->whole = r.bad == 0 && (long)r.lines == strtol(count, NULL, 10);
	return c;
}
