/* SPDX-License-Identifier: ISC */
/* Signals become an octet each in a pipe that the loop polls. */
#include "sink.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static int ends[2];

static void
caught(int sig)
{
	int saved = errno;
	char c = (char)(sig == SIGHUP ? SIG_RELOAD : sig == SIGUSR1 ? SIG_SHUT
	    : sig == SIGUSR2 ? SIG_LISTEN : SIG_STOP);

	if (write(ends[1], &c, 1) == -1)
		errno = 0;	/* a full pipe has woken the loop already */
	errno = saved;
}

int
signals_open(void)
{
	static const int numbers[] = { SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2 };
	struct sigaction act;

	if (pipe(ends) == -1)
		die(EX_OSERR, "pipe");
	for (int i = 0; i < 2; i++) {
		fcntl(ends[i], F_SETFL, O_NONBLOCK);
		fcntl(ends[i], F_SETFD, FD_CLOEXEC);
	}
	memset(&act, 0, sizeof act);
	sigemptyset(&act.sa_mask);
	act.sa_flags = SA_RESTART;
	act.sa_handler = caught;
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		sigaction(numbers[i], &act, NULL);
	act.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &act, NULL);
	return ends[0];
}

unsigned
signals_take(int fd)
{
	unsigned mask = 0;
	char c;

	while (read(fd, &c, 1) == 1) {
		/* the last of the two counts when both came in one turn */
		if (c == SIG_SHUT || c == SIG_LISTEN)
			mask &= ~(unsigned)(SIG_SHUT | SIG_LISTEN);
		mask |= (unsigned)c;
	}
	return mask;
}
