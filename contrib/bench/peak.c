/* SPDX-License-Identifier: ISC */
/*
 * peak FILE: FILE lists processes, a line each, as a cgroup's cgroup.procs does.  Looks again and again
 * at how much memory of their own these have together (RssAnon), until SIGTERM; then prints the most
 * that it saw, in KiB.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

static volatile sig_atomic_t stop;

static void
note(int number)
{
	stop = number;
}

static long
own(long pid)
{
	char name[64], line[256];
	long kib = 0;
	FILE *f;

	(void)snprintf(name, sizeof name, "/proc/%ld/status", pid);
	f = fopen(name, "r");
	if (f == NULL)
		return 0;
	while (fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, "RssAnon:", 8) == 0)
			kib = strtol(line + 8, NULL, 10);
	(void)fclose(f);
	return kib;
}

static long
all(const char *list)
{
	FILE *f = fopen(list, "r");
	char line[64];
	long kib = 0;

	if (f == NULL)
		return 0;
	while (fgets(line, sizeof line, f) != NULL)
		kib += own(strtol(line, NULL, 10));
	(void)fclose(f);
	return kib;
}

int
main(int argc, char **argv)
{
	const struct timespec pause = { .tv_nsec = 5000000 };
	struct sigaction act = { .sa_handler = note };
	long most = 0, kib;

	if (argc != 2) {
		(void)fputs("usage: peak FILE\n", stderr);
		return EX_USAGE;
	}
	if (sigaction(SIGTERM, &act, NULL) < 0) {
		perror("peak");
		return EX_OSERR;
	}
	while (!stop) {
		kib = all(argv[1]);
		most = kib > most ? kib : most;
		(void)nanosleep(&pause, NULL);
	}
	(void)printf("%ld\n", most);
	return EX_OK;
}
