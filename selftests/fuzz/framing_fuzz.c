// SPDX-License-Identifier: GPL-2.0
/* Headers, padding and streams of handshake messages. */
#include "fuzz.h"

static void header(const u8 *p)
{
	struct sheath_header h;
	u8 back[SHEATH_HEADER_LEN];

	sheath_framing_get_header(p, &h);
	sheath_framing_put_header(back, &h);
	must(!memcmp(back, p, sizeof(back)));
}

static void unpad(const u8 *p, size_t n)
{
	long at = sheath_framing_unpad(p, n);

	must(at >= -1 && at < (long)n);
	must(at < 0 || p[at]);
	for (size_t i = at + 1; i < n; i++)
		must(!p[i]);
}

/* messages end at the same bytes whatever the pieces they come in */
static unsigned int messages(const u8 *p, size_t n, size_t piece, size_t *last)
{
	struct sheath_handshake_parser hs = { 0 };
	unsigned int begun = 0;
	size_t done = 0;

	while (done < n) {
		size_t part = n - done < piece ? n - done : piece, used;
		bool begins;

		used = sheath_framing_handshake(&hs, p + done, part, &begins);
		must(used >= 1 && used <= part);
		done += used;
		if (!begins)
			continue;
		begun++;
		*last = done;
		must(hs.left <= 0xffffff);
	}
	return begun;
}

int LLVMFuzzerTestOneInput(const u8 *p, size_t n)
{
	size_t piece, at_once = 0, in_pieces = 0;

	if (n < SHEATH_HEADER_LEN + 1)
		return 0;
	piece = p[0] ?: 1;
	header(++p);
	n--;
	unpad(p, n);
	must(messages(p, n, n, &at_once) == messages(p, n, piece, &in_pieces));
	must(at_once == in_pieces);
	return 0;
}
