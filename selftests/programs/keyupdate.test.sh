#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# keyupdate.test.sh: keys that a peer changes in the middle of a transfer, while the kernel
# seals records for OpenSSL.
#
# OpenSSL 3.0 reads TLS 1.3 in user space, so a peer may change its own key. Its sending key
# OpenSSL changes in user space alone, also where the kernel has it: after a KeyUpdate that
# it sends, asked for or not, the peer cannot read on, whoever serves the ULP name "tls".
# Then nothing wrong may arrive, and other connections go on.
cd "$(dirname "$0")" || exit
. ./lib.sh

# marked FILE: the lines of it that are the files', without what s_server says in their midst
marked() {
	awk '{ if (sub(/SSL_do_handshake -> -?[0-9]+$/, "")) printf "%s", $0; else print }' "$1" |
		grep -a "$MARKER"
}

# until_lines COUNT FILE: as many lines of the files are there
until_lines() {
	for _ in $(seq $((300 * SLOW))); do
		[ "$(marked "$2" | wc -l)" -lt "$1" ] || return 0
		sleep 0.1
	done
	echo "$2 has $(marked "$2" | wc -l) of $1 lines" >&2
	return 1
}

updates() { grep -a -c -e "^$1 .* KeyUpdate" "$2"; }
until_update() {
	for _ in $(seq $((300 * SLOW))); do
		[ "$(updates "$1" "$2")" = 0 ] || return 0
		sleep 0.1
	done
	echo "no KeyUpdate in $2" >&2
	return 1
}

# one KeyUpdate command of s_client or s_server at a time, as what is read at once
tell() { echo "$1" >&"$2"; sleep 0.5; }

# ---------------------------------------------------------------- in a download

# download COMMAND...: s_client gets the large file slowly and is given COMMANDs meanwhile,
# then it asks for the 500 lines as well
download() {
	rm -f in && mkfifo in && exec 9<>in
	: >got
	: >msg
	timeout $((120 * SLOW)) openssl s_client -connect "localhost:$PORT" -CAfile cert.pem -tls1_3 -msg -msgfile msg \
		<in >got 2>s_client.log 9>&- &
	client=$!
	sleep 1
	request slow/big keep-alive >&9
	until_lines 1000 got
	for c; do
		tell "$c" 9
	done
	until_update '>>>' msg
	request lines >&9
	wait $client
	rc=$?
	exec 9>&-
	return $rc
}

both_there() {
	{ cat www/big; echo; cat www/lines; } | grep -a "$MARKER" | sum >sum.both
	# the large file ends within a line, and the next answer begins there
	[ "$(sed 's/HTTP\/1.1 200.*//' got | grep -a "$MARKER" | sum)" = "$(cat sum.both)" ]
}

# keeps_on COMMAND...: the server need not change its key
keeps_on() {
	download "$@"
	both_there || { tail -n 3 s_client.log >&2; return 1; }
	[ "$(updates '>>>' msg)" = $# ] && [ "$(updates '<<<' msg)" = 0 ] && sealed "$BULK"
}

# true_so_far FILE: the lines of FILE, but the last one, are how the large file begins
true_so_far() {
	grep -a "$MARKER" "$1" | sed '$d' >lines.got
	n=$(wc -l <lines.got)
	[ "$n" -ge 500 ] && head -n "$n" www/big | cmp -s - lines.got || { echo "$n lines, wrong" >&2; return 1; }
}

# breaks: the server is to change its key, too
breaks() {
	download K
	[ $? = 1 ] && true_so_far got && [ "$(updates '<<<' msg)" = 1 ] &&
		grep -a -q '^>>> .*bad_record_mac' msg || { cat msg s_client.log >&2; return 1; }
	curl_gets 3 k16
}

breaks_gnutls() {
	rm -f in && mkfifo in && exec 9<>in
	: >got
	timeout $((120 * SLOW)) gnutls-cli --logfile=gnutls.log --inline-commands --x509cafile cert.pem -p "$PORT" \
		--priority NORMAL:-VERS-ALL:+VERS-TLS1.3 localhost <in >got 2>gnutls.err 9>&- &
	client=$!
	sleep 2
	request slow/big keep-alive >&9
	until_lines 1000 got
	tell '^rekey^' 9
	request lines >&9
	wait $client
	[ $? != 0 ] && true_so_far got || { cat gnutls.err >&2; return 1; }
	exec 9>&-
	curl_gets 3 k16
}

downloads() {
	check "$1: KeyUpdate of openssl s_client in a download" keeps_on k
	check "$1: four of them" keeps_on k k k k
	check "$1: KeyUpdate asked for by openssl s_client breaks off" breaks
	check "$1: KeyUpdate asked for by gnutls-cli breaks off" breaks_gnutls
}

# ---------------------------------------------------------------- both ways

# talk SERVER-CONF CLIENT-CONF COMMAND-FD COMMAND: lines both ways, COMMAND to one end (8 is
# the server, 9 the client), lines both ways again
talk() {
	rm -f in8 in9 && mkfifo in8 in9 && exec 8<>in8 9<>in9
	for f in got8 got9 msg8 msg9; do
		: >$f
	done
	SERVER=''
	start_with in8 got8 env OPENSSL_CONF="$1" timeout $((120 * SLOW)) openssl s_server -accept "$PORT" -cert cert.pem \
		-key key.pem -naccept 1 -tls1_3 -msg -msgfile msg8
	OPENSSL_CONF="$2" timeout $((120 * SLOW)) openssl s_client -connect "localhost:$PORT" -CAfile cert.pem -tls1_3 \
		-msg -msgfile msg9 <in9 >got9 2>s_client.log 8>&- 9>&- &
	client=$!
	cat www/lines >&9
	until_lines 500 got8
	cat www/lines >&8
	until_lines 500 got9
	sleep 0.5
	tell "$4" "$3"
	until_update '<<<' msg$((17 - $3))
	cat www/lines >&8
	sleep 0.5
	cat www/lines >&9
}

start_with() {
	in=$1 out=$2
	shift 2
	"$@" <"$in" >"$out" 2>server.log 8>&- 9>&- &
	SERVER=$!
	listening "$PORT" "$SERVER"
}

done_talking() {
	kill $client $SERVER 2>/dev/null
	wait $client $SERVER
	exec 8>&- 9>&-
	SERVER='' PORT=$((PORT + 1))
}

twice() { [ "$(marked "$1" | sum)" = "$(cat www/lines www/lines | sum)" ]; }
once() { [ "$(marked "$1" | sum)" = "$(sum <www/lines)" ]; }

# talk_on ...: nobody who has kernel TLS changes the sending key
talk_on() {
	talk "$@"
	until_lines 1000 got8 && until_lines 1000 got9 && twice got8 && twice got9
	rc=$?
	done_talking
	return $rc
}

# talk_breaks READER ...: the reader, 8 or 9, gets what came before and refuses the rest
talk_breaks() {
	reader=$1
	shift
	talk "$@"
	for _ in $(seq $((100 * SLOW))); do
		grep -a -q '^>>> .*bad_record_mac' "msg$reader" && break
		sleep 0.1
	done
	once "got$reader" && grep -a -q '^>>> .*bad_record_mac' "msg$reader"
	rc=$?
	done_talking
	return $rc
}

nginx_conf nginx "$PORT" 'ssl_conf_command Options KTLS;'
start nginx -p "$TMP" -c "$TMP/nginx.conf"
downloads nginx
stop

plain_http
start env OPENSSL_CONF="$ktls_cnf" socat "OPENSSL-LISTEN:$PORT,reuseaddr,fork,cert=both.pem,verify=0" \
	"TCP:127.0.0.1:$WEB"
downloads socat
stop

user=$OPENSSL_CONF
check 'openssl s_server: the client changes its key' talk_on "$ktls_cnf" "$user" 9 k
check 'openssl s_client: the server changes its key' talk_on "$user" "$ktls_cnf" 8 k
check 'openssl s_server: a new key of its own breaks off' talk_breaks 9 "$ktls_cnf" "$user" 8 k
check 'openssl s_client: a new key of its own breaks off' talk_breaks 8 "$user" "$ktls_cnf" 9 k
check 'openssl s_server: a new key the client asks for breaks off' talk_breaks 9 "$ktls_cnf" "$user" 9 K
check 'openssl s_client: a new key the server asks for breaks off' talk_breaks 8 "$user" "$ktls_cnf" 8 K
check 'both user space: new keys are no end' talk_on "$user" "$user" 9 K
finish
