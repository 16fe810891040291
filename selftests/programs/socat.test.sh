#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# socat.test.sh: socat before a web server that has no TLS, and before a client
cd "$(dirname "$0")" || exit
. ./lib.sh

plain_http
start env OPENSSL_CONF="$ktls_cnf" socat "OPENSSL-LISTEN:$PORT,reuseaddr,fork,cert=both.pem,verify=0" \
	"TCP:127.0.0.1:$WEB"
https socat ranges put keep load
stop

user_tls
for v in 2 3; do
	start env OPENSSL_CONF="$ktls_cnf" socat "TCP-LISTEN:$PORT,reuseaddr,fork" \
		"OPENSSL:localhost:$TLS,cafile=cert.pem,openssl-min-proto-version=TLS1.$v,openssl-max-proto-version=TLS1.$v"
	behind_client socat $v
	stop
done
finish
