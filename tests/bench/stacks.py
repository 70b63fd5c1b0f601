# SPDX-License-Identifier: GPL-2.0-or-later
"""Turns what tests/bench/stacks measured into tables, and judges them.

usage: stacks.py bytes FOLDER WORKLOAD... | stacks.py cost FOLDER
"""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "stacks"))
# pylint: disable=wrong-import-position
import judge
import perf_script
import truth

LEAST = 20		# times that perf's bytes must be ours
RECORD = 256		# bytes: more than any record of a mapping that is read from a ring has on average
NATIVE = ("c", "cc")	# workloads whose bytes are judged; in the others perf is worse for reasons of its own
ROWS = {
    "ktally-table": ("ktally", "unwind tables", "base-deep"),
    "ktally-fp": ("ktally", "frame pointers", "base-deep-fp"),
    "ktally-none": ("ktally", "no stack", "base-deep"),
    "perf-dwarf": ("perf", "--call-graph dwarf", "base-deep"),
    "perf-fp": ("perf", "--call-graph fp", "base-deep-fp"),
    "perf-none": ("perf", "no stack", "base-deep"),
}


def unnamed(stacks):
    """(frames without a name, all frames), by samples."""
    bad = total = 0
    for _, user, kernel, hits in stacks:
        for name in user + kernel:
            total += hits
            bad += hits if judge.UNNAMED.fullmatch(name) else 0
    return bad, total


def of_workload(stacks, workload):
    return [stack for stack in stacks if stack[0].startswith(workload.comm)]


def ours(folder, name):
    """(stacks, bytes) of ktally."""
    with open(f"{folder}/{name}.json", encoding="utf-8") as text:
        rings = json.load(text)["accounting"]["rings"]
    return list(judge.read_report(f"{folder}/{name}.json")), os.path.getsize(f"{folder}/{name}.rec") + rings["read"] * RECORD


def theirs(folder, name):
    with open(f"{folder}/{name}.size", encoding="utf-8") as text:
        return list(perf_script.read(f"{folder}/{name}.txt")), int(text.read())


def bytes_table(folder, names):
    good = True
    print("| workload | tool | samples | bytes a sample | stacks right | frames without a name |")
    print("|---|---|---|---|---|---|")
    verdicts = []
    for name in names:
        workload, per, shares = truth.WORKLOADS[name], {}, {}
        for tool, source in (("ktally", ours), ("perf record --call-graph dwarf", theirs)):
            stacks, size = source(folder, name)
            found = judge.judge(name, stacks)
            bad, total = unnamed(of_workload(stacks, workload))
            samples = sum(stack[3] for stack in stacks)
            per[tool] = size / samples if samples else float("inf")
            shares[tool] = (found.share, 100 * bad / total if total else 100.0)
            print(f"| {workload.title} | {tool} | {samples} | {per[tool]:.0f} | {found.share:.2f} % | {shares[tool][1]:.2f} % |")
        (we, they), (our, their) = per.values(), shares.values()
        if name in NATIVE:
            verdicts.append((they >= LEAST * we, f"{name}: {they / we:.0f} times fewer bytes a sample than perf, at least {LEAST}"))
        verdicts.append((our[0] >= their[0] - 0.5, f"{name}: {our[0]:.2f} % of the stacks are right, in perf {their[0]:.2f} %"))
        verdicts.append((our[1] <= their[1] + 0.5, f"{name}: {our[1]:.2f} % of the frames have no name, in perf {their[1]:.2f} %"))
    for met, text in verdicts:
        good &= met
        print(f"{'ok' if met else 'not ok'} stacks bench: {text}")
    return good


def cost_table(folder):
    rows, whole = {}, False
    with open(f"{folder}/cost", encoding="utf-8") as lines:
        for line in lines:
            if line.strip() == "end":
                whole = True
                continue
            name, samples, time = line.split()
            rows.setdefault(name.rsplit("-", 1)[0], []).append((int(samples), int(time)))
    if not whole:
        sys.exit("stacks: the guest did not measure everything")
    cost = {}
    print("| tool | stacks | samples | instructions a sample | spread |")
    print("|---|---|---|---|---|")
    for name, (tool, what, base) in ROWS.items():
        idle = sum(time for _, time in rows[base]) / len(rows[base])
        each = [(time - idle) / samples for samples, time in rows[name] if samples]
        if len(each) < 2 or min(samples for samples, _ in rows[name]) < 300:
            sys.exit(f"stacks: {name} took too few samples: {rows[name]}")
        cost[name] = sum(each) / len(each)
        print(f"| {tool} | {what} | {rows[name][0][0]} | {cost[name]:.0f} | {max(each) - min(each):.0f} |")
    met = cost["ktally-table"] > cost["ktally-none"] > 0 and cost["perf-dwarf"] > cost["perf-none"] > 0
    print(f"{'ok' if met else 'not ok'} stacks bench: a stack costs {cost['ktally-table'] - cost['ktally-none']:.0f} instructions by tables, {cost['perf-dwarf'] - cost['perf-none']:.0f} in perf's dwarf")
    return met


def main():
    what, folder, names = sys.argv[1], sys.argv[2], sys.argv[3:]
    sys.exit(0 if (bytes_table(folder, names) if what == "bytes" else cost_table(folder)) else 1)


if __name__ == "__main__":
    main()
