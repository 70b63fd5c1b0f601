# SPDX-License-Identifier: GPL-2.0-or-later
"""Says what lines the running Python itself finds for every instruction of code objects.

usage: lines.py MODULE...	one line a code object: version, first line, table (hex), line of each instruction (0: none)
       lines.py --sample	likewise, of the text below
"""
import dis
import importlib.util
import sys

SAMPLE = '''
def plain(a,
          b):
    total = 0
    for i in range(a):
        if i % 2: total += 1; continue
        total += f(
            i,
            b,
        )
    return total


async def caught(x):
    try:
        async with x as y:
            return [z for z in y if z]
    except (KeyError,
            ValueError) as e:
        raise RuntimeError from e
    finally:
        print("""a
        b""")
''' + "\n" * 300 + '''
class Far:
    a = 1

    def m(self): return (lambda q:
        q)
''' + "    b = 2\n" + "\n" * 140 + "    c = 3\n" + "x = 1\n" * 60


def lines_of(code):
    count = len(code.co_code) // 2
    lines = [0] * count
    if hasattr(code, "co_lines"):
        for start, end, line in code.co_lines():
            for at in range(start // 2, end // 2):
                lines[at] = line or 0
    else:
        starts = sorted(dis.findlinestarts(code))
        # Two lines of no instructions in between: the last counts.
        line, at = code.co_firstlineno, 0
        by_start = dict(starts)
        for at in range(count):
            line = by_start.get(at * 2, line)
            lines[at] = line
    return lines


def tell(code):
    table = getattr(code, "co_linetable", None) or code.co_lnotab
    print("%x %d %s %s" % (sys.version_info[0] << 8 | sys.version_info[1], code.co_firstlineno, table.hex() or "-",
                           ",".join(map(str, lines_of(code)))))
    for const in code.co_consts:
        if hasattr(const, "co_code"):
            tell(const)


for name in sys.argv[1:]:
    if name == "--sample":
        tell(compile(SAMPLE, "sample", "exec"))
        continue
    spec = importlib.util.find_spec(name)
    with open(spec.origin, encoding="utf-8") as file:
        tell(compile(file.read(), spec.origin, "exec"))
