// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Conditions of a request (RFC 9110 section 13): does the client have this version already, or
 * does it want a certain one alone?
 */
#include "condition.h"

#include <string.h>

/* What a list of entity tags may be compared by (RFC 9110 section 8.8.3.2). */
enum comparison {
	WEAK,
	STRONG,
};

/* Reads one tag at *@p. Returns false if there is none. */
static bool next_tag(const char **p, bool *weak, const char **tag, size_t *len)
{
	const char *end;

	*p += strspn(*p, " \t,");
	*weak = !strncmp(*p, "W/", 2);
	if (*weak)
		*p += 2;
	end = **p == '"' ? strchr(*p + 1, '"') : NULL;
	if (!end)
		return false;
	*tag = *p;
	*len = end + 1 - *p;
	*p = end + 1;
	return true;
}

static bool tag_listed(const char *list, const char *etag, enum comparison how)
{
	const char *tag;
	size_t len;
	bool weak;

	if (!strcmp(list, "*"))
		return true;
	while (next_tag(&list, &weak, &tag, &len))
		if (len == strlen(etag) && !memcmp(tag, etag, len) && (how == WEAK || !weak))
			return true;
	return false;
}

/* The three forms of RFC 9110 section 5.6.7. */
static bool read_date(const char *text, time_t *t)
{
	static const char *const forms[] = {
		"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y",
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct tm tm = { 0 };
		const char *end = strptime(text, forms[i], &tm);

		if (end && !*end) {
			*t = timegm(&tm);
			return true;
		}
	}
	return false;
}

/* What is not one date is no condition. */
static bool modified_since(const struct request *req, enum request_header header,
			   const struct version *v, bool otherwise)
{
	time_t t;

	if (req->seen[header] != 1 || !read_date(req->value[header], &t))
		return otherwise;
	return v->mtime > t;
}

/**
 * condition_of() - what do the conditions of a request say?
 * @req: GET or HEAD of a file
 * @v: its version
 *
 * Return: the outcome, in the order of precedence of RFC 9110 section 13.2.2.
 */
enum condition condition_of(const struct request *req, const struct version *v)
{
	if (req->seen[HEADER_IF_MATCH]) {
		if (!tag_listed(req->value[HEADER_IF_MATCH], v->etag, STRONG))
			return CONDITION_FAILED;
	} else if (modified_since(req, HEADER_IF_UNMODIFIED_SINCE, v, false)) {
		return CONDITION_FAILED;
	}
	if (req->seen[HEADER_IF_NONE_MATCH]) {
		if (tag_listed(req->value[HEADER_IF_NONE_MATCH], v->etag, WEAK))
			return CONDITION_NOT_MODIFIED;
	} else if (!modified_since(req, HEADER_IF_MODIFIED_SINCE, v, true)) {
		return CONDITION_NOT_MODIFIED;
	}
	return CONDITION_MET;
}

/**
 * condition_range() - may a range be sent, or is the client's part of another version?
 * @req: request with a Range
 * @v: version of the file
 *
 * Return: whether If-Range is absent or names this version, by a strong validator.
 */
bool condition_range(const struct request *req, const struct version *v)
{
	const char *want = req->value[HEADER_IF_RANGE];

	return !req->seen[HEADER_IF_RANGE] || !strcmp(want, v->etag) || !strcmp(want, v->date);
}
