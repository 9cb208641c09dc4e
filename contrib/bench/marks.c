/* SPDX-License-Identifier: ISC */
/*
 * marks LOG ENVELOPE...: the least that is done for recipients beside sending to them: reads each
 * envelope, marks each of its recipients as delivered with one write in place and says so in LOG,
 * and syncs the envelope.  Prints how many recipients that were.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static char envelope[1 << 20], lines[32768];
static size_t gathered;

static _Noreturn void
die(const char *what)
{
	perror(what);
	_exit(EX_IOERR);
}

static void
flush(int log)
{
	if (write(log, lines, gathered) != (ssize_t)gathered)
		die("log");
	gathered = 0;
}

static unsigned long
mark(const char *name, int log)
{
	int fd = open(name, O_RDWR), said;
	ssize_t n = fd < 0 ? -1 : read(fd, envelope, sizeof envelope - 1);
	unsigned long count = 0;
	char *at, *end;

	if (n < 0)
		die(name);
	envelope[n] = '\0';
	at = strstr(envelope, "\n\n");
	for (at = at == NULL ? envelope + n : at + 2; (end = strchr(at, '\n')) != NULL; at = end + 1) {
		if (*at != 'T')
			continue;
		if (pwrite(fd, "D250", 4, at - envelope) != 4)
			die(name);
		if (gathered + 1024 > sizeof lines)
			flush(log);
		said = snprintf(lines + gathered, 1024, "delivered to=%.*s\n", (int)(end - at - 5), at + 5);
		gathered += said > 0 && said < 1024 ? (size_t)said : 0;
		count++;
	}
	if (fdatasync(fd) < 0 || close(fd) < 0)
		die(name);
	return count;
}

int
main(int argc, char **argv)
{
	unsigned long count = 0;
	int log, i;

	if (argc < 2) {
		(void)fputs("usage: marks LOG ENVELOPE...\n", stderr);
		return EX_USAGE;
	}
	log = open(argv[1], O_WRONLY | O_CREAT | O_APPEND, 0666);
	if (log < 0)
		die(argv[1]);
	for (i = 2; i < argc; i++)
		count += mark(argv[i], log);
	flush(log);
	(void)printf("%lu\n", count);
	return EX_OK;
}
