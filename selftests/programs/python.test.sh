#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# python.test.sh: the ssl module of python3, as server and as client
cd "$(dirname "$0")" || exit
. ./lib.sh

start env OPENSSL_CONF="$ktls_cnf" $PYTHON "$here/webserver.py" --port "$PORT" --pem both.pem --root www
https python put keep load-whole
stop

# python_client VERSION METHOD FILE
python_client() {
	by 300 env OPENSSL_CONF="$ktls_cnf" $PYTHON "$here/webclient.py" --ca cert.pem --version "$1" \
		"$2" "$(url "$([ "$2" = GET ] || echo put/)$3")" "www/$3"
}
gets() {
	[ "$(python_client "$1" GET "$2" | sum)" = "$(cat "sum.$2")" ] || return 1
	sealed 1 && { [ "$1" = 3 ] || opened "$(size "www/$2")"; }
}
puts() {
	rm -f www/put/*
	python_client "$1" PUT "$2" && sealed "$(size "www/$2")" && [ "$(sum <"www/put/$2")" = "$(cat "sum.$2")" ]
}

nginx_conf tls "$PORT" ''
start nginx -p "$TMP" -c "$TMP/tls.conf"
for v in 2 3; do
	for f in one k16 big; do
		check "python as client: TLS 1.$v, download, $f" gets $v $f
		check "python as client: TLS 1.$v, upload, $f" puts $v $f
	done
done
finish
