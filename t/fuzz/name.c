/* SPDX-License-Identifier: ISC */
/* Names against a second reading of the grammar: what is one comes apart and together again. */
#include <string.h>

#include "fuzz.h"
#include "names.h"
#include "spool.h"

static int
is_uchar(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	    (c != '\0' && strchr("_=+@-", c) != NULL);
}

/* uchar *MOST-1( uchar / "." ) */
static int
is_word(const char *s, size_t n, size_t most)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!is_uchar(s[i]) && !(i > 0 && s[i] == '.'))
			return 0;
	return n >= 1 && n <= most;
}

static int
is_name(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < 16; i++)
		if (i >= n || s[i] < '0' || s[i] > '9')
			return 0;
	return n > 17 && s[16] == '.' && is_word(s + 17, n - 17, 80);
}

static void
check_claim(const char *text, size_t n)
{
	char name[SPOOL_NAME_SIZE], runner[SPOOL_RUNNER_SIZE], whole[SPOOL_CLAIM_SIZE];
	const char *colon = memchr(text, ':', n);
	size_t before = colon != NULL ? (size_t)(colon - text) : n;
	int expected = colon != NULL && is_name(text, before) &&
	    is_word(colon + 1, n - before - 1, 100);

	must((spool_split_claim(text, name, runner) == 0) == expected);
	if (!expected)
		return;
	must(spool_claim_file(whole, name, runner) == 0 && strcmp(whole, text) == 0);
}

static void
check_name(const char *text)
{
	char again[SPOOL_NAME_SIZE];

	must(spool_order(text) <= UINT64_C(9999999999999999));
	must(spool_name(again, spool_order(text), spool_unique(text)) == 0);
	must(strcmp(again, text) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[400], name[SPOOL_NAME_SIZE];
	size_t n;

	if (size >= sizeof text)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	n = strlen(text);
	must(spool_is_name(text) == is_name(text, n));
	must(spool_is_runner(text) == is_word(text, n, SPOOL_RUNNER_MAX));
	must(spool_is_key(text) == is_word(text, n, SPOOL_KEY_MAX));
	must((spool_name(name, 1, text) == 0) == is_word(text, n, SPOOL_UNIQUE_MAX));
	must(spool_name(name, UINT64_C(10000000000000000), text) < 0);
	if (is_name(text, n))
		check_name(text);
	check_claim(text, n);
	return 0;
}
