# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads stacks as `perf script -F comm,ip,sym,dso` prints them, in the form in which judge.py takes them."""
import re

from judge import plain

FRAME = re.compile(r"\s+([0-9a-f]+) (.*?)(?:\+0x[0-9a-f]+)? \((.*)\)$")


def frame(line):
    """Returns (in the kernel, name), or None for an inlined function, which is no frame of its own."""
    parts = FRAME.match(line)
    if not parts:
        return False, line.strip()
    address, name, file = parts.groups()
    if file == "inlined":
        return None
    base = file.rsplit("/", 1)[-1].strip("[]")
    return int(address, 16) >> 63 == 1, f"[{base}]" if name == "[unknown]" and base and base != "unknown" else plain(name)


def stack(comm, lines):
    frames = [found for found in map(frame, reversed(lines)) if found]
    return comm, tuple(name for kernel, name in frames if not kernel), tuple(name for kernel, name in frames if kernel), 1


def read(path):
    """Yields (comm, user, kernel, 1) for each sample."""
    comm, lines = None, []
    with open(path, encoding="utf-8", errors="replace") as text:
        for line in text:
            if not line.strip():
                if comm is not None:
                    yield stack(comm, lines)
                comm, lines = None, []
            elif comm is None:
                comm = line.strip()
            else:
                lines.append(line.rstrip("\n"))
    if comm is not None:
        yield stack(comm, lines)
