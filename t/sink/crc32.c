/* SPDX-License-Identifier: ISC */
/* CRC-32 as gzip and zip have it (reflected, 0xedb88320), eight octets a step. */
#include "sink.h"

static uint32_t table[8][256];

static void
fill(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (int k = 0; k < 8; k++)
			c = c & 1 ? c >> 1 ^ 0xedb88320U : c >> 1;
		table[0][i] = c;
	}
	for (int t = 1; t < 8; t++)
		for (int i = 0; i < 256; i++)
			table[t][i] = table[t - 1][i] >> 8 ^ table[0][table[t - 1][i] & 255];
}

uint32_t
crc32_of(const char *data, size_t len)
{
	const unsigned char *p = (const unsigned char *)data;
	uint32_t c = 0xffffffffU;

	if (table[0][1] == 0)
		fill();
	for (; len >= 8; p += 8, len -= 8) {
		c ^= (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16
		    | (uint32_t)p[3] << 24;
		c = table[7][c & 255] ^ table[6][c >> 8 & 255] ^ table[5][c >> 16 & 255]
		    ^ table[4][c >> 24] ^ table[3][p[4]] ^ table[2][p[5]] ^ table[1][p[6]]
		    ^ table[0][p[7]];
	}
	for (; len > 0; p++, len--)
		c = c >> 8 ^ table[0][(c ^ *p) & 255];
	return c ^ 0xffffffffU;
}
