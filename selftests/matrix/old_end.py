#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""One end of a connection whose records the module makes, for the matrix of suites.

    old_end.py server PORT VERSION CIPHER MAC OPTIONS CERT KEY BYTES
        echoes so many bytes, then closes
    old_end.py client PORT VERSION CIPHER MAC OPTIONS FILE BYTES
        sends the file, prints BYTES that come back, or with "all" what there is

VERSION is 3.0 (SSL) to 1.2, OPTIONS are some of etm, truncated, deflate with commas between, or -.
No library of Debian speaks SSL 3.0, truncated HMAC or DEFLATE any more, so the handshake (RSA key
exchange only) is done here. It is for tests: nothing is verified about the peer but its Finished.
"""

import hashlib
import hmac
import os
import socket
import struct
import sys
import threading
import zlib

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TCP_ULP, SOL_TLS, SHEATH_KEY = 31, 282, 0x104
KEY_RX, KEY_TX, KEY_ETM, KEY_TRUNCATED = 1, 2, 1 << 4, 1 << 5
VERSIONS = {'3.0': 0x0300, '1.0': 0x0301, '1.1': 0x0302, '1.2': 0x0303}
CCS, HANDSHAKE, DATA = 20, 22, 23
NO_COMPRESSION, DEFLATE = 0, 1
# extensions: RFC 6066 section 7, RFC 7366
TRUNCATED_HMAC, ENCRYPT_THEN_MAC = 4, 22
# RFC 5246 section 7.4.1.4.1: RSA with SHA-256
SIGNATURES = struct.pack('>HHHBB', 13, 4, 2, 4, 1)
# name: cipher for the kernel, algorithm, bytes of key, of block and of IV in the key block
CIPHERS = {
    'aes128': (256, algorithms.AES, 16, 16, 16),
    'aes256': (257, algorithms.AES, 32, 16, 16),
    'camellia128': (258, algorithms.Camellia, 16, 16, 16),
    '3des': (260, algorithms.TripleDES, 24, 8, 8),
    'null': (261, None, 0, 0, 0),
    'aes128gcm': (51, AESGCM, 16, 0, 4),
}
# name: enum sheath_mac, hash function
MACS = {'SHA1': (1, hashlib.sha1), 'SHA256': (2, hashlib.sha256), 'AEAD': (0, None)}
SUITES = {
    ('null', 'SHA1'): 0x0002, ('null', 'SHA256'): 0x003b, ('3des', 'SHA1'): 0x000a,
    ('aes128', 'SHA1'): 0x002f, ('aes128', 'SHA256'): 0x003c,
    ('aes256', 'SHA1'): 0x0035, ('aes256', 'SHA256'): 0x003d,
    ('camellia128', 'SHA1'): 0x0041, ('aes128gcm', 'AEAD'): 0x009c,
}


def md5(*parts):
    return hashlib.md5(b''.join(parts)).digest()


def sha1(*parts):
    return hashlib.sha1(b''.join(parts)).digest()


def ssl3_expand(secret, seed, length):
    """RFC 6101 sections 6.1 and 6.2.2: MD5(secret | SHA('A' | secret | randoms)) | ..."""
    out = b''
    for i in range(1, 17):
        label = bytes([0x40 + i]) * i
        out += md5(secret, sha1(label, secret, seed))
    return out[:length]


def p_hash(name, secret, seed, length):
    """RFC 5246 section 5"""
    out, a = b'', seed
    while len(out) < length:
        a = hmac.digest(secret, a, name)
        out += hmac.digest(secret, a + seed, name)
    return out[:length]


def prf(version, secret, label, seed, length):
    """RFC 5246 section 5; RFC 2246 section 5 before 1.2"""
    if version == 0x0303:
        return p_hash('sha256', secret, label + seed, length)
    half = (len(secret) + 1) // 2
    a = p_hash('md5', secret[:half], label + seed, length)
    b = p_hash('sha1', secret[-half:], label + seed, length)
    return bytes(x ^ y for x, y in zip(a, b))


class Session:
    """What was, or has to be, negotiated."""

    def __init__(self, version, cipher, mac, options):
        self.version = VERSIONS[version]
        self.suite = SUITES[cipher, mac]
        self.number, self.algorithm, self.key_len, self.block, self.iv_len = CIPHERS[cipher]
        self.mac_number, self.hash = MACS[mac]
        self.mac_key_len = self.hash().digest_size if self.hash else 0
        options = [] if options == '-' else options.split(',')
        self.etm = 'etm' in options
        self.truncated = 'truncated' in options
        self.deflate = 'deflate' in options
        self.mac_len = 10 if self.truncated else self.mac_key_len
        self.ssl3 = self.version == 0x0300
        self.explicit_iv = self.version >= 0x0302 and self.block

    def extensions(self, client):
        """the client's, or the server's answer"""
        signatures = client and self.version == 0x0303
        return (SIGNATURES if signatures else b'') + \
               (struct.pack('>HH', TRUNCATED_HMAC, 0) if self.truncated else b'') + \
               (struct.pack('>HH', ENCRYPT_THEN_MAC, 0) if self.etm else b'')

    def master(self, premaster, randoms):
        if self.ssl3:
            return ssl3_expand(premaster, randoms, 48)
        return prf(self.version, premaster, b'master secret', randoms, 48)

    def key_block(self, master, randoms, length):
        if self.ssl3:
            return ssl3_expand(master, randoms, length)
        return prf(self.version, master, b'key expansion', randoms, length)

    def finished(self, master, client, messages):
        """RFC 5246 section 7.4.9, RFC 6101 section 5.6.9"""
        if not self.ssl3:
            digest = hashlib.sha256(messages).digest() if self.version == 0x0303 else \
                     md5(messages) + sha1(messages)
            label = b'client finished' if client else b'server finished'
            return prf(self.version, master, label, digest, 12)
        sender = b'CLNT' if client else b'SRVR'
        return md5(master, b'\x5c' * 48, md5(messages, sender, master, b'\x36' * 48)) + \
            sha1(master, b'\x5c' * 40, sha1(messages, sender, master, b'\x36' * 40))


class Direction:
    """Keys of one direction; opens and seals the one record of the handshake that has them."""

    def __init__(self, session, mac_key, key, iv):
        self.session, self.mac_key, self.key, self.iv = session, mac_key, key, iv
        self.seq, self.history = 0, b''
        self.deflate, self.inflate = zlib.compressobj(), zlib.decompressobj()

    def head(self, kind, length):
        return struct.pack('>QBHH', self.seq, kind, self.session.version, length)

    def mac(self, kind, data):
        s = self.session
        if s.ssl3:
            head = struct.pack('>QBH', self.seq, kind, len(data))
            return sha1(self.mac_key, b'\x5c' * 40, sha1(self.mac_key, b'\x36' * 40, head, data))
        return hmac.digest(self.mac_key, self.head(kind, len(data)) + data, s.hash)[:s.mac_len]

    def crypt(self, data, iv, seal):
        cipher = Cipher(self.session.algorithm(self.key), modes.CBC(iv))
        c = cipher.encryptor() if seal else cipher.decryptor()
        out = c.update(data) + c.finalize()
        self.iv = (out if seal else data)[-self.session.block:]
        return out

    def encrypt(self, data):
        block = self.session.block
        if not block:
            return data
        n = block - len(data) % block
        iv = os.urandom(block) if self.session.explicit_iv else self.iv
        data = self.crypt(data + bytes([n - 1]) * n, iv, True)
        return iv + data if self.session.explicit_iv else data

    def decrypt(self, data):
        block, iv = self.session.block, self.iv
        if not block:
            return data
        if self.session.explicit_iv:
            iv, data = data[:block], data[block:]
        data = self.crypt(data, iv, False)
        return data[:-1 - data[-1]]

    def aead(self, kind, data, seal):
        cipher = AESGCM(self.key)
        if seal:
            nonce = struct.pack('>Q', self.seq)
            return nonce + cipher.encrypt(self.iv + nonce, data, self.head(kind, len(data)))
        return cipher.decrypt(self.iv + data[:8], data[8:], self.head(kind, len(data) - 24))

    def seal(self, kind, data):
        if self.session.deflate:
            data = self.deflate.compress(data) + self.deflate.flush(zlib.Z_SYNC_FLUSH)
            self.history = data
        if not self.session.hash:
            data = self.aead(kind, data, True)
        elif self.session.etm:
            data = self.encrypt(data)
            data += self.mac(kind, data)
        else:
            data = self.encrypt(data + self.mac(kind, data))
        self.seq += 1
        return data

    def split(self, kind, data):
        n = len(data) - self.session.mac_len
        assert data[n:] == self.mac(kind, data[:n]), 'bad MAC in the handshake'
        return data[:n]

    def open(self, kind, data):
        if not self.session.hash:
            data = self.aead(kind, data, False)
        elif self.session.etm:
            data = self.decrypt(self.split(kind, data))
        else:
            data = self.split(kind, self.decrypt(data))
        self.seq += 1
        if self.session.deflate:
            self.history = data
            data = self.inflate.decompress(data)
        return data

    def push(self, sock, flag):
        """struct sheath_key of linux/sheath.h"""
        s = self.session
        flag |= (KEY_ETM if s.etm else 0) | (KEY_TRUNCATED if s.truncated else 0)
        iv = b'' if s.explicit_iv else self.iv
        sock.setsockopt(SOL_TLS, SHEATH_KEY, struct.pack(
            '=IIIIQII32s16sII48sII48sII64s', flag, s.version, s.number, 0, self.seq,
            len(self.key), len(iv), self.key, iv, 0, 0, b'', s.mac_number, len(self.mac_key),
            self.mac_key, DEFLATE if s.deflate else NO_COMPRESSION, len(self.history),
            self.history))


class Hello:
    """ClientHello or ServerHello, taken apart"""

    def __init__(self, body, client):
        self.random, rest = body[2:34], body[35 + body[34]:]
        if client:
            n = int.from_bytes(rest[:2], 'big')
            self.suites = struct.unpack(f'>{n // 2}H', rest[2:2 + n])
            rest = rest[2 + n:]
            self.compression, rest = rest[1:1 + rest[0]], rest[1 + rest[0]:]
        else:
            self.suites = struct.unpack('>H', rest[:2])
            self.compression, rest = rest[2:3], rest[3:]
        self.extensions, rest = [], rest[2:]
        while rest:
            number, n = struct.unpack('>HH', rest[:4])
            self.extensions.append(number)
            rest = rest[4 + n:]

    def judge(self, session):
        assert session.suite in self.suites, 'the peer has no such suite'
        assert (DEFLATE if session.deflate else NO_COMPRESSION) in self.compression, \
            'the peer has other compression'
        for want, number in ((session.truncated, TRUNCATED_HMAC), (session.etm, ENCRYPT_THEN_MAC)):
            assert not want or number in self.extensions, f'the peer has no extension {number}'


class Handshake:
    def __init__(self, sock, session):
        self.sock, self.session = sock, session
        self.messages, self.pending, self.master = b'', b'', b''
        self.rx = self.tx = None

    def read(self, n):
        out = b''
        while len(out) < n:
            part = self.sock.recv(n - len(out))
            assert part, 'the peer went away in the handshake'
            out += part
        return out

    def record(self):
        kind, _, n = struct.unpack('>BHH', self.read(5))
        body = self.read(n)
        assert kind != 21, f'alert {body.hex()}'
        return kind, self.rx.open(kind, body) if self.rx else body

    def message(self, want):
        while len(self.pending) < 4 or \
                len(self.pending) < 4 + int.from_bytes(self.pending[1:4], 'big'):
            kind, body = self.record()
            assert kind == HANDSHAKE, f'record of type {kind}'
            self.pending += body
        n = 4 + int.from_bytes(self.pending[1:4], 'big')
        message, self.pending = self.pending[:n], self.pending[n:]
        assert message[0] == want, f'message {message[0]} for {want}'
        before, self.messages = self.messages, self.messages + message
        return message[4:], before

    def write(self, kind, body):
        if self.tx:
            body = self.tx.seal(kind, body)
        self.sock.sendall(struct.pack('>BHH', kind, self.session.version, len(body)) + body)

    def say(self, kind, body):
        message = bytes([kind]) + len(body).to_bytes(3, 'big') + body
        self.messages += message
        self.write(HANDSHAKE, message)

    def keys(self, premaster, client, server):
        s = self.session
        self.master = s.master(premaster, client + server)
        rest = s.key_block(self.master, server + client,
                           2 * (s.mac_key_len + s.key_len + s.iv_len))
        out = []
        for n in (s.mac_key_len, s.key_len, s.iv_len):
            out.append((rest[:n], rest[n:2 * n]))
            rest = rest[2 * n:]
        return [Direction(s, *(pair[i] for pair in out)) for i in range(2)]

    def say_finished(self, direction, client):
        self.write(CCS, b'\1')
        self.tx = direction
        self.say(20, self.session.finished(self.master, client, self.messages))

    def hear_finished(self, direction, client):
        kind, _ = self.record()
        assert kind == CCS
        self.rx = direction
        got, before = self.message(20)
        assert got == self.session.finished(self.master, client, before), 'bad Finished'

    def client(self):
        s = self.session
        random = os.urandom(32)
        extensions = s.extensions(True)
        self.say(1, struct.pack('>H', s.version) + random + b'\0' + struct.pack('>HH', 2, s.suite) +
                 (b'\2\1\0' if s.deflate else b'\1\0') +
                 (struct.pack('>H', len(extensions)) + extensions if extensions else b''))
        body, _ = self.message(2)
        assert body[:2] == struct.pack('>H', s.version), f'version {body[:2].hex()}'
        hello = Hello(body, False)
        hello.judge(s)
        cert, _ = self.message(11)
        self.message(14)
        n = int.from_bytes(cert[3:6], 'big')
        public = x509.load_der_x509_certificate(cert[6:6 + n]).public_key()
        premaster = struct.pack('>H', s.version) + os.urandom(46)
        secret = public.encrypt(premaster, padding.PKCS1v15())
        # SSL has no length before it
        self.say(16, secret if s.ssl3 else len(secret).to_bytes(2, 'big') + secret)
        ours, theirs = self.keys(premaster, random, hello.random)
        self.say_finished(ours, True)
        self.hear_finished(theirs, False)

    def server(self, cert, key):
        s = self.session
        body, _ = self.message(1)
        hello = Hello(body, True)
        hello.judge(s)
        random = os.urandom(32)
        extensions = s.extensions(False)
        self.say(2, struct.pack('>H', s.version) + random + b'\0' + struct.pack('>H', s.suite) +
                 bytes([DEFLATE if s.deflate else NO_COMPRESSION]) +
                 (struct.pack('>H', len(extensions)) + extensions if extensions else b''))
        der = cert.public_bytes(serialization.Encoding.DER)
        self.say(11, (len(der) + 3).to_bytes(3, 'big') + len(der).to_bytes(3, 'big') + der)
        self.say(14, b'')
        secret, _ = self.message(16)
        # with a length before it or, in SSL, mostly without
        premaster = key.decrypt(secret[-key.key_size // 8:], padding.PKCS1v15())
        theirs, ours = self.keys(premaster, hello.random, random)
        self.hear_finished(theirs, True)
        self.say_finished(ours, False)

    def push(self, version):
        """from here on the kernel makes the records"""
        s = self.session
        assert not self.pending
        self.sock.setsockopt(socket.IPPROTO_TCP, TCP_ULP, b'sheath')
        self.tx.push(self.sock, KEY_TX)
        self.rx.push(self.sock, KEY_RX)
        with open('facts', 'w', encoding='ascii') as f:
            print(version, 'etm' if s.etm else 'mte', *(['truncated'] if s.truncated else []),
                  *(['deflate'] if s.deflate else []), file=f)


def server(port, version, cipher, mac, options, cert, key, size):
    listener = socket.create_server(('', int(port)), family=socket.AF_INET6, dualstack_ipv6=True)
    with open(cert, 'rb') as f:
        cert = x509.load_pem_x509_certificate(f.read())
    with open(key, 'rb') as f:
        key = serialization.load_pem_private_key(f.read(), None)
    sock, _ = listener.accept()
    h = Handshake(sock, Session(version, cipher, mac, options))
    h.server(cert, key)
    h.push(version)
    left = int(size)
    while left > 0:
        data = sock.recv(40000)
        assert data, f'{left} bytes did not come'
        sock.sendall(data)
        left -= len(data)
    sock.shutdown(socket.SHUT_WR)
    try:
        while sock.recv(40000):
            pass
    except (ConnectionAbortedError, ConnectionResetError):
        # some clients do not say goodbye
        pass


def client(port, version, cipher, mac, options, file, size):
    sock = socket.create_connection(('127.0.0.1', int(port)))
    h = Handshake(sock, Session(version, cipher, mac, options))
    h.client()
    h.push(version)
    with open(file, 'rb') as f:
        data = f.read()
    sender = threading.Thread(target=sock.sendall, args=(data,), daemon=True)
    sender.start()
    left = sys.maxsize if size == 'all' else int(size)
    while left > 0:
        data = sock.recv(40000)
        if not data and size == 'all':
            break
        assert data, f'{left} bytes did not come'
        sys.stdout.buffer.write(data)
        left -= len(data)
    sender.join()
    sys.stdout.flush()


if __name__ == '__main__':
    {'server': server, 'client': client}[sys.argv[1]](*sys.argv[2:])
