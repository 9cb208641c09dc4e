/* SPDX-License-Identifier: ISC */
/* ml-runner: claims envelopes and hands them to the MTA. */
#include "crew.h"
#include "die.h"
#include "life.h"
#include "signals.h"
#include "spool.h"

const char program[] = "ml-runner";

int
main(int argc, char **argv)
{
	struct options o;
	struct spool s;

	std_start();
	if (signals_note() < 0)
		die_errno("can't start");
	options_read(&o, argc, argv);
	if (o.processes == 1)
		return std_finish(life(&o, -1, 0));
	open_spool(&s, o.spool);        /* a spool that is none is said once, not by each */
	spool_close(&s);
	return std_finish(crew(&o));
}
