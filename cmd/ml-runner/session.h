/* SPDX-License-Identifier: ISC */
/* One SMTP connection: bytes in, bytes out, and what its server can do. */
#ifndef SESSION_H
#define SESSION_H

#include "body.h"
#include "reply.h"
#include "wire.h"
#include "work.h"

enum expected_kind { EXPECT_RSET, EXPECT_MAIL, EXPECT_RCPT, EXPECT_DATA, EXPECT_TEXT, EXPECT_LONE_DOT };

struct expected {                       /* a reply that the server owes */
	enum expected_kind kind;
	struct transaction *transaction;
	size_t target;
};

enum stage {                            /* what of the transaction being sent comes next */
	STAGE_NONE, STAGE_RSET, STAGE_MAIL, STAGE_RCPT, STAGE_DATA, STAGE_WAIT, STAGE_TEXT
};

struct session {
	struct wire wire;
	char in[32768];
	size_t in_from, in_to;
	char *out;
	size_t out_from, out_to, out_room;
	struct reply_parser parser;
	int64_t read_at;                /* clock_ms() of the last read that brought something */
	int64_t progress_at;            /* of the last write, or the last whole reply */
	int dead;
	int unwanted;                   /* the MTA wants nothing from us: what it owes is heard, and no more */
	char why[REPLY_SIZE];           /* either */
	int wake;                       /* hangs up when the end of it keeps somebody waiting, or -1 */

	int each;                       /* LMTP: a reply to the text for each accepted recipient */
	int cut;                        /* a text was refused before its end: nothing more is sent */
	int greeted;
	int pipelining, chunking, eightbit, utf8, size, dsn, xverp;
	int xverp_granted;              /* a MAIL that asked for it was accepted */
	unsigned auth;                  /* mechanisms that both know */
	unsigned long long size_limit;  /* 0: none known */

	unsigned long messages;
	int taken;                      /* it said 2xx to a text */
	unsigned refused;               /* commands, each for a reason of its own */
	unsigned errors;                /* all replies that refuse, since a text was accepted */
	int64_t opened_at;              /* clock_ms() */
	int answered;                   /* a command was, since it was opened */
	int rested;                     /* nothing was answered since it sat idle */

	struct expected *expected;      /* a ring */
	size_t expected_first, expected_count, expected_room;
	struct transaction *flight;     /* oldest first */
	struct transaction **flight_last;
	size_t flights;
	int was_full;                   /* the window, and a quarter of it was not answered since */
	struct transaction *sending;
	enum stage stage;
	size_t next_rcpt;
	size_t rcpts_owed;              /* replies to RCPT */
	int has_more;                   /* that could go out now, but was too much at once */
	int needs_rset;
	int spoilt;                     /* something in the window was refused: behind it 503 is no verdict */
	struct body_reader reader;
	struct transaction *again;      /* to be sent once more, after a void window, in this order */
	struct transaction *spare;
};

/* Connects, greets.  1: it is live.  0: the MTA is down; r->self.last says why. */
int session_open(struct runner *r);
/* Says QUIT if it can, and closes. */
void session_close(struct runner *r);
/* Closes without a word. */
void session_drop(struct runner *r);

/* 1 if several transactions may be in flight at once: -w, and the server offers what that needs. */
int session_is_windowed(const struct runner *r);

/* Room for N bytes at the end of what goes out, or NULL. */
char *session_room(struct session *s, size_t n);
int session_put(struct session *s, const char *text, size_t n);
size_t session_unsent(const struct session *s);
/* Moves bytes in both directions until something has come, or UNTIL.  0, or -1 once it is dead. */
int session_pump(struct runner *r, int64_t until);
/* Takes a reply that has come, into s->parser.reply: 1, 0 if there is none yet, -1 if it is dead. */
int session_next_reply(struct runner *r);
/* The same, and copies it. */
int session_reply(struct runner *r, struct reply *reply);
/* To be called where what has come is no reply yet: 1 if more has, 0, or -1 if nothing will. */
int session_listen(struct runner *r, int64_t until);
/* The same; nothing more by UNTIL is the end.  0, or -1 once it is dead. */
int session_wait(struct runner *r, int64_t until);
/* Waits MS for one: 1, or -1. */
int session_await(struct runner *r, struct reply *reply, int64_t ms);
int session_fail(struct session *s, const char *why);
/* The -t proportion: PART tenths of the longest wait. */
int64_t session_timeout(const struct runner *r, int tenths);

#endif
