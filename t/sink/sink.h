/* SPDX-License-Identifier: ISC */
/*
 * What the parts of the sink share, one section a source file.
 *
 * One process, one poll loop.  A session works through its input as far as it can, its replies go
 * into a queue in which each piece has the time it is due, and the queue is written after the log:
 * what was answered with 250 stands in the log before the answer leaves.
 */
#ifndef SINK_H
#define SINK_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum {
	IN_SIZE = 65536,	/* input buffer of a session */
	LINE_LIMIT = 2048,	/* longest command line with its end */
	OUT_LIMIT = 1 << 20,	/* more unsent replies than that, and input waits */
};

enum extension {
	EXT_PIPELINING = 1, EXT_CHUNKING = 2, EXT_SIZE = 4, EXT_UTF8 = 8, EXT_8BIT = 16,
	EXT_AUTH = 32, EXT_DSN = 64, EXT_XVERP = 128,
};

struct config {
	unsigned ext;
	bool pieces, verbose;
	int64_t delay;			/* of every reply, microseconds */
	int64_t lifetime;		/* of the process, microseconds */
	unsigned long max_messages;	/* a session, 0: no limit */
	unsigned long max_rcpts;	/* a transaction */
	size_t max_size;
	const char *log, *maildir, *rules, *portfile, *host, *port;
};

/* buf.c: memory that grows; a failure ends the process */
struct buf {
	char *p;
	size_t len, cap;
};
void buf_add(struct buf *b, const void *data, size_t len);
void buf_str(struct buf *b, const char *text);
void buf_printable(struct buf *b, const char *text);	/* control characters as \xNN */
void buf_free(struct buf *b);
void *mem_grow(void *old, size_t size);
const char *mem_find(const char *hay, size_t len, const char *needle);
void warn(const char *object);				/* object: strerror(errno) */
void warnx(const char *object, const char *reason);
_Noreturn void die(int code, const char *object);

/* crc32.c */
uint32_t crc32_of(const char *data, size_t len);

/* log.c */
struct log {
	int fd;			/* -1: no log */
	const char *name;
	struct buf pending;
};
void log_open(struct log *l, const char *name);
void log_accepted(struct log *l, unsigned long session, const char *sender, const char *rcpt,
    size_t octets, uint32_t crc);
void log_event(struct log *l, const char *event, unsigned long session, const char *detail);
void log_flush(struct log *l);

/* maildir.c */
void maildir_make(const char *dir);
int maildir_file(const char *dir, const char *sender, const struct buf *rcpts,
    const struct buf *text);		/* 0, or -1 after a warning */

/* rules.c, ruleline.c */
enum phase { PH_CONNECT, PH_EHLO, PH_HELO, PH_AUTH, PH_MAIL, PH_RCPT, PH_DATA, PH_TEXT, PH_LMTP };
enum action { ACT_REPLY, ACT_DROP, ACT_DROPAFTER, ACT_DROPBEFORE, ACT_STALL, ACT_CRASH };
struct rule {
	enum phase phase;
	enum action action;
	char *pattern, *text;
	int code;
	int64_t pause;				/* microseconds, for stall and crash */
	unsigned long after, times, hits;	/* matches skipped, then used; seen */
};
struct rules {
	const char *name;	/* NULL: none */
	struct rule *rule;
	size_t n;
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec mtime;
};
const char *rule_parse(char *line, struct rule *r);	/* NULL, or what is wrong with it */
void rule_free(struct rule *r);
int rules_load(struct rules *r);			/* 0, or -1 after a warning, rules as before */
void rules_refresh(struct rules *r);			/* loads them if the file changed */
const struct rule *rules_match(struct rules *r, enum phase ph, const char *subject, size_t len);

/* server.c */
struct session;
struct server {
	struct config cfg;
	struct rules rules;
	struct log log;
	struct session **session;
	size_t n, cap;
	unsigned long last_id;
	int listener;		/* -1: closed */
	int signals;
	int64_t now;		/* monotonic, of this turn of the loop */
	int64_t listen_at;	/* when a crash is over, or 0 */
	int64_t accept_at;	/* not before: no descriptor was free */
	bool crashing, stop;
};
int64_t server_clock(void);
void server_run(struct server *v);
void server_crash(struct server *v, int64_t pause);

/* listener.c */
int listener_open(struct server *v);	/* 0, or -1 with errno */
void listener_close(struct server *v);
int listener_accept(struct server *v);	/* a descriptor, or -1 */
void listener_portfile(struct server *v);

/* signals.c */
enum { SIG_STOP = 1, SIG_RELOAD = 2, SIG_SHUT = 4, SIG_LISTEN = 8 };
int signals_open(void);			/* the descriptor to poll */
unsigned signals_take(int fd);		/* what has come since */

/* reply.c */
enum ending { END_NOT, END_CLOSE, END_DROP };
struct piece {
	size_t len;
	int64_t due;
	enum ending ending;
};
struct queue {
	struct buf text;
	size_t sent;		/* of text */
	struct piece *piece;
	size_t first, n, cap;
};
void reply(struct session *s, const char *line);	/* one line, or several with \n between */
void reply_code(struct session *s, int code, const char *text);	/* text may contain "\\n" */
void reply_end(struct session *s, enum ending how);
bool reply_pending(const struct session *s);
int64_t reply_due(const struct session *s);		/* of the first piece; -1: nothing queued */
void reply_flush(struct session *s);
void reply_free(struct session *s);

/* session.c */
enum mode { MODE_COMMAND, MODE_AUTH, MODE_TEXT, MODE_CHUNK };
enum hello { HELLO_NONE, HELLO_HELO, HELLO_EHLO, HELLO_LHLO };
struct session {
	struct server *v;
	int fd;
	unsigned long id, messages;
	enum mode mode;
	enum hello hello;
	bool ready;		/* there may be input to work on */
	bool eof, quit;		/* the client closed; it said QUIT */
	bool closing;		/* the end is queued, input is void */
	bool draining, dead;	/* closed but for what the client still sends; to be freed */
	bool wait;		/* nothing is read or worked on before the queue is empty */
	bool sync, peek;	/* input before the queue is empty is early; look in the socket too */
	bool refused, authed;	/* greeted with 5xx; authenticated */
	bool skip_line;		/* the rest of a line that was too long */
	int64_t hold;		/* added to the delay of the next reply */
	int64_t drain_until;
	struct queue out;
	/* the transaction */
	bool in_mail, utf8, chunked, chunk_failed;
	unsigned long tried;	/* recipients, refused ones too */
	unsigned long n_rcpts;
	struct buf sender, rcpts;	/* rcpts: each ends with a NUL */
	/* its text */
	struct buf text;
	bool line_start, too_big, chunk_first, chunk_last;
	char last;		/* octet before, 0 at the beginning */
	unsigned long bare;	/* CR or LF alone, not reported yet */
	uintmax_t chunk_left;
	const char *chunk_reply;	/* the refusal to send once the chunk is read */
	size_t pos, len;	/* of in */
	char in[IN_SIZE];
};
struct session *session_new(struct server *v, int fd);
void session_free(struct session *s);
short session_events(const struct session *s);
void session_read(struct session *s);
void session_work(struct session *s);
bool session_blocked(const struct session *s);
void session_lockstep(struct session *s);	/* no more before the reply, where that is due */
void session_bare(struct session *s, const char *data, size_t len);

/* hook.c */
enum verdict { GO_ON, ACCEPTED, REFUSED };	/* ACCEPTED, REFUSED: already answered */
enum verdict hook(struct session *s, enum phase ph, const char *subject);
enum verdict hook_apply(struct session *s, const struct rule *r);

/* command.c */
void command(struct session *s, char *line);
void transaction_reset(struct session *s);

/* mail.c */
void mail_command(struct session *s, char *arg);
void rcpt_command(struct session *s, char *arg);

/* auth.c */
void auth_command(struct session *s, char *arg);
void auth_line(struct session *s, const char *line);

/* text.c, chunk.c, accept.c */
void data_command(struct session *s, char *arg);
bool text_input(struct session *s);	/* false: needs more input */
void text_add(struct session *s, const char *data, size_t len);
void bdat_command(struct session *s, char *arg);
bool chunk_input(struct session *s);
void text_end(struct session *s);

#endif
