# SPDX-License-Identifier: GPL-2.0-or-later
"""A Python program with threads that stand still in known places, and that says itself where each of them stands.

usage: target.py DIR HOW
HOW: "released": all threads wait without the interpreter's lock; "held": the last one to arrive keeps it.
Each thread writes DIR/TID, one line a frame, innermost first: function <tab> file <tab> line. DIR/ready says that all stand.
"""
import ctypes
import functools
import json
import os
import re
import sys
import threading

out, how = sys.argv[1:3]
libc = ctypes.CDLL(None)
libc_with_lock = ctypes.PyDLL(None)
arrived = threading.Semaphore(0)
is_main = threading.local()


def stand():
    """Writes where the caller stands; called in the same line as what waits there."""
    frame = sys._getframe(1)
    with open(os.path.join(out, str(threading.get_native_id())), "w", encoding="utf-8") as file:
        while frame:
            code = frame.f_code
            name = getattr(code, "co_qualname", code.co_name)
            file.write("%s\t%s\t%d\n" % (name, code.co_filename, frame.f_lineno))
            frame = frame.f_back


def ready():
    """Called by the last one, the main thread."""
    for _ in range(len(threads)):
        arrived.acquire()
    open(os.path.join(out, "ready"), "w", encoding="utf-8").close()


def wait():
    stand(); arrived.release(); libc.pause()


def wait_last():
    if how == "held":
        stand(); ready(); libc_with_lock.pause()
    else:
        stand(); ready(); libc.pause()


def plain(n):
    return plain(n - 1) if n else wait()


def native_callbacks():
    def key(value):
        return functools.reduce(lambda a, b: wait(), [value, 1])

    return sorted([3, 1, 2], key=key)


def generator(n):
    if n:
        yield from generator(n - 1)
    else:
        yield 1
        wait()
        yield 2


def generators():
    total = 0
    for value in generator(3):
        total += value
    return [x for x in (sum(y for y in generator(1)) for _ in range(1))]


class Node:
    def __init__(self, last):
        if last:
            self.method(
                1,
                2,
            )

    def method(self, *args):
        try:
            raise KeyError("x")
        except KeyError:
            with self:
                pass

    def __enter__(self):
        return re.sub("b", lambda match: wait(), "abc")

    def __exit__(self, *args):
        pass


def construct():
    for n in range(300):
        # Many, so that the interpreter has come to know the call.
        Node(n == 299)


class Caller:
    def __getattr__(self, name):
        return json.loads("[{}]", object_hook=lambda pairs: wait())


def through_slots():
    return Caller().anything


def other_file():
    source = "\n" * 300 + "def größe_名前():\n" + "    pass\n" * 200 + "    go()\n" + "größe_名前()\n"
    exec(compile(source, "/tmp/verzeichnis/datei_ü_文件.py", "exec"), {"go": wait})


async def innermost():
    wait()


async def middle():
    await innermost()


def coroutine():
    middle().send(None)


def deep():
    return plain(300)


workloads = [lambda: plain(5), native_callbacks, generators, construct, through_slots, other_file, coroutine, deep]
threads = [threading.Thread(target=workload, daemon=True) for workload in workloads]
for thread in threads:
    thread.start()
sorted([0], key=lambda value: wait_last())
