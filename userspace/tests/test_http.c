// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The HTTP side of the file server: files, requests in pieces, responses.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include "files.h"
#include "mime.h"
#include "request.h"
#include "response.h"
#include "tap.h"

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

static void set_time(int root, const char *name, time_t t)
{
	const struct timespec ts[2] = { { .tv_sec = t }, { .tv_sec = t } };

	if (utimensat(root, name, ts, 0))
		tap_bail("utimensat");
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
	set_time(root, "file", 1000000000);
	put("empty.txt", "");
	mkdirat(root, "sub", 0755);
	put("sub/index.html", "<p>index");
	mkdirat(root, "bare", 0755);
	mkdirat(root, ".git", 0755);
	put(".git/config", "secret");
	put("sub/.env", "secret");
	mkdirat(root, ".well-known", 0755);
	put(".well-known/security.txt", "public");
	put(".well-known/.env", "secret");
	mkdirat(root, "sub/.well-known", 0755);
	put("sub/.well-known/x", "secret");
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
		".git/config", "sub/.env", ".well-known/security.txt", ".well-known/.env",
		"sub/.well-known/x",
	};
	static const char *const dirs[] = {
		"sub/.well-known", "sub", "bare", ".git", ".well-known",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlinkat(root, names[i], 0);
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		unlinkat(root, dirs[i], AT_REMOVEDIR);
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

static int try_open(const struct site *site, const char *path)
{
	struct file file;
	int error = files_open(site, path, &file);

	if (!error)
		close(file.fd);
	return error;
}

static void test_opens(int root)
{
	for (size_t i = 0; i < sizeof(opens) / sizeof(opens[0]); i++) {
		struct site site = { .root = root };
		int error = try_open(&site, opens[i].path);

		if (!tap(error == opens[i].error, "open %s", opens[i].path))
			printf("# errno %d\n", error);
	}
}

static const struct {
	const char	*path;
	bool		hidden;
} dotted[] = {
	{ ".git/config", true },
	{ "./.git/config", true },
	{ "sub/../.git/config", true },
	{ "sub/.env", true },
	{ "sub//.env", true },
	{ ".well-known/security.txt", false },
	{ ".well-known/.env", true },
	{ ".well-known/../.git/config", true },
	{ "sub/.well-known/x", true },
	{ "./sub/../file", false },
};

static void test_dotfiles(int root)
{
	for (size_t i = 0; i < sizeof(dotted) / sizeof(dotted[0]); i++) {
		struct site site = { .root = root };

		tap(try_open(&site, dotted[i].path) == (dotted[i].hidden ? ENOENT : 0),
		    "%s is %s", dotted[i].path, dotted[i].hidden ? "hidden" : "public");
		site.dotfiles = true;
		tap(!try_open(&site, dotted[i].path), "%s with dotfiles", dotted[i].path);
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
	{ "GET /file HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501, 0,
	  "Connection: close" },
	{ "GET /file HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n", 200, 10,
	  "Content-Length: 10\r\n" },
	{ "GET /\\sub HTTP/1.1\r\nHost: x\r\n\r\n", 400, 0, "!Location" },
	{ "GET /file HTTP/2.0\r\n\r\n", 505, 0, "Connection: close" },
	{ "GET /sub?x=1&y=/ HTTP/1.1\r\nHost: x\r\n\r\n", 301, 0, "Location: /sub/?x=1&y=/\r\n" },
	{ "GET /sub? HTTP/1.1\r\nHost: x\r\n\r\n", 301, 0, "Location: /sub/\r\n" },
	{ "GET /file HTTP/1.1\r\nHost : x\r\n\r\n", 400, 0, "Connection: close" },
	{ "GET /file HTTP/1.1\r\nHost: x\r\nRange : bytes=0-1\r\n\r\n", 400, 0,
	  "Connection: close" },
	/* the rest of the request does not come */
	{ "POST /file HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n",
	  405, 0, "Connection: close" },
	{ "PUT /file HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", 405, 0,
	  "Connection: close" },
	{ "POST /file HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 405, 0,
	  "!Connection: close" },
	{ "GET /file HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\n", 413, 0,
	  "Connection: close" },
	{ "GET /file HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-Continue\r\n\r\n",
	  200, 10, "Connection: close" },
	{ "GET /file HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: tea\r\n\r\n", 417, 0,
	  "Connection: close" },
	{ "GET /file HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n", 200, 10,
	  "!Connection: close" },
	{ "GET /file HTTP/1.0\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc", 200, 10,
	  "Content-Length" },
	{ "GET /.git/config HTTP/1.1\r\nHost: x\r\n\r\n", 404, 0, "404 Not Found" },
	{ "GET /%2egit/config HTTP/1.1\r\nHost: x\r\n\r\n", 404, 0, "404 Not Found" },
	{ "GET /.well-known/security.txt HTTP/1.1\r\nHost: x\r\n\r\n", 200, 6, "text/plain" },
	{ "rubbish\r\n\r\n", 400, 0, "Connection: close" },
	{ "GET /file HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 200, 10,
	  "Connection: close" },
	{ "GET /file HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n", 200,
	  10, "Content-Length" },
};

/* /file is ten bytes of this time. */
#define DATE	"Sun, 09 Sep 2001 01:46:40 GMT"
#define BEFORE	"Sun, 09 Sep 2001 01:46:39 GMT"
#define AFTER	"Sun, 09 Sep 2001 01:46:41 GMT"
#define ETAG	"\"a-3b9aca00.0\""

static const struct {
	const char	*headers;
	int		status;
	size_t		body;
} conditions[] = {
	{ "If-None-Match: " ETAG, 304, 0 },
	{ "If-None-Match: W/" ETAG, 304, 0 },
	{ "If-None-Match: *", 304, 0 },
	{ "If-None-Match: \"x\"", 200, 10 },
	{ "If-None-Match: \"x\", W/\"a,b\" , " ETAG, 304, 0 },
	{ "If-None-Match: \"x\"\r\nIf-None-Match: " ETAG, 304, 0 },
	{ "If-None-Match: " ETAG "\r\nIf-None-Match: \"x\"", 304, 0 },
	{ "If-None-Match: a-3b9aca00.0", 200, 10 },
	{ "If-None-Match: \"a-3b9aca00.0", 200, 10 },
	{ "If-None-Match:", 200, 10 },
	{ "If-Modified-Since: " DATE, 304, 0 },
	{ "If-Modified-Since: " AFTER, 304, 0 },
	{ "If-Modified-Since: " BEFORE, 200, 10 },
	{ "If-Modified-Since: Sunday, 09-Sep-01 01:46:40 GMT", 304, 0 },
	{ "If-Modified-Since: Sun Sep  9 01:46:40 2001", 304, 0 },
	{ "If-Modified-Since: Sun Sep  9 01:46:39 2001", 200, 10 },
	{ "If-Modified-Since: yesterday", 200, 10 },
	{ "If-Modified-Since: " DATE " or so", 200, 10 },
	{ "If-Modified-Since: " DATE "\r\nIf-Modified-Since: " DATE, 200, 10 },
	/* the tag decides */
	{ "If-None-Match: \"x\"\r\nIf-Modified-Since: " AFTER, 200, 10 },
	{ "If-Modified-Since: " BEFORE "\r\nIf-None-Match: " ETAG, 304, 0 },
	{ "If-Match: " ETAG, 200, 10 },
	{ "If-Match: *", 200, 10 },
	{ "If-Match: \"x\", " ETAG, 200, 10 },
	{ "If-Match: \"x\"", 412, 0 },
	{ "If-Match: W/" ETAG, 412, 0 },
	{ "If-Match: " ETAG "\r\nIf-None-Match: " ETAG, 304, 0 },
	{ "If-Match: \"x\"\r\nIf-None-Match: " ETAG, 412, 0 },
	{ "If-Unmodified-Since: " DATE, 200, 10 },
	{ "If-Unmodified-Since: " BEFORE, 412, 0 },
	{ "If-Unmodified-Since: never", 200, 10 },
	{ "If-Match: " ETAG "\r\nIf-Unmodified-Since: " BEFORE, 200, 10 },
	{ "If-None-Match: " ETAG "\r\nRange: bytes=0-1", 304, 0 },
	{ "If-None-Match: \"x\"\r\nRange: bytes=0-1", 206, 2 },
	{ "If-Modified-Since: " DATE "\r\nRange: bytes=0-1", 304, 0 },
	{ "If-Match: " ETAG "\r\nRange: bytes=0-1", 206, 2 },
	{ "If-Match: \"x\"\r\nRange: bytes=0-1", 412, 0 },
	{ "If-Range: " ETAG "\r\nRange: bytes=0-1", 206, 2 },
	{ "If-Range: " DATE "\r\nRange: bytes=0-1", 206, 2 },
	{ "If-Range: W/" ETAG "\r\nRange: bytes=0-1", 200, 10 },
	{ "If-Range: " AFTER "\r\nRange: bytes=0-1", 200, 10 },
	{ "If-Range: " ETAG, 200, 10 },
	{ "If-None-Match: " ETAG "\r\nIf-Range: \"x\"\r\nRange: bytes=0-1", 304, 0 },
	{ "If-None-Match: \"x\"\r\nRange: bytes=10-", 416, 0 },
	{ "If-None-Match: " ETAG "\r\nRange: bytes=10-", 304, 0 },
};

/* A response of 304 has its validators, no body, and nothing that tells of one. */
static bool is_bare(const struct response *res)
{
	return strstr(res->head, "ETag: " ETAG "\r\n") && !strstr(res->head, "Content-") &&
	       !strcmp(res->head + res->head_len - 4, "\r\n\r\n");
}

static void test_conditions(int root, const char *method, size_t step)
{
	bool head = !strcmp(method, "HEAD");

	for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++) {
		static struct request req;
		struct site site = { .root = root };
		int want = conditions[i].status;
		struct response res;
		char text[512];

		/* a HEAD has no ranges */
		if (head && (want == 206 || want == 416))
			want = 200;
		snprintf(text, sizeof(text), "%s /file HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n", method,
			 conditions[i].headers);
		feed(&req, text, step);
		response_make(&res, &req, &site, true);
		if (!tap(req.complete && res.status == want &&
			 res.left == (head ? 0 : conditions[i].body) &&
			 (want != 304 || is_bare(&res)) && res.keep_alive,
			 "%s with condition %zu: %d", method, i, want))
			printf("# %d, %zu bytes: %s\n", res.status, res.left, conditions[i].headers);
		response_release(&res);
	}
}

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
		struct site site = { .root = root };
		struct response res;

		feed(&req, exchanges[i].request, step);
		response_make(&res, &req, &site, true);
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

	feed(&req, "GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffff\r\n", 4096);
	for (int i = 0; i < 10 && !req.status; i++)
		request_feed(&req, text, sizeof(text) - 1);
	tap(req.status == 413, "a body without end");
}

/* A value that is too long is none, in whatever pieces it comes; nor is its end one. */
static void test_long_value(size_t step)
{
	static struct request req;
	static char text[1024];

	memset(text, 'a', sizeof(text));
	snprintf(text + 600, sizeof(text) - 600, "bytes=0-1\r\nHost: x\r\n\r\n");
	memcpy(text, "GET / HTTP/1.1\r\nRange: ", 23);
	feed(&req, text, step);
	tap(req.complete && !*req.value[HEADER_RANGE] && req.seen[HEADER_RANGE] == 1 &&
	    !strcmp(req.value[HEADER_HOST], "x"), "a long value in pieces of %zu", step);
}

static const struct {
	const char	*name;
	const char	*want;
	const char	*table;		/* as mime.types, NULL: none */
} mimes[] = {
	{ "a.html", "text/html", NULL },
	{ "a.HTML", "text/html", NULL },
	{ "a.tar.gz", "application/gzip", NULL },
	{ "a.mjs", "text/javascript", NULL },
	{ "a.woff2", "font/woff2", NULL },
	{ "a.ico", "image/vnd.microsoft.icon", NULL },
	{ "a.webp", "image/webp", NULL },
	{ "a.avif", "image/avif", NULL },
	{ "a.csv", "text/csv", NULL },
	{ "a.mp4", "video/mp4", NULL },
	{ "a.tar", "application/x-tar", NULL },
	{ "a.webmanifest", "application/manifest+json", NULL },
	{ "a.atom", "application/atom+xml", NULL },
	{ "a.zst", "application/zstd", NULL },
	{ "a", "application/octet-stream", NULL },
	{ "a.", "application/octet-stream", NULL },
	{ "html", "application/octet-stream", NULL },
	{ "a.html/b", "application/octet-stream", NULL },
	{ "a.x", "a/b", "a/b\ty x\n" },
	{ "a.Y", "a/b", "a/b\ty x\n" },
	{ "a.html", "a/b", "a/b html" },
	{ "a.html", "text/html", "a/b x" },
	{ "a.html", "text/html", "# a/b html\n" },
	{ "a.x", "c/d", "a/b # x\r\n\n  c/d  x # y\r\ne/f" },
	{ "a.y", "application/octet-stream", "c/d x # y" },
	{ "a.html", "text/html", "" },
};

static void test_mimes(int root)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/types", tree);
	for (size_t i = 0; i < sizeof(mimes) / sizeof(mimes[0]); i++) {
		const char *table = mimes[i].table;

		if (table)
			put("types", table);
		tap(mime_load(path) == (table ? 0 : -1) &&
		    !strcmp(mime_type(mimes[i].name), mimes[i].want), "the type of %s%s",
		    mimes[i].name, table ? " by a table of the machine" : "");
		unlinkat(root, "types", 0);
	}
	mime_forget();
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

	test_opens(root);
	test_dotfiles(root);
	test_exchanges(root, 4096);
	test_exchanges(root, 1);
	test_conditions(root, "GET", 4096);
	test_conditions(root, "GET", 1);
	test_conditions(root, "HEAD", 4096);
	test_limits();
	test_pipeline();
	test_long_value(4096);
	test_long_value(100);
	test_mimes(root);
	remove_tree(root);
	return tap_end();
}
