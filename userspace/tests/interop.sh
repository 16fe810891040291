#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Handshakes of sheath with openssl and gnutls, the records of sheath in the kernel: run it
# where the module is loaded, as
#
#	interop.sh BUILD [PATTERN]
#
# BUILD is the folder with the program sheath; with PATTERN (of grep -E) only tests whose name
# it matches are run. Output is TAP. Each test has openssl or gnutls on the other end, moves
# data both ways, and requires that the counters of the module moved. SHEATH_SLOW is the factor by
# which to be more patient than on a machine that has nothing else to do.

set -u
BUILD=${1:?usage: interop.sh BUILD [PATTERN]}
PATTERN=${2:-.}
SHEATH=$BUILD/sheath
STAT=/proc/net/sheath_stat
SLOW=${SHEATH_SLOW:-1}

[ -x "$SHEATH" ] || { echo "Bail out! no program $SHEATH"; exit 1; }
[ -r $STAT ] || { echo "Bail out! the module sheath is not loaded"; exit 1; }

DIR=$(mktemp -d)
chmod 755 "$DIR"
PEER=
trap 'stop_peer; rm -rf "$DIR"' EXIT
cd "$DIR" || exit 1

N=0
FAILED=0
PORT=$((20000 + $$ % 20000))
HOST=localhost

# ---------------------------------------------------------------- results

# report STATUS NAME: one line of TAP, and what the programs said if it failed
report() {
	N=$((N + 1))
	if [ "$1" = 0 ]; then
		echo "ok $N - $2"
		return
	fi
	echo "not ok $N - $2"
	FAILED=$((FAILED + 1))
	for f in facts err peer.err; do
		[ -s $f ] && head -n 8 $f | cut -c 1-300 | sed "s/^/# $f: /"
	done
}

# wanted NAME: is this test to be run?
wanted() {
	printf '%s\n' "$1" | grep -Eq -e "$PATTERN"
}

counter() {
	awk -v name="$1" '$1 == name { print $2 }' $STAT
}

note_counters() {
	TX_KEYS=$(counter TxKeys) RX_KEYS=$(counter RxKeys)
	TX_RECORDS=$(counter TxRecords) RX_RECORDS=$(counter RxRecords)
}

# counters_moved: did a session have keys and records both ways since note_counters?
counters_moved() {
	[ "$(counter TxKeys)" -gt "$TX_KEYS" ] && [ "$(counter RxKeys)" -gt "$RX_KEYS" ] &&
	[ "$(counter TxRecords)" -gt "$TX_RECORDS" ] && [ "$(counter RxRecords)" -gt "$RX_RECORDS" ]
}

# counters_still: did no session get keys since note_counters?
counters_still() {
	[ "$(counter TxKeys)" = "$TX_KEYS" ] && [ "$(counter RxKeys)" = "$RX_KEYS" ]
}

# ---------------------------------------------------------------- processes

# limited COMMAND...: a program that hangs fails its test, not the whole run
limited() {
	timeout -k 5 $((120 * SLOW)) "$@"
}

# comes_true COMMAND...: wait until it is, with an end
comes_true() {
	for _ in $(seq $((200 * SLOW))); do
		"$@" && return 0
		sleep 0.05
	done
	echo "# never came: $*" >>err
	return 1
}

ended() { ! kill -0 "$1" 2>/dev/null; }

listens() {
	cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk -v port=":$1\$" '
		$2 ~ port && $4 == "0A" { found = 1 }
		END { exit !found }'
}

listens_or_ended() { listens "$1" || ended "$PEER"; }

# wait_port: until somebody listens on $PORT
wait_port() {
	hex=$(printf '%04X' "$PORT")
	comes_true listens_or_ended "$hex" && listens "$hex"
}

# start_peer COMMAND...: a server on a fresh $PORT, which the command has as @PORT@
start_peer() {
	PORT=$((PORT + 1))
	: >peer.out
	: >peer.err
	cmd=
	for arg; do
		[ "$arg" = @PORT@ ] && arg=$PORT
		cmd="$cmd '$arg'"
	done
	# standard input that never ends: some servers leave at its end
	eval "exec_peer $cmd" &
	PEER=$!
	wait_port
}

exec_peer() {
	exec "$@" <>fifo >peer.out 2>peer.err
}

stop_peer() {
	[ -n "$PEER" ] || return 0
	kill "$PEER" 2>/dev/null
	wait "$PEER" 2>/dev/null
	PEER=
}

# end_peer: let a server that ends by itself do so
end_peer() {
	comes_true ended "$PEER"
	stop_peer
}

# converse COMMAND...: run a client whose input is what is written to file descriptor 7
converse() {
	exec 7<>./talk
	{ exec 7>&-; limited "$@"; } <./talk >got 2>err &
	CLIENT=$!
}

# hang_up: its input ends; its exit status
hang_up() {
	exec 7>&-
	wait "$CLIENT"
}

# has_line LINE FILE, has_count N TEXT FILE: a line, or N lines with a text, are there
has_line() { grep -aqxF -e "$1" "$2"; }
has_count() { [ "$(grep -ac -e "$2" "$3")" = "$1" ]; }

# ---------------------------------------------------------------- certificates

# make_cert FILE CN ISSUER ALGORITHM EXTENSIONS [DAYS]
make_cert() {
	case $4 in
	rsa) key="rsa:2048" ;;
	*) key="ec -pkeyopt ec_paramgen_curve:P-256" ;;
	esac
	printf '%b\n' "$5" >"$1.ext"
	# shellcheck disable=SC2086
	openssl req -new -newkey $key -nodes -keyout "$1.key" -subj "/CN=$2" -out "$1.csr" \
		2>/dev/null
	if [ "$3" = self ]; then
		openssl x509 -req -in "$1.csr" -signkey "$1.key" -days 30 -extfile "$1.ext" \
			-out "$1.pem" 2>/dev/null
	else
		openssl x509 -req -in "$1.csr" -CA "$3.pem" -CAkey "$3.key" -CAcreateserial \
			-days "${6:-30}" -extfile "$1.ext" -out "$1.pem" 2>/dev/null
	fi
}

make_pki() {
	server='extendedKeyUsage=serverAuth\nsubjectAltName=DNS:localhost,IP:127.0.0.1'
	ca='basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign'
	make_cert ca 'test ca' self ec "$ca"
	make_cert other 'other ca' self ec "$ca"
	make_cert ec localhost ca ec "$server"
	make_cert rsa localhost ca rsa "$server"
	make_cert two two.test ca ec 'subjectAltName=DNS:two.test'
	make_cert foreign localhost other ec "$server"
	make_cert expired localhost ca ec "$server" -1
	make_cert alice alice ca ec 'extendedKeyUsage=clientAuth'
	make_cert mallory mallory other ec 'extendedKeyUsage=clientAuth'
}

PSK=30313233343536373839616263646566

make_data() {
	mkdir www
	head -c 1000000 /dev/urandom >www/data
	echo 'short' >www/short
	head -c 15000 /dev/urandom | base64 -w 0 >www/middle
	# lines for a peer that answers each with its reverse
	head -c 60000 /dev/urandom | base64 -w 60 >lines
	rev lines >lines.rev
	echo "tester:$PSK" >psk
	mkfifo fifo fifo2 talk
}

# ---------------------------------------------------------------- sheath as client

# talk ARGS...: lines to the peer, their reverse back; facts into "facts"
talk() {
	note_counters
	limited "$SHEATH" connect --timeout $((15 * SLOW)) --json=facts --ca ca.pem "$@" "$HOST" "$PORT" \
		<lines >got 2>err
}

# has FACT...: are these members of the JSON object in "facts"?
has() {
	for fact; do
		grep -qF -- "$fact" facts || { echo "# missing: $fact" >>err; return 1; }
	done
}

# client NAME SERVER-ARGS CLIENT-ARGS FACT...: a connection to openssl s_server
client() {
	name="client, openssl: $1" server_args=$2 client_args=$3
	shift 3
	wanted "$name" || return 0
	# shellcheck disable=SC2086
	start_peer openssl s_server -accept @PORT@ -rev -naccept 1 $server_args
	# shellcheck disable=SC2086
	talk $client_args && cmp -s got lines.rev && has "$@" && counters_moved
	report $? "$name"
	stop_peer
}

# client_fails NAME SERVER-ARGS CLIENT-ARGS TEXT: one that must not come about
client_fails() {
	name="client, openssl: $1"
	wanted "$name" || return 0
	# shellcheck disable=SC2086
	start_peer openssl s_server -accept @PORT@ -rev -naccept 1 $2
	# shellcheck disable=SC2086
	talk $3
	[ $? = 1 ] && [ ! -s got ] && [ "$(wc -l <err)" = 1 ] && grep -qF -- "$4" err &&
		counters_still
	report $? "$name"
	stop_peer
}

# client_resumes NAME SERVER-ARGS CLIENT-ARGS FACT...: the second connection resumes the first
client_resumes() {
	name="client, openssl: $1" server_args=$2 client_args=$3
	shift 3
	wanted "$name" || return 0
	rm -f session
	# shellcheck disable=SC2086
	start_peer openssl s_server -accept @PORT@ -rev $server_args
	# shellcheck disable=SC2086
	talk --session session $client_args && cmp -s got lines.rev &&
		has '"resumed":false' "$@" &&
		talk --session session $client_args && cmp -s got lines.rev &&
		has '"resumed":true' && counters_moved
	report $? "$name"
	stop_peer
}

# client_session_bad: a file with no session in it costs a full handshake, and is replaced
client_session_bad() {
	name="client, openssl: rubbish in the file of the session"
	wanted "$name" || return 0
	head -c 500 /dev/urandom >session
	# shellcheck disable=SC2086
	start_peer openssl s_server -accept @PORT@ -rev $EC
	talk --session session --ticket-wait 5000 && cmp -s got lines.rev &&
		has '"resumed":false' '"verified":true' && [ "$(wc -l <err)" = 1 ] &&
		grep -qF 'session: cannot resume' err &&
		talk --session session --ticket-wait 5000 && cmp -s got lines.rev &&
		has '"resumed":true' && [ ! -s err ]
	report $? "$name"
	stop_peer
}

# ---------------------------------------------------------------- sheath as server

# Many requests make many bytes to the server; the answers come back in their order.
make_requests() {
	for _ in $(seq 300); do
		printf 'GET /short HTTP/1.1\r\nHost: localhost\r\n\r\n'
	done
	printf 'GET /data HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
}

# answered: are 300 short answers and the long one in "got"?
answered() {
	[ "$(grep -ac '^HTTP/1.1 200 OK' got)" = 301 ] && [ "$(grep -acx short got)" = 300 ] &&
	tail -c 1000000 got | cmp -s - www/data
}

# server NAME SERVER-ARGS CLIENT-ARGS FACT...: openssl s_client as the client
server() {
	name="server, openssl: $1" server_args=$2 client_args=$3
	shift 3
	wanted "$name" || return 0
	note_counters
	# shellcheck disable=SC2086
	start_peer "$SHEATH" serve --timeout $((30 * SLOW)) --once --json -v -p @PORT@ $server_args www
	# shellcheck disable=SC2086
	limited openssl s_client -connect "$HOST:$PORT" -quiet -CAfile ca.pem \
		$client_args <requests >got 2>err
	end_peer
	grep -a '"event":"handshake"' peer.out >facts
	answered && has "$@" && counters_moved
	report $? "$name"
}

# server_fails NAME SERVER-ARGS CLIENT-ARGS TEXT: a client that must not be served
server_fails() {
	name="server, openssl: $1"
	wanted "$name" || return 0
	note_counters
	# shellcheck disable=SC2086
	start_peer "$SHEATH" serve --timeout $((30 * SLOW)) --once --json -v -p @PORT@ $2 www
	# shellcheck disable=SC2086
	limited openssl s_client -connect "$HOST:$PORT" -quiet -CAfile ca.pem $3 \
		<requests >got 2>err
	end_peer
	grep -a '"event":"handshake"' peer.out >facts
	[ ! -s got ] && has "$4" && counters_still
	report $? "$name"
}

# server_resumes NAME SERVER-ARGS CLIENT-ARGS
server_resumes() {
	name="server, openssl: $1"
	wanted "$name" || return 0
	note_counters
	# shellcheck disable=SC2086
	start_peer "$SHEATH" serve --exit-after 2 --json -v -p @PORT@ $2 www
	for io in -sess_out -sess_in; do
		# shellcheck disable=SC2086
		limited openssl s_client -connect "$HOST:$PORT" -ign_eof -CAfile ca.pem \
			$io session $3 <requests >$io.got 2>err
	done
	end_peer
	grep -a '"event":"handshake"' peer.out >facts
	grep -aq '^Reused' ./-sess_in.got && grep -aq '^New' ./-sess_out.got &&
		[ "$(grep -ac '^HTTP/1.1 200 OK' ./-sess_in.got)" = 301 ] &&
		has '"resumed":false' '"resumed":true' && counters_moved
	report $? "$name"
}

# server_full: more clients at a time than there are descriptors for; each is served in its turn
server_full() {
	name="server, openssl: more clients than descriptors"
	wanted "$name" || return 0
	: >facts
	note_counters
	# shellcheck disable=SC2086,SC2016
	start_peer sh -c 'ulimit -n 24; exec "$0" "$@"' "$SHEATH" serve --timeout $((30 * SLOW)) \
		--max-per-address 0 --exit-after 25 --json -v -p @PORT@ $SERVE_EC www
	clients=
	for i in $(seq 25); do
		printf 'GET /short HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' |
			limited openssl s_client -connect "$HOST:$PORT" -quiet -CAfile ca.pem \
			>"full.$i" 2>err &
		clients="$clients $!"
	done
	# shellcheck disable=SC2086
	wait $clients
	end_peer
	[ "$(cat full.* | grep -acx short)" = 25 ] && counters_moved
	report $? "$name"
}

# ---------------------------------------------------------------- gnutls

# gnutls_serv NAME SERVER-PRIORITY CLIENT-ARGS FACT...: an echo, twice, resumed
gnutls_serv() {
	name="client, gnutls-serv: $1"
	priority=$2 client_args=$3
	shift 3
	wanted "$name" || return 0
	rm -f session
	start_peer gnutls-serv --echo -q -p @PORT@ --x509certfile rsa.pem --x509keyfile rsa.key \
		--priority "$priority"
	# shellcheck disable=SC2086
	talk --session session $client_args && cmp -s got lines && has '"resumed":false' "$@" &&
		talk --session session $client_args && cmp -s got lines &&
		has '"resumed":true' && counters_moved
	report $? "$name"
	stop_peer
}

# gnutls_cli NAME CLIENT-PRIORITY CLIENT-ARGS FACT...: one request, because gnutls-cli drops
# what does not fit into the record size it was told, and writes what it got byte by byte
gnutls_cli() {
	name="server, gnutls-cli: $1"
	priority=$2 client_args=$3
	shift 3
	wanted "$name" || return 0
	note_counters
	start_peer "$SHEATH" serve --timeout $((30 * SLOW)) --once --json -v -p @PORT@ --cert rsa.pem --key rsa.key www
	# shellcheck disable=SC2086
	converse gnutls-cli --logfile=/dev/null -p "$PORT" --x509cafile ca.pem --priority "$priority" \
		$client_args localhost
	printf 'GET /middle HTTP/1.0\r\n\r\n' >&7
	wait "$CLIENT"
	hang_up
	end_peer
	grep -a '"event":"handshake"' peer.out >facts
	grep -aq '^HTTP/1.1 200 OK' got && grep -axFq -f www/middle got && has "$@" &&
		counters_moved
	report $? "$name"
}

# ---------------------------------------------------------------- keys that change

note_rekeys() {
	TX_REKEY=$(counter TxRekey) RX_REKEY=$(counter RxRekey)
}

# rekeyed TX RX: did so many keys of each direction change since note_rekeys?
rekeyed() {
	[ $(($(counter TxRekey) - TX_REKEY)) = "$1" ] && [ $(($(counter RxRekey) - RX_REKEY)) = "$2" ]
}

# rekey_client: openssl s_server changes its key, and asks for ours with "K"
rekey_client() {
	name="client, openssl: KeyUpdate of the server"
	wanted "$name" || return 0
	note_rekeys
	# shellcheck disable=SC2086
	start_peer openssl s_server -accept @PORT@ -naccept 1 -tls1_3 $EC
	note_counters
	converse "$SHEATH" connect --json=facts --ca ca.pem "$HOST" "$PORT"
	echo before >&7
	comes_true has_line before peer.out
	# each command is the first byte of what is read at once
	echo one >fifo
	comes_true has_line one got
	echo k >fifo
	comes_true rekeyed 0 1
	echo two >fifo
	comes_true has_line two got
	echo K >fifo
	comes_true rekeyed 1 2
	echo three >fifo
	comes_true has_line three got
	echo behind >&7
	comes_true has_line behind peer.out
	hang_up && [ "$(tr '\n' ' ' <got)" = "one two three " ] && has_line before peer.out &&
		has_line behind peer.out && rekeyed 1 2 && counters_moved
	report $? "$name"
	stop_peer
}

# rekey_server: openssl s_client does
rekey_server() {
	name="server, openssl: KeyUpdate of the client"
	wanted "$name" || return 0
	note_rekeys
	note_counters
	# shellcheck disable=SC2086
	start_peer "$SHEATH" serve --timeout $((30 * SLOW)) --once --json -v -p @PORT@ $SERVE_EC www
	get='GET /short HTTP/1.1\r\nHost: localhost\r\n'
	converse openssl s_client -connect "$HOST:$PORT" -CAfile ca.pem -tls1_3
	n=0
	# what begins with K or k is a command
	for c in k K k; do
		n=$((n + 1))
		printf '%b\r\n' "$get" >&7
		comes_true has_count $n '^HTTP/1.1 200 OK' got
		echo $c >&7
		comes_true rekeyed $((n / 2)) $n
	done
	printf 'GET /data HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&7
	wait "$CLIENT"
	hang_up
	end_peer
	grep -a '"event":"handshake"' peer.out >facts
	[ "$(grep -ac '^HTTP/1.1 200 OK' got)" = 4 ] && rekeyed 1 3 && counters_moved
	report $? "$name"
}

# rekey_gnutls: gnutls-cli asks for ours, too
rekey_gnutls() {
	name="server, gnutls-cli: KeyUpdate of the client"
	wanted "$name" || return 0
	note_rekeys
	note_counters
	start_peer "$SHEATH" serve --timeout $((30 * SLOW)) --once --json -v -p @PORT@ --cert rsa.pem --key rsa.key www
	converse gnutls-cli --logfile=/dev/null -p "$PORT" --x509cafile ca.pem --inline-commands \
		--priority "$V3" localhost
	printf 'GET /short HTTP/1.1\r\nHost: localhost\r\n\r\n' >&7
	comes_true has_count 1 'HTTP/1.1 200 OK' got
	printf '^rekey^\n' >&7
	comes_true rekeyed 1 1
	printf 'GET /middle HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&7
	wait "$CLIENT"
	hang_up
	end_peer
	grep -a '"event":"handshake"' peer.out >facts
	[ "$(grep -ac 'HTTP/1.1 200 OK' got)" = 2 ] && grep -axFq -f www/middle got && rekeyed 1 1 &&
		counters_moved
	report $? "$name"
}

# rekey_connect: we change ours, and ask openssl to do the same. It takes a KeyUpdate for the
# end of a line, so there is one between lines of 61 bytes each.
rekey_connect() {
	name="client, openssl: KeyUpdate of the client"
	wanted "$name" || return 0
	note_rekeys
	# shellcheck disable=SC2086
	start_peer openssl s_server -accept @PORT@ -rev -naccept 1 -tls1_3 $EC
	talk --rekey 20008 && cmp -s got lines.rev && has '"secrets":true' '"tx_rekeys":4' &&
		! has '"rx_rekeys":0' && rekeyed 4 "$(sed 's/.*"rx_rekeys"://; s/[^0-9].*//' facts)" &&
		counters_moved
	report $? "$name"
	stop_peer
}

# rekey_refused: TLS 1.2 has no such thing, and no data passes
rekey_refused() {
	name="client, openssl: TLS 1.2 and --rekey"
	wanted "$name" || return 0
	# shellcheck disable=SC2086
	start_peer openssl s_server -accept @PORT@ -rev -naccept 1 -tls1_2 $EC
	talk --rekey 20000
	[ $? = 1 ] && [ ! -s got ] && grep -qF 'takes TLS 1.3' err && has '"secrets":false'
	report $? "$name"
	stop_peer
}

# ---------------------------------------------------------------- the tests

V2='NORMAL:-VERS-ALL:+VERS-TLS1.2'
V3='NORMAL:-VERS-ALL:+VERS-TLS1.3'
EC='-cert ec.pem -key ec.key'
RSA='-cert rsa.pem -key rsa.key'
SERVE_EC='--cert ec.pem --key ec.key'
SERVE_RSA='--cert rsa.pem --key rsa.key'
PSK_ARGS="-psk_identity tester -psk $PSK"

# kx12 NAME OPENSSL-CIPHER CERT-ARGS SERVE-ARGS: a key exchange of TLS 1.2, both roles
kx12() {
	client "TLS 1.2, $1" "-tls1_2 -cipher $2:@SECLEVEL=0 $3" "--priority $V2:-KX-ALL:+$1" \
		"\"key_exchange\":\"$1\"" '"version_id":771' '"verified":true'
	server "TLS 1.2, $1" "$4 --priority $V2:-KX-ALL:+$1" "-tls1_2 -cipher $2:@SECLEVEL=0" \
		"\"key_exchange\":\"$1\"" '"version_id":771'
}

kx12_psk() {
	client "TLS 1.2, $1" "-tls1_2 -cipher $2 $3 $PSK_ARGS" \
		"--psk psk --priority $V2:-KX-ALL:+$1" \
		"\"key_exchange\":\"$1\"" '"psk_identity":"tester"'
	server "TLS 1.2, $1" "$4 --psk psk --priority $V2:-KX-ALL:+$1" \
		"-tls1_2 -cipher $2 $PSK_ARGS" \
		"\"key_exchange\":\"$1\"" '"psk_identity":"tester"'
}

test_key_exchanges() {
	kx12 RSA AES128-GCM-SHA256 "$RSA" "$SERVE_RSA"
	kx12 DHE-RSA DHE-RSA-AES256-GCM-SHA384 "$RSA" "$SERVE_RSA"
	kx12 ECDHE-RSA ECDHE-RSA-AES128-GCM-SHA256 "$RSA" "$SERVE_RSA"
	kx12 ECDHE-ECDSA ECDHE-ECDSA-AES256-GCM-SHA384 "$EC" "$SERVE_EC"
	kx12_psk PSK PSK-AES128-GCM-SHA256 -nocert ""
	kx12_psk DHE-PSK DHE-PSK-AES256-GCM-SHA384 -nocert ""
	kx12_psk ECDHE-PSK ECDHE-PSK-CHACHA20-POLY1305 -nocert ""
	kx12_psk RSA-PSK RSA-PSK-AES128-GCM-SHA256 "$RSA" "$SERVE_RSA"
}

test_ciphers() {
	for c in AES128-GCM-SHA256:AES-128-GCM AES256-GCM-SHA384:AES-256-GCM \
		 AES128-CCM:AES-128-CCM CHACHA20-POLY1305:CHACHA20-POLY1305; do
		o=ECDHE-ECDSA-${c%%:*} g=${c#*:}
		client "TLS 1.2, $g" "-tls1_2 -cipher $o $EC" "" '"version_id":771' \
			"$(printf %s "$g" | tr - _)"
		server "TLS 1.2, $g" "$SERVE_EC" "-tls1_2 -cipher $o" '"version_id":771' \
			"$(printf %s "$g" | tr - _)"
	done
	for c in TLS_AES_128_GCM_SHA256 TLS_AES_256_GCM_SHA384 TLS_AES_128_CCM_SHA256 \
		 TLS_CHACHA20_POLY1305_SHA256; do
		client "TLS 1.3, $c" "-tls1_3 -ciphersuites $c $EC" "" "\"suite\":\"$c\""
		server "TLS 1.3, $c" "$SERVE_EC" "-tls1_3 -ciphersuites $c" "\"suite\":\"$c\""
	done
}

# mac NAME VERSION OPENSSL-CIPHER GNUTLS-CIPHER MAC ETM: a suite with cipher and MAC, both roles
mac() {
	p=NONE:+VERS-TLS$2:+$4:+$5:+COMP-NULL:+CTYPE-X509:+SIGN-ALL:+GROUP-ALL:+RSA
	[ "$6" = true ] || p=$p:%NO_ETM
	tls=$(printf TLSv%s "$2" | sed 's/v1\.0/v1/')
	o="-cipher $3:@SECLEVEL=0 -min_protocol $tls -max_protocol $tls"
	client "$1" "$o $RSA" "--priority $p" "\"encrypt_then_mac\":$6" "\"version\":\"TLS $2\""
	server "$1" "$SERVE_RSA --priority $p" "$o" "\"encrypt_then_mac\":$6" "\"version\":\"TLS $2\""
}

# a short form of the matrix
test_macs() {
	for v in 1.0 1.1 1.2; do
		mac "TLS $v, AES-128-CBC, SHA1, MAC-then-encrypt" $v AES128-SHA AES-128-CBC SHA1 false
		mac "TLS $v, AES-256-CBC, SHA1, encrypt-then-MAC" $v AES256-SHA AES-256-CBC SHA1 true
	done
	mac "TLS 1.2, AES-128-CBC, SHA256, MAC-then-encrypt" 1.2 AES128-SHA256 AES-128-CBC SHA256 false
	mac "TLS 1.2, AES-256-CBC, SHA256, encrypt-then-MAC" 1.2 AES256-SHA256 AES-256-CBC SHA256 true
	mac "TLS 1.2, CAMELLIA-128-CBC, SHA1, MAC-then-encrypt" 1.2 CAMELLIA128-SHA CAMELLIA-128-CBC SHA1 false
	mac "TLS 1.2, NULL, SHA256" 1.2 NULL-SHA256 NULL SHA256 false
}

test_groups() {
	for g in X25519:X25519 X448:X448 P-256:SECP256R1 P-384:SECP384R1 P-521:SECP521R1 \
		 ffdhe2048:FFDHE2048 ffdhe3072:FFDHE3072 ffdhe4096:FFDHE4096 \
		 ffdhe6144:FFDHE6144 ffdhe8192:FFDHE8192; do
		o=${g%%:*} g=${g#*:}
		client "TLS 1.3, $g" "-tls1_3 -groups $o $EC" \
			"--priority $V3:-GROUP-ALL:+GROUP-$g" "\"group\":\"$g\""
		server "TLS 1.3, $g" "$SERVE_EC" "-tls1_3 -groups $o" "\"group\":\"$g\""
	done
	client "TLS 1.3, PSK" "-tls1_3 -nocert $PSK_ARGS" "--psk psk" \
		'"key_exchange":"ECDHE-PSK"' '"version_id":772' '"psk_identity":"tester"'
	server "TLS 1.3, PSK" "--psk psk" "-tls1_3 $PSK_ARGS" \
		'"key_exchange":"ECDHE-PSK"' '"version_id":772' '"psk_identity":"tester"'
}

test_resumption() {
	client_resumes "TLS 1.2, by session id" "-tls1_2 -no_ticket $EC" ""
	client_resumes "TLS 1.2, by ticket" "-tls1_2 $EC" ""
	client_resumes "TLS 1.3, by ticket" "-tls1_3 $EC" "--ticket-wait 5000"
	client_resumes "TLS 1.3, by a ticket that comes with the data" "-tls1_3 $EC" "" \
		'"ticket":false' '"rx_seq":0'
	client_resumes "TLS 1.3, by a ticket of a server that keeps the session" \
		"-tls1_3 -no_ticket $EC" "--ticket-wait 5000"
	client_session_bad
	server_resumes "TLS 1.2, by session id" "$SERVE_EC --no-tickets" "-tls1_2 -no_ticket"
	server_resumes "TLS 1.2, by ticket" "$SERVE_EC" "-tls1_2"
	server_resumes "TLS 1.3, by ticket" "$SERVE_EC" "-tls1_3"
}

test_client_certificates() {
	for v in 2 3; do
		ask="-tls1_$v $EC -Verify 2 -verify_return_error -CAfile ca.pem"
		client "TLS 1.$v, presents a certificate" "$ask" \
			"--cert alice.pem --key alice.key" '"verified":true'
		server "TLS 1.$v, requires a certificate" "$SERVE_EC --client-ca ca.pem" \
			"-tls1_$v -cert alice.pem -key alice.key" '"verified":true' 'CN=alice'
		server "TLS 1.$v, asks for a certificate" \
			"$SERVE_EC --client-ca ca.pem --client-optional" "-tls1_$v" \
			'"certificates":[]'
		server_fails "TLS 1.$v, a client without a certificate" \
			"$SERVE_EC --client-ca ca.pem" "-tls1_$v" '"error":'
		server_fails "TLS 1.$v, a client of another authority" \
			"$SERVE_EC --client-ca ca.pem" \
			"-tls1_$v -cert mallory.pem -key mallory.key" 'issuer is unknown'
	done
	# In TLS 1.3 the client hears of it after its handshake, which is complete by then.
	client_fails "TLS 1.2, presents none that is required" \
		"-tls1_2 $EC -Verify 2 -verify_return_error -CAfile ca.pem" "" "alert"
}

test_names() {
	client "ALPN" "$EC -alpn http/1.1,other" "--alpn h2,other" '"alpn":"other"'
	server "ALPN" "$SERVE_EC --alpn one,http/1.1" "-alpn h2,http/1.1" '"alpn":"http/1.1"'
	server_fails "ALPN, none in common" "$SERVE_EC --alpn one" "-alpn h2" '"error":'
	client "SNI" "$EC -servername two.test -cert2 two.pem -key2 two.key" "--name two.test" \
		'"subject":"CN=two.test"' '"verified":true'
	server "SNI" "$SERVE_EC" "-servername localhost" '"servername":"localhost"'
}

test_bad_servers() {
	for v in 2 3; do
		client_fails "TLS 1.$v, unknown authority" \
			"-tls1_$v -cert foreign.pem -key foreign.key" "" "issuer is unknown"
		client_fails "TLS 1.$v, expired" \
			"-tls1_$v -cert expired.pem -key expired.key" "" "expired"
		client_fails "TLS 1.$v, wrong name" "-tls1_$v $EC" "--name wrong.test" \
			"name in the certificate does not match"
	done
	client_fails "no version in common" "-tls1_1 -cipher ALL:@SECLEVEL=0 $RSA" "" "localhost"
	client "nothing verified" "-cert foreign.pem -key foreign.key" "--insecure" \
		'"verified":false' 'issuer is unknown'
}

# client_unprivileged: nobody in particular may encrypt a socket of their own. The path is
# there because a shell may have a setpriv of its own, which knows less.
client_unprivileged() {
	name="client, openssl: unprivileged user"
	wanted "$name" || return 0
	# shellcheck disable=SC2086
	start_peer openssl s_server -accept @PORT@ -rev -naccept 1 $EC
	note_counters
	limited /usr/bin/setpriv --reuid=65534 --regid=65534 --clear-groups "$SHEATH" connect \
		--json --ca ca.pem localhost "$PORT" <lines >got 2>facts
	cmp -s got lines.rev && has '"verified":true' && counters_moved
	report $? "$name"
	stop_peer
}

# client_cut: a server that vanishes is no end of the data
client_cut() {
	name="client, openssl: killed"
	wanted "$name" || return 0
	note_counters
	start_peer openssl s_server -accept @PORT@ -quiet -naccept 1 -cert ec.pem -key ec.key
	: >facts
	limited "$SHEATH" connect --ca ca.pem --session session2 --ticket-wait 5000 \
		localhost "$PORT" <>fifo2 >got 2>err &
	client=$!
	comes_true [ -s session2 ]
	kill -9 $PEER
	wait $client
	[ $? = 1 ] && grep -q 'data may be missing' err
	report $? "$name"
	stop_peer
}

test_addresses() {
	HOST=127.0.0.1
	client "IPv4" "$EC -4" "-4" '"peer":"127.0.0.1:'
	server "IPv4" "$SERVE_EC -a 127.0.0.1" "" '"peer":"127.0.0.1:'
	HOST=::1
	client "IPv6" "$EC -6" "-6 --name localhost" '"peer":"[::1]:'
	HOST='[::1]'
	server "IPv6" "$SERVE_EC -a ::1" "" '"peer":"[::1]:'
	HOST=localhost
}

test_gnutls() {
	gnutls_serv "TLS 1.2" "$V2" "" '"version_id":771'
	gnutls_serv "TLS 1.3" "$V3" "--ticket-wait 5000" '"version_id":772' '"rx_seq":2'
	gnutls_serv "TLS 1.3, tickets that come with the data" "$V3" "" '"ticket":false' '"rx_seq":0'
	gnutls_serv "TLS 1.3, both change keys" "$V3" "--rekey 30000" '"secrets":true' \
		'"tx_rekeys":2' '"rx_rekeys":2'
	gnutls_cli "TLS 1.2" "$V2" "" '"version_id":771'
	gnutls_cli "TLS 1.3" "$V3" "" '"version_id":772'
	gnutls_cli "TLS 1.2, small records" "$V2" "--recordsize=1024" '"tx_limit":1024'
	gnutls_cli "TLS 1.3, small records" "$V3" "--recordsize=1024" '"tx_limit":1024'
}

# Nothing of all this may have looked like an attack, and nothing may be left over.
QUIET="RxBadMac RxBadVersion RxBadType RxOverflow RxShort RxFlood RxBadHandshake KeyRefused
	CurrTx CurrRx"

# other programs ran in this guest before
note_quiet() {
	for name in $QUIET; do
		counter "$name" >"quiet.$name"
	done
}

test_counters() {
	wanted "counters" || return 0
	: >facts
	: >err
	for name in $QUIET; do
		[ "$(counter "$name")" = "$(cat "quiet.$name")" ]
		report $? "counters: $name is what it was"
	done
}

make_pki
make_data
make_requests >requests
note_quiet
test_key_exchanges
test_ciphers
test_macs
test_groups
test_resumption
test_client_certificates
test_names
test_bad_servers
test_addresses
client_unprivileged
client_cut
server_full
test_gnutls
rekey_client
rekey_server
rekey_gnutls
rekey_connect
rekey_refused
test_counters
echo "1..$N"
[ $FAILED = 0 ] && [ $N -gt 0 ]
