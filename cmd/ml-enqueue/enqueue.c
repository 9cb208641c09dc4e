/* SPDX-License-Identifier: ISC */
/*
 * One message, one envelope.  Everything stands in tmp/ until the library's rename; a crash before
 * that leaves only what ml-requeue sweeps.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "address.h"
#include "die.h"
#include "enqueue.h"
#include "input.h"
#include "stop.h"

static int
spool_failed(struct enqueue *e)
{
	int code = exit_code(errno);

	warn_spool(&e->spool, NULL);
	return code;
}

static int
add(struct enqueue *e, const char *line, size_t length)
{
	if (spool_stage_rcpt(&e->stage, line, length) < 0)
		return spool_failed(e);
	e->rcpts++;
	return EX_OK;
}

static int
add_args(struct enqueue *e)
{
	char **a;
	int code = EX_OK;

	for (a = e->args; *a != NULL && code == EX_OK; a++)
		code = add(e, *a, strlen(*a));
	return code;
}

static int
add_header(struct enqueue *e)
{
	struct header *h = &e->message.header;
	const char *fault;
	int got, code = EX_OK;

	while (code == EX_OK && (got = header_next(h)) != 0) {
		fault = got < 0 ? "not an address" : address_fault(h->address, h->length);
		if (fault != NULL) {
			warn_text(h->address, "%s", fault);
			return EX_DATAERR;
		}
		code = add(e, h->address, h->length);
	}
	return code;
}

static int
add_file(struct enqueue *e)
{
	const char *name = input_name(e->file);
	struct list_line r;
	int got, code = EX_OK;

	list_begin(&e->list, e->file_fd);
	while (code == EX_OK && (got = list_next(&e->list, &r)) != 0) {
		if (got < 0)
			return input_failed(name);
		if (got == 2) {
			warn_line(name, e->list.line, e->list.fault);
			return EX_DATAERR;
		}
		code = add(e, r.text, r.length);
	}
	return code;
}

static int
fill(struct enqueue *e)
{
	int code = message_stage(&e->message, &e->stage, STDIN_FILENO, "stdin", e->take, 0);

	if (code == EX_OK)
		code = add_args(e);
	if (code == EX_OK && e->take)
		code = add_header(e);
	if (code == EX_OK && e->file != NULL)
		code = add_file(e);
	if (code == EX_OK && e->rcpts == 0) {
		warn_text(e->file != NULL ? e->file : "stdin", "no recipient, nothing was sent");
		/* A filter that wrote the file may rightly leave nobody; a header may not. */
		code = e->take ? EX_DATAERR : EX_OK;
	}
	if (code == EX_OK && stop_asked())
		code = input_failed("stdin");
	return code;
}

int
enqueue(struct enqueue *e)
{
	int code;

	if (spool_stage_begin(&e->stage, &e->spool, 0) < 0)
		return spool_failed(e);
	e->stage.head.from = e->sender;
	code = fill(e);
	if (code == EX_OK && e->rcpts > 0 && spool_stage_publish(&e->stage) < 0)
		code = spool_failed(e);
	if (code != EX_OK || e->rcpts == 0)
		spool_stage_abort(&e->stage);
	header_free(&e->message.header);
	return code;
}
