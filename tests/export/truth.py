# SPDX-License-Identifier: GPL-2.0-or-later
"""What went into a report, as make-reports wrote it without any exporter, and what follows from it."""
import collections
import os

Row = collections.namedtuple("Row", "table other hits cell comm frames")
Frame = collections.namedtuple("Frame", "kernel label name module guess inlined file line", defaults=(False, False, "", 0))
NOTE = None


def clean(raw):
    """Bytes as every export shows them: bad UTF-8 replaced, control characters as '?'."""
    text = raw.decode("utf-8", "replace")
    return "".join("?" if ord(c) < 0x20 or 0x7f <= ord(c) < 0xa0 else c for c in text)


def frame(text):
    if text == "L":
        return Frame(NOTE, "[lost stack]", "[lost stack]", "")
    kind, name, module, file, line = text.split(":")
    name, module, file = [clean(bytes.fromhex(t)) for t in (name, module, file)]
    guess, kind = kind.startswith("?"), kind[-1]
    base = os.path.basename(module) if not module.startswith("[") else module
    label = name if name != "[unknown]" else base if base.startswith("[") else f"[{base}]"
    return Frame(kind == "k", ("? " if guess else "") + label, name, module, guess, kind == "i", file, int(line))


def read(path):
    rows = []
    with open(path, encoding="ascii") as lines:
        for line in lines:
            table, kind, hits, cell, comm, stack = line_fields(line)
            frames = [frame(f) for f in stack.split(",")] if stack else []
            rows.append(Row(table, kind == "other", int(hits), int(cell), clean(bytes.fromhex(comm)), frames))
    return rows


def line_fields(line):
    return line.rstrip("\n").split("\t")


def path_of(row):
    """Labels of a row's frames, outermost first, with what stands for a stack that is not there."""
    if row.other:
        return [Frame(NOTE, "[other: the table was full]", "", "")]
    return row.frames or [Frame(NOTE, "[no stack]", "", "")]


def functions(rows, weight):
    """Self and total weight of each function; recursion counts once."""
    flat, cum = collections.Counter(), collections.Counter()
    for row in rows:
        path = path_of(row)
        flat[path[-1].label] += weight(row)
        for label in {f.label for f in path}:
            cum[label] += weight(row)
    return {label: (flat[label], cum[label]) for label in cum}
