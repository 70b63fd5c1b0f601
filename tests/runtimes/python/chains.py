# SPDX-License-Identifier: GPL-2.0-or-later
"""chains.py SECONDS: Python that calls C that calls Python back, in ways that judge_chains.py knows; half of it in a second thread."""
import ctypes
import functools
import json
import re
import sqlite3
import sys
import threading
import time
import zlib

INT_COMPARE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
libc = ctypes.CDLL(None)
end = time.monotonic() + float(sys.argv[1])
data = b"abcdefgh" * 20000
database = sqlite3.connect(":memory:", check_same_thread=False)


def spin(n):
    total = 0
    for i in range(n):
        total += i * i
    return total


def key(value):
    return spin(400)


def sorting():
    return sorted(range(10), key=key)


def hook(pairs):
    return spin(400)


def parsing():
    return json.loads('[{"a": 1}, {"b": [2]}]', object_hook=hook)


def replace(match):
    return str(spin(400))


def substituting():
    return re.sub("b", replace, "abcabcabc")


def add(a, b):
    return spin(400)


def reducing():
    return functools.reduce(add, range(5))


def numbers(n):
    for i in range(n):
        yield spin(400)


def generating():
    return sum(numbers(5))


def nested(n):
    return spin(400) if not n else nested(n - 1)


def recursing():
    return nested(20)


def of_row(value):
    return spin(400)


def querying():
    return database.execute("select of_row(value) from (select 1 as value union select 2)").fetchall()


def compare(a, b):
    spin(200)
    return a[0] - b[0]


def comparing():
    array = (ctypes.c_int * 4)(3, 1, 4, 2)
    libc.qsort(array, 4, ctypes.sizeof(ctypes.c_int), INT_COMPARE(compare))


def compressing():
    return zlib.compress(data)


class Number:
    def __init__(self, value):
        self.value = spin(value)

    def __add__(self, other):
        return spin(400)


def adding():
    return Number(300) + 1


def work(*parts):
    while time.monotonic() < end:
        for part in parts:
            part()


def main():
    database.create_function("of_row", 1, of_row)
    thread = threading.Thread(target=work, args=(sorting, parsing, substituting, reducing, comparing))
    thread.start()
    work(generating, recursing, querying, compressing, adding)
    thread.join()


main()
