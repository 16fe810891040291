#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# lighttpd.test.sh: lighttpd, by its own option
cd "$(dirname "$0")" || exit
. ./lib.sh

cat >lighttpd.conf <<-EOF
	server.document-root = "$TMP/www"
	server.port = $PORT
	server.bind = "127.0.0.1"
	server.modules = ("mod_openssl")
	server.max-keep-alive-requests = 100000
	ssl.engine = "enable"
	ssl.pemfile = "$TMP/both.pem"
	ssl.openssl.ssl-conf-cmd = ("MinProtocol" => "TLSv1.2", "Options" => "KTLS")
EOF
start lighttpd -D -f "$TMP/lighttpd.conf"
https lighttpd ranges keep load
finish
