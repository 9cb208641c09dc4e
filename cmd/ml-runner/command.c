/* SPDX-License-Identifier: ISC */
/*
 * Running a command: the text on its stdin with LF line ends, its stderr read
 * for a reason, its end awaited while the runner's heart goes on beating.  It
 * has a process group of its own, so that what stops the runner does not stop
 * what is in flight.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "anew.h"
#include "arguments.h"
#include "body.h"
#include "clock.h"
#include "command.h"
#include "job.h"
#include "log.h"
#include "signals.h"
#include "tend.h"

#define DEFAULT_SECONDS 3600
#define GRACE_MS        5000    /* between TERM and KILL */
#define TURN_MS         200
#define TURN_WORDS      64      /* kilobytes of stderr that are read before anything else is looked at */
#define LAST_WORDS      1024    /* kilobytes of stderr that are read after its end */

struct running {
	pid_t pid;
	int in, err;                    /* our ends, -1 once closed */
	struct body *body;
	off_t at;
	char piece[8192];
	size_t from, to;
	char line[300];                 /* of stderr, being read */
	size_t length;
	int64_t kill_at, end_at;
	int status, ended, abandoned, cut;
	struct command_result *result;
	const char *name;
};

static void
close_end(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static _Noreturn void
become(const struct runner *r, const struct transaction *t, char **argv, int in, int err)
{
	int not_executed;

	(void)setpgid(0, 0);
	signals_default();
	if (setenv("SENDER", t->sender, 1) < 0 ||
	    setenv("NAME", spool_unique(t->job->envelope.name), 1) < 0 ||
	    (!r->opt->many ? setenv("RECIPIENT", t->addresses, 1) : unsetenv("RECIPIENT")) < 0 ||
	    anew_dup2(in, STDIN_FILENO) < 0 || anew_dup2(err, STDERR_FILENO) < 0)
		_exit(126);
	(void)execvp(argv[0], argv);
	not_executed = errno;
	(void)dprintf(STDERR_FILENO, "%s: %s\n", argv[0], strerror(not_executed));
	_exit(not_executed == ENOENT ? 127 : 126);
}

static int
make_pipe(int ends[2], int ours)
{
	if (anew_pipe(ends) < 0)
		return -1;
	/* a command that had our end of its stdin would never see its end */
	return anew_fcntl(ends[0], F_SETFD, FD_CLOEXEC) < 0 || anew_fcntl(ends[1], F_SETFD, FD_CLOEXEC) < 0 ||
	    anew_fcntl(ends[ours], F_SETFL, O_NONBLOCK) < 0 ? -1 : 0;
}

static int
start(struct runner *r, const struct transaction *t, struct running *c)
{
	char **argv = arguments_make(r->opt->command, t);
	int in[2] = { -1, -1 }, err[2] = { -1, -1 }, failed = 0;

	if (argv == NULL)
		return -1;
	if (make_pipe(in, 1) < 0 || make_pipe(err, 0) < 0)
		failed = errno;
	log_flush();
	c->pid = failed == 0 ? anew_fork() : -1;
	if (c->pid == 0)
		become(r, t, argv, in[0], err[1]);
	if (c->pid < 0 && failed == 0)
		failed = errno;
	free(argv);
	close_end(&in[0]);
	close_end(&err[1]);
	if (failed != 0) {
		close_end(&in[1]);
		close_end(&err[0]);
		errno = failed;
		return -1;
	}
	c->in = in[1];
	c->err = err[0];
	return 0;
}

/* The stored text has CR only before LF. */
static size_t
drop_cr(char *text, size_t n)
{
	size_t i, kept = 0;

	for (i = 0; i < n; i++)
		if (text[i] != '\r')
			text[kept++] = text[i];
	return kept;
}

/* Before its stdin is closed: half a message must not pass for a whole one. */
static void
cut_off(struct running *c)
{
	(void)kill(-c->pid, SIGKILL);
	(void)kill(c->pid, SIGKILL);
	close_end(&c->in);
}

/* 1: more of the text may leave now.  Where that will not come again, since the claim is lost or
   the runner about to end, the command is cut off. */
static int
may_feed(struct runner *r, struct running *c)
{
	if (c->in < 0)
		return 0;
	if (tend_may_send(r))
		return 1;
	if (job_any_lost(r) || r->opt->once || signals.stop != 0) {
		cut_off(c);
		c->cut = 1;
	}
	return 0;
}

/* A command that reads no more of its stdin is judged by its exit code alone. */
static void
feed(struct running *c)
{
	ssize_t n;

	if (c->from == c->to) {
		n = anew_pread(c->body->fd, c->piece, sizeof c->piece, c->at);
		if (n < 0 || (n == 0 && c->at < c->body->size))
			cut_off(c);
		if (n <= 0) {
			close_end(&c->in);
			return;
		}
		c->at += n;
		c->from = 0;
		c->to = drop_cr(c->piece, (size_t)n);
	}
	n = write(c->in, c->piece + c->from, c->to - c->from);
	if (n >= 0)
		c->from += (size_t)n;
	else if (errno == EPIPE)
		close_end(&c->in);
	else if (errno != EAGAIN && errno != EINTR)
		cut_off(c);
}

static void
end_line(struct running *c)
{
	if (c->length == 0)
		return;
	c->line[c->length] = '\0';
	memcpy(c->result->text, c->line, c->length + 1);
	log_begin("output");
	log_text("name", c->name);
	log_text("text", c->line);
	log_end();
	c->length = 0;
}

/* 1: there may be more at once. */
static int
listen_to(struct running *c)
{
	char text[1024];
	ssize_t n = read(c->err, text, sizeof text), i;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	for (i = 0; i < n; i++)
		if (text[i] == '\n')
			end_line(c);
		else if (c->length + 1 < sizeof c->line)
			c->line[c->length++] = text[i];
	if (n <= 0)
		close_end(&c->err);
	return n > 0;
}

static void
signal_group(const struct running *c, int number)
{
	if (kill(-c->pid, number) < 0)
		(void)kill(c->pid, number);
}

static void
hurry(struct running *c)
{
	int64_t now = clock_ms();

	if (signals.stop > 1 && !c->abandoned) {
		c->abandoned = 1;
		c->end_at = now;
	}
	if (c->kill_at != 0 && now >= c->kill_at) {
		signal_group(c, SIGKILL);
		c->kill_at = now + GRACE_MS;
	} else if (c->kill_at == 0 && now >= c->end_at) {
		c->result->timed_out = !c->abandoned;
		signal_group(c, SIGTERM);
		c->kill_at = now + GRACE_MS;
	}
}

/* The command may wait for its words to be read before it reads on. */
static void
turn(struct runner *r, struct running *c)
{
	int64_t until = c->kill_at != 0 ? c->kill_at : c->end_at, soon = clock_ms() + TURN_MS;
	short happened = 0;
	int feeding = may_feed(r, c), left;

	if (c->in >= 0 && !feeding)
		until = soon < until ? soon : until;
	(void)tend_wait_both(r, c->err, feeding ? c->in : -1, until, &happened);
	if (may_feed(r, c) && feeding)
		feed(c);
	for (left = TURN_WORDS; left > 0 && c->err >= 0 && listen_to(c); left--)
		continue;
	if (waitpid(c->pid, &c->status, WNOHANG) == c->pid)
		c->ended = 1;
	hurry(c);
}

int
command_run(struct runner *r, const struct transaction *t, struct command_result *result)
{
	struct running c = { .in = -1, .err = -1, .body = t->job->body, .result = result };
	unsigned long seconds = r->opt->timeout != 0 ? r->opt->timeout : DEFAULT_SECONDS;

	int left;

	memset(result, 0, sizeof *result);
	c.name = spool_unique(t->job->envelope.name);
	c.end_at = clock_ms() + (int64_t)seconds * 1000;
	if (start(r, t, &c) < 0)
		return -1;
	while (!c.ended)
		turn(r, &c);
	/* what is left of its words; a child of its own may go on talking for ever */
	for (left = LAST_WORDS; left > 0 && listen_to(&c); left--)
		continue;
	end_line(&c);
	close_end(&c.in);
	close_end(&c.err);
	result->code = WIFEXITED(c.status) ? WEXITSTATUS(c.status) : 128 + WTERMSIG(c.status);
	/* what had ended before it could be cut off is judged by its exit code all the same */
	if (c.abandoned || (c.cut && WIFSIGNALED(c.status)))
		result->code = COMMAND_ABANDONED;
	return 0;
}
