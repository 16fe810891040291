#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# openssl.test.sh: openssl s_server and s_client
cd "$(dirname "$0")" || exit
. ./lib.sh

# s_server serves one connection after the other, without ranges and keep-alive
cd www || exit
start env OPENSSL_CONF="$ktls_cnf" openssl s_server -WWW -sendfile -accept "$PORT" -cert ../cert.pem -key ../key.pem
cd .. || exit
https 'openssl s_server'
stop

# s_client as the user of kernel TLS
ktls_client() {
	request "$2" | by 300 env OPENSSL_CONF="$ktls_cnf" openssl s_client -quiet -ign_eof -connect "localhost:$PORT" -CAfile cert.pem \
		-tls1_"$1" 2>s_client.log | tail -c "$(size "www/$2")" >got
	[ "$(sum <got)" = "$(cat "sum.$2")" ] && sealed 1 && { [ "$1" = 3 ] || opened "$(size "www/$2")"; }
}

ktls_client_puts() {
	rm -f www/put/*
	{ printf 'PUT /put/%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %d\r\n\r\n' \
		"$2" "$(size "www/$2")"; cat "www/$2"; } |
		by 300 env OPENSSL_CONF="$ktls_cnf" openssl s_client -quiet -ign_eof -connect "localhost:$PORT" -CAfile cert.pem \
		-tls1_"$1" >got 2>s_client.log
	[ "$(sum <"www/put/$2")" = "$(cat "sum.$2")" ] && sealed "$(size "www/$2")"
}

# suite VERSION SUITE SIDE: SUITE in a download, with OPENSSL_CONF of the server or the client
# asking for kernel TLS
suite() {
	v=$1 c=$2
	option=-cipher server=$OPENSSL_CONF client=$OPENSSL_CONF
	[ "$v" = 2 ] || option=-ciphersuites
	eval "$3=\$ktls_cnf"
	(cd www && OPENSSL_CONF=$server exec openssl s_server -WWW -accept "$PORT" -cert ../cert.pem \
		-key ../key.pem -tls1_"$v" $option "$c") >>server.log 2>&1 &
	SERVER=$!
	listening "$PORT" "$SERVER"
	request k16 | OPENSSL_CONF=$client by 60 openssl s_client -quiet -ign_eof -connect "localhost:$PORT" \
		-CAfile cert.pem -tls1_"$v" $option "$c" 2>s_client.log | tail -c 16384 >got
	stop
	[ "$(sum <got)" = "$(cat sum.k16)" ]
}

in_kernel() {
	suite "$@" || return 1
	if [ "$3" = server ]; then
		sealed 16384
	else
		sealed 1
	fi
}

# a suite that is none of kernel TLS works all the same
in_user_space() {
	suite "$@" && ! sealed 1
}

for side in server client; do
	for c in AES128-CCM AES128-GCM-SHA256 AES256-GCM-SHA384 CHACHA20-POLY1305; do
		check "openssl s_$side: TLS 1.2, ECDHE-ECDSA-$c" in_kernel 2 ECDHE-ECDSA-$c $side
	done
	for c in AES_128_GCM_SHA256 AES_256_GCM_SHA384 CHACHA20_POLY1305_SHA256; do
		check "openssl s_$side: TLS 1.3, TLS_$c" in_kernel 3 TLS_$c $side
	done
	for c in AES128-SHA AES256-SHA384 AES256-CCM AES128-CCM8 CAMELLIA128-SHA256; do
		check "openssl s_$side: TLS 1.2, ECDHE-ECDSA-$c, not by the kernel" in_user_space 2 \
			ECDHE-ECDSA-$c:@SECLEVEL=0 $side
	done
	# the kernel could do the first, but OpenSSL 3.0 does not ask it to
	for c in AES_128_CCM_SHA256 AES_128_CCM_8_SHA256; do
		check "openssl s_$side: TLS 1.3, TLS_$c, not by the kernel" in_user_space 3 TLS_$c $side
	done
done

nginx_conf tls "$PORT" ''
start nginx -p "$TMP" -c "$TMP/tls.conf"
for v in 2 3; do
	for f in one k16 big; do
		check "openssl s_client: TLS 1.$v, download, $f" ktls_client $v $f
		check "openssl s_client: TLS 1.$v, upload, $f" ktls_client_puts $v $f
	done
done
finish
