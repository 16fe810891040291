// SPDX-License-Identifier: GPL-2.0
/* Functions older kernels want from a protocol and newer ones do not. */
#include "compat.h"

#ifdef SHEATH_COMPAT_SENDPAGE

#include "ulp.h"

/* one page the newer way; MSG_SENDPAGE_NOTLAST says that splice has more at hand */
static void page_msg(struct msghdr *msg, struct bio_vec *bv, struct page *page, int offset,
		     size_t size, int flags)
{
	*bv = (struct bio_vec){ .bv_page = page, .bv_offset = offset, .bv_len = size };
	*msg = (struct msghdr){
		.msg_flags = (flags & ~(MSG_SENDPAGE_NOTLAST | MSG_SENDPAGE_DECRYPTED)) |
			     (flags & MSG_SENDPAGE_NOTLAST ? MSG_MORE : 0) | MSG_SPLICE_PAGES,
	};
	iov_iter_bvec(&msg->msg_iter, SHEATH_COMPAT_SOURCE, bv, 1, size);
}

static int sheath_sendpage(struct sock *sk, struct page *page, int offset, size_t size, int flags)
{
	struct msghdr msg;
	struct bio_vec bv;

	page_msg(&msg, &bv, page, offset, size, flags);
	return sheath_ulp_sendmsg(sk, &msg, size);
}

static int sheath_sendpage_locked(struct sock *sk, struct page *page, int offset, size_t size,
				  int flags)
{
	struct msghdr msg;
	struct bio_vec bv;

	page_msg(&msg, &bv, page, offset, size, flags);
	return sheath_ulp_sendmsg_locked(sk, &msg, size);
}

/**
 * sheath_compat_set_sendpage() - route the page-wise entry points to ours
 * @prot: protocol table being made
 * @ops: socket operations being made
 */
void sheath_compat_set_sendpage(struct proto *prot, struct proto_ops *ops)
{
	prot->sendpage = sheath_sendpage;
	ops->sendpage_locked = sheath_sendpage_locked;
}

#endif
