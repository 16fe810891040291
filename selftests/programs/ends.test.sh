#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# ends.test.sh: records that are not right, and connections that end too early, told to a
# program of OpenSSL whose records the kernel opens (TLS 1.2)
cd "$(dirname "$0")" || exit
. ./lib.sh

# told HOW PATTERN BYTES: s_client says why it ends, and has BYTES of the content, at least
told() {
	start $PYTHON "$here/tamper.py" --port "$PORT" --server "$TLS" "$1"
	request big | OPENSSL_CONF=$ktls_cnf by 60 openssl s_client -quiet -ign_eof -connect "localhost:$PORT" \
		-CAfile cert.pem -tls1_2 >got 2>s_client.log
	stop
	grep -q -e "$2" s_client.log || { tail -n 3 s_client.log >&2; return 1; }
	opened 1 && true_start "$3"
}

# true_start BYTES: the content in "got" is as the large file begins
true_start() {
	awk 'body { print } /^\r$/ { body = 1 }' got >content
	# the last line may be cut, and has its end of line from awk
	n=$(($(size content) - 1))
	[ "$n" -ge "$1" ] && head -c $n content >start && head -c $n www/big | cmp start - >&2 ||
		{ echo "$n bytes, of which some are wrong" >&2; return 1; }
}

user_tls
# 19 records, of which the first has the header of HTTP as well
whole=$((18 * 16384))
bad='decryption failed or bad record mac'
check 'TLS 1.2: nothing amiss' told none 'verify return:1' "$BULK"
check 'TLS 1.2: a tag that is wrong' told tag "$bad" $whole
check 'TLS 1.2: a bit that is wrong' told body "$bad" $whole
check 'TLS 1.2: a record of another type' told type "$bad" $whole
check 'TLS 1.2: a record too short for its tag' told short "$bad" $whole
check 'TLS 1.2: a record twice' told again "$bad" $whole
check 'TLS 1.2: a record that is left out' told drop "$bad" $whole
check 'TLS 1.2: a record of another version' told version 'wrong version number' $whole
check 'TLS 1.2: a record that is too long' told long 'packet length too long' $whole
check 'TLS 1.2: no close_notify' told fin 'unexpected eof' $whole
# in-tree TLS tells no difference to the end between two records, sheath ECONNABORTED
check 'TLS 1.2: half a record' told cut 'unexpected eof\|read:errno=103' $whole
check 'TLS 1.2: reset' told reset 'read:errno=104' 0
finish
