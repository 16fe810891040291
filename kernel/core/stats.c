// SPDX-License-Identifier: GPL-2.0
/*
 * Counters of a network namespace.
 *
 * Each CPU adds to its own copy; a reader sums them up without stopping anybody, so the
 * counters of one event may be seen apart.
 */
#include "core/stats.h"

#include <linux/capability.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <net/netns/generic.h>

#define STATS_FILE	"sheath_stat"

/**
 * struct stats_net - counters of one network namespace
 * @mib: one copy for each CPU
 */
struct stats_net {
	struct sheath_mib __percpu *mib;
};

static unsigned int stats_net_id __read_mostly;

static const char *const stat_name[SHEATH_STAT_MAX] = {
#define X(id, name) [SHEATH_STAT_##id] = name,
	SHEATH_STATS_COARSE(X)
	SHEATH_STATS_FINE(X)
#undef X
};

struct sheath_mib __percpu *sheath_stat_mib(const struct net *net)
{
	const struct stats_net *stats = net_generic(net, stats_net_id);

	return stats->mib;
}

static u64 stat_sum(const struct sheath_mib __percpu *mib, enum sheath_stat id)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(mib, cpu)->v[id]);
	return sum;
}

enum {
#define X(id, name) COARSE_##id,
	SHEATH_STATS_COARSE(X)
#undef X
	N_COARSE
};

/* like in-tree TLS, strangers are shown sessions and errors */
static unsigned int n_shown(const struct seq_file *seq, const struct net *net)
{
	return file_ns_capable(seq->file, net->user_ns, CAP_NET_ADMIN) ? SHEATH_STAT_MAX : N_COARSE;
}

static int stats_show(struct seq_file *seq, void *v)
{
	const struct net *net = seq_file_single_net(seq);
	const struct sheath_mib __percpu *mib = sheath_stat_mib(net);
	unsigned int id, n = n_shown(seq, net);

	for (id = 0; id < n; id++)
		seq_printf(seq, "%-32s\t%llu\n", stat_name[id], stat_sum(mib, id));
	return 0;
}

static int __net_init stats_net_init(struct net *net)
{
	struct stats_net *stats = net_generic(net, stats_net_id);

	stats->mib = alloc_percpu(struct sheath_mib);
	if (!stats->mib)
		return -ENOMEM;
	if (!proc_create_net_single(STATS_FILE, 0444, net->proc_net, stats_show, NULL)) {
		free_percpu(stats->mib);
		return -ENOMEM;
	}
	return 0;
}

static void __net_exit stats_net_exit(struct net *net)
{
	struct stats_net *stats = net_generic(net, stats_net_id);

	remove_proc_entry(STATS_FILE, net->proc_net);
	free_percpu(stats->mib);
}

static struct pernet_operations stats_net_ops = {
	.init = stats_net_init,
	.exit = stats_net_exit,
	.id = &stats_net_id,
	.size = sizeof(struct stats_net),
};

/**
 * sheath_stats_init() - counters in every network namespace, present and future
 *
 * Context: process, sleeps.
 * Return: 0 or %-ENOMEM.
 */
int sheath_stats_init(void)
{
	return register_pernet_subsys(&stats_net_ops);
}

/**
 * sheath_stats_exit() - undo sheath_stats_init()
 *
 * Context: process, sleeps. Nothing counts any more.
 */
void sheath_stats_exit(void)
{
	unregister_pernet_subsys(&stats_net_ops);
}
