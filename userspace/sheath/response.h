/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The answer to one HTTP request. */
#ifndef RESPONSE_H
#define RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "files.h"
#include "request.h"

/**
 * struct response - what is to be sent, and how far that is
 * @status: of HTTP
 * @head: status line, headers and, of an error, its few words
 * @head_len: bytes of it
 * @header_len: bytes of it before the few words
 * @head_sent: bytes of it that are sent
 * @error: errno, when the server itself is at fault; else 0
 * @fd: file with the body, -1 for none; closed by response_release()
 * @offset: of the next byte of the body in the file
 * @left: bytes of the body to come
 * @body_sent: bytes of it that are sent
 * @keep_alive: the connection goes on afterwards
 */
struct response {
	int	status;
	char	head[8192];
	size_t	head_len;
	size_t	header_len;
	size_t	head_sent;
	int	error;
	int	fd;
	off_t	offset;
	size_t	left;
	size_t	body_sent;
	bool	keep_alive;
};

void response_make(struct response *res, const struct request *req, const struct site *site,
		   bool keep_alive);
void response_release(struct response *res);

#endif /* RESPONSE_H */
