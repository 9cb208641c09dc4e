/* SPDX-License-Identifier: ISC */
/*
 * The command of smtp-over.  It lives as long as the session, in a process
 * group of its own, so that a terminal's signals reach the runner alone, which
 * says QUIT first.  Nothing of that group outlives over_end() for long.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "anew.h"
#include "clock.h"
#include "log.h"
#include "over.h"
#include "signals.h"

#define MOMENT_MS 500           /* between the end of its output and its own */
#define GRACE_MS  1000          /* then TERM, as long again, then KILL */
#define HASTE_MS  10            /* and no longer, where somebody waits */
#define STEP_MS   5

static _Noreturn void
become(char **command, int end, int report)
{
	int failed;

	(void)setpgid(0, 0);
	signals_default();
	if (anew_dup2(end, STDIN_FILENO) >= 0 && anew_dup2(end, STDOUT_FILENO) >= 0)
		(void)execvp(command[0], command);
	failed = errno;
	(void)!anew_write(report, &failed, sizeof failed);
	_exit(failed == ENOENT ? 127 : 126);
}

/* exec closes the pipe unwritten.  What exec failed of, or 0. */
static int
hear(int fd)
{
	int failed = 0;

	return anew_read(fd, &failed, sizeof failed) == (ssize_t)sizeof failed ? failed : 0;
}

static int
make_ends(int end[2], int report[2])
{
	if (anew_socketpair(AF_UNIX, SOCK_STREAM, 0, end) < 0)
		return -1;
	if (anew_pipe(report) < 0) {
		(void)close(end[0]);
		(void)close(end[1]);
		return -1;
	}
	(void)anew_fcntl(end[0], F_SETFD, FD_CLOEXEC);
	(void)anew_fcntl(end[1], F_SETFD, FD_CLOEXEC);
	(void)anew_fcntl(report[0], F_SETFD, FD_CLOEXEC);
	(void)anew_fcntl(report[1], F_SETFD, FD_CLOEXEC);
	return 0;
}

int
over_start(struct over *o, char **command)
{
	int end[2], report[2], failed;

	*o = (struct over){ .pid = 0 };
	if (make_ends(end, report) < 0)
		return -1;
	log_flush();
	o->pid = anew_fork();
	failed = o->pid < 0 ? errno : 0;
	if (o->pid == 0)
		become(command, end[1], report[1]);
	(void)close(end[1]);
	(void)close(report[1]);
	if (failed == 0)
		failed = hear(report[0]);
	(void)close(report[0]);
	if (failed == 0)
		return end[0];
	(void)close(end[0]);
	if (o->pid > 0)
		over_end(o, -1);
	o->pid = 0;
	errno = failed;
	return -1;
}

/* 1 if WAKE hangs up meanwhile. */
static int
let_pass(int wake)
{
	struct pollfd p = { .fd = wake, .events = 0 };

	return poll(&p, 1, STEP_MS) > 0;
}

static int
has_ended(struct over *o, int64_t ms, int wake)
{
	int64_t until = clock_ms() + ms;
	pid_t got;

	for (;;) {
		got = o->ended ? o->pid : waitpid(o->pid, &o->status, WNOHANG);
		if (got == o->pid || (got < 0 && errno == ECHILD))
			o->ended = 1;
		if (o->ended || clock_ms() >= until || let_pass(wake))
			return o->ended;
	}
}

void
over_tell(struct over *o, char *why, size_t size)
{
	if (!has_ended(o, MOMENT_MS, -1))
		(void)snprintf(why, size, "the command closed its output");
	else if (WIFSIGNALED(o->status))
		(void)snprintf(why, size, "the command was ended by signal %d", WTERMSIG(o->status));
	else
		(void)snprintf(why, size, "the command ended, exit %d", WEXITSTATUS(o->status));
}

static void
signal_group(const struct over *o, int number)
{
	if (kill(-o->pid, number) < 0)
		(void)kill(o->pid, number);
}

/* What it started and left behind has a moment for its last words. */
static void
end_rest(const struct over *o, int wake)
{
	int64_t until = clock_ms() + MOMENT_MS;

	while (kill(-o->pid, 0) == 0) {
		if (clock_ms() >= until || let_pass(wake)) {
			(void)kill(-o->pid, SIGTERM);
			return;
		}
	}
}

static int
has_ended_in_time(struct over *o, int wake)
{
	return has_ended(o, GRACE_MS, wake) || has_ended(o, HASTE_MS, -1);
}

void
over_end(struct over *o, int wake)
{
	if (o->pid <= 0)
		return;
	if (!has_ended_in_time(o, wake)) {
		signal_group(o, SIGTERM);
		if (!has_ended_in_time(o, wake)) {
			signal_group(o, SIGKILL);
			while (!has_ended(o, GRACE_MS, -1))
				continue;
		}
	}
	end_rest(o, wake);
	o->pid = 0;
}
