/* SPDX-License-Identifier: ISC */
/* Each step between a runner and its MTA is one line of the log. */
#include <stdio.h>

#include "backoff.h"
#include "clock.h"
#include "job.h"
#include "log.h"
#include "mta.h"
#include "session.h"
#include "settle.h"
#include "tend.h"

#define AT_ONCE_MS 1000

int
mta_is_command(const struct runner *r)
{
	return r->opt->kind == TRANSPORT_PIPE;
}

int
mta_is_once(const struct runner *r)
{
	return r->opt->kind == TRANSPORT_UCSPI;
}

static const char *
destination(const struct runner *r)
{
	static char text[300];

	(void)snprintf(text, sizeof text, "%s%s%s", r->opt->host, r->opt->port != NULL ? ":" : "",
	    r->opt->port != NULL ? r->opt->port : "");
	return text;
}

void
mta_release(struct runner *r)
{
	struct job *j, *next;

	for (j = r->jobs; j != NULL; j = next) {
		next = j->next;
		if (j->alone && !j->give_up)
			settle_step_back(r, j);
	}
	job_release_all(r);
}

void
mta_down(struct runner *r)
{
	mta_release(r);
	session_drop(r);
	backoff_longer(&r->backoff);
	log_begin("down");
	log_text("to", destination(r));
	log_text("error", r->self.last);
	if (!r->opt->once && !mta_is_once(r))
		log_number("retry_ms", (unsigned long long)(r->backoff.until - clock_ms()));
	log_end();
	r->is_down = 1;
	tend_state(r, SPOOL_DOWN);
}

int
mta_reach(struct runner *r)
{
	if (mta_is_command(r) || r->session != NULL)
		return 1;
	if (!session_open(r))
		return 0;
	log_begin(r->is_down ? "up" : "connected");
	log_text("to", destination(r));
	log_end();
	r->is_down = 0;
	return 1;
}

static void
log_closed(struct runner *r)
{
	log_begin("closed");
	log_text("to", destination(r));
	log_number("messages", r->session->messages);
	log_end();
}

void
mta_part(struct runner *r)
{
	if (r->session == NULL)
		return;
	log_closed(r);
	session_close(r);
}

/* What is over as soon as it was open would be so again. */
static int
was_no_session(const struct runner *r)
{
	return !r->session->answered && clock_ms() - r->session->opened_at < AT_ONCE_MS && !mta_is_once(r);
}

void
mta_gone(struct runner *r)
{
	struct reply p;

	if (was_no_session(r)) {
		tend_last(r, session_await(r, &p, 0) > 0 ? p.text : r->session->why);
		mta_down(r);
		return;
	}
	log_closed(r);
	session_drop(r);
}
