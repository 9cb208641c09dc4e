/* SPDX-License-Identifier: ISC */
/*
 * measure FILE COMMAND [ARG ...]: runs COMMAND and appends to FILE what it took, in one line:
 * wall, user and system seconds, and the most memory it had at once, in KiB.  Exits as COMMAND does.
 *
 * Children that COMMAND has waited for count as well.  A process that was forked begins with its
 * parent's image, and that counts as its memory even after exec; so this one stays small, and what
 * it reports is never less than its own size.
 */
#include <sys/resource.h>
#include <sys/wait.h>

#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

extern char **environ;

static double
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double
seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static int
report(const char *name, double wall, const struct rusage *used)
{
	FILE *f = fopen(name, "a");
	int written;

	if (f == NULL) {
		perror(name);
		return -1;
	}
	written = fprintf(f, "%.6f %.6f %.6f %ld\n", wall, seconds(used->ru_utime),
	    seconds(used->ru_stime), used->ru_maxrss);
	if (fclose(f) == 0 && written > 0)
		return 0;
	perror(name);
	return -1;
}

int
main(int argc, char **argv)
{
	struct rusage used;
	double began;
	pid_t child;
	int error, status;

	if (argc < 3) {
		(void)fputs("usage: measure FILE COMMAND [ARG ...]\n", stderr);
		return EX_USAGE;
	}
	began = now();
	error = posix_spawnp(&child, argv[2], NULL, NULL, argv + 2, environ);
	if (error != 0) {
		(void)fprintf(stderr, "measure: %s: %s\n", argv[2], strerror(error));
		return EX_UNAVAILABLE;
	}
	if (waitpid(child, &status, 0) < 0 || getrusage(RUSAGE_CHILDREN, &used) < 0) {
		perror("measure");
		return EX_OSERR;
	}
	if (report(argv[1], now() - began, &used) < 0)
		return EX_IOERR;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EX_SOFTWARE;
}
