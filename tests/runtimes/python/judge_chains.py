# SPDX-License-Identifier: GPL-2.0-or-later
"""judge_chains.py REPORT MINOR: how many samples of chains.py, run by Python 3.MINOR, in a report (JSON) have every frame of Python where it
must be.

A chain is what comes inward of work(): names are frames of Python, one behind the other; "|" is at least one native frame, and only
native ones. What is inward of a chain is native, and where nothing of Python follows is a stack of it too if it is cut off at a call.
"""
import json
import sys

LIMIT = 95
ROOTS = (["<module>", "main", "work"], ["Thread._bootstrap", "Thread._bootstrap_inner", "Thread.run", "work"])
CHAINS = {
    "sorting": "sorting | key spin",
    "parsing": "parsing loads JSONDecoder.decode JSONDecoder.raw_decode | hook spin",
    "substituting": "substituting sub | replace spin",
    "reducing": "reducing | add spin",
    "comparing": "comparing | compare spin",
    "generating": "generating | numbers spin",
    "recursing": "recursing " + 21 * "nested " + "spin",
    "querying": "querying | of_row spin",
    "compressing": "compressing |",
    "adding": "adding | Number.__add__ spin",
    "making": "adding | Number.__init__ spin",
}
# What else the same functions call, and when.
RARE = {
    # Since 3.13 the interpreter's loop makes an object without leaving.
    "making": ["adding Number.__init__ spin"],
    "parsing": ["parsing loads | JSONDecoder.__init__ |", "parsing loads JSONDecoder.decode |", "parsing loads |"],
    "substituting": ["substituting sub _compile |", "substituting sub _compile | Flag.__and__ |", "substituting sub |"],
    "comparing": ["comparing |", "comparing | CDLL.__getattr__ |"],
    # A generator is made by its own first instructions, which run where it is called.
    "generating": ["generating numbers |"],
}
# In whose files native frames between the Python ones must be, one of them at least.
NATIVE = {"querying": "libsqlite3", "comparing": "libc.so", "parsing": "_json"}


def is_python(frame):
    return frame.get("kind") == "python"


def chain_of(text, minor):
    """As a list; before 3.11 each function of Python was called by native code, and had no name of its class."""
    words = [word if minor >= 11 else word.rsplit(".", 1)[-1] for word in text.split()]
    if minor >= 11:
        return words
    known = [word for word in words if word != "|"]
    return " | ".join(known).split() + words[-1:] * (words[-1] == "|")


def shape(frames):
    """The names of Python frames, with "|" for native ones between them or inward of them."""
    names = []
    for frame in frames:
        if is_python(frame):
            names.append(frame["name"])
        elif names and names[-1] != "|":
            names.append("|")
    return names


def begins(names, chain):
    """Whether it is this chain as far as it goes: what is inward of where it ends is native."""
    if len(names) > len(chain):
        return names[:-1] == chain and names[-1] == "|"
    if names[-1] == "|":
        names = names[:-1]
    return names == chain[: len(names)]


def after_root(names, minor):
    """What is inward of work(); None: other frames are outward of it. A thread's functions are called with a tuple, in some versions by C."""
    at = names.index("work")
    outer = [name for name in names[: at + 1] if name != "|"]
    if outer == chain_of(" ".join(ROOTS[1]), minor)[::1 if minor >= 11 else 2] or (outer == ROOTS[0] and (minor < 11) == ("|" in names[:at])):
        return names[at + 2 :] if minor < 11 and names[at + 1 : at + 2] == ["|"] else names[at + 1 :]
    return None


def judge(frames, minor):
    """None: not of the known part; else what is wrong, "" if nothing is, and the chain."""
    names = shape(frames)
    if "work" not in names:
        if frames and frames[0]["name"].startswith("[cut") and any(is_python(frame) for frame in frames):
            return "cut", "?"
        return None
    rest = after_root(names, minor)
    if rest is None:
        return "its outermost frames: " + " ".join(names), "?"
    if rest in ([], ["|"]):
        return "", "work"
    for name, text in CHAINS.items():
        for chain in [text] + RARE.get(name, []):
            if begins(rest, chain_of(chain, minor)):
                return check_native(name, chain_of(text, minor), rest, frames)
    return "no chain: " + " ".join(rest), rest[0]


def check_native(name, chain, rest, frames):
    """Of a whole chain: that the extension in between is there too."""
    if name in NATIVE and rest[: len(chain)] == chain:
        if not any(NATIVE[name] in frame.get("module", "") for frame in frames if not is_python(frame)):
            return "nothing of " + NATIVE[name] + " in between", name
    return "", name


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        report = json.load(file)
    minor = int(sys.argv[2])
    right, wrong, whole, reasons = 0, 0, dict.fromkeys(CHAINS, 0), {}
    for table in report["tables"]:
        for row in table["rows"]:
            frames = [frame for frame in row.get("stack", []) if not frame.get("kernel")]
            verdict = judge(frames, minor)
            if verdict is None:
                continue
            reason, name = verdict
            if reason:
                wrong += row["hits"]
                reasons[reason] = reasons.get(reason, 0) + row["hits"]
            else:
                right += row["hits"]
                names = shape(frames)
                if name == "compressing":
                    reached = any("libz" in frame.get("module", "") for frame in frames)
                else:
                    reached = chain_of(CHAINS.get(name, "work"), minor)[-1] in names
                whole[name] = whole.get(name, 0) + row["hits"] * reached
                lines = [frame for frame in frames if is_python(frame) and not (frame.get("file") and frame.get("line"))]
                if lines:
                    reasons["no line: " + lines[0]["name"]] = reasons.get("no line: " + lines[0]["name"], 0) + row["hits"]
    for reason, hits in sorted(reasons.items(), key=lambda item: -item[1])[:20]:
        print("# %d x %s" % (hits, reason[:300]))
    bad = False
    for name in CHAINS:
        if not whole[name]:
            print("not ok Python: no whole stack of '%s'" % CHAINS[name])
            bad = True
        else:
            print("ok Python: %d stacks of '%s'" % (whole[name], CHAINS[name] if name != "recursing" else "recursing nested... spin"))
    share = 100 * right / max(right + wrong, 1)
    bad |= share < LIMIT
    print("%s Python: %.2f %% of %d samples have every frame of Python and C in right order, at least %d %% must" %
          ("ok" if share >= LIMIT else "not ok", share, right + wrong, LIMIT))
    return bad


if __name__ == "__main__":
    sys.exit(main())
