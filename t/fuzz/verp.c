/* SPDX-License-Identifier: ISC */
/*
 * VERP: a return path is the sender's local part, the recipient and the sender's domain, in at
 * most 256 octets that need no quotes, and can be read again; or else it is the plain sender.
 */
#include <string.h>

#include "address.h"
#include "fuzz.h"
#include "verp.h"

#define LONGEST 1000

static void
check_plain(const char *path)
{
	const char *at = strrchr(path, '@'), *p;

	must(at != NULL && at > path && *path != '.' && at[-1] != '.');
	for (p = path; p < at; p++) {
		must((unsigned char)*p > ' ' && *p != 0x7f && strchr("\"(),:;<>@[\\]", *p) == NULL);
		must(*p != '.' || p[1] != '.');
	}
}

/* USER and HOST, read from the path by who knows the sender and the delimiters. */
static void
decode(const char *path, const char *sender, const char *delims, const char *rcpt)
{
	size_t local = (size_t)(strrchr(sender, '@') - sender), n;
	const char *end = strrchr(path, '@'), *between, *at = strrchr(rcpt, '@');

	must(strncmp(path, sender, local) == 0 && path[local] == delims[0]);
	must(strcmp(end, sender + local) == 0);
	path += local + 1;
	n = (size_t)(end - path);
	must(n == strlen(rcpt));
	between = path + (at - rcpt);
	must(*between == delims[1] && strncmp(path, rcpt, (size_t)(at - rcpt)) == 0);
	must(strncmp(between + 1, at + 1, n - (size_t)(between + 1 - path)) == 0);
	/* a domain has no = or +: then the last one in the path is the one */
	if (strchr(at, delims[1]) == NULL)
		must(memchr(between + 1, delims[1], (size_t)(end - between - 1)) == NULL);
}

static void
encode(const char *sender, const char *delims, const char *rcpt)
{
	char out[VERP_PATH_SIZE];
	size_t n = strlen(rcpt);
	int got;

	must(verp_path(out, sizeof out - 1, verp_room(sender), sender, delims, rcpt) < 0);
	memset(out, '\x5a', sizeof out);
	got = verp_path(out, sizeof out, verp_room(sender), sender, delims, rcpt);
	must(got < 0 || memchr(out, '\0', sizeof out) != NULL);
	must(got >= 0 || strlen(sender) >= VERP_PATH_SIZE);
	if (got == 1)
		must(strcmp(out, sender) == 0);
	if (got != 0)
		return;
	must(verp_fits(verp_room(sender), rcpt, n) && strchr(rcpt, '@') != NULL);
	decode(out, sender, delims, rcpt);
	must(strlen(out) <= VERP_PATH_MAX);
	/* what a stranger's envelope may have is not looked at again */
	if (address_fault(sender, strlen(sender)) != NULL || address_fault(rcpt, n) != NULL)
		return;
	check_plain(out);
	must(address_fault(out, strlen(out)) == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char signs[] = "-=+";
	char sender[LONGEST + 1], rcpt[LONGEST + 1];
	struct octets o = { data, size };
	unsigned which = octet(&o);
	const char delims[3] = { signs[which % 3], signs[which / 3 % 3], '\0' };

	must(verp_delims_ok(delims));
	(void)octets_take(&o, sender, sizeof sender, LONGEST);
	(void)octets_take(&o, rcpt, sizeof rcpt, LONGEST);
	encode(sender, delims, rcpt);
	return 0;
}
