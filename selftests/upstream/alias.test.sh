#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# alias.test.sh: in a guest, with sheath loaded by its parameter compat_tls_ulp: who comes
# first gets the ULP name "tls", and the other one does no harm
set -u
n=0
log=$(mktemp)

check() {
	what=$1
	shift
	n=$((n + 1))
	if "$@"; then echo "ok $n - $what"; else echo "not ok $n - $what"; fi
}

not() { ! "$@"; }
served() { grep -qw "$1" /proc/sys/net/ipv4/tcp_available_ulp; }
loaded() { grep -q "^$1 " /proc/modules; }
# what the kernel log got since the last mark
mark() { dmesg | wc -l >"$log"; }
says() { dmesg | tail -n +$(($(cat "$log") + 1)) | grep -q "sheath: .*$1"; }
load() { modprobe sheath compat_tls_ulp=1; }
attached() { awk '$1 == "Attached" { n = $2 } END { print n + 0 }' /proc/net/sheath_stat; }

# a pair of sockets with the ULP tls: is it ours?
ours() {
	was=$(attached)
	"$(dirname "$0")/tls-6.12" -t base_base >/dev/null 2>&1 || return 2
	[ "$(attached)" -ge $((was + 2)) ]
}

echo 'TAP version 13'
check 'sheath alone: its sockets have the name' ours
check 'sheath unloads' rmmod sheath
check 'no name is left behind' not served tls

check 'in-tree tls loads' modprobe tls
mark
check 'sheath loads when the name is taken' load
check 'the log says that the name is taken' says 'in-tree TLS has the name'
check 'sheath serves its own name' served sheath
check 'sockets with the name tls are not ours' not ours
check 'sheath unloads, the name taken' rmmod sheath
check 'in-tree tls keeps the name' served tls
check 'in-tree tls unloads, having been first' rmmod tls

check 'sheath loads first' load
mark
check 'in-tree tls loads second' modprobe tls
check 'the log says that it stays' says 'tls stays loaded'
check 'bonding loads' modprobe bonding
check 'sockets with the name tls are ours' ours
rmmod bonding 2>/dev/null
check 'in-tree tls cannot be removed' not rmmod tls
check 'in-tree tls is there' loaded tls
check 'sockets are ours after the attempt' ours
check 'sheath unloads before in-tree tls' rmmod sheath
check 'in-tree tls cannot be removed then either' not rmmod tls
check 'sheath loads again' load
check 'sockets are ours again' ours
echo "1..$n"
rm -f "$log"
