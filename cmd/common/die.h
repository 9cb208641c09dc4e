/* SPDX-License-Identifier: ISC */
/*
 * Errors as every program tells them, one line each: `program: object: reason`, and the exit
 * codes that belong to them.  A line is escaped, whatever it quotes, and leaves in one write.
 */
#ifndef DIE_H
#define DIE_H

#include <stdint.h>
#include <sysexits.h>

#if defined(__GNUC__)
#define DIE_PRINTF(at, first) __attribute__((format(printf, at, first)))
#else
#define DIE_PRINTF(at, first)
#endif

struct spool;

extern const char program[];    /* each program's main.c defines it */

/* An empty OBJECT is shown as ''.  All of these keep errno. */
void warn_text(const char *object, const char *format, ...) DIE_PRINTF(2, 3);
void warn_errno(const char *object);
/* `program: FILE:LINE: fault`; without a LINE if that is 0. */
void warn_line(const char *file, uint64_t line, const char *fault);
/* About spool_object(); WHAT was tried, or NULL. */
void warn_spool(const struct spool *s, const char *what);
/* For spool.stranger: what was left where it is. */
void warn_stranger(void *context, const char *object, const char *reason);

_Noreturn void die_text(int code, const char *object, const char *format, ...) DIE_PRINTF(3, 4);
/* These end with exit_code(errno). */
_Noreturn void die_errno(const char *object);
_Noreturn void die_spool(const struct spool *s, const char *what);

/* The sysexits code for an errno. */
int exit_code(int err);

/* Opens SPOOL and sets its stranger to warn_stranger(), or dies. */
void open_spool(struct spool *s, const char *path);

/* First thing in main: descriptors 0 to 2 are open afterwards (reading or writing one that was
   not fails), and SIGPIPE and SIGXFSZ are ignored; who runs commands gives them back to those.
   The umask stays as it is: files in a spool get its modes whatever it says. */
void std_start(void);
/* Last thing: CODE, or EX_IOERR and a line on stderr if CODE is 0 and stdout could not be
   written. */
int std_finish(int code);
/* Prints NAME as the one line of the output; that this fails is said, and no more. */
void std_name(const char *name);

#endif
