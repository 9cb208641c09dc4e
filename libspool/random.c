/* SPDX-License-Identifier: ISC */
/* Random bits for names and jitter: the system's where it has them, clocks and pid where not. */
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

static uint64_t
seed(void)
{
	uint64_t bits = 0;
	int fd = again_open("/dev/urandom", O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		if (again_read(fd, &bits, sizeof bits) != (ssize_t)sizeof bits)
			bits = 0;
		(void)again_close(fd);
	}
	return bits ^ (spool_now() << 20) ^ ((uint64_t)getpid() << 44);
}

uint64_t
spool_random(void)
{
	static uint64_t state;
	static pid_t owner;
	uint64_t z;

	if (owner != getpid()) {        /* a forked child must not repeat its parent */
		owner = getpid();
		state = seed();
	}
	state += UINT64_C(0x9e3779b97f4a7c15);
	z = state;
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}
