/* SPDX-License-Identifier: ISC */
/*
 * The file holds USER:PASSWORD in one line, or each in a line of its own, for
 * names with a colon.  It is read for each session, so that it can be changed
 * under a runner that stays.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "anew.h"
#include "credentials.h"
#include "die.h"

static const char *
failed(int error, int *code)
{
	*code = exit_code(error);
	return strerror(error);
}

static const char *
check_file(int fd, int *code)
{
	struct stat st;

	if (anew_fstat(fd, &st) < 0)
		return failed(errno, code);
	*code = EX_NOPERM;
	if (!S_ISREG(st.st_mode))
		return "not a regular file";
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return "belongs to somebody else";
	if ((st.st_mode & 077) != 0)
		return "others have a permission on it: chmod 600";
	return NULL;
}

/* Ends the line at TEXT and returns the next one, or NULL. */
static char *
end_line(char *text)
{
	char *end = strchr(text, '\n'), *next = NULL;

	if (end != NULL) {
		*end = '\0';
		next = end + 1;
	}
	end = text + strlen(text);
	if (end > text && end[-1] == '\r')
		end[-1] = '\0';
	return next;
}

static const char *
split(struct credentials *c, int *code)
{
	char *second = end_line(c->text), *rest = second != NULL ? end_line(second) : NULL, *colon;

	*code = EX_DATAERR;
	if (rest != NULL && *rest != '\0')
		return "more than two lines";
	c->user = c->text;
	c->password = second;
	if (second == NULL || *second == '\0') {
		colon = strchr(c->text, ':');
		if (colon == NULL)
			return "neither USER:PASSWORD nor two lines";
		*colon = '\0';
		c->password = colon + 1;
	}
	return *c->user == '\0' || *c->password == '\0' ? "an empty name or password" : NULL;
}

static const char *
read_text(int fd, struct credentials *c, int *code)
{
	size_t used = 0;
	ssize_t n;

	do {
		n = anew_read(fd, c->text + used, sizeof c->text - 1 - used);
		if (n > 0)
			used += (size_t)n;
	} while (n > 0 && used < sizeof c->text - 1);
	if (n < 0)
		return failed(errno, code);
	c->text[used] = '\0';
	*code = EX_DATAERR;
	if (used > CREDENTIALS_MAX)
		return "too long";
	if (strlen(c->text) != used)
		return "a NUL in it";
	return split(c, code);
}

const char *
credentials_read(const char *path, struct credentials *c, int *code)
{
	const char *wrong;
	int fd;

	*c = (struct credentials){ .user = NULL };
	fd = anew_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return failed(errno, code);
	wrong = check_file(fd, code);
	if (wrong == NULL)
		wrong = read_text(fd, c, code);
	(void)close(fd);
	return wrong;
}

void
credentials_wipe(void *what, size_t size)
{
	volatile char *p = what;

	while (size-- > 0)
		*p++ = '\0';
}
