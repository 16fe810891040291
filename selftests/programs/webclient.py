#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""webclient.py: GET to standard output, or PUT of a file, over HTTPS by Python's own modules"""
import argparse, shutil, ssl, sys, urllib.request

args = argparse.ArgumentParser()
args.add_argument('--ca', required=True)
args.add_argument('--version', choices='23', required=True)
args.add_argument('method', choices=['GET', 'PUT'])
args.add_argument('url')
args.add_argument('file')
args = args.parse_args()

context = ssl.create_default_context(cafile=args.ca)
context.minimum_version = context.maximum_version = {
    '2': ssl.TLSVersion.TLSv1_2, '3': ssl.TLSVersion.TLSv1_3}[args.version]
request = urllib.request.Request(args.url, method=args.method)
if args.method == 'PUT':
    with open(args.file, 'rb') as f:
        request.data = f.read()
with urllib.request.urlopen(request, context=context, timeout=120) as answer:
    shutil.copyfileobj(answer, sys.stdout.buffer)
