#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# stunnel.test.sh: stunnel before a web server that has no TLS, and before a client
cd "$(dirname "$0")" || exit
. ./lib.sh

# stunnel_conf NAME LINE...: one service
stunnel_conf() {
	name=$1
	shift
	printf '%s\n' 'foreground = yes' 'debug = notice' "pid = $TMP/$name.pid" "[$name]" "$@" >"$name.conf"
}

plain_http
stunnel_conf server "accept = 127.0.0.1:$PORT" "connect = 127.0.0.1:$WEB" "cert = $TMP/both.pem" \
	'sslVersionMin = TLSv1.2'
start env OPENSSL_CONF="$ktls_cnf" stunnel4 "$TMP/server.conf"
https stunnel ranges put keep load
stop

user_tls
for v in 2 3; do
	stunnel_conf client 'client = yes' "accept = 127.0.0.1:$PORT" "connect = 127.0.0.1:$TLS" \
		"CAfile = $TMP/cert.pem" 'verifyChain = yes' "sslVersion = TLSv1.$v"
	start env OPENSSL_CONF="$ktls_cnf" stunnel4 "$TMP/client.conf"
	behind_client stunnel $v
	stop
done
finish
