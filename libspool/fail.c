/* SPDX-License-Identifier: ISC */
/* What a failure was about: kept in the handle, so that a program can name it. */
#include <string.h>

#include "internal.h"

int
spool_fail_at(struct spool *s, const char *object)
{
	int saved = errno;

	(void)snprintf(s->object, sizeof s->object, "%s", object);
	errno = saved;
	return -1;
}

int
spool_fail(struct spool *s, enum spool_dir d, const char *name)
{
	int saved = errno;

	(void)snprintf(s->object, sizeof s->object, "%s%s%s", spool_dir_name(d),
	    name != NULL ? "/" : "", name != NULL ? name : "");
	errno = saved;
	return -1;
}

const char *
spool_object(const struct spool *s)
{
	return s->object;
}

void
spool_strange(struct spool *s, enum spool_dir d, const char *name, const char *reason)
{
	char object[SPOOL_PATH_SIZE];
	int saved = errno;

	if (s->stranger == NULL)
		return;
	(void)snprintf(object, sizeof object, "%s/%s", spool_dir_name(d), name);
	s->stranger(s->context, object, reason);
	errno = saved;
}

int
spool_trouble_note(struct spool *s, struct spool_trouble *t)
{
	if (t->failed == 0) {
		t->failed = errno;
		memcpy(t->object, s->object, sizeof t->object);
	}
	return 0;
}

int
spool_trouble_end(struct spool *s, const struct spool_trouble *t)
{
	if (t->failed == 0)
		return 0;
	errno = t->failed;
	return spool_fail_at(s, t->object);
}

int
spool_is_general(int err)
{
	return err == EMFILE || err == ENFILE || err == ENOMEM || err == ENOTCONN || err == EINTR ||
	    err == ENOSPC || err == EDQUOT || err == EROFS;
}
