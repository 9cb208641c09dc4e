/* SPDX-License-Identifier: ISC */
/* The checksum that cksum(1) prints. */
#ifndef CKSUM_H
#define CKSUM_H

#include <stddef.h>
#include <stdint.h>

struct cksum {
	uint32_t crc;
	uint64_t size;
};

void cksum_begin(struct cksum *c);
void cksum_add(struct cksum *c, const void *bytes, size_t n);
/* The value so far; more may be added afterwards. */
uint32_t cksum_value(const struct cksum *c);

#endif
