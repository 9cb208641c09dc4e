/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "die.h"
#include "input.h"
#include "stop.h"

/* A FIFO opens when somebody writes to it, which may be never. */
static int
open_or_stop(const char *path)
{
	int fd = -1, saved;

	if (stop_interrupts(1) < 0)
		return -1;
	errno = EINTR;
	while (fd < 0 && errno == EINTR && !stop_asked())
		fd = open(path, O_RDONLY | O_CLOEXEC);
	saved = errno;
	if (stop_interrupts(0) == 0)
		errno = saved;
	return fd;
}

int
input_open(const char *path)
{
	int fd;

	if (strcmp(path, "-") == 0)
		return STDIN_FILENO;
	fd = open_or_stop(path);
	if (fd >= 0)
		return fd;
	if (stop_asked())
		exit(input_failed(path));
	if (exit_code(errno) == EX_UNAVAILABLE)
		die_text(EX_TEMPFAIL, path, "%s", strerror(errno));
	die_errno(path);
}

const char *
input_name(const char *path)
{
	return strcmp(path, "-") == 0 ? "stdin" : path;
}

int
input_failed(const char *name)
{
	int code = exit_code(errno);

	if (stop_asked()) {
		warn_text(name, "stopped by a signal, nothing was sent");
		return EX_TEMPFAIL;
	}
	warn_errno(name);
	return code;
}
