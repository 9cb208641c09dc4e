/* SPDX-License-Identifier: ISC */
/* AUTH PLAIN.  Any credentials will do unless a rule for USER:PASSWORD says otherwise. */
#include "sink.h"

#include <string.h>
#include <strings.h>

static int
sextet(char c)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *p = c ? strchr(digits, c) : NULL;

	return p ? (int)(p - digits) : -1;
}

/* Decodes into out, which holds LINE_LIMIT octets; -1 if text is not base64. */
static int
decode(const char *text, char *out)
{
	size_t len = strlen(text), n = 0;
	unsigned bits = 0;

	if (len % 4 != 0 || len > LINE_LIMIT)
		return -1;
	for (size_t i = 0; i < len; i++) {
		int v = sextet(text[i]);

		if (text[i] == '=' && i + 2 >= len && strspn(text + i, "=") == len - i)
			break;
		if (v == -1)
			return -1;
		bits = bits << 6 | (unsigned)v;
		if (i % 4 != 0)
			out[n++] = (char)(unsigned char)(bits >> (6 - i % 4 * 2) & 255);
	}
	return (int)n;
}

void
auth_line(struct session *s, const char *line)
{
	char plain[LINE_LIMIT + 1], *user, *pass;
	int n = decode(line, plain);
	enum verdict v;

	if (n >= 0)
		plain[n] = '\0';
	user = n >= 0 ? memchr(plain, '\0', (size_t)n) : NULL;
	pass = user ? memchr(user + 1, '\0', (size_t)(plain + n - user - 1)) : NULL;
	if (pass == NULL) {
		reply(s, "501 5.5.2 Bad credentials");
		return;
	}
	*pass = ':';
	if ((v = hook(s, PH_AUTH, user + 1)) == REFUSED)
		return;
	s->authed = true;
	if (v == GO_ON)
		reply(s, "235 2.7.0 Welcome");
}

void
auth_command(struct session *s, char *arg)
{
	if (!(s->v->cfg.ext & EXT_AUTH))
		reply(s, "502 5.5.1 AUTH is not offered");
	else if (s->hello == HELLO_NONE || s->authed || s->in_mail)
		reply(s, "503 5.5.1 AUTH now?");
	else if (strncasecmp(arg, "PLAIN", 5) != 0 || (arg[5] != '\0' && arg[5] != ' '))
		reply(s, "504 5.5.4 Unknown mechanism");
	else if (arg[5] == ' ')
		auth_line(s, arg + 6);
	else {
		s->mode = MODE_AUTH;
		reply(s, "334 ");
	}
}
