#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Images in firmware: made on the build machine, loaded by elfin.efi like the objects they are of."""

import os
import re
import subprocess
import sys
import tempfile

from boot import BUILD, Boot, Cases, built

PROVIDER = '''
long provided = 5;
long provide(long x) { return {factor} * x; }
'''

USER = '''
extern long provide(long), provided;
extern long absent(long) __attribute__((weak));
static long count;
static long own(long x) { return x + 1; }
static long (*const table[])(long) = { own, provide, 0 };
long *pointer = &provided;
long user_call(long x) { return provide(x) + provided; }
long user_table(long which, long x) { return table[which](x); }
long user_pointer(void) { return *pointer; }
long user_count(void) { return ++count; }
long user_absent(void) { return absent ? absent(1) : 7; }
'''

# Compilers and code models; where the module goes, its provider, and what replaces that.
WAYS = [('gcc -O2 -fno-pic', '', '', ''), ('gcc -O2 -fpic', 'at=0x140000000', '', ''),
        ('clang-14 -O1 -fpic', 'at=0x140000000', 'at=0x3000000', 'at=0x148000000'),
        ('gcc -O2 -mcmodel=large -fno-pic', '', 'at=0x140000000', 'max=0x7fffffff'),
        ('clang-19 -O2 -fno-pic', 'max=0x7fffffff', 'max=0x7fffffff', 'max=0x7fffffff')]

SCRIPT = '''
load provider.img {provider}
load user.img {user}
call user:user_call 10
call user:user_table 0 4
call user:user_table 1 4
call user:user_pointer
call user:user_absent
call user:user_count
call user:user_count
load user.img name=second
call second:user_count
call second:user_call 1
unload second
replace provider newer.img fresh {newer}
call user:user_call 10
call user:user_table 1 4
retire
! load bad.img
unload user
unload provider
load hello.img
unload hello
list
quit
'''

RESULTS = [25, 5, 8, 5, 7, 1, 2, 1, 7, 35, 12]


def make(folder, way):
    sources = {'provider': PROVIDER.replace('{factor}', '2'),
               'newer': PROVIDER.replace('{factor}', '3'),
               'user': USER}
    images = []
    for name, source in sources.items():
        path = os.path.join(folder, name)
        with open(path + '.c', 'w', encoding='ascii') as file:
            file.write(source)
        subprocess.run([*way.split(), '-ffreestanding', '-c', path + '.c', '-o', path + '.o'],
                       check=True)
    for path in [*(os.path.join(folder, name + '.o') for name in sources), built('hello.o')]:
        image = os.path.join(folder, os.path.basename(path)[:-1] + 'img')
        name = ['--name', 'provider'] if 'newer' in path else []
        subprocess.run([os.path.join(BUILD, 'elfin'), 'prepare', *name, path, '-o', image],
                       check=True)
        images.append(image)
    with open(images[0], 'rb') as file:
        bad = bytearray(file.read())
    bad[200] ^= 1
    images.append(os.path.join(folder, 'bad.img'))
    with open(images[-1], 'wb') as file:
        file.write(bad)
    return images


def main():
    cases = Cases()
    for way, user, provider, newer in WAYS:
        with tempfile.TemporaryDirectory() as folder:
            boot = Boot(SCRIPT.format(user=user, provider=provider, newer=newer), make(folder, way),
                        ['--machine', 'pc', '--memory', '6G', '--timeout', '300'])
        if not cases.equal(f'{way}: status', boot.status, 0):
            print(boot.output[-3000:], boot.errors[-500:], file=sys.stderr)
        results = [int(n) for n in re.findall(r'^=> (\d+)', boot.output, re.MULTILINE)]
        cases.equal(f'{way}: results', results, RESULTS)
        boot.expect(cases, f'{way}: a damaged image', '! load bad.img', 'checksum is wrong')
        boot.expect(cases, f'{way}: init and exit run', 'load hello.img', 'hello, world')
    return cases.status()


if __name__ == '__main__':
    sys.exit(main())
