# SPDX-License-Identifier: GPL-2.0-or-later
"""chain.py MILLISECONDS: Python whose stacks are known: <module>, main, alpha, Beta.call, gamma, then delta or epsilon, then a leaf: alone, in a
list comprehension, in a generator, under sorted() with a key function, in an extension in C that calls Python back, in json."""
import json
import sys
import time

import chainext

sink = 0


def leaf_spin(n):
    x = n
    for _ in range(300):
        x = (x * 1103515245 + 12345) & 0x7fffffff
    return x


def key(value):
    x = value
    for _ in range(10):
        x = (x * 1103515245 + 12345) & 0xffff
    return x


def leaf_sort(n):
    return sorted(range(n, n + 30), key=key)[0]


def called_back(value):
    x = value
    for _ in range(60):
        x = (x * 1103515245 + 12345) & 0xffff
    return x


def leaf_native(n):
    return chainext.call(called_back, n) + chainext.burn(20000)


def numbers(n):
    for i in range(n):
        yield leaf_spin(i) & 1


def leaf_generator(n):
    return sum(numbers(n))


def leaf_json(n):
    return len(json.dumps({"name": n, "list": [n * i / 3 for i in range(200)]}))


def delta(n):
    return leaf_spin(n) if n == 0 else leaf_sort(n)


def epsilon(n):
    if n == 2:
        return leaf_native(n)
    if n == 3:
        return leaf_generator(n)
    return leaf_json(n)


def gamma(n):
    return delta(n) if n < 2 else epsilon(n)


class Beta:
    def call(self, n):
        return gamma(n) + 1


def alpha(beta, n):
    return beta.call(n)


def main():
    global sink
    end = time.monotonic() + int(sys.argv[1]) / 1000
    beta = Beta()
    n = 0
    while time.monotonic() < end:
        sink += alpha(beta, n % 5)
        n += 1


main()
