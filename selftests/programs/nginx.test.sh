#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# nginx.test.sh: nginx, by its own option, sends by sendfile and reads by the kernel
cd "$(dirname "$0")" || exit
. ./lib.sh

nginx_conf nginx "$PORT" 'ssl_conf_command Options KTLS;'
start nginx -p "$TMP" -c "$TMP/nginx.conf"
https nginx ranges put keep load
DIR=buffered/
for v in 2 3; do
	check "nginx: TLS 1.$v, without sendfile" curl_gets $v big
done
finish
