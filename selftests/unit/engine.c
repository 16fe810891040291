// SPDX-License-Identifier: GPL-2.0
/*
 * The module's record engine, as the tests of it drive it: what the pipelines of the module do
 * for it, in memory that is exactly as large as it has to be.
 */
#include "engine.h"

#include <stdlib.h>
#include <string.h>

#include "core/legacy_param.h"
#include "ctl/keys.h"
#include "record/pool.h"
#include "zip.h"

unsigned int engine_legacy = ~0u;

/* memory of one record, given back when it is done */
static void *scratch[4 * SHEATH_SGL_MAX];
static unsigned int n_scratch;

bool sheath_legacy(enum sheath_legacy what)
{
	return engine_legacy >> what & 1;
}

void engine_load(void)
{
	if (sheath_pool_init() || sheath_alg_init())
		abort();
}

void engine_unload(void)
{
	sheath_alg_exit();
	sheath_pool_exit();
}

struct sheath_key_params engine_params(const struct st_key *k, u32 flags)
{
	struct sheath_key_params p = {
		.flags = flags, .version = k->version, .cipher = k->cipher, .rec_seq = k->seq,
		.key_len = k->key_len, .iv_len = k->iv_len, .etm = k->etm,
		.truncated = k->truncated, .mac = k->mac, .mac_key_len = k->mac_len,
	};

	memcpy(p.key, k->key, k->key_len);
	memcpy(p.iv, k->iv, k->iv_len);
	memcpy(p.mac_key, k->mac_key, k->mac_len);
	if (k->zip) {
		p.compression = SHEATH_COMPRESSION_DEFLATE;
		p.history_len = k->zip->n_history;
		memcpy(p.history, k->zip->history, p.history_len);
	}
	return p;
}

int engine_key_params(struct engine *e, const struct sheath_key_params *p)
{
	memset(e, 0, sizeof(*e));
	sheath_sgl_init(&e->src);
	sheath_sgl_init(&e->dst);
	return sheath_dir_init(&e->dir, sheath_suite_find(p->cipher),
			       sheath_version_find(p->version), p);
}

int engine_key(struct engine *e, const struct st_key *k, u32 flags)
{
	struct sheath_key_set set = { .n_keys = 1, .key[0] = engine_params(k, flags) };
	int rc = sheath_keys_judge(&set, SHEATH_ALG_LOAD, NULL);

	return rc ?: engine_key_params(e, &set.key[0]);
}

void engine_exit(struct engine *e)
{
	static const struct sheath_dir zero;

	sheath_dir_exit(&e->dir);
	if (memcmp(&e->dir, &zero, sizeof(zero)))
		abort();
}

static void *get(size_t len)
{
	void *p = malloc(len);

	if (n_scratch == ARRAY_SIZE(scratch))
		abort();
	scratch[n_scratch++] = p;
	return p;
}

static void give_back(void)
{
	while (n_scratch)
		free(scratch[--n_scratch]);
}

static void begin(struct engine *e, unsigned int aad_len)
{
	sheath_sgl_reset(&e->src);
	sheath_sgl_reset(&e->dst);
	sheath_sgl_add_buf(&e->src, e->dir.aad, aad_len);
	sheath_sgl_add_buf(&e->dst, e->dir.aad, aad_len);
}

static void add(struct sheath_sgl *l, void *p, u32 len)
{
	if (!sheath_sgl_add_buf(l, p, len))
		abort();
}

/* @len bytes in pieces of their own, a copy of @data if it is not NULL */
static void add_pieces(const struct engine *e, struct sheath_sgl *l, const u8 *data, u32 len)
{
	u32 size = e->piece ? e->piece : len, off, part;

	if (len / (size ?: 1) > SHEATH_SGL_MAX - 8)
		size = len / (SHEATH_SGL_MAX - 8) + 1;
	for (off = 0; off < len; off += part) {
		part = min_t(u32, size, len - off);
		add(l, get(part), part);
		if (data)
			memcpy(sg_virt(&l->sg[l->n - 1]), data + off, part);
	}
}

/* entries of @l from @first on are those of @of */
static void share(struct sheath_sgl *l, struct sheath_sgl *of)
{
	unsigned int i;

	for (i = 1; i < of->n; i++)
		add(l, sg_virt(&of->sg[i]), of->sg[i].length);
}

/* content, compressed if it is to be, to one record */
static long seal_one(struct engine *e, u8 type, const u8 *data, u32 len, u8 *out)
{
	struct sheath_dir *dir = &e->dir;
	u32 n_append = sheath_record_append(dir, len), n_src = n_append - dir->cut;
	u8 *prepend = get(dir->prepend), *append = get(n_append);
	int rc;

	/* callers make room for it before they know the length */
	if (n_append > dir->append || n_append < dir->append_min)
		abort();
	begin(e, sheath_record_seal_begin(dir, type, len, prepend, append));
	add_pieces(e, &e->dst, data, len);
	if (sheath_record_snapshot(dir))
		share(&e->src, &e->dst);
	else
		add_pieces(e, &e->src, data, len);
	/* the first byte is the inner type, in place */
	add(&e->src, append, n_src);
	add(&e->dst, append, n_append);
	sheath_sgl_end(&e->src);
	sheath_sgl_end(&e->dst);
	rc = sheath_record_seal(dir, len, &e->src, &e->dst);
	memcpy(out, prepend, dir->prepend);
	sheath_sgl_copy(&e->dst, 0, out + dir->prepend, len + n_append);
	give_back();
	if (rc)
		return rc;
	e->seals++;
	return dir->prepend + len + n_append;
}

long engine_seal(struct engine *e, u8 type, const void *data, u32 len, u8 *out)
{
	u32 first = sheath_record_first(&e->dir, type, len);
	u32 plain[2] = { first, len - first }, at = 0;
	const u8 *from = data;
	long n = 0, rc;

	for (int i = 0; i < (first < len ? 2 : 1); i++) {
		const u8 *part = from;
		u32 part_len = plain[i];

		if (e->dir.compress) {
			rc = sheath_compress(e->dir.compress, from, plain[i], at);
			if (rc < 0)
				return rc;
			part = (u8 *)page_address(e->dir.compress->page) + at;
			part_len = rc;
			at += rc;
		}
		rc = seal_one(e, type, part, part_len, out + n);
		if (rc < 0)
			return rc;
		n += rc;
		from += plain[i];
	}
	return n;
}

/* in TLS 1.3 the inner type is looked at before the record is opened */
static int guess(struct engine *e, const u8 *body, u32 len)
{
	const struct sheath_dir *dir = &e->dir;
	u32 pos = len - dir->cut - 1;

	return dir->ver->has_inner_type ?
	       sheath_record_inner_type(&e->dir, pos, body[pos]) : -1;
}

static long unpack(struct engine *e, long n, int guessed, u8 *type, u8 *out)
{
	long len = n;

	if (e->dir.compress) {
		len = sheath_decompress(e->dir.compress, &e->dst, n);
		if (len > 0)
			memcpy(out, page_address(e->dir.compress->page), len);
		return len;
	}
	if (e->dir.ver->has_inner_type) {
		u8 *inner = get(n);

		sheath_sgl_copy(&e->dst, 0, inner, n);
		if (guessed != inner[n - 1])
			abort();
		len = sheath_framing_unpad(inner, n);
		if (len < 0)
			return -ENODATA;
		*type = inner[len];
	}
	sheath_sgl_copy(&e->dst, 0, out, len);
	return len;
}

long engine_open(struct engine *e, const u8 *record, size_t n, u8 *type, u8 *out)
{
	struct sheath_dir *dir = &e->dir;
	u32 len = n - dir->prepend;
	struct sheath_header h;
	u8 *explicit_iv;
	int guessed, rc;
	long content;

	sheath_framing_get_header(record, &h);
	rc = sheath_record_check(dir, &h);
	if (rc)
		return rc;
	if (n != (size_t)SHEATH_HEADER_LEN + h.len)
		abort();
	*type = h.type;
	explicit_iv = get(dir->prepend - SHEATH_HEADER_LEN);
	memcpy(explicit_iv, record + SHEATH_HEADER_LEN, dir->prepend - SHEATH_HEADER_LEN);
	begin(e, sheath_record_open_begin(dir, &h, explicit_iv));
	add_pieces(e, &e->src, record + dir->prepend, len);
	add_pieces(e, &e->dst, NULL, len - dir->cut);
	sheath_sgl_end(&e->src);
	sheath_sgl_end(&e->dst);
	guessed = guess(e, record + dir->prepend, len);
	content = sheath_record_open(dir, len, &e->src, &e->dst);
	if (content >= 0)
		content = unpack(e, content, guessed, type, out);
	give_back();
	return content;
}
