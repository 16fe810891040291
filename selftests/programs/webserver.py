#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""webserver.py: an HTTPS server of files by Python's own modules; PUT stores one"""
import argparse, http.server, os, shutil, ssl

args = argparse.ArgumentParser()
args.add_argument('--port', type=int, required=True)
args.add_argument('--pem', required=True)
args.add_argument('--root', required=True)
args = args.parse_args()

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.minimum_version = ssl.TLSVersion.TLSv1_2
context.load_cert_chain(args.pem)


class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def setup(self):
        # here, and not where connections are accepted: a slow handshake holds up nobody
        self.request = context.wrap_socket(self.request, server_side=True)
        super().setup()

    def __init__(self, *a):
        super().__init__(*a, directory=args.root)

    def do_PUT(self):
        left = int(self.headers['Content-Length'])
        if self.headers.get('Expect'):
            self.send_response_only(100)
            self.end_headers()
        with open(self.translate_path(self.path), 'wb') as f:
            while left:
                data = self.rfile.read1(min(left, 65536))
                if not data:
                    raise EOFError
                f.write(data)
                left -= len(data)
        self.send_response(201)
        self.send_header('Content-Length', '0')
        self.end_headers()

    def finish(self):
        super().finish()
        try:
            self.request.unwrap()
        except OSError:
            pass        # the client has gone already

    def handle_expect_100(self):
        return True     # do_PUT answers

    def log_message(self, *a):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128


Server(('127.0.0.1', args.port), Handler).serve_forever()
