#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""load.py: many clients of an HTTPS server at once, for some seconds, each with requests on a
connection that is kept and then left for another; every answer is compared with the file."""
import argparse, http.client, os, random, ssl, sys, threading, time

args = argparse.ArgumentParser()
args.add_argument('--port', type=int, required=True)
args.add_argument('--ca', required=True)
args.add_argument('--root', required=True)
args.add_argument('--version', choices='23', required=True)
args.add_argument('--seconds', type=float, required=True)
args.add_argument('--connections', type=int, required=True)
args.add_argument('--ranges', action='store_true')
args = args.parse_args()

context = ssl.create_default_context(cafile=args.ca)
context.minimum_version = context.maximum_version = {
    '2': ssl.TLSVersion.TLSv1_2, '3': ssl.TLSVersion.TLSv1_3}[args.version]
files = {}
for name in ['one', 'k16'] + ['objects/%d' % i for i in range(1, 101)]:
    with open(os.path.join(args.root, name), 'rb') as f:
        files[name] = f.read()
big = os.path.join(args.root, 'big')
done = {'requests': 0, 'bytes': 0, 'connections': 0, 'most': 0, 'open': 0}
errors = []
lock = threading.Lock()
# the time runs from when all are connected for the first time
everybody = threading.Barrier(args.connections)
end = time.time() + 100 + args.seconds


def begin():
    global end
    everybody.wait(100)
    end = min(end, time.time() + args.seconds)


def count(**add):
    with lock:
        for k, n in add.items():
            done[k] += n
        done['most'] = max(done['most'], done['open'])


def one(conn, rnd):
    if args.ranges and rnd.random() < 0.3:
        at = rnd.randrange(os.path.getsize(big) - 200000)
        n = rnd.randrange(1, 200000)
        with open(big, 'rb') as f:
            f.seek(at)
            want = f.read(n)
        conn.request('GET', '/big', headers={'Range': 'bytes=%d-%d' % (at, at + n - 1)})
    else:
        name = rnd.choice(list(files))
        want = files[name]
        conn.request('GET', '/' + name)
    got = conn.getresponse().read()
    if got != want:
        raise ValueError('an answer of %d bytes differs, has %d' % (len(want), len(got)))
    count(requests=1, bytes=len(got))


def client(seed):
    rnd = random.Random(seed)
    first = True
    while time.time() < end and len(errors) < 10:
        conn = http.client.HTTPSConnection('localhost', args.port, timeout=120, context=context)
        try:
            conn.connect()
            count(connections=1, open=1)
            try:
                if first:
                    first = False
                    begin()
                for _ in range(rnd.randrange(5, 100)):
                    if time.time() >= end:
                        break
                    one(conn, rnd)
            finally:
                count(open=-1)
        except Exception as e:
            errors.append('%s: %s' % (type(e).__name__, e))
        finally:
            conn.close()


threads = [threading.Thread(target=client, args=(i,)) for i in range(args.connections)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print('load:', ' '.join('%s %d' % i for i in done.items()), 'errors', len(errors))
for e in errors[:10]:
    print('error:', e)
sys.exit(bool(errors) or done['most'] < args.connections)
