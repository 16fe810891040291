#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# setup.sh: prepare a Debian 12 machine, as root, for what is to run: check, check-fast,
# check-upstream, stress, coverage, fuzz, interop, bench, demo, or all (default). Quick when everything is there already.
#
# Installs packages, and keeps under $SHEATH_CACHE (default /var/tmp/sheath): the
# distribution's kernels and their headers as unpacked packages, so that this machine's
# /boot and boot loader stay as they are; the kernel source; the User Mode Linux kernels.
set -eu
# su leaves out the folders of programs for root
PATH=$PATH:/usr/sbin:/sbin
export PATH LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
cache=${SHEATH_CACHE:-/var/tmp/sheath}
log=$cache/setup.log
what=${1:-all}

# what the kernels, the module and the programs are built with
build='build-essential linux-source-6.12
	flex bison bc perl libelf-dev libssl-dev zlib1g-dev kmod rsync xz-utils zstd pkg-config
	libnl-3-dev libnl-genl-3-dev libgnutls28-dev libhttp-parser-dev libjson-c-dev'
# what virtual machines are made of
rigs='qemu-system-x86 busybox-static cpio python3 python3-yaml iproute2 procps'
# peers, and what checks us
peers='openssl gnutls-bin curl tcpdump sparse shellcheck codespell ca-certificates'
# what looks for leaks and undefined behaviour in the check of secret padding
leaks='valgrind frama-c-base'
# what looks for inputs that nobody thought of
fuzz='clang libclang-rt-14-dev'
# what asks the kernel for TLS, and more peers; of these there are services
interop='nginx-light lighttpd lighttpd-mod-openssl stunnel4 socat wget chromium libnss3-tools
	openjdk-17-jdk-headless python3-cryptography'
services='nginx lighttpd stunnel4'

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
		{ apt update || :; apt install --no-install-recommends "$@"; } ||
		{ say "could not install $*: see $log" >&2; exit 1; }
}

packages() {
	# shellcheck disable=SC2046 # names of packages
	set -- $(missing "$@")
	[ $# = 0 ] || { say "installing $*"; apt_install "$@"; }
}

# programs of which this machine is to run no service, not even after the next boot
programs() {
	# shellcheck disable=SC2046,SC2086 # names of packages
	set -- $(missing $interop)
	[ $# != 0 ] || return 0
	policy=/usr/sbin/policy-rc.d
	ours='' there=''
	for s in $services; do
		[ ! -e "/etc/init.d/$s" ] || there="$there $s"
	done
	[ -e $policy ] || { printf '#!/bin/sh\nexit 101\n' >$policy; chmod 755 $policy; ours=1; }
	trap '[ -z "$ours" ] || rm -f $policy' EXIT
	packages "$@"
	for s in $services; do
		case " $there " in
		*" $s "*) ;;
		*) run update-rc.d "$s" disable || : ;;
		esac
	done
}

# what the servers have of the package $1: the field $2
field() {
	apt-cache show --no-all-versions "$1" 2>/dev/null | sed -n "/^$2: /{s///p;q}"
}

# the kernel that the package of headers $1 stands for, and its headers, as files in $2;
# signed or not, the modules are the same
download() {
	rm -f "$2"/*.deb
	rel=$(field "$1" Depends | grep -o 'linux-headers-[^ ,]*' | sed 's/^linux-headers-//')
	version=$(field "linux-headers-$rel" Version)
	[ -n "$version" ] || return 1
	# the headers would bring the image along
	needs=$(field "linux-headers-$rel" Depends | tr '|' ',' | tr ',' '\n' |
		sed 's/^ *//;s/ .*//;/^linux-image-/d')
	(cd "$2" && apt download "linux-headers-$rel=$version" && {
		apt download "linux-image-$rel=$version" || apt download "linux-image-$rel-unsigned=$version"; })
}

# the distribution's kernel $1 and its headers, unpacked; $2: the package of headers
kernel() {
	images=$cache/images
	# shellcheck disable=SC2046 # names of packages
	if [ ! -f "$images/.$1" ] || [ -n "$(missing $(cat "$images/.$1"))" ]; then
		say "unpacking kernel $1"
		dir=$(mktemp -d -p "$cache")
		# servers keep the newest only, and lists that are old name another
		download "$2" "$dir" || { apt update || :; download "$2" "$dir"; } ||
			{ say "could not get kernel $1: see $log" >&2; exit 1; }
		mkdir -p "$images/usr/lib" "$images/usr/src"
		for deb in "$dir"/*.deb; do
			dpkg -x "$deb" "$images"
		done
		rm -rf "$dir"
		# the paths in the packages are those of their own places
		ln -sfn "../../../usr/src/linux-headers-$rel" "$images/lib/modules/$rel/build"
		kbuild=$(basename "$(dirname "$(readlink "$images/usr/src/linux-headers-$rel/scripts")")")
		ln -sfn "/usr/lib/$kbuild" "$images/usr/lib/$kbuild"
		depmod -b "$images" "$rel"
		# shellcheck disable=SC2086 # names of packages
		packages $needs
		echo "$needs" >"$images/.$1"
	fi
}

# the source of a newer kernel than this distribution has, and for $@ the kernels of it
newer() {
	[ -n "$("$here/uml/newer-source" -v)" ] || say 'fetching the source of a newer kernel'
	"$here/uml/newer-source" >/dev/null || {
		say 'the suite of newer kernels is not to be had: Linux 7.3 is left out'
		return 0
	}
	for v; do
		"$here/uml/build-uml" -N -v "$v" >/dev/null
	done
}

[ "$(id -u)" = 0 ] || { say "to be run as root" >&2; exit 1; }
mkdir -p "$cache"
# kernels are built and started there
printf '#!/bin/sh\n' >"$cache/.try"
chmod 755 "$cache/.try"
"$cache/.try" || { say "no program can be run in $cache: set SHEATH_CACHE to another folder" >&2; exit 1; }
# its file of tests is another than 6.12's
[ "$what" != check-upstream ] || rigs="$rigs linux-source-6.1"
# shellcheck disable=SC2086 # lists of names
packages $build $rigs $peers
case $what in
demo)
	kernel 6.12 linux-headers-6.12-amd64 ;;
fuzz)
	# shellcheck disable=SC2086 # lists of names
	packages $fuzz ;;
check)
	# shellcheck disable=SC2086 # lists of names
	packages $leaks $fuzz
	# its debug kernel is built beside other checks
	kernel 6.1 linux-headers-amd64
	kernel 6.12 linux-headers-6.12-amd64
	newer
	"$here/uml/unpack-source" >/dev/null ;;
check-upstream)
	kernel 6.1 linux-headers-amd64
	kernel 6.12 linux-headers-6.12-amd64
	"$here/uml/build-uml" -v debug >/dev/null
	newer perf ;;
stress)
	kernel 6.1 linux-headers-amd64
	kernel 6.12 linux-headers-6.12-amd64
	"$here/uml/build-uml" -v perf >/dev/null
	"$here/uml/build-uml" -v debug >/dev/null
	newer perf ;;
coverage)
	"$here/uml/build-uml" -v coverage >/dev/null ;;
check-fast|bench)
	"$here/uml/build-uml" -v perf >/dev/null ;;
interop)
	programs
	kernel 6.1 linux-headers-amd64
	kernel 6.12 linux-headers-6.12-amd64
	"$here/uml/build-uml" -v perf >/dev/null ;;
all)
	programs
	# shellcheck disable=SC2086 # lists of names
	packages $leaks $fuzz
	kernel 6.1 linux-headers-amd64
	kernel 6.12 linux-headers-6.12-amd64
	"$here/uml/build-uml" -v perf >/dev/null
	"$here/uml/build-uml" -v debug >/dev/null
	newer perf ;;
*)
	say "check, check-fast, check-upstream, stress, coverage, fuzz, interop, bench, demo or all" >&2
	exit 2 ;;
esac
