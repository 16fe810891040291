#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""ynl_agree.py: do sheath.yaml, the uapi headers and the tables of the netlink files say the same?

usage: ynl_agree.py [KERNEL_FOLDER]      (default: ../kernel of this file)

Names, numbers, types and limits are compared in both directions, so that what is missing
on one side is found as well as what is different. Then every number, entry and limit is
damaged in a copy, one at a time, and each damage has to be noticed: a comparison that
cannot fail would be worth nothing.

exit status: 0 all agree, 1 something does not, 2 cannot read the files.
"""
import functools
import os
import re
import sys

import yaml

FILES = {
    'yaml': ('netlink/sheath.yaml',),
    'nl': ('uapi/linux/sheath_nl.h',),
    'uapi': ('uapi/linux/sheath.h',),
    'c': ('record/key.h', 'ctl/keys.h', 'ctl/nl.h', 'ctl/nl_family.c', 'ctl/nl_request.c',
          'ctl/nl_session.c', 'ctl/nl_put.c', 'ctl/nl_event.c', 'ctl/nl_key.c', 'ctl/nl_rekey.c'),
}
# definitions the socket options share
SHARED_KEY_FLAGS = ('rx', 'tx', 'send-key-update', 'request-peer', 'encrypt-then-mac',
                    'truncated-hmac')
# what puts an attribute of a type into a reply
PUT = {'nla_put_flag': 'flag', 'nla_put_u32': 'u32', 'nla_put_u64_64bit': 'u64', 'nla_nest_start': 'nest',
       'nl_put_addr4': 'binary', 'nl_put_addr6': 'binary'}


def c_name(*parts):
    return '_'.join(parts).upper().replace('-', '_')


def strip_comments(text):
    return re.sub(r'/\*.*?\*/|//[^\n]*', ' ', text, flags=re.S)


class Numbers:
    """the enumerators and number macros of C text"""

    def __init__(self, *texts):
        self.value = {}
        self.macro = {}
        self.strings = {}
        for text in texts:
            text = strip_comments(text).replace('\\\n', ' ')
            for name, body in re.findall(r'^#define[ \t]+(\w+)[ \t]+(.+)$', text, re.M):
                if body.strip().startswith('"'):
                    self.strings[name] = body.strip().strip('"')
                else:
                    self.macro[name] = body.strip()
            for body in re.findall(r'\benum\b\s*\w*\s*\{(.*?)\}', text, re.S):
                last = -1
                for item in body.split(','):
                    if not item.strip():
                        continue
                    name, _, expr = (x.strip() for x in item.partition('='))
                    last = self.eval(expr) if expr else last + 1
                    self.value[name] = last

    def eval(self, expr, depth=0):
        """a C constant expression of the kind headers have, or None"""
        def known(m):
            name = m.group(0)
            if name in self.value:
                return str(self.value[name])
            if name in self.macro and depth < 5:
                return f'({self.eval(self.macro[name], depth + 1)})'
            return {'U16_MAX': '65535', 'U32_MAX': '4294967295'}.get(name, 'None')

        expr = re.sub(r'\b(0x[0-9a-fA-F]+|\d+)[uUlL]+\b', r'\1', expr)
        expr = re.sub(r'\b[A-Za-z_]\w*\b', known, expr)
        try:
            return eval(expr, {'__builtins__': {}})
        except (SyntaxError, TypeError, NameError):
            return None

    def get(self, name):
        return self.value[name] if name in self.value else (
            self.eval(self.macro[name]) if name in self.macro else None)


@functools.lru_cache(maxsize=1)
def load(text):
    return yaml.load(text, Loader=getattr(yaml, 'CSafeLoader', yaml.SafeLoader))


class Spec:
    """sheath.yaml, with the names it has in C"""

    def __init__(self, text):
        self.y = load(text)
        self.family = self.y['name']
        self.defs = {d['name']: d for d in self.y['definitions']}
        self.sets = {s['name']: s['attributes'] for s in self.y['attribute-sets']}
        self.ops = self.y['operations']['list']

    def entries(self, d):
        """(name, C name, value) of a definition's entries"""
        prefix = d.get('name-prefix', f"{self.family}-{d['name']}-").rstrip('-')
        value = d.get('value-start', 0)
        for e in d['entries']:
            value = e.get('value', value)
            yield e['name'], c_name(prefix, e['name']), \
                1 << value if d['type'] == 'flags' else value
            value += 1

    def attr_prefix(self, set_name):
        return c_name(self.family, 'a') if set_name == self.family \
            else c_name(self.family, 'a', set_name)

    def attrs(self, set_name):
        """C name of each attribute, and what it is"""
        value = 0
        for a in self.sets[set_name]:
            value = a.get('value', value + 1)
            yield c_name(self.attr_prefix(set_name), a['name']), value, a

    def request_names(self):
        return {n for op in self.ops for mode in ('do', 'dump')
                for n in op.get(mode, {}).get('request', {}).get('attributes', [])}

    def reply_names(self):
        return {n for op in self.ops for mode in ('do', 'dump')
                for n in op.get(mode, {}).get('reply', {}).get('attributes', [])}

    def policy(self, a):
        """what the kernel's table has to say about an attribute, None: nothing"""
        checks = a.get('checks', {})
        kind = a['type']
        if kind == 'pad':
            return None
        if kind == 'nest':
            return ('NLA_NESTED',)
        if kind == 'binary':
            return ('NLA_BINARY', 'len', checks['max-len'])
        nla = 'NLA_' + kind.upper()
        d = self.defs.get(a.get('enum'))
        if d:
            values = [v for _, _, v in self.entries(d)]
            if d['type'] == 'flags':
                return (nla, 'mask', sum(values))
            return (nla, 'range', min(values), max(values))
        if checks:
            return (nla, 'range', checks.get('min', 0), checks['max'])
        return (nla,)


class Tables:
    """policies, operations and groups of the netlink files"""

    def __init__(self, text, numbers):
        text = strip_comments(text).replace('\\\n', ' ')
        self.text = text
        self.numbers = numbers
        for name, body in re.findall(r'^#define[ \t]+(\w+)[ \t]+(.+)$', text, re.M):
            numbers.macro[name] = body
        self.ranges = {
            name: (numbers.eval(self.field(body, 'min') or '0'),
                   numbers.eval(self.field(body, 'max')))
            for name, body in re.findall(
                r'struct netlink_range_validation (\w+) = \{(.*?)\};', text, re.S)}
        self.policies = {
            name: (dim.strip(), self.entries(body))
            for name, dim, body in re.findall(
                r'struct nla_policy sheath_nl_(\w+)_policy\[(.*?)\] = \{(.*?)\n\};', text, re.S)}
        body = re.search(r'struct genl_ops \w+\[\] = \{(.*?)\n\};', text, re.S).group(1)
        self.ops = {self.field(op, 'cmd'): op for op in re.findall(r'\{(.*?)\}', body, re.S)}
        body = re.search(r'genl_multicast_group \w+\[\] = \{(.*?)\n\};', text, re.S).group(1)
        self.groups = {self.field(g, 'name'): self.field(g, 'flags')
                       for g in re.findall(r'= \{(.*?)\}', body, re.S)}
        self.family = re.search(r'struct genl_family \w+ \w+ = \{(.*?)\n\};', text, re.S).group(1)
        self.put = {(attr, PUT.get(func, func)) for func, attr in re.findall(
            r'\b(nla_put\w*|nla_nest_start|nl_put_addr\d)\(\w+, (SHEATH_A_\w+)', text)}

    @staticmethod
    def field(body, name):
        m = re.search(r'\.%s\s*=\s*([^,\n]+)' % name, body)
        return m.group(1).strip() if m else None

    def entries(self, body):
        out = {}
        for name, init in re.findall(
                r'\[(\w+)\] = (\{[^}]*\}|\w+\([^;]*?\)),\n', body + '\n'):
            out[name] = self.entry(init)
        return out

    def entry(self, init):
        num = self.numbers.eval
        if init.startswith('{'):
            kind = self.field(init.rstrip('} '), 'type')
            size = self.field(init.rstrip('} '), 'len')
            return (kind, 'len', num(size)) if size else (kind,)
        macro, args = re.match(r'(\w+)\((.*)\)$', init, re.S).groups()
        args = [a.strip() for a in args.split(',')]
        if macro == 'NLA_POLICY_RANGE':
            return (args[0], 'range', num(args[1]), num(args[2]))
        if macro == 'NLA_POLICY_MAX':
            return (args[0], 'range', 0, num(args[1]))
        if macro == 'NLA_POLICY_MASK':
            return (args[0], 'mask', num(args[1]))
        if macro == 'NLA_POLICY_FULL_RANGE':
            return (args[0], 'range') + self.ranges.get(args[1].lstrip('&'), (None, None))
        return (macro, 'unknown')


class Compare:
    def __init__(self, text):
        self.bad = []
        self.n = 0
        self.spec = Spec(text['yaml'])
        self.nl = Numbers(text['nl'])
        self.both = Numbers(text['uapi'], text['nl'])
        self.tables = Tables(text['c'], Numbers(text['uapi'], text['nl']))
        self.docs()
        self.names()
        self.policies()
        self.operations()
        self.replies()

    def same(self, what, a, b):
        self.n += 1
        if a != b:
            self.bad.append(f'{what}: {a!r} against {b!r}')

    def docs(self):
        y = self.spec.y
        nodes = [('family', y)]
        for d in y['definitions']:
            nodes.append((d['name'], d))
            nodes += [(f"{d['name']} {e['name']}", e) for e in d['entries']]
        for s in y['attribute-sets']:
            nodes.append((s['name'], s))
            nodes += [(f"{s['name']} {a['name']}", a) for a in s['attributes']]
        nodes += [(op['name'], op) for op in self.spec.ops]
        for name, node in nodes:
            self.same(f'{name}: has a doc', bool(node.get('doc', '').strip()), True)

    def names(self):
        spec, want = self.spec, {}
        for d in spec.y['definitions']:
            for name, c, value in spec.entries(d):
                elsewhere = d.get('header') or \
                    (d['name'] == 'key-flag' and name in SHARED_KEY_FLAGS)
                self.same(c, self.both.get(c), value)
                if not elsewhere:
                    want[c] = value
                elif c in self.nl.value or c in self.nl.macro:
                    self.bad.append(f'{c}: defined again in {FILES["nl"]}')
        for s in spec.sets:
            last = 0
            for c, value, _ in spec.attrs(s):
                want[c] = last = value
            want[f'__{spec.attr_prefix(s)}_MAX'] = last + 1
            want[f'{spec.attr_prefix(s)}_MAX'] = last
        value = 0
        for op in spec.ops:
            value = op.get('value', value + 1)
            want[c_name(spec.family, 'cmd', op['name'])] = value
        want[f'__{c_name(spec.family, "cmd")}_MAX'] = value + 1
        want[f'{c_name(spec.family, "cmd")}_MAX'] = value
        want[c_name(spec.family, 'family-version')] = spec.y.get('version', 1)

        have = dict(self.nl.value)
        have.update({m: self.nl.get(m) for m in self.nl.macro})
        for c in sorted(set(want) | set(have)):
            self.same(f'{c} in {FILES["nl"]} and {FILES["yaml"]}', have.get(c), want.get(c))
        strings = {c_name(spec.family, 'family-name'): spec.family}
        for g in spec.y['mcast-groups']['list']:
            strings[c_name(spec.family, 'mcgrp', g['name'])] = g['name']
        self.same('names', self.nl.strings, strings)

    def policies(self):
        spec = self.spec
        of = {c: a for s in (spec.family, 'key') for c, _, a in spec.attrs(s)}
        value = {c: v for s in (spec.family, 'key') for c, v, _ in spec.attrs(s)}
        want = {'key': [c for c, _, a in spec.attrs('key') if a['type'] != 'pad']}
        for op in spec.ops:
            name = op['name'].replace('-', '_')
            for mode, table in (('do', name), ('dump', name + '_dump')):
                if mode in op:
                    names = op[mode].get('request', {}).get('attributes', [])
                    want[table] = [c_name(spec.family, 'a', n) for n in names]
        self.same('policy tables', sorted(self.tables.policies), sorted(want))
        for table, names in want.items():
            dim, have = self.tables.policies.get(table, ('', {}))
            self.same(f'attributes of policy {table}', sorted(have), sorted(names))
            last = max(names, key=lambda c: value.get(c, 0), default='SHEATH_A_PAD')
            self.same(f'size of policy {table}', dim, f'{last} + 1')
            for c in names:
                if c not in of:
                    self.bad.append(f'{table}: no attribute {c}')
                else:
                    self.same(f'policy {table} {c}', have.get(c), spec.policy(of[c]))

    def operations(self):
        spec, t = self.spec, self.tables
        want = {c_name(spec.family, 'cmd', op['name']): op
                for op in spec.ops if 'do' in op or 'dump' in op}
        self.same('operations', sorted(t.ops), sorted(want))
        for c in set(want) & set(t.ops):
            self.same(f'{c} do', t.field(t.ops[c], 'doit') is not None, 'do' in want[c])
            loose = 'strict' in want[c].get('dont-validate', [])
            # what the module wipes, it has to get as a dump, too, to refuse it
            self.same(f'{c} dump', t.field(t.ops[c], 'dumpit') is not None,
                      'dump' in want[c] or loose)
            self.same(f'{c} policy', t.field(t.ops[c], 'policy'),
                      None if loose else
                      f"sheath_nl_{want[c]['name'].replace('-', '_')}_policy")
        self.same('family name', t.field(t.family, 'name'), c_name(spec.family, 'family-name'))
        self.same('family version', t.field(t.family, 'version'),
                  c_name(spec.family, 'family-version'))
        groups = {c_name(spec.family, 'mcgrp', g['name']):
                  'GENL_MCAST_CAP_NET_ADMIN' if 'uns-admin-perm' in g.get('flags', []) else None
                  for g in spec.y['mcast-groups']['list']}
        self.same('groups', t.groups, groups)

    def replies(self):
        spec = self.spec
        names = spec.reply_names()
        want = {(c, a['type']) for c, _, a in spec.attrs(spec.family) if a['name'] in names}
        want |= {(c, a['type']) for c, _, a in spec.attrs('stats') if a['type'] != 'pad'}
        self.same('attributes of replies', sorted(self.tables.put), sorted(want))


def lines_of(text, pattern):
    return [m.span() for m in re.finditer(pattern, text, re.M)]


def damages(text):
    """(what, damaged copy of all files), one damage each"""
    def changed(key, span, new, what):
        out = dict(text)
        out[key] = text[key][:span[0]] + new + text[key][span[1]:]
        return f'{FILES[key]}: {what} {text[key][span[0]:span[1]].strip()!r}', out

    # every enumerator and macro of the header, and every entry of a table, taken away
    for span in lines_of(text['nl'], r'^\t\w+(?: = [^,\n]+)?,?\n'):
        yield changed('nl', span, '', 'without')
    for span in lines_of(text['nl'], r'^#define\s+SHEATH_\w+\s+.+\n'):
        yield changed('nl', span, '', 'without')
    for span in lines_of(text['c'], r'^\t\[SHEATH_A_\w+\] = .*\n'):
        yield changed('c', span, '', 'without')
    for span in lines_of(text['c'], r'^\t\t\.(?:cmd|doit|dumpit|flags) = .*\n'):
        yield changed('c', span, '', 'without')
    # every number changed
    for span in lines_of(text['nl'], r'(?<== )\d+(?=,)|(?<=<< )\d+'):
        yield changed('nl', span, str(int(text['nl'][slice(*span)]) + 1), 'one more than')
    for begin, end in lines_of(text['c'], r'^\t\[SHEATH_A_\w+\] = .*\n'):
        for m in re.finditer(r'\b\d+\b|NLA_[SU]\d+|NLA_BINARY', text['c'][begin:end]):
            old = m.group(0)
            new = str(int(old) + 1) if old.isdigit() else 'NLA_U16'
            yield changed('c', (begin + m.start(), begin + m.end()), new, f'{new} for')
    # two attributes or entries that follow each other, exchanged
    for m in re.finditer(r'^(\tSHEATH_\w+),\n(\tSHEATH_\w+),\n', text['nl'], re.M):
        yield changed('nl', m.span(), f'{m.group(2)},\n{m.group(1)},\n', 'exchanged')
    # the yaml file: names, values, explanations
    for span in lines_of(text['yaml'], r'^        name: [\w-]+$'):
        yield changed('yaml', span, text['yaml'][slice(*span)] + '-x', 'renamed')
    for span in lines_of(text['yaml'], r'(?<=^      value: )\d+(?=$)'):
        yield changed('yaml', span, '55', 'value')
    for span in lines_of(text['yaml'], r'^        doc: \S.{3,}$'):
        yield changed('yaml', span, '        doc: ""', 'no doc for')
    # types and limits, of attributes that are in a table or a reply
    spec = Spec(text['yaml'])
    used = {'key': {a['name'] for a in spec.sets['key']},
            'stats': {a['name'] for a in spec.sets['stats']},
            spec.family: spec.request_names() | spec.reply_names()}
    limited = {'key': used['key'], 'stats': set(), spec.family: spec.request_names()}
    of_set = ''
    for m in re.finditer(r'^    name: (\w+)$|^      -\n        name: ([\w-]+)\n'
                         r'((?:        .*\n)*)', text['yaml'], re.M):
        of_set = m.group(1) or of_set
        if m.group(1) or of_set not in spec.sets:
            continue
        name, body = m.group(2), m.group(3)
        for n in re.finditer(r'(?<= type: )(?!pad)\w+(?=$)', body, re.M):
            if name in used[of_set]:
                span = (m.start(3) + n.start(), m.start(3) + n.end())
                yield changed('yaml', span, 'u16', f'{name}: type')
        for n in re.finditer(r'(?<=min: |max: )\d+(?=$)|(?<=max-len: )\d+(?=$)', body, re.M):
            if name in limited[of_set]:
                span = (m.start(3) + n.start(), m.start(3) + n.end())
                yield changed('yaml', span, str(int(n.group(0)) + 1), f'{name}: limit')
    # attributes of requests
    for begin, end in lines_of(text['yaml'],
                               r'(?<=^        request:\n)          attributes:\n(?: {12}- .*\n)+'):
        for m in re.finditer(r' {12}- .*\n', text['yaml'][begin:end]):
            yield changed('yaml', (begin + m.start(), begin + m.end()), '', 'without')


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(here, '..', 'kernel')
    try:
        text = {k: ''.join(open(os.path.join(root, f), encoding='utf-8').read() for f in files)
                for k, files in FILES.items()}
    except OSError as e:
        print(f'ynl_agree: {e}', file=sys.stderr)
        return 2

    found = Compare(text)
    for line in found.bad:
        print(f'ynl_agree: {line}')
    if found.bad:
        return 1

    n_damages = 0
    missed = []
    for what, copy in damages(text):
        n_damages += 1
        try:
            if not Compare(copy).bad:
                missed.append(what)
        except Exception:       # a file that cannot be understood any more is noticed as well
            pass
    for what in missed:
        print(f'ynl_agree: not noticed: {what}')
    if missed or n_damages < 100:
        print(f'ynl_agree: {len(missed)} of {n_damages} damages were not noticed')
        return 1
    print(f'ynl_agree: {found.n} comparisons agree, {n_damages} damages noticed')
    return 0


sys.exit(main())
