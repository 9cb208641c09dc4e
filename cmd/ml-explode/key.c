/* SPDX-License-Identifier: ISC */
/* A broadcast under a key goes out once, whoever asks for it and however often. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "anew.h"
#include "die.h"
#include "explode.h"
#include "io.h"

#define SUMS_SIZE 128
#define RECORD_SIZE 512

static void
sums(const struct explode *x, char text[SUMS_SIZE])
{
	const struct cksum *message = &x->message.text.sum, *list = &x->list.sum;

	(void)snprintf(text, SUMS_SIZE, "%" PRIu32 " %" PRIu64 " %" PRIu32 " %" PRIu64,
	    cksum_value(message), message->size, cksum_value(list), list->size);
}

/* "" if it can't be read. */
static void
read_record(const struct explode *x, char *record, size_t size)
{
	int fd = anew_openat(x->spool.dir[SPOOL_SENT], x->key,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ssize_t n = -1;

	if (fd >= 0) {
		n = io_read(fd, record, size - 1);
		(void)close(fd);
	}
	record[n > 0 ? n : 0] = '\0';
}

/* 1 if the record in sent/ is of this message, and so of another list. */
static int
same_message(const struct explode *x, const char *asked)
{
	char record[RECORD_SIZE];
	const char *had;
	size_t length = strcspn(asked, " ");

	length += 1 + strcspn(asked + length + 1, " ") + 1;     /* CKSUM SIZE and the space */
	read_record(x, record, sizeof record);
	had = strstr(record, "\nsums ");
	return had != NULL && strncmp(had + strlen("\nsums "), asked, length) == 0;
}

/* Under `pipe` NAME is the envelope's, the same on every attempt: then this is the same request,
   and only the list has moved on. */
static int
differs(const struct explode *x, const char *asked)
{
	const char *name = getenv("NAME");
	int list = same_message(x, asked);

	if (list && name != NULL && strcmp(name, x->key) == 0) {
		warn_text(x->key, "was sent to another list, and is not sent again");
		return EX_OK;
	}
	warn_text(x->key, "was sent %s, nothing was sent now",
	    list ? "to another list" : "with another message");
	return EX_DATAERR;
}

static int
key_failed(const struct explode *x)
{
	if (errno != EBADMSG)
		return spool_failed(x);
	warn_text(spool_object(&x->spool), "not a record of a key, nothing was sent");
	return EX_DATAERR;
}

int
publish_key(struct explode *x, int *named)
{
	char asked[SUMS_SIZE];
	int result;

	sums(x, asked);
	result = spool_stage_publish_key(&x->stage, x->key, asked);
	if (result < 0)
		return key_failed(x);
	*named = 1;
	return result == 2 ? differs(x, asked) : EX_OK;
}

int
key_was_used(struct explode *x, int *named, int *code)
{
	char asked[SUMS_SIZE];
	int used = spool_stage_yield_key(&x->stage, x->key);

	if (used < 0)
		*code = key_failed(x);
	if (used <= 0)
		return used < 0;
	sums(x, asked);
	*named = 1;
	*code = differs(x, asked);
	return 1;
}
