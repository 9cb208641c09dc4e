/* SPDX-License-Identifier: ISC */
/* What does not belong into a spool is reported once; a bounded memory of hashes knows which was. */
#include <stdint.h>

#include "log.h"
#include "strangers.h"

#define KNOWN 1024

static uint64_t
hash(const char *text)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (; *text != '\0'; text++)
		h = (h ^ (unsigned char)*text) * UINT64_C(1099511628211);
	return h != 0 ? h : 1;
}

void
strangers_report(void *context, const char *object, const char *reason)
{
	static uint64_t known[KNOWN];
	static int silent;
	uint64_t h = hash(object);
	unsigned i, at;

	(void)context;
	for (i = 0; i < KNOWN; i++) {
		at = (unsigned)((h + i) % KNOWN);
		if (known[at] == h)
			return;
		if (known[at] == 0) {
			known[at] = h;
			log_trouble("skipped", object, reason);
			return;
		}
	}
	if (!silent)
		log_trouble("skipped", "*", "so many were told that no more will be");
	silent = 1;
}
