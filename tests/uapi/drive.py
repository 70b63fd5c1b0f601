#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""drive.py CLIENT-FOLDER: runs in the guest: the kernel's own netlink client drives a whole session by uapi/ktally.yaml alone."""
import os
import struct
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(sys.argv[1], "tools/net/ynl"))
# pylint: disable=wrong-import-position,import-error # found only now
from lib import NlError, YnlFamily

CALLS = 23	# a prime number of getppid
SPEC = "uapi/ktally.yaml"
SCHEMA = os.path.join(sys.argv[1], "Documentation/netlink/genetlink-legacy.yaml")
NAME = "drive-1"
SOFTWARE, CONTEXT_SWITCHES = 1, 3	# PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES
SYS_GETPPID = 110
NO_REG = 0xff


class Driver:
    """The client, and what has come out of it."""

    def __init__(self):
        self.client = YnlFamily(SPEC, SCHEMA)
        self.failed = 0

    def check(self, name, good, told=""):
        print(f"{'ok' if good else 'not ok'} {name}" + ("" if good else f" # {told}"), flush=True)
        self.failed += not good

    def same(self, name, found, wanted):
        """Of what was found, what is wanted, and no other value of it."""
        part = {key: found.get(key) for key in wanted} if isinstance(wanted, dict) else found
        self.check(name, part == wanted, f"{part} instead of {wanted}")

    def refused(self, name, command, request, sentence, attribute=None):
        """A refusal is one of the kernel's sentences, and points at an attribute."""
        try:
            self.client.do(command, request)
        except NlError as error:
            extack = error.nl_msg.extack or {}
            self.check(name, sentence in extack.get("msg", "") and extack.get("bad-attr") == attribute, extack)
        else:
            self.check(name, False, "it was accepted")

    def number(self, enum, entry):
        return self.client.consts[enum].entries[entry].user_value()

    def array(self, kind, rows):
        """Structs one behind the other, as the description lays them out."""
        members = self.client.consts[kind].members
        text = b""
        for row in rows:
            values = {}
            for member in members:
                value = row.get(member.name, 0)
                values[member.name] = self.number(member.enum, value) if isinstance(value, str) else value
            # pylint: disable=protected-access # the client has no public way to arrays
            text += self.client._encode_struct(kind, values)
        return text

    def rows(self, kind, text):
        # pylint: disable=protected-access
        size = self.client._struct_size(kind)
        return [self.client._decode_struct(text[at:at + size], kind) for at in range(0, len(text), size)]


def program(driver, instructions):
    return driver.array("insn", [dict({"op": op}, **more) for op, more in instructions])


def find_source(driver, end):
    """A typed tracepoint by the end of its name, and the number of its field id."""
    source = next(one for one in driver.client.dump("source-get", {}) if one["src-name"].endswith(end))
    names = [field["field-name"] for field in source["fields"]["field"]]
    driver.check(f"{end} is a source with fields", source["source-kind"] == "tracepoint" and source["available"] == 1 and
                 source["fields"]["field"][names.index("id")]["field-type"] == "int", source)
    return source["src-name"], names.index("id")


def info(driver):
    found = driver.client.do("info-get", {})
    driver.same("info-get", found, {"abi": driver.client.yaml["version"], "release": os.uname().release, "nr-sessions": 0})
    driver.check("info-get: features have names", {"tracepoint", "syscalls", "perf", "unwind"} <= found["features"], found["features"])


def make_session(driver):
    wanted = {"name": NAME, "flags": {"pinned"}, "ring-size": 8192, "ring-mode": "overwrite", "stack-entries": 128, "budget": 0,
              "scratch-size": 4096, "mappings": 64}
    found = driver.client.do("session-new", dict(wanted, cpus=struct.pack("Q", 1), **{"scope-pids": struct.pack("I", os.getpid())}))
    driver.same("session-new", found, dict(wanted, state="new", **{"nr-tables": 0, "nr-pairs": 0, "nr-counters": 0}))
    return found["session"]


def make_parts(driver, session):
    """A counter, a pair with it, and a table by the start's saved word; the order is that of the module."""
    client, by_id = driver.client, {"session": session}
    driver.same("counter-new", client.do("counter-new", {"name": NAME, "src-perf-type": SOFTWARE, "src-perf-config": CONTEXT_SWITCHES,
                                                         "src-perf-flags": 1 << client.consts["perf-flags"].entries["pinned"].value,
                                                         "label": b"switches"}), dict(by_id, counter=0))
    driver.refused("pair-new: a sentence", "pair-new", {"session": session, "pair-kind": "key", "rows": 8}, "1 to 8 key words")
    driver.refused("pair-new: an attribute that is pointed at", "pair-new",
                   {"session": session, "pair-kind": "task", "rows": 8, "pair-counters": b"\0"}, "numbers of counters",
                   ".pair-counters")
    driver.same("pair-new", client.do("pair-new", {"session": session, "pair-kind": "task", "pair-flags": ["oncpu"], "nr-saved": 1,
                                                   "rows": 64, "pair-counters": struct.pack("I", 0), "label": b"legs"}),
                dict(by_id, pair=0))
    columns = [{"kind": "count"}, {"kind": "hist", "hist": "log2", "flags": client.consts["column-flags"].entries["exemplars"].
                                   user_value(as_flags=True)}, {"kind": "sum"}]
    driver.same("table-new", client.do("table-new", {"session": session, "nr-keys": 1, "rows": 16, "label": b"table",
                                                     "columns": driver.array("column", columns)}), dict(by_id, table=0))
    found = client.dump("table-get", by_id)
    driver.check("table-get", len(found) == 1 and found[0]["rows"] == 16 and found[0]["label"] == b"table" and
                 [row["kind"] for row in driver.rows("column", found[0]["columns"])] == ["count", "hist", "sum"], found)


def make_probes(driver, session):
    """From each getppid to its end: time, time on a CPU, switches, and the number that the start saved."""
    enter, enter_id = find_source(driver, "sys_enter")
    leave, leave_id = find_source(driver, "sys_exit")
    begin = [("field", {"aux": enter_id}), ("jeq", {"a": 0, "b": NO_REG, "imm": SYS_GETPPID, "aux": 1}), ("exit", {"imm": 1}),
             ("start", {"b": 0}), ("exit", {})]
    end = [("field", {"aux": leave_id}), ("jne", {"a": 0, "b": NO_REG, "imm": SYS_GETPPID, "aux": 3}),
           ("end", {"dst": 4, "imm": 2}), ("update", {"a": 7, "b": 4}), ("exit", {}), ("exit", {"imm": 1})]
    for number, (name, instructions) in enumerate(((enter, begin), (leave, end))):
        found = driver.client.do("probe-new", {"session": session, "source-kind": "tracepoint", "src-name": name,
                                               "program": program(driver, instructions), "label": name.encode()})
        driver.same(f"probe-new: {name}", found, {"session": session, "probe": number})
    # Of a whole program the instruction is pointed at, for which this client has no words.
    driver.refused("probe-new: half an instruction", "probe-new",
                   {"session": session, "source-kind": "tracepoint", "src-name": enter, "program": b"\0" * 8}, "16 bytes each",
                   ".program")
    return enter, leave


def run(driver, session):
    driver.client.do("session-start", {"name": NAME})
    for _ in range(CALLS):
        os.getppid()
    found = driver.client.do("snapshot", {"session": session, "snapshot-flags": ["clear"]})
    driver.check("snapshot", found["half"] in (0, 1) and found["generation"] > 0 and found["time"] > 0, found)
    driver.refused("counter-new: too late", "counter-new", {"session": session, "src-perf-type": SOFTWARE,
                                                            "src-perf-config": CONTEXT_SWITCHES}, "before that")
    driver.client.do("session-stop", {"session": session})


def look(driver, session, names):
    client, by_id = driver.client, {"session": session}
    found = client.do("session-get", by_id)
    driver.same("session-get", found, {"state": "stopped", "nr-tables": 1, "nr-probes": 2, "nr-pairs": 1, "nr-counters": 1})
    driver.same("session-get: user stacks", found["unwind-count"], {"stacks": 0, "whole": 0, "lost": 0, "cut": bytes(64)})
    driver.same("session-get: all of them", client.dump("session-get", {}), [found])
    found = client.dump("pair-get", by_id)
    driver.check("pair-get: one", len(found) == 1, found)
    driver.same("pair-get", found[0], {"pair": 0, "pair-kind": "task", "pair-flags": {"oncpu"}, "nr-keys": 0, "nr-saved": 1, "rows": 64,
                                       "pair-counters": [0], "label": b"legs"})
    driver.same("pair-get: starts and ends", found[0]["pair-count"], {"starts": CALLS, "ended": CALLS, "unmatched": 0, "full": 0})
    found = client.dump("counter-get", by_id)
    driver.check("counter-get", len(found) == 1 and found[0]["counter"] == 0 and found[0]["src-perf-config"] == CONTEXT_SWITCHES, found)
    values = driver.rows("counter-value", found[0]["counter-values"])
    driver.check("counter-get: values", len(values) == 1 and values[0]["cpu"] == 0 and values[0]["running"] > 0, values)
    found = client.dump("probe-get", by_id)
    driver.check("probe-get: both", [probe["src-name"] for probe in found] == list(names) and
                 [probe["label"].decode() for probe in found] == list(names), found)
    for probe in found:
        count = dict(probe["count"])
        hits = count.pop("hits")
        driver.same(f"probe-get: {probe['src-name']} counts", {"folded": count["folded"], "all": sum(count.values())},
                    {"folded": CALLS, "all": hits})


def main():
    driver = Driver()
    events = YnlFamily(SPEC, SCHEMA)
    events.ntf_subscribe("events")
    info(driver)
    session = make_session(driver)
    make_parts(driver, session)
    names = make_probes(driver, session)
    run(driver, session)
    look(driver, session, names)
    driver.client.do("session-delete", {"name": NAME})
    driver.refused("session-get: gone", "session-get", {"session": session}, "no such session", ".session")
    events.check_ntf()
    driver.same("events", [(one["name"], one["msg"]) for one in events.async_msg_queue],
                [("session-ntf", {"session": session, "name": NAME, "state": state}) for state in ("new", "running", "stopped", "dead")])
    return 1 if driver.failed else 0


if __name__ == "__main__":
    sys.exit(main())
