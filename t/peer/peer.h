/* SPDX-License-Identifier: ISC */
/* What the parts of the scripted peer share. */
#ifndef PEER_H
#define PEER_H

#include <stdbool.h>
#include <stddef.h>

struct statement {
	unsigned line;			/* in the script */
	const char *verb;
	char *text;			/* its argument, escapes as they stand there */
	size_t partner;			/* of repeat and end: the other one */
	unsigned long left;		/* of repeat: rounds */
};

struct script {
	struct statement *statement;
	size_t count, at;
};

/* Reads NAME, and says what is wrong with it. */
void script_load(struct script *s, const char *name);
/* Ends with one line that names the statement being played. */
_Noreturn void fail(const char *format, ...);
/* "N" or "N REST": the number; *REST is what follows it. */
unsigned long number(const char *text, const char **rest);
/* Undoes the C escapes of TEXT in place; its length. */
size_t unescape(char *text);

/* Listens at HOST and PORT, or at a path where PORT is NULL, and writes where into PORTFILE. */
void link_listen(const char *host, const char *port, const char *portfile);
/* Everything received goes into this file. */
void link_log(const char *name);
/* So much is taken from the network before it is read, on connections to come. */
void link_window(unsigned long octets);
void link_accept(void);
/* Each octet of what is sent becomes a segment of its own. */
void link_split(bool on);
/* Input that came before a reply was sent ends the play. */
void link_lockstep(bool on);
void link_send(const char *data, size_t n);
void link_flood(unsigned long times, const char *data, size_t n);
/* The next line without its end, until the next call. */
const char *link_line(void);
void link_octets(unsigned long n);
/* Reads nothing, until nothing has come for MS after something had. */
void link_stalled(unsigned long ms);
/* Nothing more is sent; what comes is read till the client closes as well. */
void link_close(void);
void link_reset(void);
/* The client closes, and says nothing before that. */
void link_gone(void);

#endif
