#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""One end of an SSL 3.0 connection whose records the module makes, for the matrix of suites.

    ssl3.py server PORT CIPHER CERT KEY BYTES    echoes so many bytes, then closes
    ssl3.py client PORT CIPHER FILE BYTES        sends the file, prints BYTES that come back, or
                                                 with "all" what there is

No library of Debian speaks SSL 3.0 any more, so the handshake (RFC 6101, RSA key exchange only)
is done here. It is for tests: nothing is verified about the peer but its Finished.
"""

import hashlib
import os
import socket
import struct
import sys
import threading

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

TCP_ULP, SOL_TLS, SHEATH_KEY = 31, 282, 0x104
KEY_RX, KEY_TX = 1, 2
VERSION = 0x0300
CCS, HANDSHAKE, DATA = 20, 22, 23
# name: suite, cipher for the kernel, algorithm, bytes of key and of block
SUITES = {
    'aes128': (0x002f, 256, algorithms.AES, 16, 16),
    'aes256': (0x0035, 257, algorithms.AES, 32, 16),
    '3des': (0x000a, 260, algorithms.TripleDES, 24, 8),
    'null': (0x0002, 261, None, 0, 0),
}


def md5(*parts):
    return hashlib.md5(b''.join(parts)).digest()


def sha1(*parts):
    return hashlib.sha1(b''.join(parts)).digest()


def expand(secret, first, second, length):
    """RFC 6101 sections 6.1 and 6.2.2: MD5(secret | SHA('A' | secret | randoms)) | ..."""
    out = b''
    for i in range(1, 17):
        label = bytes([0x40 + i]) * i
        out += md5(secret, sha1(label, secret, first, second))
    return out[:length]


class Direction:
    """Keys of one direction; opens and seals the one record of the handshake that has them."""

    def __init__(self, suite, mac_key, key, iv):
        self.suite, self.mac_key, self.key, self.iv = suite, mac_key, key, iv
        self.seq = 0

    def mac(self, kind, data):
        head = struct.pack('>QBH', self.seq, kind, len(data))
        return sha1(self.mac_key, b'\x5c' * 40, sha1(self.mac_key, b'\x36' * 40, head, data))

    def crypt(self, data, seal):
        algorithm, block = self.suite[2], self.suite[4]
        if not algorithm:
            return data
        cipher = Cipher(algorithm(self.key), modes.CBC(self.iv))
        c = cipher.encryptor() if seal else cipher.decryptor()
        out = c.update(data) + c.finalize()
        self.iv = (out if seal else data)[-block:]
        return out

    def seal(self, kind, data):
        block = self.suite[4]
        plain = data + self.mac(kind, data)
        if block:
            pad = block - len(plain) % block
            plain += bytes([0] * (pad - 1) + [pad - 1])
        self.seq += 1
        return self.crypt(plain, True)

    def open(self, kind, data):
        plain = self.crypt(data, False)
        if self.suite[4]:
            plain = plain[:-1 - plain[-1]]
        content, mac = plain[:-20], plain[-20:]
        assert mac == self.mac(kind, content), 'bad MAC in the handshake'
        self.seq += 1
        return content

    def push(self, sock, flag):
        """struct sheath_key of linux/sheath.h"""
        sock.setsockopt(SOL_TLS, SHEATH_KEY, struct.pack(
            '=IIIIQII32s16sII48sII48s', flag, VERSION, self.suite[1], 0, self.seq, len(self.key),
            len(self.iv), self.key, self.iv, 0, 0, b'', 1, len(self.mac_key), self.mac_key))


class Handshake:
    def __init__(self, sock, suite):
        self.sock, self.suite = sock, suite
        self.messages, self.pending = b'', b''
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
        self.sock.sendall(struct.pack('>BHH', kind, VERSION, len(body)) + body)

    def say(self, kind, body):
        message = bytes([kind]) + len(body).to_bytes(3, 'big') + body
        self.messages += message
        self.write(HANDSHAKE, message)

    def finished(self, sender, messages):
        """RFC 6101 section 5.6.9"""
        out = b''
        for name, fill in (('md5', 48), ('sha1', 40)):
            def h(*parts):
                return hashlib.new(name, b''.join(parts)).digest()
            out += h(self.master, b'\x5c' * fill,
                     h(messages, sender, self.master, b'\x36' * fill))
        return out

    def keys(self, premaster, client, server):
        self.master = expand(premaster, client, server, 48)
        key, block = self.suite[3], self.suite[4]
        rest = expand(self.master, server, client, 2 * (20 + key + block))
        out = []
        for n in (20, key, block):
            out.append((rest[:n], rest[n:2 * n]))
            rest = rest[2 * n:]
        return [Direction(self.suite, *(pair[i] for pair in out)) for i in range(2)]

    def change(self, write, who):
        """CCS and Finished, ours or the peer's"""
        if write[0]:
            self.write(CCS, b'\1')
            self.tx = write[1]
            self.say(20, self.finished(who, self.messages))
            return
        kind, _ = self.record()
        assert kind == CCS
        self.rx = write[1]
        got, before = self.message(20)
        assert got == self.finished(who, before), 'bad Finished'

    def client(self):
        random = os.urandom(32)
        self.say(1, struct.pack('>H', VERSION) + random + b'\0' +
                 struct.pack('>HH', 2, self.suite[0]) + b'\1\0')
        hello, _ = self.message(2)
        assert hello[:2] == b'\3\0', f'version {hello[:2].hex()}'
        cert, _ = self.message(11)
        self.message(14)
        n = int.from_bytes(cert[3:6], 'big')
        public = x509.load_der_x509_certificate(cert[6:6 + n]).public_key()
        premaster = struct.pack('>H', VERSION) + os.urandom(46)
        # without a length before it, unlike in TLS
        self.say(16, public.encrypt(premaster, padding.PKCS1v15()))
        ours, theirs = self.keys(premaster, random, hello[2:34])
        self.change((True, ours), b'CLNT')
        self.change((False, theirs), b'SRVR')

    def server(self, cert, key):
        hello, _ = self.message(1)
        random = os.urandom(32)
        n = 35 + hello[34]
        n_suites = int.from_bytes(hello[n:n + 2], 'big')
        offered = struct.unpack(f'>{n_suites // 2}H', hello[n + 2:n + 2 + n_suites])
        assert self.suite[0] in offered, 'the client has no such suite'
        self.say(2, struct.pack('>H', VERSION) + random + b'\0' +
                 struct.pack('>H', self.suite[0]) + b'\0')
        der = cert.public_bytes(serialization.Encoding.DER)
        self.say(11, (len(der) + 3).to_bytes(3, 'big') + len(der).to_bytes(3, 'big') + der)
        self.say(14, b'')
        secret, _ = self.message(16)
        # JSSE has a length before it, as in TLS, but understands who has none
        premaster = key.decrypt(secret[-key.key_size // 8:], padding.PKCS1v15())
        theirs, ours = self.keys(premaster, hello[2:34], random)
        self.change((False, theirs), b'CLNT')
        self.change((True, ours), b'SRVR')

    def push(self):
        """from here on the kernel makes the records"""
        assert not self.pending
        self.sock.setsockopt(socket.IPPROTO_TCP, TCP_ULP, b'sheath')
        self.tx.push(self.sock, KEY_TX)
        self.rx.push(self.sock, KEY_RX)
        with open('facts', 'w', encoding='ascii') as f:
            f.write('3.0 mte\n')


def server(port, suite, cert, key, size):
    listener = socket.create_server(('', int(port)), family=socket.AF_INET6, dualstack_ipv6=True)
    with open(cert, 'rb') as f:
        cert = x509.load_pem_x509_certificate(f.read())
    with open(key, 'rb') as f:
        key = serialization.load_pem_private_key(f.read(), None)
    sock, _ = listener.accept()
    h = Handshake(sock, SUITES[suite])
    h.server(cert, key)
    h.push()
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


def client(port, suite, file, size):
    sock = socket.create_connection(('127.0.0.1', int(port)))
    h = Handshake(sock, SUITES[suite])
    h.client()
    h.push()
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
