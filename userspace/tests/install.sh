#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What make does with flags of the environment, with folders, and in the end: install.sh BUILD.
# Output is TAP.

# shellcheck disable=SC2317 # functions are called by check()
set -u
BUILD=${1:?usage: install.sh BUILD}
top=$(cd "$(dirname "$0")/../.." && pwd)
unset MAKEFLAGS MFLAGS MAKELEVEL DESTDIR PREFIX LIBDIR KVER KDIR
DIR=$(mktemp -d)
trap 'rm -rf "$DIR"' EXIT
N=0
FAILED=0

check() {
	N=$((N + 1))
	name=$1
	shift
	if "$@" >"$DIR/said" 2>&1; then
		echo "ok $N - $name"
		return
	fi
	echo "not ok $N - $name"
	head -n 8 "$DIR/said" | sed 's/^/# /'
	FAILED=1
}

user() { make -C "$top/userspace" O="$BUILD" DESTDIR="$DIR/root" PREFIX=/usr LIBDIR=/usr/lib/here "$@"; }

# Every command that compiles has the first two, every one that links the last two.
flags() {
	CPPFLAGS=-DCPP CFLAGS=-O3 LDFLAGS=-Wl,-O1 make -n -C "$top/userspace" O="$DIR/none" >"$DIR/lines" &&
	sed -i -e ':a' -e '/\\$/{N;s/\\\n//;ba' -e '}' "$DIR/lines" &&
	grep -q -e ' -c -o ' "$DIR/lines" && grep -q -e ' -shared ' "$DIR/lines" &&
	! grep -e ' -c -o ' "$DIR/lines" | grep -v -e '-DCPP -O3 ' &&
	! grep -e '^cc .*-lgnutls' "$DIR/lines" | grep -v -e ' -O3 -Wl,-O1 '
}

fortified() {
	(unset CPPFLAGS CFLAGS && make -n -C "$top/userspace" O="$DIR/none") | grep -e ' -c -o ' >"$DIR/lines" &&
	! grep -v -e '-D_FORTIFY_SOURCE=2 -O2 ' "$DIR/lines"
}

installs() {
	user install &&
	for f in bin/sheath lib/here/libsheath.so.0 lib/here/libsheath.so lib/here/libsheath.a \
		include/libsheath.h include/linux/sheath.h share/man/man1/sheath.1 \
		share/man/man7/sheath.7; do
		[ -s "$DIR/root/usr/$f" ] || { echo "no $f"; return 1; }
	done
}

# Folders that are there belong to somebody, who chose their mode.
keeps_modes() {
	mkdir -p "$DIR/root/etc/systemd/system"
	for d in usr/bin usr/include usr/share/man/man1 etc/systemd/system; do
		chmod 2775 "$DIR/root/$d" || return
	done
	user install install-service &&
	for d in usr/bin usr/include usr/share/man/man1 etc/systemd/system; do
		[ "$(stat -c %a "$DIR/root/$d")" = 2775 ] || { stat -c '%a %n' "$DIR/root/$d"; return 1; }
	done
	rm "$DIR/root/etc/systemd/system/sheath.service"
}

# A program is built with what pkg-config says, and finds every function.
links() {
	export PKG_CONFIG_PATH="$DIR/root/usr/lib/here/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$DIR/root"
	# shellcheck disable=SC2046 # flags
	cc -o "$DIR/client" "$top/userspace/examples/client.c" $(pkg-config --cflags --libs sheath) &&
	[ "$(pkg-config --modversion sheath)" = "$(version)" ] &&
	LD_LIBRARY_PATH="$DIR/root/usr/lib/here" ldd "$DIR/client" | grep -q "$DIR/root.*libsheath.so.0"
}

version() { "$BUILD/sheath" --version | cut -d' ' -f2; }

module_version() {
	grep -q 'MODULE_VERSION(SHEATH_VERSION)' "$top/kernel/main.c" &&
	grep -qF "\"$(version)\"" "$top/kernel/version.h"
}

# Every function that is exported is in the manual page, and has a name there.
manual() {
	nm -D --defined-only "$DIR/root/usr/lib/here/libsheath.so.0" |
		sed -n 's/.* \(sheath_[a-z_0-9]*\)\(@.*\)*$/\1/p' >"$DIR/functions"
	[ "$(wc -l <"$DIR/functions")" -gt 40 ] || return 1
	while read -r f; do
		echo "$f"
		[ "$(cat "$DIR/root/usr/share/man/man3/$f.3")" = '.so man3/libsheath.3' ] || return 1
		grep -q "^\.BI \".*[ *]$f(" "$top/userspace/man/libsheath.3" || return 1
	done <"$DIR/functions"
}

# What the page of the module has to name: options, counters, parameters.
names() {
	sed -n 's/^#define[ \t]*\([A-Z_]*\)[ \t]*\(0x1[0-9a-f]*\|5\)\([ \t].*\)*$/\1/p' "$top/kernel/uapi/linux/sheath.h"
	sed -n 's/^#define[ \t]*\(SHEATH_\(EOF\|CTRL\|REKEY\)_[A-Z_]*\)[ \t].*/\1/p' "$top/kernel/uapi/linux/sheath.h"
	sed -n 's/^\tX([A-Z_]*, "\([A-Za-z]*\)").*/\1/p' "$top/kernel/core/stats.h"
	sed -n 's/^module_param[a-z_]*(\([a-z_]*\),.*/\1/p' "$top"/kernel/*.c "$top"/kernel/*/*.c
}

manual_of_module() {
	names >"$DIR/names"
	for n in SHEATH_INFO SHEATH_CTRL_APP TLS_TX_MAX_PAYLOAD_LEN Attached TxDropped legacy; do
		grep -qx "$n" "$DIR/names" || { echo "no $n to look for"; return 1; }
	done
	sort -u "$DIR/names" | while read -r n; do
		grep -qw -- "$n" "$top/userspace/man/sheath.7" || { echo "not in the page: $n"; exit 1; }
	done
}

uninstalls() {
	user uninstall && [ -z "$(find "$DIR/root" ! -type d | tee /dev/stderr)" ]
}

# headers FOLDERS...: a machine with headers of these kernels
headers() {
	for k; do
		mkdir -p "$DIR/cache/images/lib/modules/$k/build"
	done
}

# A module for another kernel than the one that runs is not what the operator wants.
refuses_other() {
	headers 0.0-other
	! make -n -C "$top" SHEATH_CACHE="$DIR/cache" MODULES="$DIR/cache/images/lib/modules" install \
		>/dev/null && make -C "$top" MODULES="$DIR/cache/images/lib/modules" for-this-kernel 2>&1 |
		grep -q "headers here are for 0.0-other, and $(uname -r) is running"
}

takes_given() {
	make -C "$top" MODULES="$DIR/cache/images/lib/modules" KVER=0.0-other for-this-kernel &&
	KVER=0.0-other make -C "$top" MODULES="$DIR/cache/images/lib/modules" for-this-kernel &&
	make -C "$top" KDIR=/somewhere for-this-kernel
}

takes_running() {
	headers "$(uname -r)"
	make -C "$top" MODULES="$DIR/cache/images/lib/modules" for-this-kernel
}

uninstalls_module() {
	for d in 6.1/updates 6.12/updates 6.12/extra 6.12/updates/dkms; do
		mkdir -p "$DIR/kernels/lib/modules/$d"
		echo >"$DIR/kernels/lib/modules/$d/sheath.ko"
	done
	make -C "$top" MODULES="$DIR/cache/images/lib/modules" DESTDIR="$DIR/kernels" uninstall &&
	[ "$(find "$DIR/kernels" -name 'sheath.ko*')" = "$DIR/kernels/lib/modules/6.12/updates/dkms/sheath.ko" ]
}

check "flags of the environment arrive at every command" flags
check "without them the library is fortified" fortified
check "install puts files into PREFIX and LIBDIR" installs
check "a program builds with what pkg-config says" links
check "folders that are there keep their mode" keeps_modes
check "one version for all" module_version
check "a manual page for each function" manual
check "the page of the module names its options, counters and parameters" manual_of_module
check "uninstall leaves no file" uninstalls
check "install refuses the headers of another kernel" refuses_other
check "unless they were asked for" takes_given
check "and takes those of the kernel that is running" takes_running
check "uninstall removes the module for each kernel" uninstalls_module
echo "1..$N"
exit $FAILED
