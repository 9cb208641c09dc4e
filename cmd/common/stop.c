/* SPDX-License-Identifier: ISC */
/* The handler sets a flag, for who works, and fills a pipe, for who waits. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "anew.h"
#include "stop.h"

static volatile sig_atomic_t asked;
static int ends[2] = { -1, -1 };

static void
ask(int signal)
{
	int saved = errno;

	(void)signal;
	asked = 1;
	(void)!write(ends[1], "", 1);
	errno = saved;
}

static int
catch(int signal, int flags)
{
	struct sigaction old, now = { .sa_handler = ask, .sa_flags = flags };

	(void)sigemptyset(&now.sa_mask);
	if (sigaction(signal, NULL, &old) < 0)
		return -1;
	return old.sa_handler == SIG_IGN ? 0 : sigaction(signal, &now, NULL);
}

static int
catch_all(int flags)
{
	return catch(SIGINT, flags) < 0 || catch(SIGTERM, flags) < 0 || catch(SIGHUP, flags) < 0 ? -1 : 0;
}

int
stop_catch(void)
{
	int i;

	if (anew_pipe(ends) < 0)
		return -1;
	for (i = 0; i < 2; i++)
		if (anew_fcntl(ends[i], F_SETFD, FD_CLOEXEC) < 0 ||
		    anew_fcntl(ends[i], F_SETFL, O_NONBLOCK) < 0)
			return -1;
	return catch_all(SA_RESTART);
}

int
stop_interrupts(int on)
{
	return ends[1] < 0 ? 0 : catch_all(on ? 0 : SA_RESTART);
}

int
stop_asked(void)
{
	return asked != 0;
}

int
stop_fd(void)
{
	return ends[0];
}
