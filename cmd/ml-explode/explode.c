/* SPDX-License-Identifier: ISC */
/*
 * A message and a list become a directory of envelopes in tmp/, and one rename publishes it.  A
 * crash before that leaves only what ml-requeue sweeps, unless a key had been recorded: then
 * whoever comes next completes it.
 */
#include <errno.h>
#include <stdio.h>

#include "die.h"
#include "explode.h"
#include "input.h"
#include "stop.h"
#include "verp.h"

int
spool_failed(const struct explode *x)
{
	int code = exit_code(errno);

	warn_spool(&x->spool, NULL);
	return code;
}

static void
warn_plain(struct explode *x, const struct list_line *r)
{
	char text[ADDRESS_MAX + 64];

	progress_clear(&x->progress);
	(void)snprintf(text, sizeof text, "%.*s: the plain sender is used",
	    (int)r->address, r->text);
	warn_line(x->list_name, x->list.line, text);
}

static int
add(struct explode *x, const struct list_line *r)
{
	if (x->verp != NULL && !(r->atoms && r->address <= x->room) &&
	    !verp_fits(x->room, r->text, r->address))
		warn_plain(x, r);
	if (spool_stage_rcpt(&x->stage, r->text, r->length) < 0)
		return spool_failed(x);
	x->rcpts++;
	if (x->stage.count == x->most && spool_stage_next(&x->stage) < 0)
		return spool_failed(x);
	return EX_OK;
}

static int
bad_line(struct explode *x)
{
	progress_clear(&x->progress);
	warn_line(x->list_name, x->list.line, x->list.fault);
	return x->skip ? EX_OK : EX_DATAERR;
}

static int
add_list(struct explode *x)
{
	uint64_t reads = 0;
	struct list_line r;
	int got, code = EX_OK;

	list_begin(&x->list, x->list_fd);
	x->list.summed = x->key != NULL;
	while (code == EX_OK && (got = list_next(&x->list, &r)) != 0) {
		if (got < 0)
			return input_failed(x->list_name);
		code = got == 1 ? add(x, &r) : bad_line(x);
		if (x->list.reads != reads)
			progress_tick(&x->progress, x->rcpts);
		reads = x->list.reads;
	}
	return code;
}

static int
publish(struct explode *x, int *named)
{
	if (x->key != NULL)
		return publish_key(x, named);
	if (spool_stage_publish(&x->stage) < 0)
		return spool_failed(x);
	*named = 1;
	return EX_OK;
}

static int
send_to_list(struct explode *x, int *named)
{
	int code = add_list(x);

	if (code == EX_OK && stop_asked())
		return input_failed(x->list_name);
	if (code == EX_OK && x->rcpts > 0)
		return publish(x, named);
	progress_clear(&x->progress);
	/* the list may have been another one when this was sent */
	if (x->key != NULL && (code == EX_OK || code == EX_DATAERR) && key_was_used(x, named, &code))
		return code;
	if (code == EX_OK)
		warn_text(x->list_name, "no recipient, nothing was sent");
	return code;
}

int
explode(struct explode *x, int *named)
{
	int code;

	*named = 0;
	if (spool_stage_begin(&x->stage, &x->spool, 1) < 0)
		return spool_failed(x);
	x->stage.head.from = x->sender;
	x->stage.head.verp = x->verp;
	x->stage.head.key = x->key;
	progress_begin(&x->progress);
	code = message_stage(&x->message, &x->stage, x->message_fd, x->message_name, 0,
	    x->key != NULL);
	if (code == EX_OK)
		code = send_to_list(x, named);
	progress_clear(&x->progress);
	if (!*named)
		spool_stage_abort(&x->stage);
	return code;
}
