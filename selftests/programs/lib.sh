# SPDX-License-Identifier: GPL-2.0
# lib.sh: what the tests of programs share; they are sourced from within this folder, in a
# guest. Output is TAP. Environment:
#
#	KTLS	who does the records: sheath (default), or tls for in-tree kernel TLS
#	BULK	bytes of the large file (default 8000000)
#	LOAD	seconds of many connections at once (default 10), and CONNS of them (default 50)
#	ONLY	pattern of grep -E: only tests whose name it matches
# shellcheck shell=sh disable=SC2034 # used by those who source it
set -u
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin
here=$PWD
. ./port.sh
KTLS=${KTLS:-sheath}
BULK=${BULK:-8000000}
LOAD=${LOAD:-10}
CONNS=${CONNS:-50}
# without letters that are commands of openssl s_client and s_server
MARKER=sheath-visible-plaintext
# the distribution's, whose OpenSSL is the one under test; another may come first in PATH
PYTHON=/usr/bin/python3
SLOW=${SHEATH_SLOW:-1}
N=0 FAILED=0 PORT=4400 PIDS=''

TMP=$(mktemp -d)
chmod 755 "$TMP"
cd "$TMP" || exit 1
trap 'stop_all; cd /; rm -rf "$TMP"' EXIT

# ---------------------------------------------------------------- results

# check NAME COMMAND...: one line of TAP, and what was said if it failed
check() {
	test_name=$1
	shift
	printf '%s\n' "$test_name" | grep -Eq -e "${ONLY:-.}" || return 0
	N=$((N + 1))
	: >err
	note
	if "$@" 2>>err; then
		echo "ok $N - $test_name"
		return
	fi
	echo "not ok $N - $test_name"
	FAILED=$((FAILED + 1))
	for said in err server.log; do
		[ ! -s $said ] || tail -n 12 $said | cut -c 1-200 | sed "s/^/# $said: /"
	done
}

# by SECONDS COMMAND...: a program that hangs fails its test, not the whole run
by() {
	limit=$(($1 * SLOW))
	shift
	timeout -k 5 $limit "$@" || { echo "exit status $?: $*" >&2; return 1; }
}

finish() {
	stop_all
	echo "1..$N"
	[ $FAILED = 0 ] && [ $N -gt 0 ]
	exit
}

# ---------------------------------------------------------------- who did the records

counter() {
	case $KTLS in
	sheath) awk -v n="$1" '$1 == n { print $2 }' /proc/net/sheath_stat ;;
	# in-tree TLS counts sessions, no records
	tls) case $1 in
		Tx*) n=TlsTxSw ;;
		Rx*) n=TlsRxSw ;;
		esac
		awk -v n=$n '$1 == n { print $2 }' /proc/net/tls_stat ;;
	esac
}

note() {
	TX=$(counter TxBytes) RX=$(counter RxBytes)
}

# moved NOW BEFORE BYTES
moved() {
	need=$3
	[ "$KTLS" = sheath ] || need=1
	[ $(($1 - $2)) -ge "$need" ] || { echo "the kernel did $(($1 - $2)) of $need" >&2; return 1; }
}

# sealed BYTES, opened BYTES: has the kernel done as much since the test began?
sealed() { moved "$(counter TxBytes)" "$TX" "$1"; }
opened() { moved "$(counter RxBytes)" "$RX" "$1"; }

# ---------------------------------------------------------------- files

size() { wc -c <"$1"; }
sum() { sha256sum | cut -d' ' -f1; }

# lines FROM BYTES: no two lines of a file are equal, and each has the marker
lines() {
	awk -v m="$MARKER" -v i="$1" -v n="$2" 'BEGIN {
		for (; n > 0; n -= length(s) + 1) { s = m " " i++; print s }
	}' | head -c "$2"
}

make_files() {
	mkdir -p www/objects www/put
	printf x >www/one
	lines 0 16384 >www/k16
	lines 1000000 "$BULK" >www/big
	awk -v m="$MARKER" 'BEGIN { for (i = 0; i < 500; i++) print m, i }' >www/lines
	for i in $(seq 100); do
		lines $((i * 100)) $((i * 211)) >"www/objects/$i"
	done
	for f in one k16 big; do
		sum <www/$f >sum.$f
	done
}

# programs that read it ask the kernel for TLS
ktls_cnf=$TMP/ktls.cnf
make_pki() {
	cat >plain.cnf <<-EOF
		[req]
		distinguished_name = name
		[name]
	EOF
	cat >"$ktls_cnf" <<-EOF
		openssl_conf = init
		[init]
		ssl_conf = ssl
		[ssl]
		system_default = all
		[all]
		Options = KTLS
	EOF
	export OPENSSL_CONF="$TMP/plain.cnf"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem \
		-days 30 -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>err ||
		{ cat err; echo 'Bail out! no certificate'; exit 1; }
	cat key.pem cert.pem >both.pem
}

# ---------------------------------------------------------------- servers

# start COMMAND...: a server on $PORT, after this
start() {
	"$@" >>server.log 2>&1 &
	SERVER=$!
	PIDS="$PIDS $SERVER"
	listening "$PORT" "$SERVER" || { echo "Bail out! $1 does not listen"; tail -n 20 server.log; exit 1; }
}

stop() {
	[ -z "${SERVER:-}" ] || { kill "$SERVER"; wait "$SERVER"; } 2>/dev/null
	SERVER=''
	PORT=$((PORT + 1))
}

stop_all() {
	for p in $PIDS; do
		kill "$p" 2>/dev/null
	done
}

# nginx_conf NAME PORT SSL...: a server of www on $PORT; SSL are its lines about TLS
nginx_conf() {
	name=$1 port=$2
	shift 2
	cat >"$name.conf" <<-EOF
		daemon off;
		user root root;
		worker_processes 2;
		pid $TMP/$name.pid;
		error_log stderr warn;
		events { worker_connections 512; }
		http {
			access_log off;
			sendfile on;
			types { text/html html; }
			default_type application/octet-stream;
			keepalive_requests 100000;
			client_max_body_size 0;
			client_body_temp_path $TMP/$name.body;
			proxy_temp_path $TMP/$name.proxy;
			fastcgi_temp_path $TMP/$name.fcgi;
			uwsgi_temp_path $TMP/$name.uwsgi;
			scgi_temp_path $TMP/$name.scgi;
			server {
				listen $port$([ $# = 0 ] || echo ' ssl');
				$([ $# = 0 ] || printf '%s\n' "ssl_certificate $TMP/cert.pem;" \
					"ssl_certificate_key $TMP/key.pem;" 'ssl_protocols TLSv1.2 TLSv1.3;' "$@")
				root $TMP/www;
				location /buffered/ { sendfile off; alias $TMP/www/; }
				location /slow/ { limit_rate $((BULK / 6)); alias $TMP/www/; }
				location /put/ { dav_methods PUT; }
			}
		}
	EOF
}

# user_tls: an HTTPS server whose records are made in user space, for clients to go to
user_tls() {
	nginx_conf tls "$PORT" ''
	TLS=$PORT
	start nginx -p "$TMP" -c "$TMP/tls.conf"
	SERVER='' PORT=$((PORT + 1))
}

# plain_http: something that serves www without TLS, for programs that add it
plain_http() {
	WEB=$PORT
	nginx_conf web "$WEB"
	start nginx -p "$TMP" -c "$TMP/web.conf"
	SERVER='' PORT=$((PORT + 1))
}

# ---------------------------------------------------------------- peers

url() { echo "https://localhost:$PORT/$1"; }

# got_file NAME FILE: the stream is that file, and the kernel sealed as much
got_file() {
	[ "$(sum)" = "$(cat "sum.$1")" ] || { echo "$1 differs" >&2; return 1; }
	sealed "$(size "www/$1")"
}

curl_tls() {
	by 300 curl -sS --cacert cert.pem "$@"
}

# curl_gets VERSION FILE OPTION...: the file arrives unchanged
curl_gets() {
	v=$1 f=$2
	shift 2
	curl_tls --tlsv1."$v" --tls-max 1."$v" "$@" "$(url "${DIR:-}$f")" | got_file "$f"
}

# by its path, as a shell may have a wget of its own, which knows less
wget_gets() {
	by 300 /usr/bin/wget -q -O - --ca-certificate=cert.pem --secure-protocol="TLSv1_$1" "$(url "$2")" | got_file "$2"
}

request() { printf 'GET /%s HTTP/1.1\r\nHost: localhost\r\nConnection: %s\r\n\r\n' "$1" "${2:-close}"; }

openssl_gets() {
	request "$2" | by 300 openssl s_client -quiet -ign_eof -connect "localhost:$PORT" -CAfile cert.pem \
		-tls1_"$1" 2>s_client.log | tail -c "$(size "www/$2")" | got_file "$2"
}

# it stops at the end of its input, unless the answer has begun
gnutls_gets() {
	{ request "$2"; sleep $((3 * SLOW)); } | by 300 gnutls-cli --logfile=gnutls.log --x509cafile cert.pem -p "$PORT" \
		--priority "NORMAL:-VERS-ALL:+VERS-TLS1.$1" localhost | tail -c "$(size "www/$2")" | got_file "$2"
}

# range VERSION FROM TO
range() {
	n=$(($3 - $2 + 1))
	want=$(tail -c +$(($2 + 1)) www/big | head -c $n | sum)
	[ "$(curl_tls --tlsv1."$1" --tls-max 1."$1" -r "$2-$3" "$(url big)" | sum)" = "$want" ] && sealed $n
}

ranges() {
	range "$1" 0 0 && range "$1" 1 16384 && range "$1" 16383 16384 && range "$1" 4097 81932 &&
	range "$1" $((BULK - 1)) $((BULK - 1)) && range "$1" $((BULK / 3)) $((BULK / 3 + 1000000))
}

# keep_alive VERSION OPTION...: a hundred files over one connection
keep_alive() {
	v=$1
	shift
	rm -rf got && mkdir got
	base=$(url objects)
	for i in $(seq 100); do
		printf 'url = "%s"\noutput = "got/%s"\nwrite-out = "%%{num_connects}\\n"\n' "$base/$i" "$i"
	done >urls
	[ "$(curl_tls --tlsv1."$v" --tls-max 1."$v" "$@" -K urls | awk '{ n += $1 } END { print n }')" = 1 ] ||
		{ echo 'more than one connection' >&2; return 1; }
	diff -r got www/objects >&2 && sealed "$(cat www/objects/* | wc -c)"
}

# curl_puts VERSION FILE: the file arrives there unchanged
curl_puts() {
	rm -f www/put/*
	curl_tls --tlsv1."$1" --tls-max 1."$1" -T "www/$2" "$(url "put/$2")" &&
	[ "$(sum <"www/put/$2")" = "$(cat "sum.$2")" ] || return 1
	# of TLS 1.3 OpenSSL 3.0 gives only the sending side to the kernel
	[ "$1" = 3 ] || opened "$(size "www/$2")"
}

# load VERSION [--ranges]: many connections at once, for a while
load() {
	v=$1
	shift
	by $((LOAD * 3 + 120)) $PYTHON "$here/load.py" --port "$PORT" --ca cert.pem --root www --version "$v" \
		--seconds "$LOAD" --connections "$CONNS" "$@" >load.out 2>&1
	rc=$?
	sed 's/^/# /' load.out
	[ $rc = 0 ] && sealed "$(awk '$1 == "load:" { print $5 }' load.out)"
}

# no_marker COMMAND...: run it; nothing of the files may be readable on loopback
no_marker() {
	tcpdump -Z root -i lo -U -w lo.pcap -s 0 -B 16384 "tcp port $PORT" >/dev/null 2>dump.log &
	dump=$!
	for _ in $(seq $((100 * SLOW))); do
		grep -q listening dump.log && break
		sleep 0.1
	done
	"$@"
	rc=$?
	sleep 1
	kill -INT $dump
	wait $dump
	clear=$(grep -c -a "$MARKER" lo.pcap)
	captured=$(size lo.pcap)
	# what is in the clear by nature: the capture can be read
	legible=$(grep -a -o localhost lo.pcap | wc -l)
	rm -f lo.pcap
	echo "captured $captured bytes, marker $clear times, localhost $legible times" >&2
	[ $rc = 0 ] && [ "$clear" = 0 ] && [ "$captured" -gt $((1000000 < BULK ? 1000000 : BULK)) ] && [ "$legible" -gt 0 ]
}

# https WHAT [FEATURE...]: all that a server of www on $PORT is asked for; FEATUREs are
# ranges, put, keep, load, or load-whole for a server that has no ranges
https() {
	who=$1
	shift
	for v in 2 3; do
		for f in one k16 big; do
			check "$who: TLS 1.$v, curl, $f" curl_gets $v $f
		done
		for c in AES128-GCM-SHA256:TLS_AES_128_GCM_SHA256 AES256-GCM-SHA384:TLS_AES_256_GCM_SHA384 \
			 CHACHA20-POLY1305:TLS_CHACHA20_POLY1305_SHA256; do
			check "$who: TLS 1.$v, curl, ${c%%:*}" curl_gets $v k16 \
				--ciphers "ECDHE-ECDSA-${c%%:*}" --tls13-ciphers "${c#*:}"
		done
		check "$who: TLS 1.$v, wget, big" wget_gets $v big
		check "$who: TLS 1.$v, openssl s_client, big" openssl_gets $v big
		check "$who: TLS 1.$v, gnutls-cli, k16" gnutls_gets $v k16
		for feature; do
			case $feature in
			ranges) check "$who: TLS 1.$v, byte ranges" ranges $v ;;
			put)	for f in one k16 big; do
					check "$who: TLS 1.$v, upload, $f" curl_puts $v $f
				done ;;
			keep)	check "$who: TLS 1.$v, 100 files on one connection" keep_alive $v ;;
			load)	check "$who: TLS 1.$v, $CONNS connections for $LOAD s" load $v --ranges ;;
			load-whole) check "$who: TLS 1.$v, $CONNS connections for $LOAD s" load $v ;;
			esac
		done
		check "$who: TLS 1.$v, nothing in the clear" no_marker curl_gets $v big -r 0-
	done
}

# passed VERSION FILE: through a client on $PORT that adds TLS, to a server without KTLS
passed() {
	v=$1 f=$2
	[ "$(by 300 curl -sS "http://localhost:$PORT/$f" | sum)" = "$(cat "sum.$f")" ] || return 1
	sealed 1 && { [ "$v" = 3 ] || opened "$(size "www/$f")"; }
}

passed_up() {
	rm -f www/put/*
	by 300 curl -sS -T "www/$2" "http://localhost:$PORT/put/$2" &&
	[ "$(sum <"www/put/$2")" = "$(cat "sum.$2")" ] && sealed "$(size "www/$2")"
}

# behind_client WHAT VERSION
behind_client() {
	for f in one k16 big; do
		check "$1 as client: TLS 1.$2, download, $f" passed "$2" $f
		check "$1 as client: TLS 1.$2, upload, $f" passed_up "$2" $f
	done
}

make_pki
make_files
echo 'TAP version 13'
