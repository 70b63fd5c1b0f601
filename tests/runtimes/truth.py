#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a runtime says of its code, read in the plainest way, and whether ktally says the same.

    truth.py choose SAID PID            addresses to ask for: of the code in SAID that lies in memory without a file
    truth.py judge SAID NAMES LEAST WANT...  compare what `names` wrote with SAID; LEAST: part in hundredths that must be equal;
                                        every WANT must be among the names
    truth.py grid PID                   addresses all over the executable memory of PID that has no file
    truth.py rows ROWS FRAMES BASE      compare unwind rows with what `readelf --debug-dump=frames-interp` wrote

SAID is a perf map or a jitdump.
"""
import bisect
import random
import re
import struct
import sys


def perf_map(data):
    for line in data.decode("utf-8", "replace").split("\n")[:-1]:
        parts = line.split(" ", 2)
        if len(parts) == 3:
            yield int(parts[0], 16), int(parts[1], 16), parts[2].strip()


def jitdump(data):
    order = "<" if struct.unpack_from("<I", data)[0] == 0x4A695444 else ">"
    at = struct.unpack_from(order + "I", data, 8)[0]
    while at + 16 <= len(data):
        kind, size = struct.unpack_from(order + "II", data, at)
        if size < 16 or at + size > len(data) or kind == 3:
            break
        if kind == 0:
            start, length = struct.unpack_from(order + "QQ", data, at + 32)
            name = data[at + 56 : data.index(b"\0", at + 56)]
            yield start, length, name.decode("utf-8", "replace")
        at += size


def read(path):
    with open(path, "rb") as file:
        data = file.read()
    return list(jitdump(data) if data[:4] in (b"DTiJ", b"JiTD") else perf_map(data))


def truth_at(said, address):
    for start, size, name in reversed(said):
        if start <= address < start + size:
            return name
    return None


def anonymous(pid):
    with open(f"/proc/{pid}/maps", encoding="utf-8") as file:
        for line in file:
            fields = line.split(None, 5)
            if "x" in fields[1] and (len(fields) < 6 or fields[5].startswith(("[anon", "/memfd:"))):
                start, end = fields[0].split("-")
                yield int(start, 16), int(end, 16)


def choose(path, pid):
    random.seed(1)
    ranges = list(anonymous(pid))
    said = [code for code in read(path) if code[1] and any(low <= code[0] and code[0] + code[1] <= high for low, high in ranges)]
    for start, size, _ in said[-400:] + random.sample(said, min(len(said), 400)):
        print(f"{start:x}\n{start + size // 2:x}\n{start + size - 1:x}")


def grid(pid):
    for low, high in anonymous(pid):
        for address in range(low, high, max(32, (high - low) // 20000)):
            print(f"{address:x}")


def judge(path, names, least, *want):
    said = read(path)
    asked = equal = 0
    seen, wrong = set(), []
    with open(names, encoding="utf-8", newline="\n") as file:
        for line in file:
            address, kind, _, name = line.rstrip("\n").split("\t", 3)
            true = truth_at(said, int(address, 16))
            seen.add(name)
            if true is None:
                continue
            asked += 1
            if true == name and kind == "jit":
                equal += 1
            elif len(wrong) < 5:
                wrong.append(f"{address}: {true!r}, not {name!r} ({kind})")
    missing = [text for text in want if not any(text in name for name in seen)]
    print(f"# {equal} of {asked} addresses have the name that the runtime gave them")
    for text in wrong:
        print("#  ", text)
    for text in missing:
        print("#   no name has", text)
    return asked >= 20 and equal * 100 >= asked * int(least) and not missing


def rows(path, frames, base):
    table = [tuple(int(word, 16 if i == 0 else 10) for i, word in enumerate(line.split())) for line in open(path, encoding="utf-8")]
    starts = [row[0] for row in table]
    asked = equal = other = 0
    wrong = []
    for line in open(frames, encoding="utf-8"):
        function = re.match(r"[0-9a-f]+ .*FDE.*pc=\w+\.\.(\w+)", line)
        if function:
            end = int(function[1], 16)
        row = re.match(r"([0-9a-f]{16}) rsp\+(\d+)", line)
        if not row or not 0 < int(row[1], 16) < end:
            continue
        address = int(row[1], 16)
        _, kind, register, distance = table[bisect.bisect(starts, address - int(base, 16)) - 1]
        asked += 1
        # The table knows more of what is the end of a stack, a signal frame, or goes by the frame pointer.
        if (kind, register) != (2, 7):
            other += 1
        elif distance == int(row[2]):
            equal += 1
        elif len(wrong) < 5:
            wrong.append(f"{address:x}: rsp+{row[2]}, not rsp+{distance}")
    print(f"# {equal} of {asked} rows are those of the compiler's debug information, {other} are of functions that change stacks or end them")
    for text in wrong:
        print("#  ", text)
    return asked > 1000 and other < 100 and equal + other == asked


if __name__ == "__main__":
    sys.exit(0 if {"choose": choose, "judge": judge, "grid": grid, "rows": rows}[sys.argv[1]](*sys.argv[2:]) in (None, True) else 1)
