/* SPDX-License-Identifier: ISC */
/*
 * What an envelope that is staged begins with.  It is put into the buffer
 * right before the first recipient, so that one write takes both.
 */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"
#include "stage.h"

#define COUNT_DIGITS 10

static int
append_key(char *text, size_t *used, const char *key, const char *value)
{
	int n;

	if (value == NULL)
		return 0;
	n = snprintf(text + *used, STAGE_HEAD - *used, "%s %s\n", key, value);
	if (n < 0 || (size_t)n >= STAGE_HEAD - *used) {
		errno = EMSGSIZE;
		return -1;
	}
	*used += (size_t)n;
	return 0;
}

int
spool_stage_put_head(struct spool_stage *st, int counted)
{
	const struct spool_head *h = &st->head;
	char text[STAGE_HEAD], born[24];
	size_t used = 4;
	int n;

	memcpy(text, "ml1\n", used);
	(void)snprintf(born, sizeof born, "%" PRIu64, st->born / SPOOL_SECOND);
	if (append_key(text, &used, "born", born) < 0 ||
	    append_key(text, &used, "from", h->from) < 0 ||
	    append_key(text, &used, "verp", h->verp) < 0 ||
	    append_key(text, &used, "body", h->body == 7 ? "7" : NULL) < 0 ||
	    append_key(text, &used, "broadcast", st->broadcast ? st->name : NULL) < 0 ||
	    append_key(text, &used, "key", h->key) < 0 ||
	    append_key(text, &used, "id", h->id) < 0)
		return spool_fail(st->spool, SPOOL_TMP, st->file);
	st->count_at = (off_t)used + (off_t)strlen("rcpts ");
	n = snprintf(text + used, sizeof text - used, "rcpts %0*zu\n\n", counted ? 1 : COUNT_DIGITS,
	    counted ? st->count : 0);
	if (n < 0 || (size_t)n >= sizeof text - used) {
		errno = EMSGSIZE;
		return spool_fail(st->spool, SPOOL_TMP, st->file);
	}
	used += (size_t)n;
	memcpy(st->buffer + STAGE_HEAD - used, text, used);
	return (int)used;
}

int
spool_stage_patch_count(struct spool_stage *st)
{
	char digits[COUNT_DIGITS + 16];
	int n = snprintf(digits, sizeof digits, "%0*zu", COUNT_DIGITS, st->count);

	if (n != COUNT_DIGITS) {
		errno = EOVERFLOW;
		return spool_fail(st->spool, SPOOL_TMP, st->file);
	}
	if (spool_pwrite_all(st->fd, digits, COUNT_DIGITS, st->count_at) < 0)
		return spool_fail(st->spool, SPOOL_TMP, st->file);
	return 0;
}
