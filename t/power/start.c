/* SPDX-License-Identifier: ISC */
/* The tree before the first call, of which everything is sure. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "power.h"

static struct {
	dev_t dev;
	ino_t ino;
	int inode;
} met[INODES];
static int met_count;

static int
load_file(const char *path, const struct stat *st)
{
	int i, inode;
	FILE *f;

	for (i = 0; i < met_count; i++)
		if (met[i].dev == st->st_dev && met[i].ino == st->st_ino)
			return met[i].inode;
	inode = new_inode(S_ISREG(st->st_mode) ? REGULAR : FIFO);
	if (S_ISREG(st->st_mode)) {
		inodes[inode].live = need(malloc((size_t)st->st_size + 1));
		f = fopen(path, "r");
		inodes[inode].length = f != NULL ? fread(inodes[inode].live, 1, (size_t)st->st_size, f) : 0;
		if (f == NULL || fclose(f) != 0 || inodes[inode].length != (size_t)st->st_size)
			die(path, "can't be read");
		inodes[inode].start = content(inodes[inode].live, inodes[inode].length);
	}
	met[met_count].dev = st->st_dev;
	met[met_count].ino = st->st_ino;
	met[met_count++].inode = inode;
	return inode;
}

void
start_load(const char *path, int dir)
{
	char below[PATH_MAX];
	struct dirent *d;
	struct stat st;
	DIR *real = opendir(path);

	if (real == NULL)
		die(path, strerror(errno));
	while ((d = readdir(real)) != NULL) {
		struct op o = { .what = ADD, .dir = dir };

		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		(void)snprintf(below, sizeof below, "%s/%s", path, d->d_name);
		if (lstat(below, &st) < 0)
			die(below, strerror(errno));
		o.name = intern(d->d_name, strlen(d->d_name));
		o.inode = S_ISDIR(st.st_mode) ? new_inode(DIRECTORY) : load_file(below, &st);
		inodes[o.inode].mtime = (int64_t)st.st_mtime;
		tree_apply(&live, &o);
		if (S_ISDIR(st.st_mode))
			start_load(below, o.inode);
	}
	(void)closedir(real);
}
