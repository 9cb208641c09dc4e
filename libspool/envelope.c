/* SPDX-License-Identifier: ISC */
/*
 * Reading an envelope: its head into memory, its recipients one after another
 * through a cursor, so that memory does not grow with them.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"
#include "count.h"

static int
torn(struct spool_envelope *e)
{
	errno = EBADMSG;
	return spool_fail(e->spool, e->dir, e->file);
}

/* Reads up to the empty line, which must be there; what follows begins at e->first. */
static int
read_head(struct spool_envelope *e)
{
	size_t room = 4096;
	ssize_t n;
	char *end, *bigger;

	for (;; room *= 2) {
		bigger = realloc(e->head, room + 1);
		if (bigger == NULL)
			return spool_fail(e->spool, e->dir, e->file);
		e->head = bigger;
		n = spool_pread_all(e->fd, e->head, room, 0);
		if (n < 0)
			return spool_fail(e->spool, e->dir, e->file);
		e->head[n] = '\0';
		end = strstr(e->head, "\n\n");
		if (end != NULL)
			break;
		if ((size_t)n < room || room >= HEAD_MAX)
			return torn(e);
	}
	end[1] = '\0';
	e->first = (off_t)(end + 2 - e->head);
	return 0;
}

static int
set_number(const char *text, uint64_t *value)
{
	char *end;

	if (*text < '0' || *text > '9')
		return 0;
	errno = 0;
	*value = strtoull(text, &end, 10);
	return *end == '\0' && errno == 0;
}

/* OFFSET LENGTH ENCODING KEY [DEFAULT] */
static int
is_slot(const char *value)
{
	static const char digits[] = "0123456789";
	size_t n;
	int word;

	for (word = 0; word < 3; word++) {
		n = word < 2 ? strspn(value, digits) : strcspn(value, " ");
		if (n == 0 || value[n] != ' ')
			return 0;
		value += n + 1;
	}
	return *value != '\0' && *value != ' ';
}

/* 0 if the line is well formed; unknown keys are. */
static int
set_key(struct spool_envelope *e, const char *key, char *value, uint64_t *rcpts)
{
	if (strcmp(key, "born") == 0)
		return set_number(value, &e->born) && e->born != UINT64_MAX ? 0 : -1;
	if (strcmp(key, "rcpts") == 0)
		/* the largest number there is stands for none, and nobody has so many */
		return set_number(value, rcpts) && *rcpts != UINT64_MAX ? 0 : -1;
	if (strcmp(key, "id") == 0)
		e->id = value;
	else if (strcmp(key, "from") == 0) {
		e->from = value;
		return spool_is_harmless(value) ? 0 : -1;
	} else if (strcmp(key, "verp") == 0) {
		if (strlen(value) != 2)
			return -1;
		memcpy(e->verp, value, 3);
	} else if (strcmp(key, "body") == 0) {
		if (strcmp(value, "7") != 0 && strcmp(value, "8") != 0)
			return -1;
		e->body = *value - '0';
	} else if (strcmp(key, "slot") == 0) {
		e->slots = 1;
		return is_slot(value) ? 0 : -1;
	} else if (strcmp(key, "broadcast") == 0 && spool_is_name(value))
		(void)snprintf(e->broadcast, sizeof e->broadcast, "%s", value);
	return 0;
}

static int
parse_head(struct spool_envelope *e, uint64_t *rcpts)
{
	char *line, *end, *value;

	if (strncmp(e->head, "ml1\n", 4) != 0)
		return torn(e);
	for (line = e->head + 4; *line != '\0'; line = end + 1) {
		end = strchr(line, '\n');
		if (end == NULL)
			return torn(e);
		*end = '\0';
		value = strchr(line, ' ');
		if (value == NULL)
			continue;
		*value++ = '\0';
		if (set_key(e, line, value, rcpts) < 0)
			return torn(e);
	}
	return e->from == NULL || e->born == UINT64_MAX ? torn(e) : 0;
}

static int
open_file(struct spool_envelope *e, int mode)
{
	struct stat st;

	e->fd = again_openat(e->spool->dir[e->dir], e->file, mode | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (e->fd < 0 && (errno == ELOOP || errno == EISDIR || errno == ENXIO))
		return torn(e);
	if (e->fd < 0 || again_fstat(e->fd, &st) < 0)
		return spool_fail(e->spool, e->dir, e->file);
	if (!S_ISREG(st.st_mode) || st.st_size == 0)
		return torn(e);
	e->links = st.st_nlink;
	return 0;
}

static int
read_envelope(struct spool_envelope *e, int mode)
{
	uint64_t rcpts = UINT64_MAX;

	if (open_file(e, mode) < 0 || read_head(e) < 0 || parse_head(e, &rcpts) < 0)
		return -1;
	e->rcpts = rcpts > SIZE_MAX ? SIZE_MAX : (size_t)rcpts;
	if (spool_envelope_count(e) < 0)
		return -1;
	if (rcpts != UINT64_MAX && e->rcpts != rcpts)
		return torn(e);
	return 0;
}

static int
open_envelope(struct spool_envelope *e, struct spool *s, enum spool_dir dir, const char *file, int mode)
{
	static char nothing[] = "";
	char runner[SPOOL_RUNNER_SIZE];

	memset(e, 0, sizeof *e);
	e->spool = s;
	e->dir = dir;
	e->fd = -1;
	e->id = nothing;
	e->body = 8;
	e->born = UINT64_MAX;
	if (snprintf(e->file, sizeof e->file, "%s", file) >= (int)sizeof e->file) {
		errno = ENAMETOOLONG;
		return spool_fail(s, dir, file);
	}
	if (spool_split_claim(file, e->name, runner) < 0)
		(void)snprintf(e->name, sizeof e->name, "%.*s", (int)sizeof e->name - 1, file);
	if (read_envelope(e, mode) == 0 && (mode != O_RDWR || spool_marks_begin(e) == 0))
		return 0;
	spool_envelope_close(e);
	return -1;
}

int
spool_envelope_open(struct spool_envelope *e, struct spool *s, enum spool_dir dir, const char *file)
{
	return open_envelope(e, s, dir, file, dir == SPOOL_CUR ? O_RDWR : O_RDONLY);
}

int
spool_envelope_look(struct spool_envelope *e, struct spool *s, enum spool_dir dir, const char *file)
{
	return open_envelope(e, s, dir, file, O_RDONLY);
}

void
spool_envelope_close(struct spool_envelope *e)
{
	int saved = errno;

	(void)spool_marks_write(e);     /* whoever saw them accepted writes it, however this ends */
	if (e->fd >= 0)
		(void)again_close(e->fd);
	free(e->head);
	free(e->written);
	free(e->bytes);
	e->fd = -1;
	e->head = NULL;
	e->written = NULL;
	e->bytes = NULL;
	errno = saved;
}
