/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "die.h"
#include "input.h"
#include "stop.h"

int
input_open(const char *path)
{
	int fd;

	if (strcmp(path, "-") == 0)
		return STDIN_FILENO;
	do
		fd = open(path, O_RDONLY | O_CLOEXEC);
	while (fd < 0 && errno == EINTR && !stop_asked());
	if (fd >= 0)
		return fd;
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
