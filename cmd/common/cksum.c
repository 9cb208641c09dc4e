/* SPDX-License-Identifier: ISC */
/* POSIX's CRC, most significant bit first, over eight octets a step. */
#include "cksum.h"

#define POLYNOMIAL UINT32_C(0x04c11db7)
#define SLICES 8

/* table[k][b]: what octet B does to the remainder when K octets follow.  It is a constant, only
   made when it is first needed. */
static uint32_t table[SLICES][256];

static void
make_table(void)
{
	uint32_t i, k, r;

	for (i = 0; i < 256; i++) {
		r = i << 24;
		for (k = 0; k < 8; k++)
			r = r << 1 ^ (r & UINT32_C(0x80000000) ? POLYNOMIAL : 0);
		table[0][i] = r;
	}
	for (k = 1; k < SLICES; k++)
		for (i = 0; i < 256; i++)
			table[k][i] = table[k - 1][i] << 8 ^ table[0][table[k - 1][i] >> 24];
}

void
cksum_begin(struct cksum *c)
{
	if (table[0][1] == 0)
		make_table();
	c->crc = 0;
	c->size = 0;
}

static uint32_t
step(uint32_t r, unsigned char octet)
{
	return r << 8 ^ table[0][(r >> 24 ^ octet) & 255];
}

void
cksum_add(struct cksum *c, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;
	uint32_t r = c->crc;

	c->size += n;
	for (; n >= SLICES; n -= SLICES, p += SLICES) {
		r ^= (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
		r = table[7][r >> 24] ^ table[6][r >> 16 & 255] ^ table[5][r >> 8 & 255] ^
		    table[4][r & 255] ^ table[3][p[4]] ^ table[2][p[5]] ^ table[1][p[6]] ^
		    table[0][p[7]];
	}
	while (n-- > 0)
		r = step(r, *p++);
	c->crc = r;
}

uint32_t
cksum_value(const struct cksum *c)
{
	uint32_t r = c->crc;
	uint64_t size;

	for (size = c->size; size > 0; size >>= 8)
		r = step(r, (unsigned char)(size & 255));
	return ~r;
}
