/* SPDX-License-Identifier: ISC */
/* What a program finds at its start and leaves at its end: descriptors, signals, the spool. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "anew.h"
#include "die.h"
#include "io.h"
#include "spool.h"

/* A closed descriptor would be the next file's: what is printed would end up in the spool.  It is
   replaced by one that can't be used in the expected direction, so that using it still fails. */
static void
fill(int fd)
{
	int flags = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;

	if (anew_fcntl(fd, F_GETFD, 0) >= 0 || errno != EBADF)
		return;
	if (anew_open("/dev/null", flags) != fd)
		_Exit(EX_OSERR);
}

void
std_start(void)
{
	static const int ignored[] = { SIGPIPE, SIGXFSZ };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	size_t i;
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		fill(fd);
	(void)sigemptyset(&ignore.sa_mask);
	for (i = 0; i < sizeof ignored / sizeof *ignored; i++)
		(void)sigaction(ignored[i], &ignore, NULL);
}

int
std_finish(int code)
{
	int bad = ferror(stdout);

	bad |= fflush(stdout) != 0;
	if ((fclose(stdout) == 0 || errno == EINTR) && !bad)
		return code;
	warn_errno("stdout");
	return code == EX_OK ? EX_IOERR : code;
}

void
std_name(const char *name)
{
	char line[SPOOL_NAME_SIZE + 1];
	int n = snprintf(line, sizeof line, "%s\n", name);

	if (n < 0 || io_write(STDOUT_FILENO, line, (size_t)n) < 0)
		warn_errno("stdout");
}

static _Noreturn void
die_open(const struct spool *s, const char *path)
{
	const char *object = spool_object(s);   /* here with PATH in front */
	int code = exit_code(errno);

	die_text(code, *object != '\0' ? object : path, "%s%s",
	    code == EX_UNAVAILABLE ? "not a whole spool: " : "", strerror(errno));
}

void
open_spool(struct spool *s, const char *path)
{
	if (spool_open(s, path) < 0)
		die_open(s, path);
	s->stranger = warn_stranger;
}
