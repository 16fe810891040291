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
	errno = sink_log.attach_fails;
	return sink_log.attach_fails ? sheath_fail("the test does not attach") : 0;
}

static int install(int fd, struct sheath_handover *ho)
{
	(void)fd;
	sink_log.installed++;
	sink_log.ho = *ho;
	sink_log.secrets = watched->secrets;
	ho->secrets_taken = sink_log.takes_secrets && ho->tx.secret_len && ho->rx.secret_len;
	errno = sink_log.fail;
	return sink_log.fail ? sheath_fail("the test refuses the keys") : 0;
}

static void keep(int fd, uint32_t n)
{
	(void)fd;
	sink_log.kept = n;
}

static size_t take(int fd, void *buf, size_t size)
{
	const uint8_t *t = sink_log.tickets;
	size_t len;

	(void)fd;
	if (!sink_log.tickets_len)
		return 0;
	len = 4 + (t[1] << 16 | t[2] << 8 | t[3]);
	if (len > sink_log.tickets_len || len > size)
		return 0;
	memcpy(buf, t, len);
	sink_log.tickets_len -= len;
	memmove(sink_log.tickets, t + len, sink_log.tickets_len);
	return len;
}

static const struct sheath_sink sink = {
	.attach	 = attach,
	.install = install,
	.keep	 = keep,
	.take	 = take,
};

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
