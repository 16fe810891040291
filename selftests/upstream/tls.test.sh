#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# tls-VERSION.test.sh: in a guest where sheath serves the ULP name "tls": the kernel's own
# tests of that version's tls.c, those of tls-VERSION.list. Most of them also pass over
# plain TCP, so it has to be sheath that the sockets get.
set -u
prog=${0%.test.sh}
list=$prog.list
out=$(mktemp)
want=$(grep -c . "$list")

attached() {
	awk '$1 == "Attached" { n = $2 } END { print n + 0 }' /proc/net/sheath_stat
}

verdict() {
	n=$((n + 1))
	if [ "$1" = 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; fi
}

n=0
echo 'TAP version 13'
[ ! -e /sys/module/tls ] && grep -qw tls /proc/sys/net/ipv4/tcp_available_ulp
verdict $? 'sheath serves the name tls'
was=$(attached)
# the kernels have neither SM4 nor ARIA; data_steal (7.3) wants a key to be taken while another
# process receives in the clear, which is EBUSY here, and would leave that process behind
"$prog" -T data_steal -V 13_sm4_gcm -V 13_sm4_ccm -V 12_aria_gcm -V 12_aria_gcm_256 >"$out" 2>&1
now=$(attached)
[ ! -e /sys/module/tls ] && [ $((now - was)) -ge "$want" ]
verdict $? "sheath was attached by the tests: $((now - was)) sockets"

awk -v n=$n '
NR == FNR { want[++m] = $1; next }
/^(not )?ok [0-9]+/ {
	name = /^not/ ? $4 : $3
	result[name] = /^not/ ? "failed" : /# *SKIP/ ? "skipped" : "ok"
	next
}
/: ?Expected|:EXPECT|terminated|timed out|testing without tls/ { print "# " $0 }
END {
	for (i = 1; i <= m; i++) {
		r = want[i] in result ? result[want[i]] : "missing"
		passed += r == "ok"
		n++
		print (r == "ok" ? "ok" : "not ok") " " n " - " want[i] (r == "ok" ? "" : ": " r)
	}
	print "1.." n
	print "# " passed " of " m " tests of the kernel passed"
}' "$list" "$out"
rm -f "$out"
