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
append_key(struct spool_stage *st, const char *key, const char *value)
{
	size_t room = sizeof st->common - st->common_length;
	int n;

	if (value == NULL)
		return 0;
	n = snprintf(st->common + st->common_length, room, "%s %s\n", key, value);
	if (n < 0 || (size_t)n >= room) {
		errno = EMSGSIZE;
		return -1;
	}
	st->common_length += (size_t)n;
	return 0;
}

/* All but the count. */
static int
make_common(struct spool_stage *st)
{
	const struct spool_head *h = &st->head;
	char born[24];

	memcpy(st->common, "ml1\n", 4);
	st->common_length = 4;
	(void)snprintf(born, sizeof born, "%" PRIu64, st->born / SPOOL_SECOND);
	if (append_key(st, "born", born) < 0 ||
	    append_key(st, "from", h->from) < 0 ||
	    append_key(st, "verp", h->verp) < 0 ||
	    append_key(st, "body", h->body == 7 ? "7" : NULL) < 0 ||
	    append_key(st, "broadcast", st->broadcast ? st->name : NULL) < 0 ||
	    append_key(st, "key", h->key) < 0 ||
	    append_key(st, "id", h->id) < 0) {
		st->common_length = 0;  /* half of it is none */
		return -1;
	}
	return 0;
}

int
spool_stage_put_head(struct spool_stage *st, int counted)
{
	char count[COUNT_DIGITS + 32], *to;
	size_t length;
	int n = snprintf(count, sizeof count, "rcpts %0*zu\n\n", counted ? 1 : COUNT_DIGITS,
	    counted ? st->count : 0);

	if (n < 0 || (st->common_length == 0 && make_common(st) < 0))
		return spool_fail(st->spool, SPOOL_TMP, st->file);
	length = st->common_length + (size_t)n;
	if (length > SPOOL_STAGE_HEAD) {
		errno = EMSGSIZE;
		return spool_fail(st->spool, SPOOL_TMP, st->file);
	}
	to = st->to + SPOOL_STAGE_HEAD - length;
	memcpy(to, st->common, st->common_length);
	memcpy(to + st->common_length, count, (size_t)n);
	st->count_at = (off_t)st->common_length + (off_t)strlen("rcpts ");
	return (int)length;
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
