// SPDX-License-Identifier: GPL-2.0
/*
 * kbench: cost of kernel TLS a record, measured inside the kernel: no system calls,
 * no scheduling. In lockstep, one task sends SIZE bytes on one end of a loopback TCP
 * connection and receives them on the other, with user memory (mode=user), or pages
 * given away as sendfile() does (mode=splice). One line a run goes to the kernel log:
 *   kbench: ulp=tls ver=0304 cipher=51 mode=user size=16384 n=.. tx_ns=.. rx_ns=.. MBps=..
 * tx_ns and rx_ns are medians over n sends (what else the host runs does not count), MBps
 * is from them. tx_ns includes TCP and the loopback receive path up to the socket.
 * For measurements only: load, read the line, unload.
 */
#include <linux/module.h>
#include <linux/mman.h>
#include <linux/net.h>
#include <linux/in.h>
#include <linux/tcp.h>
#include <linux/tls.h>
#include <linux/uio.h>
#include <linux/bvec.h>
#include <linux/uaccess.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/sched/signal.h>
#include <net/net_namespace.h>
#include <net/sock.h>

static char *ulp = "tls", *ulprx = "", *mode = "user";
static int ver = TLS_1_3_VERSION, cipher = TLS_CIPHER_AES_GCM_128;
static int size = 16384, ms = 300, warm = 64, nopad;
module_param(ulp, charp, 0444);		/* "" for plain TCP */
module_param(ulprx, charp, 0444);	/* receiver's, if another */
module_param(mode, charp, 0444);
module_param(ver, int, 0444);
module_param(cipher, int, 0444);
module_param(size, int, 0444);		/* bytes a send, at most 64 KiB */
module_param(ms, int, 0444);
module_param(warm, int, 0444);
module_param(nopad, int, 0444);		/* TLS_RX_EXPECT_NO_PAD */

static int opt(struct socket *s, int level, int name, void *v, int len)
{
	return s->ops->setsockopt(s, level, name, KERNEL_SOCKPTR(v), len);
}

static int setup(struct socket *s, const char *name, int dir)
{
	union {
		struct tls_crypto_info i;
		struct tls12_crypto_info_aes_gcm_128 a;
		struct tls12_crypto_info_aes_gcm_256 b;
		struct tls12_crypto_info_chacha20_poly1305 c;
		struct tls12_crypto_info_aes_ccm_128 d;
	} u;
	int len, one = 1, rc = opt(s, SOL_TCP, TCP_NODELAY, &one, sizeof(one));

	if (rc || !*name)
		return rc;
	rc = opt(s, SOL_TCP, TCP_ULP, (void *)name, strlen(name));
	if (rc)
		return rc;
	memset(&u, 0x2a, sizeof(u));
	u.i.version = ver;
	u.i.cipher_type = cipher;
	switch (cipher) {
	case TLS_CIPHER_AES_GCM_128: len = sizeof(u.a); break;
	case TLS_CIPHER_AES_GCM_256: len = sizeof(u.b); break;
	case TLS_CIPHER_CHACHA20_POLY1305: len = sizeof(u.c); break;
	case TLS_CIPHER_AES_CCM_128: len = sizeof(u.d); break;
	default: return -EINVAL;
	}
	/* record numbers start at 0 */
	if (cipher == TLS_CIPHER_CHACHA20_POLY1305)
		memset(u.c.rec_seq, 0, sizeof(u.c.rec_seq));
	else
		memset((char *)&u + len - 8, 0, 8);
	rc = opt(s, SOL_TLS, dir, &u, len);
	if (!rc && dir == TLS_RX && nopad && ver == TLS_1_3_VERSION)
		rc = opt(s, SOL_TLS, TLS_RX_EXPECT_NO_PAD, &one, sizeof(one));
	return rc;
}

static int tx(struct socket *s, void __user *src, struct bio_vec *bv, int n)
{
	int left = n, rc;

	while (left) {
		struct msghdr m = {};

		if (bv) {
			m.msg_flags = MSG_SPLICE_PAGES;
			iov_iter_bvec(&m.msg_iter, ITER_SOURCE, bv, DIV_ROUND_UP(n, PAGE_SIZE), n);
			iov_iter_advance(&m.msg_iter, n - left);
		} else {
			iov_iter_ubuf(&m.msg_iter, ITER_SOURCE, src + n - left, left);
		}
		rc = sock_sendmsg(s, &m);
		if (rc <= 0)
			return rc ?: -EPIPE;
		left -= rc;
	}
	return 0;
}

static int rx(struct socket *s, void __user *dst, int n)
{
	int left = n, rc;

	while (left) {
		struct msghdr m = {};

		iov_iter_ubuf(&m.msg_iter, ITER_DEST, dst + n - left, left);
		rc = sock_recvmsg(s, &m, 0);
		if (rc <= 0)
			return rc ?: -EPIPE;
		left -= rc;
	}
	return 0;
}

/* UML's clock has 256 ns steps: count cycles, by the clock's scale over the whole run */
static u64 cycles(void)
{
#ifdef __x86_64__
	u32 lo, hi;

	asm volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
	return (u64)hi << 32 | lo;
#else
	return ktime_get_ns();
#endif
}

#define SAMPLES 100000
static int cmp(const void *a, const void *b)
{
	return *(u32 *)a < *(u32 *)b ? -1 : *(u32 *)a > *(u32 *)b;
}

static u32 median(u32 *v, unsigned long n)
{
	sort(v, n, sizeof(*v), cmp, NULL);
	return v[n / 2];
}

static int __init kbench_init(void)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct socket *l = NULL, *a = NULL, *b = NULL;
	unsigned long buf, n = 0, t0, t1, t2, c0 = 0, now, start = 0;
	struct bio_vec bvs[17], *bv = NULL;
	struct page *pages[17] = {};
	u32 *vtx = NULL, *vrx = NULL, ttx, trx;
	char *chk = NULL;
	int rc, i;

	if (size < 1 || size > 65536)
		return -EINVAL;
	buf = vm_mmap(NULL, 0, 2 * 65536, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE | MAP_POPULATE, 0);
	if (IS_ERR_VALUE(buf))
		return buf;
	rc = -ENOMEM;
	chk = kvmalloc(65536, GFP_KERNEL);
	vtx = kvmalloc_array(SAMPLES, sizeof(*vtx), GFP_KERNEL);
	vrx = kvmalloc_array(SAMPLES, sizeof(*vrx), GFP_KERNEL);
	if (!chk || !vtx || !vrx)
		goto out;
	for (i = 0; i < 65536; i++)
		chk[i] = i * 7 + (i >> 8);
	rc = -EFAULT;
	if (copy_to_user((void __user *)buf, chk, 65536) || clear_user((void __user *)buf + 65536, 65536))
		goto out;
	if (!strcmp(mode, "splice")) {
		bv = bvs;
		for (i = 0; i < DIV_ROUND_UP(size, PAGE_SIZE); i++) {
			rc = -ENOMEM;
			pages[i] = alloc_page(GFP_KERNEL);
			if (!pages[i])
				goto out;
			memcpy(page_address(pages[i]), chk + i * PAGE_SIZE, PAGE_SIZE);
			bvs[i] = (struct bio_vec){ pages[i], min_t(int, PAGE_SIZE, size - i * PAGE_SIZE), 0 };
		}
	}
	rc = sock_create_kern(&init_net, AF_INET, SOCK_STREAM, IPPROTO_TCP, &l) ?:
	     kernel_bind(l, (struct sockaddr *)&sa, sizeof(sa)) ?: kernel_listen(l, 1);
	if (rc)
		goto out;
	kernel_getsockname(l, (struct sockaddr *)&sa);
	rc = sock_create_kern(&init_net, AF_INET, SOCK_STREAM, IPPROTO_TCP, &a) ?:
	     kernel_connect(a, (struct sockaddr *)&sa, sizeof(sa), 0) ?: kernel_accept(l, &b, 0);
	if (rc)
		goto out;
	a->sk->sk_sndtimeo = b->sk->sk_rcvtimeo = 5 * HZ;
	rc = setup(a, ulp, TLS_TX) ?: setup(b, *ulprx ? ulprx : ulp, TLS_RX);
	if (rc)
		goto out;
	for (i = 0; ; i++) {
		t0 = cycles();
		rc = tx(a, (void __user *)buf, bv, size);
		t1 = cycles();
		if (!rc)
			rc = rx(b, (void __user *)buf + 65536, size);
		t2 = cycles();
		if (rc)
			goto out;
		if (i < warm)
			continue;
		now = ktime_get_ns();
		if (!start) {
			start = now;
			c0 = t2;
			continue;
		}
		vtx[n] = t1 - t0;
		vrx[n] = t2 - t1;
		if (++n == SAMPLES || now >= start + ms * 1000000UL || signal_pending(current))
			break;
		if (!(n & 63))
			cond_resched();
	}
	rc = -EFAULT;
	for (i = 0; i < size; i++) {
		char c;

		if (get_user(c, (char __user *)buf + 65536 + i))
			goto out;
		if (c != chk[i]) {
			pr_err("kbench: BUG: wrong data at %d\n", i);
			rc = -EBADMSG;
			goto out;
		}
	}
	rc = 0;
	ttx = div64_u64((u64)median(vtx, n) * (now - start), t2 - c0);
	trx = div64_u64((u64)median(vrx, n) * (now - start), t2 - c0);
	pr_info("kbench: ulp=%s ver=%04x cipher=%d mode=%s size=%d n=%lu tx_ns=%u rx_ns=%u MBps=%lu\n",
		*ulp ? ulp : "-", ver, cipher, mode, size, n, ttx, trx, size * 1000UL / (ttx + trx));
out:
	if (rc)
		pr_err("kbench: failed: %d\n", rc);
	if (b)
		sock_release(b);
	if (a)
		sock_release(a);
	if (l)
		sock_release(l);
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		if (pages[i])
			put_page(pages[i]);
	kvfree(chk);
	kvfree(vtx);
	kvfree(vrx);
	vm_munmap(buf, 2 * 65536);
	return rc;
}

static void __exit kbench_exit(void)
{
}

module_init(kbench_init);
module_exit(kbench_exit);
MODULE_DESCRIPTION("Kernel TLS cost by record, for measurements");
MODULE_LICENSE("GPL");
