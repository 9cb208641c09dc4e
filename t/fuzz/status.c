/* SPDX-License-Identifier: ISC */
/*
 * ml-status on a spool that anybody has filled: it shows all of it in each of its ways, ends,
 * changes nothing outside, and lets no octet out that a terminal would obey.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "status.h"

const char program[] = "status";

static char *text;
static size_t size;

/* In the place of ml-status's own: all that is shown stays here. */
FILE *output;

int
output_flush(void)
{
	return 0;
}

void
output_spill(void)
{
}

int
output_finish(int code)
{
	return code;
}

void
show_by(struct spool *s, const char *path, int what)
{
	static struct picture p;
	const struct view v = { .out = output, .path = path, .bars = 1, .commands = 1 };

	if (what == 'l') {
		must(list(s) == 0);
		return;
	}
	picture_take(&p, s);
	if (what == 'm')
		metrics(&p, path);
	else
		show(&v, &p);
}

static size_t
count(const char *line, size_t n, char c)
{
	size_t i, found = 0;

	for (i = 0; i < n; i++)
		found += line[i] == c;
	return found;
}

static void
check_line(const char *line, size_t n, int what)
{
	if (what == 'l')
		must(count(line, n, '\t') == 8);
	else
		must(count(line, n, '\t') == 0);
	if (what == 'm')
		must((n > 2 && line[0] == '#') || (n > 9 && memcmp(line, "ml_spool_", 9) == 0));
}

static void
look(int what)
{
	const char *line, *end;

	text = NULL;
	output = open_memstream(&text, &size);
	must(output != NULL);
	show_by(place_spool(), place_path(), what);
	must(fclose(output) == 0);
	must(is_harmless_text(text, size));
	for (line = text; line < text + size; line = end + 1) {
		end = memchr(line, '\n', (size_t)(text + size - line));
		must(end != NULL);
		check_line(line, (size_t)(end - line), what);
	}
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
	struct octets o = { data, length };

	hostile_fill(&o);
	look(0);
	look('l');
	look('m');
	place_look();
	place_clean();
	return 0;
}
