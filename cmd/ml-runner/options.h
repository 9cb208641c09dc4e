/* SPDX-License-Identifier: ISC */
/* What the command line asked for; never changed afterwards. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stddef.h>

enum transport_kind { TRANSPORT_SMTP, TRANSPORT_LMTP, TRANSPORT_OVER, TRANSPORT_UCSPI, TRANSPORT_PIPE };

struct options {
	int once;                       /* -1 */
	int quiet;                      /* -q */
	unsigned long processes;        /* -j */
	unsigned long live_max;         /* -m, 0: any number */
	unsigned long rcpts;            /* -n: recipients a transaction */
	unsigned long window;           /* -w: transactions in flight, with CHUNKING */
	unsigned long rate;             /* -r: recipients a second over all processes, 0: any */
	unsigned long messages;         /* -c: messages a session, 0: any */
	unsigned long timeout;          /* -t: seconds, 0: the transport's own */
	unsigned long days;             /* -x: lifetime */
	const char *ehlo;               /* -e */
	const char *credentials;        /* -a */
	const char *spool;
	enum transport_kind kind;
	const char *host, *port;        /* port NULL: host is a socket's path, or names what it is */
	char **command;                 /* pipe, smtp-over */
	int many;                       /* it takes {rcpts} */
};

/* Fills *O, or says what is wrong and exits 64. */
void options_read(struct options *o, int argc, char **argv);

#endif
