/* SPDX-License-Identifier: ISC */
/* Where one syncfs may stand for many fsyncs; the portable answer is nowhere. */
#ifndef SPOOL_SYNC_H
#define SPOOL_SYNC_H

/* 1 if a whole sync of FD's file system is known to report every error. */
int spool_whole_sync_is_sound(int fd);
/* Syncs the file system of FD. */
int spool_whole_sync(int fd);

#endif
