#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# chromium.test.sh: a browser shows a page with a hundred objects from nginx
cd "$(dirname "$0")" || exit
. ./lib.sh

page() {
	echo '<!DOCTYPE html><title>page</title><p id=result>not yet</p><script>const files = {'
	for i in $(seq 100); do
		echo "'objects/$i': '$(sum <"www/objects/$i")',"
	done
	cat <<-'EOF'
	};
	async function one(name) {
		const data = await (await fetch(name)).arrayBuffer();
		const sum = new Uint8Array(await crypto.subtle.digest('SHA-256', data));
		return Array.from(sum, x => x.toString(16).padStart(2, '0')).join('') == files[name];
	}
	Promise.all(Object.keys(files).map(one)).then(
		ok => document.getElementById('result').textContent = ok.filter(x => x).length + ' files equal',
		e => document.getElementById('result').textContent = e);
	</script>
	EOF
}

# shown VERSION
shown() {
	rm -rf chromium
	by 300 chromium --headless --no-sandbox --disable-gpu --no-first-run --disable-extensions \
		--disable-background-networking --user-data-dir="$TMP/chromium" --ignore-certificate-errors \
		--ssl-version-min=tls1."$1" --ssl-version-max=tls1."$1" --disable-dev-shm-usage \
		--virtual-time-budget=60000 --dump-dom "$(url page.html)" >dom 2>chromium.log ||
		{ tail -n 5 chromium.log >&2; return 1; }
	grep -q '<p id="result">100 files equal</p>' dom || { grep -v objects/ dom >&2; return 1; }
	sealed "$(cat www/objects/* | wc -c)"
}

page >www/page.html
for h in '' http2; do
	nginx_conf nginx "$PORT" 'ssl_conf_command Options KTLS;'
	sed -i "s/listen .* ssl/& $h/" nginx.conf
	start nginx -p "$TMP" -c "$TMP/nginx.conf"
	for v in 2 3; do
		check "chromium, nginx: TLS 1.$v, ${h:-HTTP/1.1}, 100 objects" shown $v
	done
	stop
done
finish
