/* SPDX-License-Identifier: ISC */
/*
 * durable-copy FROM DIRECTORY NAME: what the least program does that has a file on the disk before
 * it says so: read, write, fsync of the file and of its directory.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

static char block[65536];

static int
copy(int from, int to)
{
	ssize_t n, done, put;

	while ((n = read(from, block, sizeof block)) > 0)
		for (done = 0; done < n; done += put)
			if ((put = write(to, block + done, (size_t)(n - done))) < 0)
				return -1;
	return n < 0 ? -1 : 0;
}

int
main(int argc, char **argv)
{
	int from, directory, to;

	if (argc != 4) {
		(void)fputs("usage: durable-copy FROM DIRECTORY NAME\n", stderr);
		return EX_USAGE;
	}
	from = open(argv[1], O_RDONLY);
	directory = open(argv[2], O_RDONLY | O_DIRECTORY);
	to = directory < 0 ? -1 : openat(directory, argv[3], O_WRONLY | O_CREAT | O_EXCL, 0666);
	if (from < 0 || to < 0 || copy(from, to) < 0 || fsync(to) < 0 || fsync(directory) < 0 ||
	    close(to) < 0) {
		perror("durable-copy");
		return EX_IOERR;
	}
	return EX_OK;
}
