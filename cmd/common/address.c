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

#if defined(__GNUC__) && !defined(SPOOL_PORTABLE)
#define LANES  16
#define ONE_16 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1

/* Each lane an octet; where a comparison holds all bits of it are set. */
typedef uint8_t lanes __attribute__((vector_size(LANES)));

static int
any(const lanes *x)
{
	uint64_t half[2];

	memcpy(half, x, sizeof half);
	return (half[0] | half[1]) != 0;
}

/* 1 if one of them is 1, and all others are 0. */
static int
is_one(const lanes *x)
{
	uint64_t half[2];

	memcpy(half, x, sizeof half);
	half[0] += half[1];             /* none is over 32 */
	return half[0] != 0 && (half[0] & (half[0] - 1)) == 0 && (half[0] & 0x0101010101010101U) != 0;
}

static int
is_letter_or_digit(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* Sixteen octets at a time; where N - 1 is no multiple of that, the last sixteen overlap others, whose @
   counts once.  The N-th is looked at by itself, so that each other has one behind it. */
int
address_is_simple(const char *s, size_t n, int *atoms)
{
	static const uint8_t counts[2 * LANES] = { [LANES] = ONE_16 };
	lanes x, next, fresh, bad = { 0 }, twice = { 0 }, ats = { 0 };
	size_t i, last = n - 1 - LANES; /* where the last sixteen before the N-th begin */
	size_t again;                   /* lanes of these that were looked at before */

	/* with no more than 256 octets no domain is too long */
	if (n <= LANES || n > ADDRESS_DOMAIN_MAX + 1 || s[0] == '@' || !is_letter_or_digit(s[n - 1]))
		return 0;
	for (i = 0; i < n - 1; i += LANES) {
		again = i > last ? i - last : 0;
		memcpy(&x, s + i - again, LANES);
		memcpy(&next, s + i - again + 1, LANES);
		memcpy(&fresh, counts + LANES - again, LANES);
		bad |= (lanes)((x | 0x20) - '`' > 'z' - '`') & (lanes)(x - '-' > '9' - '-');    /* @ with ` */
		twice |= (lanes)(x == '.') & (lanes)(next == '.');
		ats += (lanes)(x == '@') & fresh;
	}
	*atoms = !any(&twice);
	return !any(&bad) && is_one(&ats);
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
