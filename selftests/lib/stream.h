/* SPDX-License-Identifier: GPL-2.0 */
/* The pattern of st_fill() as a stream: written, read and compared, also in the background. */
#ifndef SELFTEST_STREAM_H
#define SELFTEST_STREAM_H

#include <pthread.h>

#include "record.h"


/* as much of @len as the socket takes without waiting, from @pos; what it took, or -1 */
long long st_fill_socket(int fd, uint64_t pos, uint64_t len, size_t chunk);
/* write @len bytes from @pos in pieces of @chunk; 0 or an errno */
int st_write(int fd, uint64_t pos, uint64_t len, size_t chunk);
/* read @len bytes and compare; 0, an errno, EILSEQ if they differ, EPIPE if there are less */
int st_expect(int fd, uint64_t pos, uint64_t len, size_t chunk);
/* do @len bytes come through? no more than the sockets take without a reader */
bool st_passes(int from, int to, size_t len);
/* a clean end of file: 0, or an errno, EMSGSIZE if there is a byte */
int st_expect_eof(int fd);

struct st_job {
	pthread_t thread;
	int (*fn)(int fd, uint64_t pos, uint64_t len, size_t chunk);
	int fd;
	uint64_t pos;
	uint64_t len;
	size_t chunk;
	int rc;
};

/* run st_write() or st_expect() in a thread; st_job_end() returns what it returned */
int st_job_start(struct st_job *j, int (*fn)(int fd, uint64_t pos, uint64_t len, size_t chunk),
		 int fd, uint64_t pos, uint64_t len, size_t chunk);
int st_job_end(struct st_job *j);

/**
 * struct st_relay - two connections with the test between them
 * @tx: keyed end that makes records
 * @tap: where they come out
 * @feed: where they go in
 * @rx: keyed end that reads them
 */
struct st_relay {
	int tx;
	int tap;
	int feed;
	int rx;
};

int st_relay_open(struct st_relay *r, const char *tx, const char *rx, uint16_t version,
		  uint16_t cipher, uint64_t seq);
void st_relay_close(struct st_relay *r);
/* the next record off the wire, of a sender that waits for nothing; its length or -1 */
int st_relay_take(struct st_relay *r, void *buf);
/* make records of the pattern and take them all off the wire; bytes or -1 */
int st_relay_make(struct st_relay *r, uint64_t pos, size_t len, void *buf);

#endif /* SELFTEST_STREAM_H */
