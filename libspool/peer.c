/* SPDX-License-Identifier: ISC */
/*
 * Other runners, as their run files tell of them, and what can be known at
 * once: dead is only who lived on this host, in this boot and this pid
 * namespace, and whose process is gone.  Everything else is left to the lease.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"
#include "names.h"

#define FILE_SIZE 4096

/* In a container /proc may be that of another namespace, where our numbers are other processes'. */
static int
proc_is_ours(void)
{
	char text[32];
	ssize_t n = readlink("/proc/self", text, sizeof text - 1);

	if (n <= 0)
		return 0;
	text[n] = '\0';
	return strtol(text, NULL, 10) == (long)getpid();
}

/* Field 22 of /proc/PID/stat: when the process started, in ticks since boot.  One that has ended and
   that nobody has waited for, as in a container whose first process does not care, gets a time like
   no other. */
static void
start_of(long pid, char *start, size_t size)
{
	char path[64], text[1024];
	const char *p;
	int field;

	start[0] = '\0';
	if (!proc_is_ours())
		return;
	(void)snprintf(path, sizeof path, "/proc/%ld/stat", pid);
	if (spool_slurp(AT_FDCWD, path, text, sizeof text) < 0)
		return;
	p = strrchr(text, ')');         /* the name before it may hold anything */
	if (p != NULL && (strncmp(p, ") Z", 3) == 0 || strncmp(p, ") X", 3) == 0)) {
		(void)snprintf(start, size, "ended");
		return;
	}
	for (field = 2; p != NULL && field < 22; field++)
		p = strchr(p + 1, ' ');
	if (p != NULL)
		(void)snprintf(start, size, "%.*s", (int)strspn(p + 1, "0123456789"), p + 1);
}

static void
boot_of_this(char *boot, size_t size)
{
	char text[128];

	boot[0] = '\0';
	if (spool_slurp(AT_FDCWD, "/proc/sys/kernel/random/boot_id", text, sizeof text) > 0)
		(void)snprintf(boot, size, "%.*s", (int)strcspn(text, "\n"), text);
}

static void
pid_namespace(char *pidns, size_t size)
{
	char text[64];
	ssize_t n = readlink("/proc/self/ns/pid", text, sizeof text - 1);
	const char *p;

	pidns[0] = '\0';
	if (n <= 0)
		return;
	text[n] = '\0';
	p = strchr(text, '[');
	if (p != NULL)
		(void)snprintf(pidns, size, "%.*s", (int)strspn(p + 1, "0123456789"), p + 1);
}

void
spool_self(struct spool_self *me)
{
	static struct spool_self self;

	if (self.pid != (long)getpid()) {
		memset(&self, 0, sizeof self);
		spool_host(self.host);
		self.pid = (long)getpid();
		start_of(self.pid, self.start, sizeof self.start);
		boot_of_this(self.boot, sizeof self.boot);
		pid_namespace(self.pidns, sizeof self.pidns);
	}
	*me = self;
}

static uint64_t
number(const char *text, const char *key)
{
	char value[32];

	return spool_line_value(text, key, value, sizeof value) ? strtoull(value, NULL, 10) : 0;
}

static void
parse(struct spool_peer *p, const char *text)
{
	(void)spool_line_value(text, "host", p->host, sizeof p->host);
	(void)spool_line_value(text, "boot", p->boot, sizeof p->boot);
	(void)spool_line_value(text, "pidns", p->pidns, sizeof p->pidns);
	(void)spool_line_value(text, "start", p->start, sizeof p->start);
	(void)spool_line_value(text, "role", p->role, sizeof p->role);
	(void)spool_line_value(text, "state", p->state, sizeof p->state);
	(void)spool_line_value(text, "last", p->last, sizeof p->last);
	p->pid = (long)number(text, "pid");
	p->since = number(text, "since");
	p->done = number(text, "done");
	p->failed = number(text, "failed");
	p->deferred = number(text, "deferred");
}

int
spool_peer_read(struct spool *s, const char *id, struct spool_peer *p)
{
	char text[FILE_SIZE];
	struct stat st;

	memset(p, 0, sizeof *p);
	(void)snprintf(p->id, sizeof p->id, "%s", id);
	if (again_fstatat(s->dir[SPOOL_RUN], id, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : spool_fail(s, SPOOL_RUN, id);
	if (!S_ISREG(st.st_mode))       /* nobody's heartbeat, and nothing that may be removed */
		return 0;
	p->mtime = st.st_mtim;
	p->size = st.st_size;
	/* a file that can't be read tells nothing but its heartbeat */
	if (spool_slurp(s->dir[SPOOL_RUN], id, text, sizeof text) > 0)
		parse(p, text);
	return 1;
}

struct walk {
	struct spool *spool;
	int (*see)(void *context, const struct spool_peer *p);
	void *context;
	struct spool_trouble trouble;
};

static int
see_file(void *context, const char *name, enum spool_kind kind)
{
	struct walk *w = context;
	struct spool_peer p;
	int got;

	kind = spool_kind(w->spool, SPOOL_RUN, name, kind);
	if (kind != SPOOL_KIND_UNKNOWN && (kind != SPOOL_KIND_FILE || !spool_is_runner(name))) {
		spool_strange(w->spool, SPOOL_RUN, name, "not a runner's file");
		return 0;
	}
	if (!spool_is_runner(name))
		return 0;
	got = spool_peer_read(w->spool, name, &p);
	if (got < 0)
		return spool_trouble_note(w->spool, &w->trouble);
	return got == 0 ? 0 : w->see(w->context, &p);
}

int
spool_peers(struct spool *s, int (*see)(void *context, const struct spool_peer *p), void *context)
{
	struct walk w = { .spool = s, .see = see, .context = context };
	int result = spool_scan(s, SPOOL_RUN, NULL, 0, see_file, &w);

	return result != 0 ? result : spool_trouble_end(s, &w.trouble);
}

static int
same(const char *mine, const char *theirs)
{
	return *mine != '\0' && strcmp(mine, theirs) == 0;
}

enum spool_probe
spool_peer_probe(const struct spool_peer *p)
{
	struct spool_self me;
	char start[sizeof p->start];

	spool_self(&me);
	if (!same(me.host, p->host) || !same(me.boot, p->boot) || !same(me.pidns, p->pidns) ||
	    p->pid <= 0)
		return SPOOL_UNKNOWN;
	if (kill((pid_t)p->pid, 0) < 0 && errno == ESRCH)
		return SPOOL_DEAD;
	start_of(p->pid, start, sizeof start);
	if (*start == '\0' || *p->start == '\0')
		return SPOOL_ALIVE;     /* somebody bears that number; the lease has to tell who */
	return strcmp(start, p->start) == 0 ? SPOOL_ALIVE : SPOOL_DEAD;
}

struct ranking {
	const char *id;
	int before;
};

static int
rank(void *context, const struct spool_peer *p)
{
	struct ranking *r = context;

	if (*p->role != '\0' && strcmp(p->role, "runner") != 0)
		return 0;
	if (r->id != NULL && strcmp(p->id, r->id) >= 0)
		return 0;
	r->before += spool_peer_probe(p) != SPOOL_DEAD;
	return 0;
}

int
spool_runners_before(struct spool *s, const char *id)
{
	struct ranking r = { id, 0 };

	return spool_peers(s, rank, &r) < 0 ? -1 : r.before;
}
