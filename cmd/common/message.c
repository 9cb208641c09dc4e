/* SPDX-License-Identifier: ISC */
#include <errno.h>

#include "die.h"
#include "input.h"
#include "message.h"
#include "spool.h"

int
message_stage(struct message *m, struct spool_stage *st, int fd, const char *name, int take,
    int summed)
{
	int code;

	text_begin(&m->text, st->text_fd);
	m->text.summed = summed;
	header_begin(&m->header, &m->text, take);
	switch (text_copy(&m->text, fd)) {
	case 0:
		st->head.body = m->text.eight ? 8 : 7;
		st->head.id = *m->header.id != '\0' ? m->header.id : NULL;
		return EX_OK;
	case 1:
		warn_line(name, m->text.line, m->text.fault);
		return EX_DATAERR;
	default:
		if (m->text.reading)
			return input_failed(name);
		code = exit_code(errno);
		warn_errno("tmp");
		return code;
	}
}
