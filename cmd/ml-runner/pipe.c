/* SPDX-License-Identifier: ISC */
/* The pipe transport: a command for each transaction, judged by its exit code. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "clock.h"
#include "command.h"
#include "escape.h"
#include "job.h"
#include "log.h"
#include "outcome.h"
#include "plan.h"
#include "rate.h"
#include "signals.h"
#include "tend.h"
#include "transport.h"

#define QMAIL_FAILED 100

/* What an SMTP server would have said; codes in envelopes are of one kind. */
static void
translate(const struct command_result *c, struct reply *p)
{
	const char *status;

	switch (c->timed_out ? EX_TEMPFAIL : c->code) {
	case 0:
		p->code = 250;
		(void)snprintf(p->text, sizeof p->text, "250 delivered");
		return;
	case EX_NOUSER:
		p->code = 550;
		status = "5.1.1";
		break;
	case EX_NOHOST:
		p->code = 550;
		status = "5.1.2";
		break;
	case EX_DATAERR:
	case EX_PROTOCOL:
	case QMAIL_FAILED:
		p->code = 554;
		status = "5.3.0";
		break;
	default:
		p->code = 451;
		status = "4.3.0";
		break;
	}
	(void)snprintf(p->text, sizeof p->text, "%d %s %s %d%s%s", p->code, status,
	    c->timed_out ? "timed out, exit" : "exit", c->code, *c->text != '\0' ? ": " : "", c->text);
	tame(p->text);
}

static void
judge(struct runner *r, struct transaction *t, const struct command_result *c)
{
	struct reply p = { .code = 0 };
	size_t i;

	if (c->code == COMMAND_ABANDONED) {
		job_replan(t->job);
		return;
	}
	for (i = 0; i < t->targets; i++)
		t->target[i].state = TARGET_ACCEPTED;
	translate(c, &p);
	if (c->code == EX_NOUSER || c->code == EX_NOHOST || p.code / 100 == 4)
		for (i = 0; i < t->targets; i++)
			outcome_text_for(r, t, i, &p);
	else
		outcome_text(r, t, &p);
}

static void
run(struct runner *r, struct transaction *t)
{
	struct command_result c;

	tend_state(r, SPOOL_BUSY);
	if (command_run(r, t, &c) < 0) {
		c = (struct command_result){ .code = EX_OSERR };
		(void)snprintf(c.text, sizeof c.text, "%s", strerror(errno));
	}
	judge(r, t, &c);
	job_write_marks(r);
	outcome_end(r, t);
	job_done_with(r, t);
}

static int
wait_till_allowed(struct runner *r)
{
	int64_t until = rate_wait(r);
	short happened;

	if (until == 0 || signals.stop != 0 || r->backing_off || r->stuck)
		return 0;
	(void)tend_wait(r, -1, 0, until, 0, &happened);
	return 1;
}

enum work
pipe_work(struct runner *r)
{
	static struct transaction t;
	int got;

	while (tend_may_send(r) || job_any_lost(r)) {
		got = plan_next(r, &t);
		if (got > 0 && !t.job->lost)
			run(r, &t);
		else if (got > 0)
			job_done_with(r, &t);
		else if (got < 0 || !wait_till_allowed(r))
			break;
	}
	return WORK_IDLE;
}
