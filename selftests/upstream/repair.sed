# SPDX-License-Identifier: GPL-2.0
# Makes the kernel's tls.c compile. Its rekey tests were backported without the change of
# tls_crypto_info_init() that they rely on: a fourth argument, the generation, which fills
# all of the keys, so that 0 and 1 give different ones. Calls with three arguments mean 0.
# A file that has the argument is left as it is but for the macro, which then does nothing.
/^static void tls_crypto_info_init(/,/^}/ {
	s/\*tls12)$/*tls12, int generation)/
	s/^\tmemset(tls12, 0, sizeof(\*tls12));$/\tmemset(tls12, generation, sizeof(*tls12));\
\tmemset(\&tls12->crypto_info, 0, sizeof(tls12->crypto_info));/
	/^}/a\
#define tls_crypto_info_init(version, cipher, keys, ...) \\\
	(tls_crypto_info_init)(version, cipher, keys, (0, ##__VA_ARGS__))
}
