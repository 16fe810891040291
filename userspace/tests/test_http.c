// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The HTTP side of the file server: ranges, paths, requests in pieces, responses.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include "files.h"
#include "range.h"
#include "request.h"
#include "response.h"
#include "tap.h"

static const struct {
	const char	*header;
	uint64_t	size;
	enum range	want;
	uint64_t	first;
	uint64_t	last;
} ranges[] = {
	{ "bytes=0-0", 100, RANGE_PART, 0, 0 },
	{ "bytes=0-99", 100, RANGE_PART, 0, 99 },
	{ "bytes=10-", 100, RANGE_PART, 10, 99 },
	{ "bytes=99-", 100, RANGE_PART, 99, 99 },
	{ "bytes=10-1000", 100, RANGE_PART, 10, 99 },
	{ "bytes=-1", 100, RANGE_PART, 99, 99 },
	{ "bytes=-100", 100, RANGE_PART, 0, 99 },
	{ "bytes=-1000", 100, RANGE_PART, 0, 99 },
	{ "BYTES=1-2", 100, RANGE_PART, 1, 2 },
	{ "bytes=0-18446744073709551615", 100, RANGE_PART, 0, 99 },
	{ "bytes=0-99999999999999999999999", 100, RANGE_PART, 0, 99 },
	{ "bytes=-99999999999999999999999", 100, RANGE_PART, 0, 99 },
	{ "bytes=100-", 100, RANGE_NOT_SATISFIABLE, 0, 0 },
	{ "bytes=99999999999999999999999-", 100, RANGE_NOT_SATISFIABLE, 0, 0 },
	{ "bytes=-0", 100, RANGE_NOT_SATISFIABLE, 0, 0 },
	{ "bytes=0-", 0, RANGE_NOT_SATISFIABLE, 0, 0 },
	{ "bytes=-5", 0, RANGE_NOT_SATISFIABLE, 0, 0 },
	{ "bytes=5-4", 100, RANGE_ALL, 0, 0 },
	{ "bytes=0-1,4-5", 100, RANGE_ALL, 0, 0 },
	{ "bytes=", 100, RANGE_ALL, 0, 0 },
	{ "bytes=-", 100, RANGE_ALL, 0, 0 },
	{ "bytes=a-b", 100, RANGE_ALL, 0, 0 },
	{ "bytes=1", 100, RANGE_ALL, 0, 0 },
	{ "bytes=--1", 100, RANGE_ALL, 0, 0 },
	{ "lines=1-2", 100, RANGE_ALL, 0, 0 },
	{ "", 100, RANGE_ALL, 0, 0 },
};

static void test_ranges(void)
{
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		uint64_t first = 0, last = 0;
		enum range got = range_parse(ranges[i].header, ranges[i].size, &first, &last);

		tap(got == ranges[i].want && first == ranges[i].first && last == ranges[i].last,
		    "range \"%s\" of %llu", ranges[i].header, (unsigned long long)ranges[i].size);
	}
}

static const struct {
	const char	*path;
	const char	*want;		/* NULL: refused */
} paths[] = {
	{ "/", "." },
	{ "///", "." },
	{ "/a", "a" },
	{ "//a//b", "a//b" },
	{ "/a%20b", "a b" },
	{ "/%2e%2e/x", "../x" },	/* the kernel refuses to follow it */
	{ "/%2Fetc", "etc" },
	{ "/%", NULL },
	{ "/%4", NULL },
	{ "/%zz", NULL },
	{ "/a%00b", NULL },
	{ "/123456789", NULL },		/* too long for the buffer */
};

static void test_paths(void)
{
	char out[9];

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		bool good = files_decode(paths[i].path, strlen(paths[i].path), out, sizeof(out));

		tap(good == !!paths[i].want && (!good || !strcmp(out, paths[i].want)),
		    "path %s", paths[i].path);
	}
}

/* A tree to serve: file, sub/index.html, fifo, links inside and out, one that is private. */
static char tree[64];

static void put(const char *name, const char *text)
{
	char path[128];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", tree, name);
	out = fopen(path, "w");
	if (!out || fputs(text, out) < 0 || fclose(out))
		tap_bail("cannot write %s", path);
}

static int make_tree(void)
{
	const char *base = getenv("TMPDIR");
	int root;

	snprintf(tree, sizeof(tree), "%.40s/sheath-tree-XXXXXX", base ? base : "/tmp");
	if (!mkdtemp(tree))
		tap_bail("mkdtemp");
	root = open(tree, O_PATH | O_DIRECTORY | O_CLOEXEC);
	put("file", "0123456789");
	put("empty.txt", "");
	mkdirat(root, "sub", 0755);
	put("sub/index.html", "<p>index");
	mkdirat(root, "bare", 0755);
	mkfifoat(root, "fifo", 0644);
	if (symlinkat("file", root, "inside") || symlinkat("/etc/passwd", root, "outside") ||
	    symlinkat("../../../../etc/passwd", root, "above"))
		tap_bail("symlink");
	return root;
}

static void remove_tree(int root)
{
	static const char *const names[] = {
		"file", "empty.txt", "sub/index.html", "fifo", "inside", "outside", "above",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlinkat(root, names[i], 0);
	unlinkat(root, "sub", AT_REMOVEDIR);
	unlinkat(root, "bare", AT_REMOVEDIR);
	rmdir(tree);
	close(root);
}

static const struct {
	const char	*path;
	int		error;
} opens[] = {
	{ "file", 0 },
	{ "inside", 0 },
	{ "sub/../file", 0 },
	{ "sub/", 0 },
	{ "sub", EISDIR },
	{ "bare/", ENOENT },
	{ ".", ENOENT },
	{ "nothing", ENOENT },
	{ "fifo", ENOENT },
	{ "outside", EXDEV },
	{ "above", EXDEV },
	{ "..", EXDEV },
	{ "../x", EXDEV },
	{ "sub/../../x", EXDEV },
	{ "/etc/passwd", EXDEV },
	{ "file/", ENOTDIR },
};

static void test_opens(int root)
{
	for (size_t i = 0; i < sizeof(opens) / sizeof(opens[0]); i++) {
		struct file file;
		int error = files_open(root, opens[i].path, &file);

		if (!tap(error == opens[i].error, "open %s", opens[i].path))
			printf("# errno %d\n", error);
		if (!error)
			close(file.fd);
	}
}

/* Feeds @text in pieces of @step bytes; returns the bytes taken. */
static size_t feed(struct request *req, const char *text, size_t step)
{
	size_t len = strlen(text), done = 0;

	request_init(req);
	while (done < len && !req->complete && !req->status) {
		size_t part = len - done < step ? len - done : step;

		done += request_feed(req, text + done, part);
	}
	return done;
}

static const struct {
	const char	*request;
	int		status;
	size_t		body;
	const char	*header;	/* that has to be there, or not there with a '!' */
} exchanges[] = {
	{ "GET /file HTTP/1.1\r\nHost: x\r\n\r\n", 200, 10, "Content-Length: 10\r\n" },
	{ "GET /file HTTP/1.1\r\nHost: x\r\n\r\n", 200, 10, "!Connection: close" },
	{ "GET http://x/file HTTP/1.1\r\nHost: x\r\n\r\n", 200, 10, "Accept-Ranges: bytes" },
	{ "GET /file?query HTTP/1.1\r\nHost: x\r\n\r\n", 200, 10, "octet-stream" },
	{ "GET /%66ile HTTP/1.0\r\n\r\n", 200, 10, "Connection: close" },
	{ "GET /file HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200, 10,
	  "Connection: close" },
	{ "HEAD /file HTTP/1.1\r\nHost: x\r\n\r\n", 200, 0, "Content-Length: 10\r\n" },
	{ "GET /empty.txt HTTP/1.1\r\nHost: x\r\n\r\n", 200, 0, "text/plain" },
	{ "GET /sub/ HTTP/1.1\r\nHost: x\r\n\r\n", 200, 8, "text/html" },
	{ "GET /sub HTTP/1.1\r\nHost: x\r\n\r\n", 301, 0, "Location: /sub/\r\n" },
	{ "GET //sub HTTP/1.1\r\nHost: x\r\n\r\n", 301, 0, "Location: /sub/\r\n" },
	{ "GET /file HTTP/1.1\r\nHost: x\r\nRange: bytes=2-4\r\n\r\n", 206, 3,
	  "Content-Range: bytes 2-4/10\r\n" },
	{ "HEAD /file HTTP/1.1\r\nHost: x\r\nRange: bytes=2-4\r\n\r\n", 200, 0,
	  "!Content-Range" },
	{ "GET /file HTTP/1.1\r\nHost: x\r\nRange: bytes=10-\r\n\r\n", 416, 0,
	  "Content-Range: bytes */10\r\n" },
	{ "GET /file HTTP/1.1\r\nHost: x\r\nIf-Range: \"old\"\r\nRange: bytes=2-4\r\n\r\n", 200,
	  10, "!Content-Range" },
	{ "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n", 404, 0, "Content-Length" },
	{ "GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", 404, 0, "404 Not Found" },
	{ "GET /outside HTTP/1.1\r\nHost: x\r\n\r\n", 404, 0, "404 Not Found" },
	{ "GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n", 400, 0, "!Connection: close" },
	{ "POST /file HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", 405, 0,
	  "Allow: GET, HEAD\r\n" },
	{ "GET /file HTTP/1.1\r\n\r\n", 400, 0, "Connection: close" },
	{ "GET /file HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400, 0, "Connection: close" },
	{ "GET /file HTTP/2.0\r\n\r\n", 505, 0, "Connection: close" },
	{ "rubbish\r\n\r\n", 400, 0, "Connection: close" },
	{ "GET /file HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 200, 10,
	  "Connection: close" },
	{ "GET /file HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n", 200,
	  10, "Content-Length" },
};

static bool header_as_wanted(const struct response *res, const char *header)
{
	if (*header == '!')
		return !strstr(res->head, header + 1);
	return strstr(res->head, header);
}

static void test_exchanges(int root, size_t step)
{
	for (size_t i = 0; i < sizeof(exchanges) / sizeof(exchanges[0]); i++) {
		static struct request req;
		struct response res;

		feed(&req, exchanges[i].request, step);
		response_make(&res, &req, root, true);
		if (!tap((req.complete || req.status) && res.status == exchanges[i].status &&
			 res.left == exchanges[i].body &&
			 header_as_wanted(&res, exchanges[i].header), "%.*s in pieces of %zu: %d",
			 (int)strcspn(exchanges[i].request, "\r"), exchanges[i].request, step,
			 exchanges[i].status))
			printf("# %d, %zu bytes\n", res.status, res.left);
		response_release(&res);
	}
}

static void test_limits(void)
{
	static struct request req;
	static char text[REQUEST_HEADER_MAX + 8192];

	memset(text, 'a', sizeof(text) - 1);
	memcpy(text, "GET /", 5);
	feed(&req, text, 4096);
	tap(req.status == 414, "a target without end");

	memset(text, 'a', sizeof(text) - 1);
	memcpy(text, "GET / HTTP/1.1\r\nHost: x\r\nA: ", 28);
	feed(&req, text, 4096);
	tap(req.status == 431, "a header without end");

	memcpy(text, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\n", 53);
	request_init(&req);
	for (int i = 0; i < 10 && !req.status; i++)
		request_feed(&req, text + (i ? 60 : 0), sizeof(text) - 61);
	tap(req.status == 413, "a body without end");
}

/* Two requests in one piece: the first takes exactly its own bytes. */
static void test_pipeline(void)
{
	static const char one[] = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
	static struct request req;
	char both[128];
	size_t n;

	snprintf(both, sizeof(both), "%s%s", one, one);
	n = feed(&req, both, sizeof(both));
	tap(req.complete && n == strlen(one) && !strcmp(req.target, "/a"), "a pipeline");
}

int main(void)
{
	int root = make_tree();

	test_ranges();
	test_paths();
	test_opens(root);
	test_exchanges(root, 4096);
	test_exchanges(root, 1);
	test_limits();
	test_pipeline();
	remove_tree(root);
	return tap_end();
}
