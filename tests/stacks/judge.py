# SPDX-License-Identifier: GPL-2.0-or-later
"""Judges stacks that were sampled from workloads whose calls are known (truth.py), frame by frame.

usage: judge.py [--arm64] FOLDER WORKLOAD...: reads FOLDER/WORKLOAD.json, reports of `ktally profile`; prints a table and a line for each workload
"""
import collections
import functools
import json
import os
import re
import sys

import truth

# Where the kernel is entered from user space, or a thread begins there.
KERNEL_ENTRY = re.compile(r"entry_SYSCALL_64\w*|asm_\w+|ret_from_fork\w*|error_\w+|paranoid_\w+|el0\w*|common_interrupt_return|"
                          r"entry_\w+|swapgs_\w+|sync_regs|irqentry_\w+")
UNNAMED = re.compile(r"\[unknown\]|0x[0-9a-f]+|\[(?!vdso\]|(?:ftrace|kprobe|bpf)).*\]|")
# What a process does when it has no user side: it is being replaced, or ends, or has not begun.
NO_USER = re.compile(r"\w*exec\w*|do_exit|do_group_exit|ret_from_fork\w*|exit_mm\w*|\w*exit_to_user_mode\w*|mmput")
REASONS = 3
FEW = 300	# samples; a share of fewer says little
MANY = 1500	# samples; of so many each path has some, the rarest too


def split(path):
    """Yields (expression, least, many) of the frames of a path, pieces put in."""
    for word in path.split(" "):
        if word.startswith("$"):
            yield from split(truth.PIECES[word[1:]])
            continue
        sign = word[0] if word[0] in "?*+" else ""
        times = re.fullmatch(r"(.*)\{(\d+)\}", word[len(sign):])
        name, count = (times[1], int(times[2])) if times else (word[len(sign):], 1)
        for _ in range(count):
            yield re.compile(name), sign in ("", "+"), sign in ("*", "+")


class Path:
    """A path as a machine: it is at a set of places, and each frame of a stack moves it on."""

    def __init__(self, text):
        self.frames = list(split(text))

    def _close(self, places):
        """Places that are reached without a frame. A place is (index, seen): seen: a '+' had its first."""
        done, todo = set(), list(places)
        while todo:
            place = todo.pop()
            if place in done:
                continue
            done.add(place)
            index, seen = place
            if index < len(self.frames) and (seen or not self.frames[index][1]):
                todo.append((index + 1, False))
        return done

    def fit(self, stack):
        """Returns how many frames of the stack fit, and whether it is whole: all do, and the path ends there."""
        places = self._close({(0, False)})
        for depth, name in enumerate(stack):
            after = set()
            for index, _ in places:
                if index < len(self.frames) and _matches(self.frames[index][0], name):
                    after.add((index, True) if self.frames[index][2] else (index + 1, False))
            places = self._close(after)
            if not places:
                return depth, False
        return len(stack), any(index == len(self.frames) for index, _ in places)


@functools.lru_cache(maxsize=None)
def _matches(expression, name):
    return expression.fullmatch(name) is not None


def kernel_reason(frames, user):
    """Why the kernel side is not right, or None."""
    for name in frames:
        if UNNAMED.fullmatch(name):
            return f"kernel frame without a name: {name or 'empty'}"
    if frames and not KERNEL_ENTRY.fullmatch(frames[0]):
        return f"the kernel's side begins with {frames[0]}"
    if not user and not any(NO_USER.fullmatch(name) for name in frames):
        return "no user side"
    return None


class Judge:
    """Of one workload."""

    def __init__(self, workload):
        self.workload = workload
        self.paths = {name: Path(text) for name, text in workload.paths.items()}
        self.rare = [Path(text) for text in workload.rare.values()]
        self.aside = [Path(text) for text in workload.aside]
        self.samples = self.right = self.others = 0
        self.seen = collections.Counter()
        self.reasons = collections.Counter()
        self.examples = {}

    def reason(self, user, kernel):
        """Returns None if the stack is right; else why not."""
        if not user and not kernel:
            return "no stack"
        bad = kernel_reason(kernel, user)
        if bad or not user:
            return bad
        for name, path in self.paths.items():
            if path.fit(user)[1]:
                self.seen[name] += 1
                return None
        if any(path.fit(user)[1] for path in self.rare):
            return None
        return self._where(user)

    def _where(self, user):
        """The frame at which a wrong stack leaves what it should be."""
        cut = next((name for name in user if name.startswith("[cut")), None)
        if cut:
            return f"{cut} behind {next((name for name in user if name != cut), 'nothing')}"
        best = max(path.fit(user)[0] for path in self.paths.values()) or max((path.fit(user)[0] for path in self.rare), default=0)
        if best == len(user):
            return f"ends at {user[-1]}"
        return f"{user[best] or 'no name'} called by {user[best - 1] if best else 'nothing'}"

    def add(self, comm, user, kernel, hits):
        """A stack: names of its user and its kernel side, outermost first, and its samples."""
        if comm != self.workload.comm or any(path.fit(user)[1] for path in self.aside):
            self.others += hits
            return
        self.samples += hits
        why = self.reason(user, kernel)
        if why is None:
            self.right += hits
        else:
            self.reasons[why] += hits
            self.examples.setdefault(why, (user, kernel))

    @property
    def share(self):
        return 100 * self.right / self.samples if self.samples else 0.0

    def faults(self):
        """Why the workload as a whole is not as it must be."""
        if self.samples < FEW:
            yield f"{self.samples} samples, at least {FEW} are needed"
        if self.share < self.workload.bound:
            yield f"{self.share:.2f} % of the stacks are right, at least {self.workload.bound} % must be"
        for name in self.paths:
            if not self.seen[name] and self.samples >= MANY:
                yield f"no right stack of the path '{name}'"


def plain(name):
    """Without what only tells aliases and versions apart."""
    return re.sub(r"^__GI_(?=_|\w)|@@?GLIBC\S*$", "", name)


def frame_name(frame):
    """The name that truth.py knows a frame by: 'py:' or 'pylib:' before those of Python; the file in brackets if it has none."""
    name = plain(frame["name"])
    if name == "[unknown]" or frame.get("unnamed"):
        base = frame.get("module", "").rsplit("/", 1)[-1]
        return f"[{base.strip('[]')}]" if base else name
    if frame.get("kind") != "python":
        return name
    return f"py:{name}" if frame.get("file", "chain.py").endswith("chain.py") else f"pylib:{name}"


def read_report(path):
    """Yields (comm, user, kernel, samples) of a report of ktally in JSON."""
    with open(path, encoding="utf-8") as text:
        report = json.load(text)
    for table in report["tables"]:
        for row in table["rows"]:
            frames = [frame for frame in row.get("stack", []) if frame["name"] != "[no stack]"]
            yield (row["key"]["comm"], tuple(frame_name(frame) for frame in frames if not frame.get("kernel")),
                   tuple(frame["name"] for frame in frames if frame.get("kernel")), row["hits"])
        if table["other"]["hits"]:
            yield "[other]", (), (), table["other"]["hits"]


def judge(name, stacks):
    found = Judge(truth.WORKLOADS[name])
    for stack in stacks:
        found.add(*stack)
    return found


def table(found):
    """The Markdown table of {name: Judge}."""
    yield "| workload | samples | whole stack right | what was wrong first |"
    yield "|---|---|---|---|"
    for one in found.values():
        wrong = "; ".join(f"{why} ({count})" for why, count in one.reasons.most_common(REASONS)) or "nothing"
        yield f"| {one.workload.title} | {one.samples} | {one.share:.2f} % | {wrong.replace('|', '/')} |"


def main():
    folder, *names = [arg for arg in sys.argv[1:] if arg != "--arm64"]
    if "--arm64" in sys.argv:
        truth.know_arm64()
    found, failed = {}, 0
    for name in names:
        path = f"{folder}/{name}.json"
        found[name] = judge(name, read_report(path) if os.path.exists(path) else [])
    print("\n".join(table(found)))
    for name, one in found.items():
        for why, (user, kernel) in one.examples.items():
            print(f"# {name}: {one.reasons[why]} x {why}: {' > '.join(user)} | {' > '.join(kernel)}")
        faults = list(one.faults())
        failed += bool(faults)
        print(f"{'not ok' if faults else 'ok'} stacks: {one.workload.title}{': ' if faults else ''}{'; '.join(faults)}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
