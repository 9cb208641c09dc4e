/* SPDX-License-Identifier: ISC */
/*
 * Cutting transactions from an envelope.  It is walked twice, recipients that
 * were never tried first, so that nobody's full mailbox stands before others;
 * a recipient that was answered under this claim is not asked again under it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "arguments.h"
#include "job.h"
#include "rate.h"
#include "session.h"
#include "transaction.h"

struct room {                           /* of one transaction */
	size_t rcpts;
	size_t octets;                  /* of them as arguments, pointers included */
};

static struct room
room(const struct runner *r)
{
	size_t octets = r->opt->many ? arguments_room(r->opt->command) : SIZE_MAX;

	return (struct room){ rate_most(r, r->rcpts_most), octets };
}

static int
add_target(struct transaction *t, off_t at, size_t index, const char *address)
{
	size_t length = strlen(address) + 1;
	struct target *targets;
	char *addresses;

	if (t->targets == t->targets_room) {
		targets = realloc(t->target, (t->targets_room * 2 + 8) * sizeof *targets);
		if (targets == NULL)
			return -1;
		t->target = targets;
		t->targets_room = t->targets_room * 2 + 8;
	}
	if (t->addresses_used + length > t->addresses_room) {
		addresses = realloc(t->addresses, t->addresses_room * 2 + length);
		if (addresses == NULL)
			return -1;
		t->addresses = addresses;
		t->addresses_room = t->addresses_room * 2 + length;
	}
	memcpy(t->addresses + t->addresses_used, address, length);
	t->target[t->targets++] = (struct target){ at, index, t->addresses_used, TARGET_WAITING };
	t->addresses_used += length;
	return 0;
}

/* The next recipient that may be sent to: 1, 0 when there is none, -1. */
static int
next_rcpt(struct job *j, struct spool_rcpt *p)
{
	int got;

	for (; j->pass < 2; j->pass++, spool_cursor_begin(&j->cursor, &j->envelope)) {
		while ((got = spool_cursor_next(&j->cursor, &j->envelope, p)) > 0)
			if (p->state == 'T' && (p->code != 0) == j->pass && !job_was_answered(j, p->index))
				return 1;
		if (got < 0)
			return -1;
		if (j->pass == 0 && !j->second_pass) {
			j->pass = 2;
			break;
		}
	}
	return 0;
}

static int
has_path_of_its_own(const struct job *j, const char *address)
{
	return j->path_room > 0 && verp_fits(j->path_room, address, strlen(address));
}

static int
is_ascii(const char *address)
{
	return address_is_ascii(address, strlen(address));
}

static int
needs_smtputf8(const struct runner *r, const char *address)
{
	return r->opt->kind != TRANSPORT_PIPE && !is_ascii(address);
}

/* The first recipient decides: an address that needs SMTPUTF8 shares its transaction with nobody,
   and one with a return path of its own only where the server makes that. */
static void
decide_sharing(const struct runner *r, struct transaction *t)
{
	int own = has_path_of_its_own(t->job, t->addresses), utf8 = needs_smtputf8(r, t->addresses);

	t->xverp = own && !utf8 && r->session != NULL && r->session->xverp;
	t->alone = utf8 || (own && !t->xverp);
	t->utf8 = utf8;
}

static size_t
octets_with(const struct transaction *t, const char *address)
{
	return t->addresses_used + strlen(address) + 1 + (t->targets + 1) * sizeof(char *);
}

static int
fits(const struct runner *r, const struct transaction *t, const char *address, const struct room *most)
{
	return t->targets == 0 ||
	    (!needs_smtputf8(r, address) && t->xverp == has_path_of_its_own(t->job, address) &&
	    octets_with(t, address) <= most->octets);
}

static int
is_full(const struct transaction *t, const struct room *most)
{
	return t->targets > 0 && (t->alone || t->targets >= most->rcpts);
}

static int
add(const struct runner *r, struct transaction *t, off_t at, size_t index, const char *address)
{
	if (add_target(t, at, index, address) < 0)
		return -1;
	if (t->targets == 1)
		decide_sharing(r, t);
	return 0;
}

/* 1 when the transaction is as full as it may be with those carried, 0, or -1. */
static int
take_carried(const struct runner *r, struct job *j, struct transaction *t, const struct room *most)
{
	size_t n;
	int failed = 0;

	for (n = 0; n < j->carries && !is_full(t, most) && fits(r, t, j->carried[n].address, most); n++) {
		if (add(r, t, j->carried[n].at, j->carried[n].index, j->carried[n].address) < 0) {
			failed = 1;
			break;
		}
		free(j->carried[n].address);
	}
	if (n > 0)
		memmove(j->carried, j->carried + n, (j->carries - n) * sizeof *j->carried);
	j->carries -= n;
	return failed ? -1 : j->carries > 0;
}

static int
fill(struct runner *r, struct job *j, struct transaction *t)
{
	struct room most = room(r);
	struct spool_rcpt p;
	int got = take_carried(r, j, t, &most);

	if (got != 0)
		return got;
	while (!is_full(t, &most)) {
		got = next_rcpt(j, &p);
		if (got <= 0)
			break;
		if (!fits(r, t, p.address, &most)) {
			got = job_carry(j, p.at, p.index, p.address);
			break;
		}
		if (add(r, t, p.at, p.index, p.address) < 0)
			return -1;
	}
	return got < 0 ? -1 : t->targets > 0;
}

static void
reset(struct transaction *t, struct job *j)
{
	t->job = j;
	t->targets = t->addresses_used = t->accepted = 0;
	t->mail_code = t->succeeded = t->is_void = t->nested = t->resent = 0;
	t->xverp = t->alone = t->utf8 = t->is_out = t->answered = 0;
	t->next = t->next_again = NULL;
}

static void
address_sender(struct transaction *t)
{
	const struct spool_envelope *e = &t->job->envelope;

	if (t->xverp || t->job->path_room == 0)
		(void)snprintf(t->sender, sizeof t->sender, "%s", e->from);
	else
		(void)verp_path(t->sender, sizeof t->sender, t->job->path_room, e->from, e->verp, t->addresses);
	t->utf8 = t->utf8 || !is_ascii(t->sender);
}

int
transaction_plan(struct runner *r, struct job *j, struct transaction *t)
{
	int got;

	reset(t, j);
	got = fill(r, j, t);
	if (got <= 0)
		return got;
	j->in_flight++;
	address_sender(t);
	rate_spend(r, t->targets);
	return 1;
}
