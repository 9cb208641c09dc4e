/* SPDX-License-Identifier: ISC */
/* One spool for all inputs, where possible in memory, and a file beside it that stays as it is. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "spool.h"

#define CANARY "nobody writes here\n"

static char top[128], path[160];
static struct spool spool;

/* Everything below FD, which is closed. */
static void
empty(int fd)
{
	DIR *dir = fdopendir(fd);
	struct dirent *entry;
	int below;

	must(dir != NULL);
	while ((entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (unlinkat(fd, entry->d_name, 0) == 0)
			continue;
		below = openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		must(below >= 0);
		empty(below);
		must(unlinkat(fd, entry->d_name, AT_REMOVEDIR) == 0);
	}
	(void)closedir(dir);
}

static void
leave(void)
{
	char canary[sizeof top + 16];

	place_clean();
	(void)snprintf(canary, sizeof canary, "%s/spool/trigger", top);
	(void)unlink(canary);
	empty(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	(void)rmdir(path);
	(void)snprintf(canary, sizeof canary, "%s/canary", top);
	(void)unlink(canary);
	(void)rmdir(top);
}

static void
make(void)
{
	char canary[sizeof top + 16];
	struct stat st;
	int fd;

	(void)snprintf(top, sizeof top, "%s/ml-fuzz.XXXXXX",
	    stat("/dev/shm", &st) == 0 ? "/dev/shm" : "/tmp");
	must(mkdtemp(top) != NULL);
	(void)snprintf(path, sizeof path, "%s/spool", top);
	(void)snprintf(canary, sizeof canary, "%s/canary", top);
	fd = open(canary, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	must(fd >= 0 && write(fd, CANARY, sizeof CANARY - 1) > 0 && close(fd) == 0);
	must(spool_make(&spool, path, (gid_t)-1) == 0 && spool_open(&spool, path) == 0);
	(void)atexit(leave);
}

struct spool *
place_spool(void)
{
	if (*top == '\0')
		make();
	return &spool;
}

const char *
place_path(void)
{
	(void)place_spool();
	return path;
}

void
place_clean(void)
{
	int d, fd;

	for (d = 0; d < SPOOL_DIRS; d++) {
		fd = openat(spool.dir[d], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		must(fd >= 0);
		empty(fd);
	}
	(void)unlinkat(spool.fd, "paused", 0);
}

void
place_look(void)
{
	char text[64], canary[sizeof top + 16];
	struct stat st;
	int fd;

	(void)snprintf(canary, sizeof canary, "%s/canary", top);
	fd = open(canary, O_RDONLY | O_CLOEXEC);
	must(fd >= 0 && fstat(fd, &st) == 0 && st.st_nlink == 1 && (st.st_mode & 07777) == 0600);
	must(read(fd, text, sizeof text) == sizeof CANARY - 1);
	must(memcmp(text, CANARY, sizeof CANARY - 1) == 0);
	(void)close(fd);
}
