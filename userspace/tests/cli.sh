#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The command line of sheath where no module is needed: cli.sh BUILD. Output is TAP.

set -u
SHEATH=${1:?usage: cli.sh BUILD}/sheath
DIR=$(mktemp -d)
trap 'rm -rf "$DIR"' EXIT
N=0
FAILED=0
# what the program is started by
LIMIT=

# check STATUS TEXT ARGS...: exit status, and one line of error with TEXT in it if it is not 0
check() {
	want=$1 text=$2
	shift 2
	N=$((N + 1))
	# shellcheck disable=SC2086 # a command and its arguments
	timeout $((20 * ${SHEATH_SLOW:-1})) $LIMIT "$SHEATH" "$@" </dev/null >"$DIR/out" 2>"$DIR/err"
	got=$?
	if [ "$want" = 0 ]; then
		file=$DIR/out lines=1
	else
		file=$DIR/err lines=$(wc -l <"$DIR/err")
	fi
	if [ "$got" = "$want" ] && [ "$lines" = 1 ] && grep -qF -e "$text" "$file"; then
		echo "ok $N - sheath $*"
	else
		echo "not ok $N - sheath $*"
		echo "# exit status $got"
		sed 's/^/# /' "$DIR/err"
		FAILED=1
	fi
}

echo 'not a key' >"$DIR/psk"
echo 'not a certificate' >"$DIR/cert"

check 0 "sheath " --version
check 0 "sheath connect" --help
check 0 "sendfile" serve --help
check 0 "close_notify" connect --help
check 2 "no command"
check 2 "no command \"fly\"" fly
check 2 "a host and a port" connect
check 2 "a host and a port" connect localhost
check 2 "a host and a port" connect localhost 1 2
check 2 "sheath: unrecognized option" connect --no-such-option localhost 1
check 2 "go together" connect --cert x localhost 1
check 2 "milliseconds" connect --ticket-wait soon localhost 1
check 2 "number of bytes" connect --rekey often localhost 1
check 2 "number of bytes" connect --rekey 999 localhost 1
check 2 "number of bytes" connect --rekey 2147483648 localhost 1
for port in 65536 99999 18446744073709551616 -1 +1 1x '' no-such-service; do
	check 2 "\"$port\" is neither a port" connect localhost -- "$port"
	check 2 "\"$port\" is neither a port" serve -p "$port" "$DIR"
done
check 2 "host is empty" connect '' 443
check 2 "host is empty" serve -a '' "$DIR"
check 2 "number of seconds" connect --timeout soon localhost 1
check 2 "number of seconds" connect --timeout 0 localhost 1
check 2 "number of seconds" connect --timeout 3601 localhost 1
check 2 "number of seconds" serve --timeout 0 "$DIR"
check 2 "no directory" serve
check 2 "more than one" serve "$DIR" "$DIR"
check 2 "number of connections" serve -n none "$DIR"
check 2 "number of connections" serve --exit-after 0 "$DIR"
check 2 "number of clients" serve --max-clients 0 "$DIR"
check 2 "number of connections" serve --max-per-address many "$DIR"
check 2 "is --exit-after" serve --max-connections 3 "$DIR"
check 2 "--client-ca" serve --client-optional "$DIR"
check 1 "$DIR/none" serve "$DIR/none"
check 1 "$DIR/psk" serve "$DIR/psk"
check 1 "$DIR/none" serve --mime-types "$DIR/none" "$DIR"
check 1 "$DIR/psk line 1" serve --psk "$DIR/psk" "$DIR"
check 1 "$DIR/cert" serve --cert "$DIR/cert" --key "$DIR/cert" "$DIR"
check 2 "one for one" serve --cert a --key b --cert c "$DIR"
# shellcheck disable=SC2046 # words
check 2 "more than 32 times" serve $(printf -- '--cert x %.0s' $(seq 33)) "$DIR"
check 1 "$DIR/none" serve --ticket-key "$DIR/none" "$DIR"
check 1 "64 bytes" serve --ticket-key "$DIR/psk" "$DIR"
check 1 "192.0.2.1" serve -a 192.0.2.1 -p 0 "$DIR"
# root without the capability; where no port is a low one, nobody needs it
if [ "$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" -gt 443 ] && [ "$(id -u)" = 0 ]; then
	LIMIT='/usr/bin/setpriv --bounding-set -net_bind_service'
	check 1 "CAP_NET_BIND_SERVICE" serve -a 127.0.0.1 -p 443 "$DIR"
	LIMIT=
fi
check 1 "priority" serve --priority NONSENSE "$DIR"
check 1 "$DIR/none" connect --ca "$DIR/none" localhost 1
check 1 "cannot connect to 127.0.0.1 port 1" connect 127.0.0.1 1
check 1 "cannot find" connect no-such-name.invalid 443
check 1 "cannot write" connect --json=/nowhere/facts localhost 1
echo "1..$N"
exit $FAILED
