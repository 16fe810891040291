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
stop

nginx_conf h2 "$PORT" 'ssl_conf_command Options KTLS;'
sed -i 's/listen .* ssl/& http2/' h2.conf
start nginx -p "$TMP" -c "$TMP/h2.conf"
for v in 2 3; do
	check "nginx: TLS 1.$v, HTTP/2, big" curl_gets $v big --http2
	check "nginx: TLS 1.$v, HTTP/2, 100 files on one connection" keep_alive $v --http2 -Z
	check "nginx: TLS 1.$v, HTTP/2, upload" curl_puts $v big
done
stop

# as a client of another server: a proxy
user_tls
for v in 2 3; do
	nginx_conf proxy "$PORT"
	sed -i -e '/location/d' -e "s|root $TMP/www;|location / { proxy_pass https://127.0.0.1:$TLS; \
		proxy_ssl_protocols TLSv1.$v; proxy_ssl_conf_command Options KTLS; }|" proxy.conf
	start nginx -p "$TMP" -c "$TMP/proxy.conf"
	behind_client 'nginx as proxy' $v
	stop
done
finish
