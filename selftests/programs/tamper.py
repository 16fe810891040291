#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""tamper.py: between one client and an HTTPS server; the 20th record of application data that
comes from the server is changed in some way, and what the client says then is let through"""
import argparse, socket, struct, sys, threading

HOW = {
    'none': lambda r: r,
    'tag': lambda r: r[:-1] + bytes([r[-1] ^ 1]),
    'body': lambda r: r[:100] + bytes([r[100] ^ 0x80]) + r[101:],
    'version': lambda r: r[:1] + b'\3\1' + r[3:],
    'type': lambda r: b'\x63' + r[1:],
    'long': lambda r: r[:3] + struct.pack('>H', 16384 + 2048 + 1) + r[5:],
    'short': lambda r: r[:3] + struct.pack('>H', 10) + r[5:15],
    'again': lambda r: r + r,
    'drop': lambda r: b'',
    'cut': lambda r: r[:len(r) // 2],
    'fin': lambda r: b'',
    'reset': lambda r: b'',
}
args = argparse.ArgumentParser()
args.add_argument('--port', type=int, required=True)
args.add_argument('--server', type=int, required=True)
args.add_argument('how', choices=HOW)
args = args.parse_args()

listener = socket.create_server(('127.0.0.1', args.port))
client = listener.accept()[0]
server = socket.create_connection(('127.0.0.1', args.server))


def up():
    try:
        while data := client.recv(65536):
            server.sendall(data)
        server.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def records():
    with server.makefile('rb') as f:
        while head := f.read(5):
            yield head + f.read(struct.unpack('>H', head[3:])[0])


threading.Thread(target=up, daemon=True).start()
n = 0
try:
    for record in records():
        n += record[0] == 23
        if n != 20 or record[0] != 23:
            client.sendall(record)
            continue
        client.sendall(HOW[args.how](record))
        if args.how == 'reset':
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        if args.how in ('cut', 'fin', 'reset'):
            break
except OSError:
    pass
client.close()
