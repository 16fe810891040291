/* SPDX-License-Identifier: GPL-2.0 */
/* A sheath socket whose other end is a plain one that makes records in user space. */
#ifndef SELFTEST_PEER_H
#define SELFTEST_PEER_H

#include "record.h"

/**
 * struct st_peer - both ends
 * @fd: the sheath socket
 * @raw: the plain socket
 * @to: key of the records sent to @fd
 * @from: key of the records @fd sends
 */
struct st_peer {
	int fd;
	int raw;
	struct st_key to;
	struct st_key from;
};

/* @app: keyed by TLS_TX and TLS_RX, control records are the application's; 0 or -1 */
int st_peer_open(struct st_peer *p, uint16_t version, uint16_t cipher, bool app);
/* the same with keys of the caller's, by SHEATH_KEY */
int st_peer_open_keys(struct st_peer *p, const struct st_key *to, const struct st_key *from);
void st_peer_close(struct st_peer *p);
/* send one record to the sheath socket; 0 or -1 */
int st_peer_send(struct st_peer *p, uint8_t type, const void *data, size_t len);
/* nothing of the socket is read any more, nothing more comes; @p->raw is closed */
void st_peer_reset(struct st_peer *p);
/* does the next record of the sheath socket have this type and content? */
bool st_peer_expect(struct st_peer *p, uint8_t type, const void *data, size_t len);
/* is there nothing more but the end of the stream? */
bool st_peer_ended(struct st_peer *p);
/*
 * "good" comes, then the session dies of a bad record: with @err for every call, the fatal alert
 * @desc, once, and @counter is one more than @before. The text of what is wrong, or NULL;
 * closes the sheath socket.
 */
const char *st_peer_died(struct st_peer *p, int err, uint8_t desc, const char *counter,
			 long long before);

#endif /* SELFTEST_PEER_H */
