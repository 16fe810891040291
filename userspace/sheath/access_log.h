/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a server tells about its connections. */
#ifndef ACCESS_LOG_H
#define ACCESS_LOG_H

#include "libsheath.h"
#include "request.h"
#include "response.h"
#include "server.h"

void log_handshake(const struct server *srv, const char *peer, const struct sheath_hs *hs);
void log_request(const struct server *srv, const char *peer, const struct request *req,
		 const struct response *res);
void log_error(const struct server *srv, const char *peer, const char *doing, int error);

#endif /* ACCESS_LOG_H */
