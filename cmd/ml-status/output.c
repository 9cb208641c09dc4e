/* SPDX-License-Identifier: ISC */
/*
 * What is shown, gathered in memory: of what a write that a signal cut off has
 * left, stdio keeps nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "die.h"
#include "status.h"
#include "stop.h"

#define PIECE 65536

FILE *output;
static char *gathered;
static size_t size;
static int failed;              /* why standard output takes no more */

void
output_start(void)
{
	output = open_memstream(&gathered, &size);
	if (output == NULL)
		die_errno("memory");
}

/* A signal that asks for the end ends it, however long nobody reads. */
static int
write_out(const char *from, size_t length)
{
	ssize_t n;

	for (; length > 0; from += n, length -= (size_t)n) {
		n = write(STDOUT_FILENO, from, length);
		if (n < 0 && (errno != EINTR || stop_asked()))
			return -1;
		if (n < 0)
			n = 0;
	}
	return 0;
}

int
output_flush(void)
{
	off_t length = ftello(output);

	if (length < 0 || fflush(output) != 0)
		die_errno("memory");
	if (failed == 0 && write_out(gathered, (size_t)length) < 0)
		failed = errno;
	rewind(output);
	errno = failed;
	return failed == 0 ? 0 : -1;
}

void
output_spill(void)
{
	if (ftello(output) >= PIECE)
		(void)output_flush();
}

int
output_finish(int code)
{
	if (output_flush() == 0 || (errno == EINTR && stop_asked()))
		return std_finish(code);
	warn_errno("stdout");
	return code == EX_OK ? EX_IOERR : code;
}
