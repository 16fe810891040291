#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The examples with other programs: examples.sh BUILD. Output is TAP. Where the module is not
# loaded, only what the examples do without it is tested. SHEATH_SLOW is the factor by which to be
# more patient than on a machine that has nothing else to do.

# shellcheck disable=SC2317 # functions are called by check()
set -u
BUILD=${1:?usage: examples.sh BUILD}
EXAMPLES=$BUILD/examples
STAT=/proc/net/sheath_stat
SLOW=${SHEATH_SLOW:-1}
DIR=$(mktemp -d)
cd "$DIR" || exit 1
N=0
FAILED=0
PORT=$((20000 + $$ % 20000))
PIDS=
trap 'stop_all; rm -rf "$DIR"' EXIT

# check NAME COMMAND...: one line of TAP, and what the programs said if it failed
check() {
	N=$((N + 1))
	name=$1
	shift
	: >err
	if "$@" 2>>err; then
		echo "ok $N - $name"
		return
	fi
	echo "not ok $N - $name"
	FAILED=1
	for f in err server.err; do
		[ ! -s $f ] || head -n 8 $f | cut -c 1-300 | sed "s/^/# $f: /"
	done
}

# listens: does somebody listen on $PORT?
listens() {
	hex=$(printf ':%04X' "$PORT")
	cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
		awk -v port="$hex" '$2 ~ port "$" && $4 == "0A" { found = 1 } END { exit !found }'
}

# start COMMAND...: a server on a fresh $PORT, which the command has as @PORT@
start() {
	PORT=$((PORT + 1))
	cmd=
	for arg; do
		cmd="$cmd '$(echo "$arg" | sed "s/@PORT@/$PORT/")'"
	done
	: >server.err
	eval "exec $cmd" <>fifo >server.out 2>server.err &
	SERVER=$!
	PIDS="$PIDS $SERVER"
	until listens; do
		kill -0 $SERVER 2>/dev/null || return 1
		sleep 0.05
	done
}

stop_all() {
	# shellcheck disable=SC2086 # numbers
	[ -z "$PIDS" ] || kill $PIDS 2>/dev/null
	# shellcheck disable=SC2086
	[ -z "$PIDS" ] || wait $PIDS 2>/dev/null
	PIDS=
}

counter() {
	awk -v name="$1" '$1 == name { print $2 }' "$STAT"
}

# limited COMMAND...: a program that hangs fails its test, not the whole run
limited() {
	timeout -k 5 $((100 * SLOW)) "$@"
}

# fails STATUS TEXT COMMAND...: does it end with this status and one line with this text?
fails() {
	status=$1 text=$2
	shift 2
	limited "$@" </dev/null >out 2>said
	got=$?
	cat said >&2
	[ "$got" = "$status" ] && [ "$(wc -l <said)" = 1 ] && grep -qF -e "$text" said
}

# make_cert FILE KEY: one of localhost
make_cert() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$2" \
		-out "$1" -days 30 -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>err
}

# ---------------------------------------------------------------- without the module

test_usage() {
	check "client: no arguments" fails 2 "usage: client" "$EXAMPLES/client"
	for example in server epoll raw; do
		check "$example: no arguments" fails 2 "usage: $example" "$EXAMPLES/$example"
	done
	check "client: no such host" fails 1 "cannot find no.such.host.invalid port 443: " \
		"$EXAMPLES/client" no.such.host.invalid 443
	check "client: nobody listens" fails 1 "cannot connect to 127.0.0.1 port 1: " \
		"$EXAMPLES/client" 127.0.0.1 1
	check "client: no authorities" fails 1 "$DIR/none" "$EXAMPLES/client" localhost 1 "$DIR/none"
	check "server: no certificate" fails 1 "$DIR/none" \
		"$EXAMPLES/server" 1 "$DIR/none" key.pem data
	start "$EXAMPLES/server" @PORT@ cert.pem key.pem data
	check "server: port in use" fails 1 "cannot listen on port $PORT: " \
		"$EXAMPLES/server" "$PORT" cert.pem key.pem data
	stop_all
}

# A client that does not need the module.
fallback_gets() {
	start openssl s_server -accept @PORT@ -WWW -naccept 1 -cert cert.pem -key key.pem &&
	limited "$EXAMPLES/fallback" localhost "$PORT" cert.pem >got || return 1
	[ -s got ] && grep -q "HTTP/1.0" got
}

fallback_refuses() {
	start openssl s_server -accept @PORT@ -WWW -naccept 1 -cert other.pem -key other-key.pem &&
	! limited "$EXAMPLES/fallback" localhost "$PORT" cert.pem >got && [ ! -s got ] &&
	grep -q certificate err
}

test_fallback() {
	check "client with a fallback: no arguments" fails 2 "usage: fallback" "$EXAMPLES/fallback"
	check "client with a fallback: a page of openssl" fallback_gets
	check "client with a fallback: another certificate is refused" fallback_refuses
	stop_all
}

# ---------------------------------------------------------------- with it

fallback_in_kernel() {
	before=$(counter RxBytes)
	fallback_gets && [ "$(counter RxBytes)" -gt "$before" ]
}

client_gets() {
	before=$(counter RxBytes)
	start openssl s_server -accept @PORT@ -WWW -naccept 1 -cert cert.pem -key key.pem &&
	limited "$EXAMPLES/$1" localhost "$PORT" cert.pem >got || return 1
	[ -s got ] && [ "$(counter RxBytes)" -gt "$before" ]
}

# has_both: does localhost have two addresses?
has_both() {
	grep -q '^::1[[:space:]].*localhost' /etc/hosts && grep -q '^multi on' /etc/host.conf
}

# Wherever the server listens: one of the two is not the first address of the name.
client_every_address() {
	for addr in 127.0.0.1 '[::1]'; do
		[ "$addr" = 127.0.0.1 ] || has_both || continue
		start openssl s_server -accept "$addr:@PORT@" -WWW -naccept 1 -cert cert.pem -key key.pem &&
		limited "$EXAMPLES/client" localhost "$PORT" cert.pem >got && [ -s got ] || return 1
	done
}

# get: the whole file from the server
get() {
	limited curl -sS --http0.9 --cacert cert.pem -o got "https://localhost:$PORT/" &&
	cmp got data
}

server_serves() {
	before=$(counter TxBytes)
	get && [ $(($(counter TxBytes) - before)) -ge "$(wc -c <data)" ]
}

# Some clients close the connection amid the file: the server has to live on.
server_survives() {
	for _ in 1 2 3 4 5 6; do
		limited curl -sS --http0.9 --cacert cert.pem "https://localhost:$PORT/" 2>/dev/null |
			head -c 1000 >/dev/null
	done
	kill -0 "$SERVER" && get
}

# Each of these holds up a server of one client at a time for ten seconds: for longer than
# limited() waits.
server_beside_silent() {
	for _ in $(seq $((12 * SLOW))); do
		curl -s "telnet://localhost:$PORT" <>fifo >/dev/null 2>&1 &
		PIDS="$PIDS $!"
	done
	for _ in $(seq $((600 * SLOW))); do
		n=$(cat /proc/net/tcp /proc/net/tcp6 |
			awk -v port="$(printf ':%04X' "$PORT")" '$2 ~ port "$" && $4 == "01"' | wc -l)
		[ "$n" -lt $((12 * SLOW)) ] || break
		sleep 0.1
	done
	[ "$n" -ge $((12 * SLOW)) ] && limited curl -sS --http0.9 --cacert cert.pem -o got "https://localhost:$PORT/"
}

# A file that is not there is no empty file.
server_no_file() {
	start "$EXAMPLES/$1" @PORT@ cert.pem key.pem none || return 1
	! limited curl -s --http0.9 --cacert cert.pem "https://localhost:$PORT/" &&
	grep -qF "cannot open none: " server.err
}

test_with_module() {
	check "client with a fallback: the module is used" fallback_in_kernel
	check "client: a page of openssl" client_gets client
	check "raw client: a page of openssl" client_gets raw
	check "client: a server at any address of its name" client_every_address
	for server in server epoll; do
		start "$EXAMPLES/$server" @PORT@ cert.pem key.pem data
		check "$server: a file for curl" server_serves
		check "$server: goes on after clients that left early" server_survives
		check "$server: silent clients hold up nobody" server_beside_silent
		check "$server: a file that cannot be opened" server_no_file $server
		stop_all
	done
}

mkfifo fifo
head -c 20000000 /dev/zero | openssl enc -aes-128-ctr -K 00 -iv 00 >data 2>/dev/null
make_cert cert.pem key.pem
make_cert other.pem other-key.pem
test_usage
test_fallback
[ ! -r "$STAT" ] || test_with_module
echo "1..$N"
exit $FAILED
