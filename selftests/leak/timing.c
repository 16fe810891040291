// SPDX-License-Identifier: GPL-2.0
/*
 * The check of MAC-then-encrypt records by the clock, after dudect (Reparaz, Balasch,
 * Verbauwhede 2017): records of two classes in random order, Welch's t-test over the cycles
 * each took. A leak makes |t| grow with the number of records, noise does not.
 *
 * usage: timing; prints |t| of three pairs of classes. Another program on the same CPU may
 * look like a leak, but not every time: a pair is tried again until one try finds nothing,
 * and a leak is what all of them find. Exit status 1: leak.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <x86intrin.h>

#include "ct_model.h"

#define RECORDS		60000
#define TRIES		16
/* dudect's own threshold */
#define LEAK		10.0

static const u8 aad[AAD_LEN] = { 0, 0, 0, 0, 0, 0, 0, 9, 23, 3, 3 };
static u8 key[64];

struct class {
	u8 plain[1024];
	u32 len;
};

static int by_value(const void *a, const void *b)
{
	u32 x = *(const u32 *)a, y = *(const u32 *)b;

	return x < y ? -1 : x > y;
}

/* Welch's t of what is below @limit: interrupts make a long tail */
static double welch(const u32 *ticks, const u8 *which, u32 limit)
{
	double n[2] = { 0 }, mean[2] = { 0 }, m2[2] = { 0 };

	for (int i = 0; i < RECORDS; i++) {
		int c = which[i];
		double d;

		if (ticks[i] > limit)
			continue;
		n[c]++;
		d = ticks[i] - mean[c];
		mean[c] += d / n[c];
		m2[c] += d * (ticks[i] - mean[c]);
	}
	return fabs(mean[0] - mean[1]) /
	       sqrt(m2[0] / (n[0] - 1) / n[0] + m2[1] / (n[1] - 1) / n[1]);
}

static double measure(const struct ct_alg *alg, struct class *two)
{
	static u32 ticks[RECORDS], sorted[RECORDS];
	static u8 which[RECORDS];
	static struct sheath_ct ready, ct;
	static u8 plain[sizeof(two->plain)];
	unsigned int aux;

	ct_model_begin(&ready, alg, key, aad, two->len);
	for (int i = 0; i < RECORDS; i++)
		which[i] = rand() >> 9 & 1;
	for (int i = 0; i < RECORDS; i++) {
		u64 start;

		memcpy(plain, two[which[i]].plain, sizeof(plain));
		memcpy(&ct, &ready, sizeof(ct));
		_mm_mfence();
		start = __rdtscp(&aux);
		ct_model_check(&ct, plain);
		ticks[i] = __rdtscp(&aux) - start;
	}
	memcpy(sorted, ticks, sizeof(ticks));
	qsort(sorted, RECORDS, sizeof(*sorted), by_value);
	return welch(ticks, which, sorted[RECORDS * 9 / 10]);
}

static void make(const struct ct_alg *alg, struct class *c, u32 len, u32 pad)
{
	memset(c->plain, 0x61, sizeof(c->plain));
	c->len = ct_model_make(alg, key, aad, c->plain, len - alg->mac_len - pad - 1, pad);
}

/* the same length; class 1 is made by @pad and by what is done to it */
static double pair(const char *what, u32 pad0, u32 pad1, int spoil)
{
	const struct ct_alg *alg = &ct_algs[0];
	struct class two[2];
	double least = 1e9;

	make(alg, &two[0], 320, pad0);
	make(alg, &two[1], 320, pad1);
	if (spoil)
		two[1].plain[320 - spoil] ^= 0x40;
	for (int i = 0; i < TRIES && least > LEAK; i++) {
		double t = measure(alg, two);

		least = t < least ? t : least;
	}
	printf("%-40s |t| %.1f\n", what, least);
	return least;
}

int main(void)
{
	double t = pair("padding of 0 and of 255", 0, 255, 0);

	t = fmax(t, pair("padding of 15, good and bad", 15, 15, 2));
	t = fmax(t, pair("padding of 200, MAC good and bad", 200, 200, 210));
	return t > LEAK;
}
