// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A kernel that only remembers what it is given.
 */
#include "sink.h"

#include <errno.h>
#include <string.h>

#include "error.h"

struct sink_log sink_log;
static struct sheath_hs *watched;

static int attach(int fd)
{
	(void)fd;
	sink_log.attached++;
	return 0;
}

static int install(int fd, struct sheath_handover *ho)
{
	(void)fd;
	sink_log.installed++;
	sink_log.ho = *ho;
	sink_log.secrets = watched->secrets;
	errno = sink_log.fail;
	return sink_log.fail ? sheath_fail("the test refuses the keys") : 0;
}

static const struct sheath_sink sink = { .attach = attach, .install = install };

/**
 * sink_use() - have a handshake hand over to the log, which is emptied
 * @hs: handshake
 */
void sink_use(struct sheath_hs *hs)
{
	memset(&sink_log, 0, sizeof(sink_log));
	watched = hs;
	hs->sink = &sink;
}
