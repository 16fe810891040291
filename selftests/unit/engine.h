/* SPDX-License-Identifier: GPL-2.0 */
/* The module's record engine, as the tests of it and the fuzz targets drive it. */
#ifndef UNIT_ENGINE_H
#define UNIT_ENGINE_H

#include "record/direction.h"
#include "record.h"
#include "shim/shim.h"

struct sheath_key_params;

/* a record that was split, or one of the largest there are */
#define ENGINE_MAX	(2 * ST_RECORD_MAX)

/**
 * struct engine - one direction, and the lists of the record in work
 * @dir: direction
 * @src: what is sealed or opened
 * @dst: what comes out
 * @piece: if not 0, memory is in pieces of so many bytes
 * @seals: records that were sealed
 */
struct engine {
	struct sheath_dir dir;
	struct sheath_sgl src;
	struct sheath_sgl dst;
	size_t piece;
	unsigned int seals;
};

/* the parameters the module is loaded with; everything is allowed at first */
extern unsigned int engine_legacy;

/* load the module, as far as there is one; unload it */
void engine_load(void);
void engine_unload(void);

/* @flags: SHEATH_KEY_TX or SHEATH_KEY_RX */
struct sheath_key_params engine_params(const struct st_key *k, u32 flags);
/* judge a key and install it; 0 or a negative errno */
int engine_key(struct engine *e, const struct st_key *k, u32 flags);
int engine_key_params(struct engine *e, const struct sheath_key_params *p);
void engine_exit(struct engine *e);

/* content to one record or two in @out, which has ENGINE_MAX bytes; their length or an errno */
long engine_seal(struct engine *e, u8 type, const void *data, u32 len, u8 *out);
/*
 * A record of @n bytes, header included, to content in @out, which has 2^14 bytes. The length of
 * the content or an errno; %-ENODATA for an inner plaintext without a type.
 */
long engine_open(struct engine *e, const u8 *record, size_t n, u8 *type, u8 *out);

#endif /* UNIT_ENGINE_H */
