# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares where perf and ktally saw the same load spend its time: the same top functions, with about the same shares."""
import glob
import json
import sys

TOP = 5
POINTS = 3.0	# per cent of all samples by which a share may differ
SAMPLES = 3000	# fewer say too little: at 3000 a share of 30 % varies by 0.8 points


def perf_functions(folder):
    """{function: samples} without those of the idle task."""
    counts = {}
    for path in glob.glob(f"{folder}/perf.*.txt"):
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                tid, _, name = (line.split(None, 2) + ["[unknown]"])[:3]
                if tid != "0":
                    name = name.strip().split("+0x")[0]
                    counts[name] = counts.get(name, 0) + 1
    return counts


def ktally_functions(folder):
    """{function: samples}; ktally leaves the idle task out itself."""
    counts = {}
    for path in glob.glob(f"{folder}/ktally.*.json"):
        with open(path, encoding="utf-8") as text:
            report = json.load(text)
        for row in report["tables"][0]["rows"]:
            name = row["stack"][-1]["name"] if row.get("stack") else "[unknown]"
            counts[name] = counts.get(name, 0) + row["hits"]
    return counts


def top(counts):
    total = sum(counts.values())
    return [(name, 100 * count / total) for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:TOP]]


def main():
    perf, ktally = perf_functions(sys.argv[1]), ktally_functions(sys.argv[1])
    few = [f"{tool} has {sum(counts.values())} samples, at least {SAMPLES} are needed"
           for tool, counts in (("perf", perf), ("ktally", ktally)) if sum(counts.values()) < SAMPLES]
    if few:
        sys.exit(f"agree: FAIL: {'; '.join(few)}")
    left, right = top(perf), top(ktally)
    print(f"{'perf':<32} {sum(perf.values()):>6} samples   {'ktally':<32} {sum(ktally.values()):>6} samples")
    for (a, a_share), (b, b_share) in zip(left, right):
        print(f"{a:<32} {a_share:>12.1f} %   {b:<32} {b_share:>12.1f} %")
    bad = [f"{name} is in the top {TOP} of one only" for name in sorted(set(dict(left)) ^ set(dict(right)))]
    for name in sorted(set(dict(left)) & set(dict(right))):
        apart = dict(right)[name] - dict(left)[name]
        if abs(apart) > POINTS:
            bad.append(f"{name}: ktally is {apart:+.1f} points from perf")
    for line in bad:
        print(f"FAIL: {line}")
    if not bad:
        print(f"PASS: the same top {TOP} functions, no share further apart than {POINTS:.0f} points")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
