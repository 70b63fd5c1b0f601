# SPDX-License-Identifier: GPL-2.0-or-later
"""Turns the times that tests/bench/guest took into costs, shows them, and judges them by the targets."""
import argparse
import json
import sys

# row: (tool, what, the ktally row it is compared with)
ROWS = {
    "idle": ("ktally", "session that is not started", None),
    "tp-none": ("ktally", "tracepoint, empty program", None),
    "tp-total": ("ktally", "tracepoint, counted", None),
    "tp-key": ("ktally", "tracepoint, counted by one key", None),
    "tp-keys": ("ktally", "tracepoint, counted by two keys", None),
    "tp-filter": ("ktally", "tracepoint, filter passes, one key", None),
    "tp-refused": ("ktally", "tracepoint, filter refuses", None),
    "tp-hist": ("ktally", "tracepoint, log2 histogram by one key", None),
    "tp-kstack": ("ktally", "tracepoint, counted by kernel stack", None),
    "tp-emit": ("ktally", "tracepoint, 32 bytes to the ring", None),
    "kp-none": ("ktally", "kprobe, empty program", None),
    "kp-total": ("ktally", "kprobe, counted", None),
    "kp-key": ("ktally", "kprobe, counted by one key", None),
    "kp-kstack": ("ktally", "kprobe, counted by kernel stack", None),
    "pair-none": ("ktally", "entry and return, empty programs", None),
    "pair-hist": ("ktally", "system call latency histogram by number", None),
    "pair-key": ("ktally", "the same, paired by a key", None),
    "krp-none": ("ktally", "kretprobe, empty program", None),
    "krp-hist": ("ktally", "kretprobe, histogram of the duration", None),
    "kp-krp": ("ktally", "kprobe to kretprobe, latency histogram", None),
    "event-none": ("ktally", "trace event by perf, empty program", None),
    "event-total": ("ktally", "trace event by perf, counted", None),
    "event-key": ("ktally", "trace event by perf, counted by one key", None),
    "perf-stat": ("perf", "stat, tracepoint counted", "tp-total"),
    "perf-record": ("perf", "record of one process, tracepoint", "tp-emit"),
    "perf-record-a": ("perf", "record of all (-a), tracepoint", "tp-emit"),
    "ftrace-ring": ("ftrace", "event to the ring", "tp-emit"),
    "ftrace-hist": ("ftrace", "hist trigger by one key", "tp-key"),
    "bpf-tp-key": ("bpftrace", "tracepoint, counted by one key", "tp-key"),
    "bpf-kp-total": ("bpftrace", "kprobe, counted", "kp-total"),
    "bpf-kp-key": ("bpftrace", "kprobe, counted by one key", "kp-key"),
    "bpf-kp-kstack": ("bpftrace", "kprobe, counted by kernel stack", "kp-kstack"),
    "bpf-pair-hist": ("bpftrace", "system call latency histogram by number", "pair-hist"),
    "bpf-kp-krp": ("bpftrace", "kprobe to kretprobe, latency histogram", "krp-hist"),
}

# row: most instructions a hit may cost
TARGETS = {"idle": 0, "tp-key": 120, "kp-key": 220, "pair-hist": 340, "krp-hist": 700, "event-key": 600, "tp-emit": 260}
NOISE = 1.0  # instructions; two measurements of the same thing differ by less


def read(path):
    """Returns {row: [two times]}, {row: why not}, and what the guest said last."""
    times, failed, last = {}, {}, None
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            row, rest = line.rstrip("\n").split(" ", 1)
            if row == "end":
                last = rest
            elif rest.startswith("! "):
                failed[row] = rest[2:].strip()
            else:
                times[row] = [float(word) for word in rest.split()]
    return times, failed, last


def costs(times):
    """Returns {row: (instructions, spread)}; the spread is that of the two measurements."""
    base = sum(times["base"]) / len(times["base"])
    return {row: (sum(pair) / len(pair) - base, max(pair) - min(pair))
            for row, pair in times.items() if row in ROWS}


def show(cost, failed, asked):
    print(f"{'tool':<9} {'what':<40} {'instructions':>12} {'spread':>7}  {'against ktally':<14}")
    for row, (tool, what, against) in ROWS.items():
        if row in cost:
            value, spread = cost[row]
            times = f"{value / cost[against][0]:.1f} times" if against in cost else ""
            print(f"{tool:<9} {what:<40} {value:12.1f} {spread:7.1f}  {times}".rstrip())
        elif row in failed or row in asked:
            print(f"{tool:<9} {what:<40} not measured: {failed.get(row, 'the guest left it out')}")


def judge(cost, times):
    """Prints a line for each target; returns whether all are met."""
    good = True
    for row, limit in TARGETS.items():
        value = cost[row][0] if row in cost else float("inf")
        met = value <= limit + (NOISE if not limit else 0)
        good &= met
        print(f"{'PASS' if met else 'FAIL'}: {ROWS[row][1]}: {value:.1f} instructions, at most {limit}")
    ends = [sum(times.get(row, [float('inf')])) / 2 for row in ("base", "base-again")]
    met = abs(ends[1] - ends[0]) <= NOISE
    print(f"{'PASS' if met else 'FAIL'}: a call without probes: {ends[0]:.1f} instructions before, {ends[1]:.1f} after")
    return good and met


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kernel", required=True)
    parser.add_argument("--json")
    parser.add_argument("times")
    args = parser.parse_args()
    times, failed, last = read(args.times)
    if "base" not in times or last is None:
        sys.exit(f"bench: {args.times} is not complete: {failed.get('base', 'no base, or no end')}")
    cost = costs(times)
    asked = [row for row in ROWS if ROWS[row][0] == "ktally"]
    print(f"Instructions that a hit adds to a system call of {sum(times['base']) / 2:.1f}; Linux {args.kernel}, one emulated")
    print(f"processor ('-cpu max'), the kernel's default mitigations (spectre_v2: {last or 'unknown'})")
    show(cost, failed, asked)
    good = judge(cost, times)
    if failed:
        print(f"FAIL: not measured: {', '.join(failed)}")
    if args.json:
        result = {"schema": 1, "kernel": args.kernel, "base": sum(times["base"]) / 2, "passed": good and not failed,
                  "rows": [{"row": row, "tool": ROWS[row][0], "what": ROWS[row][1], "instructions": round(value, 2),
                            "spread": round(spread, 2)} for row, (value, spread) in cost.items()],
                  "not_measured": failed}
        with open(args.json, "w", encoding="utf-8") as out:
            json.dump(result, out, indent=1)
            out.write("\n")
    sys.exit(0 if good and not failed else 1)


if __name__ == "__main__":
    main()
