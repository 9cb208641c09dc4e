/* SPDX-License-Identifier: ISC */
/*
 * Names: NAME = ORDER.UNIQUE, a claim is NAME:RUNNER, a RUNNER is
 * START.HOST.PID.RANDOM.  The only place that builds or takes apart one.
 */
#include <inttypes.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"
#include "names.h"

#define NAME_CHARACTERS \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_=+@-."

uint64_t
spool_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * SPOOL_SECOND + (uint64_t)t.tv_nsec / 1000;
}

static int
of_characters(const char *text, size_t least, size_t most)
{
	size_t n = strlen(text);

	return n >= least && n <= most && strspn(text, NAME_CHARACTERS) == n;
}

static int
has_order(const char *text)
{
	return strspn(text, "0123456789") == SPOOL_ORDER_DIGITS && text[SPOOL_ORDER_DIGITS] == '.';
}

int
spool_is_name(const char *text)
{
	/* mess/UNIQUE must not be a hidden file, nor a directory above */
	return has_order(text) && text[SPOOL_ORDER_DIGITS + 1] != '.' &&
	    of_characters(text + SPOOL_ORDER_DIGITS + 1, 1, SPOOL_UNIQUE_MAX);
}

int
spool_is_runner(const char *text)
{
	return text[0] != '.' && of_characters(text, 1, SPOOL_RUNNER_MAX);
}

int
spool_is_key(const char *text)
{
	return text[0] != '.' && of_characters(text, 1, SPOOL_KEY_MAX);
}

uint64_t
spool_order(const char *name)
{
	uint64_t order = 0;
	int i;

	for (i = 0; i < SPOOL_ORDER_DIGITS; i++)
		order = order * 10 + (uint64_t)(name[i] - '0');
	return order;
}

const char *
spool_unique(const char *name)
{
	return name + SPOOL_ORDER_DIGITS + 1;
}

int
spool_name(char name[SPOOL_NAME_SIZE], uint64_t order, const char *unique)
{
	int n = snprintf(name, SPOOL_NAME_SIZE, "%016" PRIu64 ".%s", order, unique);

	if (n > 0 && n < SPOOL_NAME_SIZE && spool_is_name(name))
		return 0;
	errno = EINVAL;
	return -1;
}

int
spool_split_claim(const char *file, char name[SPOOL_NAME_SIZE], char runner[SPOOL_RUNNER_SIZE])
{
	const char *colon = strchr(file, ':');
	size_t n = colon != NULL ? (size_t)(colon - file) : SPOOL_NAME_SIZE;

	if (n < SPOOL_NAME_SIZE && spool_is_runner(colon + 1)) {
		memcpy(name, file, n);
		name[n] = '\0';
		memcpy(runner, colon + 1, strlen(colon + 1) + 1);
		if (spool_is_name(name))
			return 0;
	}
	errno = EINVAL;
	return -1;
}

int
spool_claim_file(char file[SPOOL_CLAIM_SIZE], const char *name, const char *runner)
{
	int n = snprintf(file, SPOOL_CLAIM_SIZE, "%s:%s", name, runner);

	if (n > 0 && n < SPOOL_CLAIM_SIZE)
		return 0;
	errno = EINVAL;
	return -1;
}

void
spool_host(char host[SPOOL_HOST_SIZE])
{
	struct utsname u;
	size_t i;

	if (uname(&u) < 0 || u.nodename[0] == '\0')
		(void)snprintf(u.nodename, sizeof u.nodename, "localhost");
	for (i = 0; i < SPOOL_HOST_SIZE - 1 && u.nodename[i] != '\0'; i++)
		host[i] = strchr(NAME_CHARACTERS, u.nodename[i]) != NULL ? u.nodename[i] : '_';
	host[i] = '\0';
}

int
spool_new_unique(char unique[SPOOL_UNIQUE_SIZE])
{
	static unsigned counter;
	char host[SPOOL_HOST_SIZE];
	int n;

	spool_host(host);
	n = snprintf(unique, SPOOL_UNIQUE_SIZE, "T%08" PRIx64 "P%ldQ%uR%08" PRIx64 ".%s",
	    (spool_now() / SPOOL_SECOND) & 0xffffffff, (long)getpid(), counter++,
	    spool_random() & 0xffffffff, host);
	if (n > 0 && n < SPOOL_UNIQUE_SIZE)
		return 0;
	errno = ENAMETOOLONG;
	return -1;
}

int
spool_new_runner(char runner[SPOOL_RUNNER_SIZE])
{
	char host[SPOOL_HOST_SIZE];
	int n;

	spool_host(host);
	n = snprintf(runner, SPOOL_RUNNER_SIZE, "%016" PRIu64 ".%s.%ld.%08" PRIx64, spool_now(),
	    host, (long)getpid(), spool_random() & 0xffffffff);
	if (n > 0 && n < SPOOL_RUNNER_SIZE)
		return 0;
	errno = ENAMETOOLONG;
	return -1;
}
