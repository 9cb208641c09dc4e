/* SPDX-License-Identifier: ISC */
/* fault: what its files share. */
#ifndef FAULT_H
#define FAULT_H

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

enum act { ACT_COUNT, ACT_KILL, ACT_GROUP, ACT_ERROR, ACT_SHORT };

struct plan {
	enum act act;
	int error;                      /* ACT_ERROR: what the call returns */
	int every;                      /* each call of that name from there on */
	int memory;                     /* calls for memory count, and no others */
	unsigned long at;               /* the call that it happens to, from 1 */
	unsigned limit;                 /* seconds */
	const char *spool;              /* counting begins at the first call that names it */
	FILE *report;
};

struct call {                           /* as it is about to be made */
	uint64_t number;
	uint64_t arg[6];
};

/* calls.c */
const char *call_name(uint64_t number);
int call_counts(const struct plan *p, const struct call *c);
/* It never fails: refused, it returns what there was before. */
int call_is_brk(uint64_t number);
/* It is carried out even if it fails: who says that close failed has closed. */
int call_is_made(uint64_t number);
/* Which argument says how much is to be written, or -1. */
int call_length_arg(uint64_t number);
int error_by_name(const char *name);

/* regs.c: 0, or -1 with errno set */
int regs_entry(pid_t pid, struct call *c);      /* 1: PID is not at the entry of a call */
int regs_skip(pid_t pid);
int regs_result(pid_t pid, long value);
int regs_arg(pid_t pid, int n, uint64_t value);
/* The first argument as it was, where a call leaves it in place. */
int regs_restore(pid_t pid, uint64_t value);
int regs_string_is(pid_t pid, uint64_t at, const char *text);
/* What ptrace takes as addresses and data are numbers. */
void *regs_pointer(uint64_t value);

/* trace.c: runs ARGV under PLAN; its exit code, 128 + signal, or 124. */
int trace(struct plan *p, char **argv);

#endif
