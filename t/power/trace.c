/* SPDX-License-Identifier: ISC */
/*
 * strace -f -y -xx -ttt: every string in hex, every descriptor with its path.  A call that another
 * interrupts is put together again, and counts where it ended.
 */
#include <stdlib.h>
#include <string.h>

#include "power.h"

struct open_call {              /* of a process, interrupted */
	long pid;
	char *text;
	long begun;
	struct open_call *next;
};

static struct open_call *waiting;
static long ended;

/* Decodes "\x61\x62", or <…>, from AT: what follows it.  The text is always terminated. */
static const char *
decode(const char *at, char end, char **text, size_t *length)
{
	size_t room = strlen(at) / 4 + 1, n = 0;
	char *to = need(malloc(room + 1));

	while (*at != '\0' && *at != end) {
		if (strncmp(at, "\\x", 2) != 0 || at[2] == '\0' || at[3] == '\0')
			die(at, "not in hex");
		to[n++] = (char)strtol((char[]){ at[2], at[3], '\0' }, NULL, 16);
		at += 4;
	}
	to[n] = '\0';
	*text = to;
	*length = n;
	return *at == end ? at + 1 : at;
}

static char *
join(const char *dir, char *name)
{
	size_t size = (dir != NULL ? strlen(dir) : 0) + strlen(name) + 2;
	char *path;

	if (name[0] == '/' || dir == NULL)
		return name;
	path = need(malloc(size));
	(void)snprintf(path, size, "%s/%s", dir, name);
	free(name);
	return path;
}

static int
writes(const struct call *c)
{
	return strcmp(c->name, "write") == 0 || strcmp(c->name, "pwrite64") == 0;
}

/* The arguments: a descriptor's path stands before the name that is relative to it. */
static void
arguments(struct call *c, const char *at)
{
	char *dir = NULL, *text;
	size_t length;
	int paths = 0, depth = 1;

	c->fd = *at >= '0' && *at <= '9' ? (int)strtol(at, NULL, 10) : -1;
	while (*at != '\0' && depth > 0) {
		if (*at == '<' && (at[1] == '\\' || at[1] == '>')) {
			at = decode(at + 1, '>', &text, &length);
			c->deleted |= strncmp(at, "(deleted)", 9) == 0;
			if (strncmp(at, "(deleted)", 9) == 0)
				at += 9;
			free(dir);
			dir = text;
		} else if (*at == '"') {
			at = decode(at + 1, '"', &text, &length);
			if (strncmp(at, "...", 3) == 0)
				die(c->name, "a string was cut short");
			if (writes(c) && c->data == NULL) {
				c->data = text;
				c->length = length;
			} else if (!writes(c) && paths < 2)
				c->path[paths++] = join(dir, text);
			else
				free(text);
		} else {
			depth += (*at == '(' || *at == '{') - (*at == ')' || *at == '}');
			c->creates |= strncmp(at, "O_CREAT", 7) == 0;
			c->truncates |= strncmp(at, "O_TRUNC", 7) == 0;
			c->empties |= strncmp(at, "AT_REMOVEDIR", 12) == 0;
			if (*at == ',' && at[1] == ' ' && at[2] >= '0' && at[2] <= '9')
				c->number = strtoll(at + 2, NULL, 10);
			at++;
		}
	}
	if (paths == 0)
		c->path[0] = dir;
	else
		free(dir);
}

static int
parse(struct call *c, char *text)
{
	char *open = strchr(text, '('), *equals = NULL, *at;

	for (at = strstr(text, " = "); at != NULL; at = strstr(at + 1, " = "))
		equals = at;
	if (open == NULL || equals == NULL)
		return 0;
	if (equals[3] == '?' && strncmp(text, "exit_group", 10) != 0)
		return 0;               /* killed in it */
	c->result = equals[3] == '?' ? 0 : strtoll(equals + 3, NULL, 10);
	*open = '\0';
	*equals = '\0';
	c->name = text;
	arguments(c, open + 1);
	return c->result >= 0 || strstr(c->name, "sync") != NULL;
}

static void
end_call(char *text, double time, long begun, int line, void (*see)(const struct call *c))
{
	struct call c = { .time = time, .begun = begun, .ended = ended, .line = line, .fd = -1 };

	if (parse(&c, text))
		see(&c);
	ended++;
	free(c.path[0]);
	free(c.path[1]);
	free(c.data);
}

static void
interrupted(long pid, const char *text, size_t length)
{
	struct open_call *w = need(malloc(sizeof *w));

	w->pid = pid;
	w->begun = ended;
	w->text = need(malloc(length + 1));
	memcpy(w->text, text, length);
	w->text[length] = '\0';
	w->next = waiting;
	waiting = w;
}

static void
resumed(long pid, const char *rest, double time, int line, void (*see)(const struct call *c))
{
	struct open_call **at = &waiting, *w;
	size_t size;
	char *text;

	while (*at != NULL && (*at)->pid != pid)
		at = &(*at)->next;
	if (*at == NULL)
		return;
	w = *at;
	*at = w->next;
	size = strlen(w->text) + strlen(rest) + 1;
	text = need(malloc(size));
	(void)snprintf(text, size, "%s%s", w->text, rest);
	end_call(text, time, w->begun, line, see);
	free(text);
	free(w->text);
	free(w);
}

void
trace_read(const char *file, void (*see)(const struct call *c))
{
	FILE *f = fopen(file, "r");
	char *line = NULL, *at, *cut;
	size_t room = 0;
	ssize_t n;
	int number = 0;

	if (f == NULL)
		die(file, "can't be read");
	while ((n = getline(&line, &room, f)) > 0) {
		long pid = strtol(line, &at, 10);
		double time = strtod(at, &at);

		number++;
		line[n - (line[n - 1] == '\n')] = '\0';
		at += strspn(at, " ");
		cut = strstr(at, " <unfinished ...>");
		if (*at == '+' || *at == '-')
			continue;
		if (strncmp(at, "<... ", 5) == 0) {
			at = strstr(at, " resumed>");
			if (at != NULL)
				resumed(pid, at + 9, time, number, see);
		} else if (cut != NULL)
			interrupted(pid, at, (size_t)(cut - at));
		else
			end_call(at, time, ended, number, see);
	}
	free(line);
	(void)fclose(f);
}
