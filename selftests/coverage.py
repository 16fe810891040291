#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""coverage.py OBJECTS DIR LIST: sum up the counts below DIR, *.gcda with *.gcno, for run-coverage.

OBJECTS is where the module was built, from sources of the same names as here.

Prints a table of the files; LIST gets the lines that did not run, and the branches of the others
that were not taken.
"""
import glob, json, os, subprocess, sys


def counts(objects, folder):
    """{file: {line: (runs, [runs of each branch])}} of the module's own files"""
    files = {}
    for data in sorted(glob.glob(os.path.join(folder, '**/*.gcda'), recursive=True)):
        text = subprocess.run(['gcov', '-b', '-t', '--json-format', data], capture_output=True, check=True).stdout
        for f in json.loads(text)['files']:
            name = os.path.relpath(f['file'], objects)
            # headers of the kernel's
            if not name.startswith('kernel/'):
                continue
            lines = files.setdefault(name, {})
            # a header is in many objects, an inlined function many times in one
            for line in f['lines']:
                runs, branches = lines.get(line['line_number'], (0, []))
                now = [b['count'] for b in line['branches']]
                if len(now) == len(branches):
                    now = [a + b for a, b in zip(now, branches)]
                lines[line['line_number']] = (runs + line['count'], now if len(now) >= len(branches) else branches)
    return files


def percent(part, all_):
    return f'{100 * part / all_:6.1f}' if all_ else '     -'


def row(name, lines, ran, branches, taken):
    print(f'{name:<32} {lines:6} {percent(ran, lines)} {branches:9} {percent(taken, branches)}')


def main():
    files, total = counts(*sys.argv[1:3]), [0] * 4
    print(f'{"":<32}  lines  % ran  branches  % taken')
    with open(sys.argv[3], 'w') as out:
        for name, lines in sorted(files.items()):
            with open(name) as f:
                source = f.read().split('\n')
            branches = [b for runs, bs in lines.values() if runs for b in bs]
            mine = [len(lines), sum(runs > 0 for runs, _ in lines.values()), len(branches),
                    sum(b > 0 for b in branches)]
            total = [a + b for a, b in zip(total, mine)]
            row(name, *mine)
            for n, (runs, bs) in sorted(lines.items()):
                if not runs:
                    out.write(f'{name}:{n}: line: {source[n - 1].strip()}\n')
                elif 0 in bs:
                    out.write(f'{name}:{n}: {bs.count(0)} of {len(bs)} branches: {source[n - 1].strip()}\n')
    row('all', *total)


if __name__ == '__main__':
    main()
