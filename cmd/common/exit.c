/* SPDX-License-Identifier: ISC */
/* Which exit code an errno deserves: will it pass, or must somebody do something? */
#include <errno.h>

#include "die.h"

int
exit_code(int err)
{
	switch (err) {
	case ENOSPC: case EDQUOT: case EAGAIN: case ENOMEM: case EMFILE: case ENFILE:
	case EINTR: case EBUSY: case ETIMEDOUT: case ENOTCONN: case ESTALE:
		return EX_TEMPFAIL;
	case EIO:
	case EBADF:             /* a standard descriptor that our parent had closed */
		return EX_IOERR;
	case EACCES: case EPERM: case EROFS:
		return EX_NOPERM;
	case ENOENT: case ENOTDIR: case ELOOP:
		return EX_UNAVAILABLE;
	case EINVAL:
		return EX_USAGE;
	default:
		return EX_OSERR;
	}
}
