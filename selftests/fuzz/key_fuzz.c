// SPDX-License-Identifier: GPL-2.0
/* Keys as user space pushes them: what the judge lets pass can be installed, and used. */
#include <linux/netlink.h>

#include "ctl/keys.h"
#include "fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	engine_load();
	return 0;
}

static u32 number(struct input *in)
{
	u32 v = take(in);

	if (v < 0xff)
		return v;
	v = take(in);
	return v << 24 | take(in);
}

static void fill(struct input *in, u8 *to, size_t len)
{
	size_t got;
	const u8 *p = take_bytes(in, len, &got);

	memset(to, 0x42, len);
	memcpy(to, p, got);
}

static void key(struct input *in, struct sheath_key_params *p)
{
	p->version = 0x0300 + number(in);
	p->cipher = number(in) + 256 * (take(in) & 1);
	p->rec_seq = number(in) * 0x0101010101010101ull;
	p->mac = number(in);
	p->key_len = number(in);
	p->iv_len = number(in);
	p->mac_key_len = number(in);
	p->secret.hash = number(in);
	p->secret_len = number(in);
	p->compression = number(in);
	p->history_len = number(in);
	fill(in, p->history, sizeof(p->history));
	fill(in, p->key, sizeof(p->key));
	fill(in, p->iv, sizeof(p->iv));
	fill(in, p->secret.data, sizeof(p->secret.data));
	fill(in, p->mac_key, sizeof(p->mac_key));
}

static void use(struct sheath_key_params *p)
{
	static u8 record[ENGINE_MAX];
	const struct sheath_suite *suite = sheath_suite_find(p->cipher);
	struct engine e;
	int rc;

	if (p->secret_len)
		must(!sheath_secret_keys(&p->secret, suite, p));
	rc = engine_key_params(&e, p);
	/* a history that begins no stream turns out here */
	must(!rc || (p->compression && (rc == -EILSEQ || rc == -EOPNOTSUPP)));
	if (!rc && p->flags == SHEATH_KEY_TX && !e.dir.seq_end)
		must(engine_seal(&e, SHEATH_CT_DATA, "hello", 5, record) > 0);
	engine_exit(&e);
}

int LLVMFuzzerTestOneInput(const u8 *p, size_t n)
{
	struct input in = { p, n };
	struct sheath_key_set set = { .n_keys = take(&in) % 3 };
	struct netlink_ext_ack extack = { };
	int rc = 0;

	for (unsigned int i = 0; i < set.n_keys && !rc; i++) {
		key(&in, &set.key[i]);
		rc = sheath_key_flags(&set.key[i], number(&in), &extack);
	}
	set.tx_limit = number(&in);
	set.peer.role = number(&in);
	rc = rc ?: sheath_keys_judge(&set, SHEATH_ALG_LOAD, &extack);
	must(!rc == !extack.msg);
	for (unsigned int i = 0; i < set.n_keys && !rc; i++)
		use(&set.key[i]);
	return 0;
}
