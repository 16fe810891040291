# SPDX-License-Identifier: GPL-2.0
"""What in a guest's kernel log fails a run: shared by vmrun and umlrun."""
import re

PROBLEM = re.compile(
    r'WARNING: (?!Unprivileged eBPF)|\bBUG[: ]|\bOops\b|kernel BUG at|Kernel panic|general protection fault|'
    r'KASAN|KCSAN|KFENCE:|UBSAN:|KMSAN|refcount_t:|unable to handle|DEBUG_LOCKS_WARN|suspicious RCU|'
    r'INFO: (task|possible|inconsistent|trying|rcu|lockdep)|possible (recursive|circular|irq)|'
    r'inconsistent lock|detected stall|self-detected stall|unregister_netdevice: waiting|'
    r'kmemleak: \d+ new|Objects remaining in|leaked (memory|reference)|still has locks held|ODEBUG|'
    r'Modules linked in|segfault|scheduling while atomic|list_(add|del) corruption|stack-protector|'
    r'corrupted stack end|double fault')
NOTE = re.compile(r'kfence: initialized|KFENCE: init|KASAN init|KernelAddressSanitizer init|UBSAN: .*enabled')


def problems(lines, ignore=()):
    """numbers of the lines that report a problem; ignore: regular expressions"""
    skip = [NOTE] + [re.compile(r) for r in ignore]
    return [i for i, line in enumerate(lines)
            if PROBLEM.search(line) and not any(r.search(line) for r in skip)]
