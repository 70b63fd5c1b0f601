# SPDX-License-Identifier: GPL-2.0-or-later
"""Shows what the demo measured and checks it: pprof must list the same functions, and samples must have names."""
import json
import re
import subprocess
import sys

TOP = 10
# Per cent of the samples whose innermost frame must have a name. Static functions of stripped programs have none to be found.
NAMED = {"kernel": 99.0, "libc": 99.0, "all": 80.0}
# Per cent of those without a name in a file, that must still be told apart by where their function begins.
APART = 90.0


def text_functions(path):
    """[(self, name)] of the list of functions in report.txt, in its order."""
    found, inside = [], False
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            if line.strip() == "top functions":
                inside = True
            elif inside and not line.strip():
                break
            elif inside:
                words = re.match(r"\s*(\d+)\s+[\d.]+\s+\d+\s+[\d.]+\s+(.*\S)\s+(\S+)$", line)
                if words:
                    found.append((int(words[1]), words[2].strip()))
    return found


def pprof_functions(path):
    """[(flat, name)] as `go tool pprof` sees the samples."""
    command = ["go", "tool", "pprof", "-top", "-sample_index=samples", "-nodecount=60", "-nodefraction=0", path]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    rows = re.findall(r"^\s*(\d+)\s+[\d.]+%\s+[\d.]+%\s+\d+\s+[\d.]+%\s+(.*?)(?: \(inline\))?\s*$", output, re.M)
    return [(int(flat), name) for flat, name in rows]


def agree(text, pprof):
    """The functions of either list's top, by more samples than the next one has: both must give the same number."""
    bad = []
    flat = {name: count for count, name in pprof}
    self = {name: count for count, name in text}
    for count, name in text[:TOP]:
        if flat.get(name) != count:
            bad.append(f"{name}: {count} samples in report.txt, {flat.get(name, 'none')} in pprof")
    least = text[TOP - 1][0]
    for count, name in pprof[:TOP]:
        if count > least and self.get(name) != count:
            bad.append(f"{name}: {count} samples in pprof, {self.get(name, 'none')} in report.txt")
    return bad


def side(frame):
    if frame["kernel"]:
        return "kernel"
    return "libc" if "/libc.so" in frame["module"] else "programs"


def leaves(report):
    """{side: [samples, samples with a name]} of innermost frames; those without: {module: [samples, of functions told apart, functions]}."""
    counts, lacking = {}, {}
    for table in report["tables"]:
        for row in table["rows"]:
            frame = {"name": "[unknown]", "module": "no stack", "kernel": False}
            if row.get("stack"):
                frame = row["stack"][-1]
            pair = counts.setdefault(side(frame), [0, 0])
            pair[0] += row["hits"]
            if re.fullmatch(r"\[.*\]", frame["name"]):
                without = lacking.setdefault(frame["module"], [0, 0, set()])
                without[0] += row["hits"]
                if re.search(r"\+0x[0-9a-f]+\]$", frame["name"]):
                    without[1] += row["hits"]
                    without[2].add(frame["name"])
            else:
                pair[1] += row["hits"]
    return counts, lacking


def check_apart(lacking):
    """Programs of Debian describe nearly all of their code: what has no name is told apart by where it begins."""
    without = sum(count for module, (count, _, _) in lacking.items() if module.startswith("/"))
    apart = sum(count for module, (_, count, _) in lacking.items() if module.startswith("/"))
    met = 100 * apart >= APART * without
    print(f"{'PASS' if met else 'FAIL'}: {apart} of {without} samples in files without a name are in a function told from others, at least {APART:.0f} %")
    return met


def show_head(path, title, lines):
    print(f"\n{title} ({path})")
    with open(path, encoding="utf-8") as text:
        body = [line.rstrip() for line in text]
    start = next(i for i, line in enumerate(body) if i > 2 and ("self%" in line or line.split()[:2] == ["comm", "id"]))
    print("\n".join(body[start:start + lines]))


def main():
    out = sys.argv[1]
    with open(f"{out}/report.json", encoding="utf-8") as text:
        report = json.load(text)
    show_head(f"{out}/report.txt", "Where the time went", 13)
    show_head(f"{out}/syscalls.txt", "System calls by program", 13)
    good = True

    text, pprof = text_functions(f"{out}/report.txt"), pprof_functions(f"{out}/profile.pb.gz")
    if len(text) < TOP or len(pprof) < TOP:
        sys.exit(f"demo: FAIL: report.txt lists {len(text)} functions and pprof {len(pprof)}, not at least {TOP}")
    print()
    bad = agree(text, pprof)
    for line in bad:
        print(f"FAIL: {line}")
    if not bad:
        print(f"PASS: go tool pprof lists the same top {TOP} functions as report.txt, with the same number of samples")
    good &= not bad

    counts, lacking = leaves(report)
    counts["all"] = [sum(pair[i] for pair in counts.values()) for i in (0, 1)]
    for name, least in NAMED.items():
        samples, named = counts.get(name, (0, 0))
        met = samples > 0 and 100 * named >= least * samples
        good &= met
        print(f"{'PASS' if met else 'FAIL'}: {name}: {100 * named / max(samples, 1):.1f} % of {samples} samples end in a function "
              f"with a name, at least {least:.0f} %")
    for module, (count, apart, functions) in sorted(lacking.items(), key=lambda item: -item[1][0])[:6]:
        print(f"      without: {count:5} in {module}, {apart} of them in {len(functions)} functions told apart")
    good &= check_apart(lacking)

    closed = all(probe["closed"] for probe in report["accounting"]["probes"]) and report["accounting"]["rings"]["closed"]
    print(f"{'PASS' if closed else 'FAIL'}: every hit is accounted for")
    sys.exit(0 if good and closed else 1)


if __name__ == "__main__":
    main()
