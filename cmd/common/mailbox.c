/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "mailbox.h"

struct parse {
	const char *p, *end;
	char *address;
	size_t size, length;
	int gap;                /* white space or a comment since the last octet taken */
	int words;              /* more than one word: a name, unless it is followed by <address> */
	int open, closed;       /* saw < and > */
	int bad;
};

static void
forget(struct parse *m)
{
	m->length = 0;
	m->gap = m->words = 0;
}

static int
glues(char c)
{
	return c == '.' || c == '@';
}

static void
take(struct parse *m, char c)
{
	if (m->closed)
		m->bad = 1;
	if (m->gap && m->length > 0 && !glues(m->address[m->length - 1]) && !glues(c))
		m->words = 1;
	m->gap = 0;
	if (m->length < m->size - 1)
		m->address[m->length++] = c;
}

/* The loop over the piece steps on by one. */
static void
unclosed(struct parse *m)
{
	if (m->p < m->end)
		return;
	m->bad = 1;
	m->p = m->end - 1;
}

static void
skip_comment(struct parse *m)
{
	int depth = 0;

	for (; m->p < m->end; m->p++) {
		if (*m->p == '\\' && m->p + 1 < m->end)
			m->p++;
		else if (*m->p == '(')
			depth++;
		else if (*m->p == ')' && --depth == 0)
			break;
	}
	unclosed(m);
	m->gap = 1;
}

/* A quoted string or a domain literal, up to CLOSE; only the folding is taken out. */
static void
take_quoted(struct parse *m, char close)
{
	take(m, *m->p);
	for (m->p++; m->p < m->end && *m->p != close; m->p++) {
		if (*m->p == '\r' || *m->p == '\n')
			continue;
		take(m, *m->p);
		if (*m->p == '\\' && m->p + 1 < m->end)
			take(m, *++m->p);
	}
	if (m->p < m->end)
		take(m, close);
	unclosed(m);
}

static void
take_colon(struct parse *m)
{
	if (!m->open || m->closed || (m->length > 0 && m->address[0] == '@'))
		forget(m);              /* the name of a group, or a route */
	else
		take(m, ':');
}

static void
take_one(struct parse *m)
{
	switch (*m->p) {
	case ' ': case '\t': case '\r': case '\n':
		m->gap = 1;
		break;
	case '(':
		skip_comment(m);
		break;
	case '"':
		take_quoted(m, '"');
		break;
	case '[':
		take_quoted(m, ']');
		break;
	case '<':
		m->bad |= m->open;
		m->open = 1;
		forget(m);
		break;
	case '>':
		m->bad |= !m->open || m->closed;
		m->closed = 1;
		break;
	case ':':
		take_colon(m);
		break;
	default:
		take(m, *m->p);
	}
}

/* A comma inside a route separates nothing. */
static int
ends(const struct parse *m)
{
	if (*m->p == ';')
		return 1;
	return *m->p == ',' && !(m->open && !m->closed && m->length > 0 && m->address[0] == '@');
}

static void
whole_piece(struct parse *m, const char *from)
{
	size_t n = (size_t)(m->p - from);

	while (n > 0 && strchr(" \t\r\n", *from) != NULL) {
		from++;
		n--;
	}
	while (n > 0 && strchr(" \t\r\n", from[n - 1]) != NULL)
		n--;
	m->length = n < m->size - 1 ? n : m->size - 1;
	memcpy(m->address, from, m->length);
}

int
mailbox_next(const char *text, size_t *at, size_t end, char *address, size_t size,
    size_t *length)
{
	struct parse m;
	const char *from;
	int bad;

	while (*at < end) {
		memset(&m, 0, sizeof m);
		m.p = from = text + *at;
		m.end = text + end;
		m.address = address;
		m.size = size;
		for (; m.p < m.end && !ends(&m); m.p++)
			take_one(&m);
		*at = (size_t)(m.p - text) + (m.p < m.end);
		bad = m.bad || m.words || m.open != m.closed;
		if (bad)
			whole_piece(&m, from);
		address[m.length] = '\0';
		*length = m.length;
		if (bad || m.length > 0 || m.open)
			return bad ? -1 : 1;
	}
	return 0;
}
