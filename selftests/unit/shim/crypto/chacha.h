/* SPDX-License-Identifier: GPL-2.0 */
/* One block of ChaCha20. */
#ifndef SHIM_CRYPTO_CHACHA_H
#define SHIM_CRYPTO_CHACHA_H

#include <linux/types.h>

#define CHACHA_STATE_WORDS 16
#define CHACHA_BLOCK_SIZE 64
#define CHACHA_IV_SIZE 16

void chacha_init(u32 *state, const u32 *key, const u8 *iv);
void chacha_block_generic(u32 *state, u8 *out, int rounds);

#endif /* SHIM_CRYPTO_CHACHA_H */
