#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# setup.sh: prepare a Debian 12 machine, as root, for what is to run: check, check-fast,
# check-upstream, bench, demo, or all (default). Quick when everything is there already.
#
# Installs packages, and keeps under $SHEATH_CACHE (default /var/tmp/sheath): the
# distribution's kernels as unpacked packages, so that this machine's /boot and boot
# loader stay as they are; the kernel source; the User Mode Linux kernels.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=${SHEATH_CACHE:-/var/tmp/sheath}
log=$cache/setup.log
what=${1:-all}

# what the kernels, the module and the programs are built with
build='build-essential linux-headers-amd64 linux-headers-6.12-amd64 linux-source-6.12
	flex bison bc perl libelf-dev libssl-dev kmod rsync xz-utils zstd pkg-config
	libnl-3-dev libnl-genl-3-dev libgnutls28-dev libhttp-parser-dev libjson-c-dev'
# what virtual machines are made of
rigs='qemu-system-x86 busybox-static cpio python3 python3-yaml iproute2 procps'
# peers, and what checks us
peers='openssl gnutls-bin curl tcpdump sparse ca-certificates'

say() { echo "setup: $*"; }

# the log names the package servers, so only its place is told
run() {
	"$@" >>"$log" 2>&1
}

missing() {
	for p; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || echo "$p"
	done
}

apt() {
	run env DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=300 \
		-o APT::Sandbox::User=root "$@" </dev/null
}

apt_install() {
	# lists that are old name packages that the servers no longer have
	[ -n "$(find /var/lib/apt/lists -name '*Packages*' -mtime -1 2>/dev/null)" ] || apt update || :
	apt install --no-install-recommends "$@" ||
		{ apt update && apt install --no-install-recommends "$@"; } ||
		{ say "could not install $*: see $log" >&2; exit 1; }
}

packages() {
	# shellcheck disable=SC2046,SC2086 # lists of names
	set -- $(missing $build $rigs $peers)
	[ $# = 0 ] || { say "installing $*"; apt_install "$@"; }
}

# the newest kernel $1 that there are headers for: release and package version
headers() {
	rel=$(find /lib/modules -maxdepth 2 -name build -path "*/$1.*" | sort -V | tail -n 1)
	rel=$(basename "$(dirname "$rel")")
	version=$(dpkg-query -W -f '${Version}' "linux-headers-$rel")
}

# the kernel image of that very version; signed or not, the modules are the same
download() {
	(cd "$1" && for name in "linux-image-$rel" "linux-image-$rel-unsigned"; do
		apt download "$name=$version" && exit 0
	done; exit 1)
}

# the distribution's kernel $1, unpacked; $2: the package that brings its headers
image() {
	headers "$1"
	done=$cache/images/.$rel
	[ "$(cat "$done" 2>/dev/null)" != "$version" ] || return 0
	say "unpacking kernel $rel"
	dir=$(mktemp -d -p "$cache")
	# servers keep the newest only: then the headers have to follow
	download "$dir" || { apt update && apt_install "$2" && headers "$1" && download "$dir"; } ||
		{ say "could not get the image of kernel $1: see $log" >&2; exit 1; }
	mkdir -p "$cache/images"
	dpkg -x "$dir"/*.deb "$cache/images"
	rm -rf "$dir"
	depmod -b "$cache/images" "$rel"
	echo "$version" >"$cache/images/.$rel"
}

mkdir -p "$cache"
[ "$(id -u)" = 0 ] || { say "to be run as root" >&2; exit 1; }
# its file of tests is another than 6.12's
[ "$what" != check-upstream ] || rigs="$rigs linux-source-6.1"
packages
case $what in
demo)
	image 6.12 linux-headers-6.12-amd64 ;;
check)
	# its debug kernel is built beside other checks
	image 6.1 linux-headers-amd64
	image 6.12 linux-headers-6.12-amd64
	"$here/uml/unpack-source" >/dev/null ;;
check-upstream)
	image 6.1 linux-headers-amd64
	image 6.12 linux-headers-6.12-amd64
	"$here/uml/build-uml" -v debug >/dev/null ;;
check-fast|bench)
	"$here/uml/build-uml" -v perf >/dev/null ;;
all)
	image 6.1 linux-headers-amd64
	image 6.12 linux-headers-6.12-amd64
	"$here/uml/build-uml" -v perf >/dev/null
	"$here/uml/build-uml" -v debug >/dev/null ;;
*)
	say "check, check-fast, check-upstream, bench, demo or all" >&2
	exit 2 ;;
esac
