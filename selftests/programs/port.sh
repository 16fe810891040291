# SPDX-License-Identifier: GPL-2.0
# port.sh: to be sourced
# shellcheck shell=sh

# listening PORT PID: until somebody listens there; fails if PID, who should, ends before
listening() {
	hex=$(printf ':%04X' "$1")
	for _ in $(seq $((300 * ${SHEATH_SLOW:-1}))); do
		cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
			awk -v p="$hex\$" '$2 ~ p && $4 == "0A" { f = 1 } END { exit !f }' && return 0
		kill -0 "$2" 2>/dev/null || return 1
		sleep 0.1
	done
	return 1
}
