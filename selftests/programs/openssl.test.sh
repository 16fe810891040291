#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# openssl.test.sh: openssl s_server and s_client
cd "$(dirname "$0")" || exit
. ./lib.sh

# s_server serves one connection after the other, without ranges and keep-alive
cd www
start env OPENSSL_CONF="$ktls_cnf" openssl s_server -WWW -sendfile -accept "$PORT" -cert ../cert.pem -key ../key.pem
cd ..
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

nginx_conf tls "$PORT" ''
start nginx -p "$TMP" -c "$TMP/tls.conf"
for v in 2 3; do
	for f in one k16 big; do
		check "openssl s_client: TLS 1.$v, download, $f" ktls_client $v $f
		check "openssl s_client: TLS 1.$v, upload, $f" ktls_client_puts $v $f
	done
done
finish
