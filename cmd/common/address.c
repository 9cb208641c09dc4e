/* SPDX-License-Identifier: ISC */
/* One pass over a table settles the plain case, which is a million of a million; a second, slow
   look finds out what is quoted, or wrong. */
#include <stdint.h>
#include <string.h>

#include "address.h"
#include "utf8.h"

enum {
	PLAIN = 0, AT = 1, CONTROL = 2, ANGLE = 4, SPACE = 8, QUOTE = 16, HIGH = 32,
	DOT = 64, SPECIAL = 128         /* sound here, but no part of an atom */
};

#define A AT
#define C CONTROL
#define L ANGLE
#define S SPACE
#define Q QUOTE
#define H HIGH
#define D DOT
#define P SPECIAL
#define ROW_H H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H
static const unsigned char class[256] = {
	C, C, C, C, C, C, C, C, C, C, C, C, C, C, C, C,
	C, C, C, C, C, C, C, C, C, C, C, C, C, C, C, C,
	S, 0, Q, 0, 0, 0, 0, 0, P, P, 0, 0, P, 0, D, 0,         /* space " ( ) , . */
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, P, P, L, 0, L, 0,         /* : ; < > */
	A, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,         /* @ */
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, P, P, P, 0, 0,         /* [ \ ] */
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, C,         /* DEL */
	ROW_H, ROW_H, ROW_H, ROW_H, ROW_H, ROW_H, ROW_H, ROW_H
};

struct scan {
	int quoted;             /* inside quotes */
	size_t ats, at;         /* @ outside quotes: how many, and where the last one is */
};

static const char *
faulty_high(const char *s, size_t n)
{
	unsigned char next = n > 1 ? (unsigned char)s[1] : 0;

	return (unsigned char)*s == 0xc2 && next >= 0x80 && next < 0xa0 ?
	    "control character" : "not valid UTF-8";
}

static const char *
faulty_place(size_t n, const struct scan *c)
{
	if (c->quoted)
		return "quote not closed";
	if (c->ats == 0)
		return "no @";
	if (c->ats > 1)
		return "more than one @";
	if (c->at == 0)
		return "nothing before the @";
	if (c->at == n - 1)
		return "nothing behind the @";
	return n - c->at - 1 > ADDRESS_DOMAIN_MAX ? "domain over 255 octets" : NULL;
}

/* Looks at the octets at I, and moves I behind them.  A backslash quotes only inside quotes. */
static const char *
scan_one(struct scan *c, const char *s, size_t n, size_t *i)
{
	size_t length = 1;

	switch (class[(unsigned char)s[*i]]) {
	case CONTROL:
		return "control character";
	case ANGLE:
		return "< or > in it";
	case SPACE:
		if (!c->quoted)
			return "space outside quotes";
		break;
	case HIGH:
		length = utf8_length(s + *i, n - *i);
		if (length == 0)
			return faulty_high(s + *i, n - *i);
		break;
	case QUOTE:
		c->quoted = !c->quoted;
		break;
	case AT:
		if (!c->quoted) {
			c->ats++;
			c->at = *i;
		}
		break;
	default:
		/* What the backslash quotes is looked at for all but being a quote. */
		if (s[*i] == '\\' && c->quoted && *i + 1 < n &&
		    (s[*i + 1] == '"' || s[*i + 1] == '\\'))
			length = 2;
	}
	*i += length;
	return NULL;
}

static const char *
slow(const char *s, size_t n)
{
	struct scan c = { 0, 0, 0 };
	const char *fault;
	size_t i = 0;

	while (i < n)
		if ((fault = scan_one(&c, s, n, &i)) != NULL)
			return fault;
	return faulty_place(n, &c);
}

/* Nothing but @ is special in it. */
static const char *
plain(const char *s, size_t n)
{
	const char *at = memchr(s, '@', n);
	struct scan c = { 0, at != NULL, at != NULL ? (size_t)(at - s) : 0 };

	if (at != NULL && memchr(at + 1, '@', n - c.at - 1) != NULL)
		c.ats = 2;
	return faulty_place(n, &c);
}

const char *
address_look(const char *s, size_t n, int *atoms)
{
	unsigned seen = PLAIN, twice = PLAIN, last = PLAIN, one;
	size_t i;

	*atoms = 0;
	if (n == 0)
		return "empty address";
	if (n > ADDRESS_MAX)
		return "over 320 octets";
	for (i = 0; i < n; i++) {
		one = class[(unsigned char)s[i]];
		seen |= one;
		twice |= one & last;
		last = one;
	}
	*atoms = (seen & ~(unsigned)(AT | DOT)) == 0 && ((twice | last) & DOT) == 0;
	return (seen & ~(unsigned)(AT | DOT | SPECIAL)) == 0 ? plain(s, n) : slow(s, n);
}

const char *
address_fault(const char *s, size_t n)
{
	int atoms;

	return address_look(s, n, &atoms);
}

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && !defined(SPOOL_PORTABLE)
#define EACH(octet) (0x0101010101010101U * (octet))
#define EIGHT       sizeof(uint64_t)

/* The high bit of each octet that is LOW to HIGH; none of X is over 127. */
static uint64_t
in_range(uint64_t x, unsigned char low, unsigned char high)
{
	return (x + EACH(0x80U - low)) & ~(x + EACH(0x7fU - high)) & EACH(0x80U);
}

/* Eight octets at a time; where N is no multiple of that, the last eight of them overlap others. */
int
address_is_simple(const char *s, size_t n, int *atoms)
{
	uint64_t x, at, dot, good = EACH(0x80U), twice = 0, before = 0, seen = 0;
	size_t i, again = 0;

	/* with no more than 256 octets no domain is too long */
	if (n < EIGHT || n > ADDRESS_DOMAIN_MAX + 1 || s[0] == '@' || s[n - 1] == '@')
		return 0;
	for (i = 0; i < n; i += EIGHT) {
		if (n - i < EIGHT) {
			again = EIGHT - (n - i);
			i -= again;
			before = 0;
		}
		memcpy(&x, s + i, EIGHT);
		good &= (in_range(x | EACH(0x20U), '`', 'z') | in_range(x, '-', '9')) & ~x;  /* @ with ` */
		dot = in_range(x, '.', '.');
		twice |= dot & (dot << 8 | before >> 56);
		before = dot;
		at = in_range(x, '@', '@') >> 8 * again << 8 * again;
		if ((at & (at - 1)) != 0 || (at != 0 && seen != 0))
			return 0;
		seen |= at;
	}
	*atoms = twice == 0 && s[n - 1] != '.';
	return seen != 0 && good == EACH(0x80U);
}
#else
int
address_is_simple(const char *s, size_t n, int *atoms)
{
	(void)s;
	(void)n;
	(void)atoms;
	return 0;
}
#endif

int
address_is_ascii(const char *s, size_t n)
{
	const uint64_t high = 0x8080808080808080U;
	uint64_t eight, seen = 0;
	size_t i;

	for (i = 0; i + sizeof eight <= n; i += sizeof eight) {
		memcpy(&eight, s + i, sizeof eight);
		seen |= eight;
	}
	for (; i < n; i++)
		seen |= (unsigned char)s[i];
	return (seen & high) == 0;
}
