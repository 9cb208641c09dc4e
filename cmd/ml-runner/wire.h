/* SPDX-License-Identifier: ISC */
/* What a session's bytes travel on. */
#ifndef WIRE_H
#define WIRE_H

#include "over.h"
#include "work.h"

#define UCSPI_IN  6
#define UCSPI_OUT 7

struct wire {
	int in, out;                    /* the same for a socket */
	int is_tcp;
	int waits;                      /* they block, unless a call says no */
	int unacknowledged;             /* something was read since the last write */
	int trusted;                    /* the operator's word is that nobody reads along */
	struct over over;               /* smtp-over */
};

/* Reaches the server as the transport says: 0; or -1, WHY says what hindered it. */
int wire_open(struct runner *r, struct wire *w, int64_t ms, char *why, size_t size);
/* As read() and write(), which don't block; but with WAIT a read may, for TEND_DOZE_MS. */
ssize_t wire_read(struct wire *w, char *to, size_t n, int wait);
ssize_t wire_write(struct wire *w, const char *from, size_t n);
/* To be called before a wait. */
void wire_acknowledge(struct wire *w);
/* Why it is gone: ERROR is what a read or write said, 0 for its end. */
void wire_gone(struct wire *w, int error, char *why, size_t size);
/* 1 if a secret may go over it: a local peer, or what the operator has chosen to trust. */
int wire_is_private(const struct wire *w);
/* As over_end() has it. */
void wire_close(struct wire *w, int wake);
/* 1 if the descriptors that ucspi takes over were open when the program began. */
int wire_has_ucspi(void);

#endif
