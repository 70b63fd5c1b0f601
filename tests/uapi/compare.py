#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""compare.py: holds uapi/ktally.yaml to the headers and to the module; then spoils copies of them and must notice.

The compiler says what the headers' names are worth, the text of kmod/netlink*.c which attributes a command takes and gives.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

SPEC = "uapi/ktally.yaml"
HEADERS = ["ktally", "ktally_netlink", "ktally_program", "ktally_ring", "ktally_table", "ktally_unwind"]
KMOD = ["netlink", "netlink_get", "netlink_new", "netlink_pair", "netlink_counter"]
SIZES = {"u8": 1, "s8": 1, "u16": 2, "s16": 2, "u32": 4, "s32": 4, "u64": 8, "s64": 8}
POLICY_TYPES = {"u32": "NLA_U32", "u64": "NLA_U64", "string": "NLA_NUL_STRING", "binary": "NLA_BINARY"}
PUT_TYPES = {"u32": "u32", "u64": "u64", "string": "string", "binary": "", "nest": "nest"}

# A row a command: the functions whose attributes are its request and its reply, and the kind of request.
NAMED = ["ktally_request_session"]
SESSION = ["ktally_put_session", "put_unwind", "put_governor"]
PART = ["ktally_dump_session"]
FLOWS = {
    "info-get": {"do": ([], ["ktally_info_get"])},
    "source-get": {"dump": (["ktally_dump_sources"], ["put_source"])},
    "session-new": {"do": (["session_new"], SESSION)},
    "session-get": {"do": (NAMED, SESSION), "dump": (["ktally_dump_sessions"], SESSION)},
    "session-start": {"do": (NAMED + ["session_start"], [])},
    "session-stop": {"do": (NAMED + ["session_stop"], [])},
    "session-delete": {"do": (NAMED + ["session_delete"], [])},
    "table-new": {"do": (NAMED + ["table_from", "ktally_request_label"], ["ktally_table_new_cmd"])},
    "table-get": {"dump": (PART, ["put_table"])},
    "probe-new": {"do": (NAMED + ["probe_new", "fill_probe", "add_program", "ktally_request_label"],
                         ["ktally_probe_new_cmd"])},
    "probe-get": {"dump": (PART, ["put_probe"])},
    "snapshot": {"do": (NAMED + ["snapshot"], ["snapshot"])},
    "session-ntf": {"event": ([], ["notify"])},
    "pair-new": {"do": (NAMED + ["pair_from", "ktally_request_label"], ["ktally_pair_new_cmd"])},
    "pair-get": {"dump": (PART, ["put_pair"])},
    "counter-new": {"do": (NAMED + ["counter_from"], ["ktally_counter_new_cmd"])},
    "counter-get": {"dump": (PART, ["put_head", "put_values"])},
}
# Flags have no enum to be complete by: all names of a header that begin so.
FLAG_SOURCES = {"feature": "KTALLY_FEATURE_", "session-flags": "KTALLY_SESSION_", "snapshot-flags": "KTALLY_SNAPSHOT_",
                "column-flags": "KTALLY_COLUMN_", "pair-flags": "KTALLY_PAIR_", "perf-flags": "KTALLY_PERF_"}
# Headers whose limits and other constants are all in the description, but for these.
LIMITS = ["ktally", "ktally_netlink"]
NO_LIMITS = {"KTALLY_ABI", "KTALLY_IOC_MAGIC"}


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


def c_name(text):
    return text.upper().replace("-", "_")


def block(text, start, end):
    """What is between the line that matches start and the next that matches end."""
    found = re.search(start + r"\n(.*?)^" + end, text, re.S | re.M)
    if not found:
        raise SystemExit(f"compare.py: nothing matches {start}: the sources changed shape, teach this script")
    return found.group(1)


class Sources:
    """The headers and the module, as far as the protocol goes."""

    def __init__(self, root):
        self.root = root
        self.headers = {name: read(root, f"uapi/linux/{name}.h") for name in HEADERS}
        self.kmod = "".join(read(root, f"kmod/{name}.c") for name in KMOD)
        self.enums = {}
        for text in self.headers.values():
            for name, body in re.findall(r"^enum (\w+) {\n(.*?)^};", text, re.S | re.M):
                self.enums[name] = re.findall(r"^\t(KTALLY_\w+)\b", body, re.M)
        self.policy = re.findall(r"\[(KTALLY_A_\w+)\]\s*=\s*{ \.type = (\w+)(?:,\s*\.len = (.*?))? }",
                                 block(self.kmod, r"nla_policy policy\[KTALLY_A_MAX \+ 1\] = {", "};"), re.S)
        rows = re.findall(r"{ \.cmd = (\w+), (.*?) }", block(self.kmod, r"genl_ops ops\[\] = {", "};"))
        self.ops = {cmd: rest for cmd, rest in rows}

    def bits(self, prefix):
        """Names of single bits."""
        return [name for text in self.headers.values()
                for name in re.findall(rf"^#define ({prefix}\w+)\s+\(1U(?:LL)? << ", text, re.M)
                if not name.endswith("_MAX")]

    def limits(self):
        """Names of numbers: not of texts, of what is computed, and of the bits that are flags."""
        numbers = {name for header in LIMITS for name in
                   re.findall(r"^#define (KTALLY_\w+)\s+\(?[0-9]", self.headers[header], re.M)}
        return numbers - {name for prefix in FLAG_SOURCES.values() for name in self.bits(prefix)} - NO_LIMITS

    def told(self):
        """The head of ktally_netlink.h: what each command takes (as a dump, too) and gives. None: it is not said."""
        text = block(self.headers["ktally_netlink"], r"^ \* Below, what a command takes.*?", r" \*/")
        text = re.sub(r"^ \* ?", "", text, flags=re.M).replace("FIELDS { FIELD { FIELD_* } ... }", "FIELDS")
        rows = {}
        for command, row in re.findall(r"^\t([A-Z_]+) +(.*?)(?=^\t[A-Z]|^$)", text, re.S | re.M):
            found = re.fullmatch(r"({.*?})? *(?:or )?(?:dump ({.*?}))?\s*(?:-> ({.*?}|as \w+))?\s*(?:\([^()]*\)\s*)?", row, re.S)
            if not found:
                raise SystemExit(f"compare.py: {command} in the head of ktally_netlink.h cannot be read")
            rows[command.lower().replace("_", "-")] = found.groups()
        return rows

    def function(self, name):
        return block(self.kmod, rf"^[a-z][^\n;=]*\b{name}\((?:[^;{{]*)\)\n{{", "}")

    def taken(self, names):
        """Attributes that these functions look for in a request."""
        found = set()
        for name in names:
            body = self.function(name)
            found.update(re.findall(r"\bktally_attr(?:_u32|_u64)?\(request, (KTALLY_A_\w+)", body))
            found.update(re.findall(r"\battrs\[(KTALLY_A_\w+)\]", body))
        return found

    def numbers(self, names):
        """Attributes that these functions read as a number, and its type."""
        return [(attr, kind) for name in names
                for kind, attr in re.findall(r"\bktally_attr_(u32|u64)\(request, (KTALLY_A_\w+)", self.function(name))]

    def given(self, names):
        """Attributes that these functions put into a message, with the type they are put as."""
        found = {}
        for name in names:
            body = self.function(name)
            for kind, attr in re.findall(r"\b(?:ktally_)?nla_put_?(u32|u64|string|)\(skb, (KTALLY_A_\w+)", body):
                found[attr] = kind
            for attr in re.findall(r"\bnla_reserve\(skb, (KTALLY_A_\w+)", body):
                found[attr] = ""
            for attr in re.findall(r"\bnla_nest_start\(skb, (KTALLY_A_\w+)", body):
                found[attr] = "nest"
            for pair in re.findall(r"ktally_reply_numbers\(request, (KTALLY_A_\w+),.*?, (KTALLY_A_\w+),", body, re.S):
                found.update((attr, "u32") for attr in pair)
        return found


def evaluate(root, expressions):
    """What the compiler makes of integer expressions over the headers; None where a name is unknown."""
    cc = os.environ.get("CC", "gcc").split()
    lines = [f"#include <linux/{name}.h>" for name in HEADERS]
    lines += ["#include <stddef.h>", "#include <stdio.h>", "#define u32 __u32", "int main(void)", "{"]
    lines += [f'\tprintf("%lld\\n", (long long)({text}));' for text in expressions]
    lines += ["\treturn 0;", "}"]
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "values")
        built = subprocess.run(cc + ["-x", "c", "-", "-w", f"-I{root}/uapi", "-o", program], input="\n".join(lines),
                               text=True, capture_output=True, check=False)
        if built.returncode:
            first = next((line for line in built.stderr.splitlines() if "error" in line), built.stderr)
            return None, first.split("error: ")[-1]
        output = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    return dict(zip(expressions, map(int, output.split()))), None


class Comparison:
    """Gathers what differs; values wait until the compiler is asked once for all."""

    def __init__(self, root):
        self.root = root
        self.source = Sources(root)
        self.spec = yaml.safe_load(read(root, SPEC))
        self.found = []
        self.expected = []
        self.space = {attr["name"]: attr for attr in self.spec["attribute-sets"][0]["attributes"]}

    def value(self, what, expression, wanted):
        self.expected.append((what, expression, wanted))

    def same(self, what, spec, sources):
        spec, sources = set(spec), set(sources)
        for name in sorted(spec - sources):
            self.found.append(f"{what}: {name} is in the description only")
        for name in sorted(sources - spec):
            self.found.append(f"{what}: {name} is missing in the description")

    def family(self):
        spec = self.spec
        for what, define, text in (("name", spec["c-family-name"], spec["name"]),
                                   ("group", spec["mcast-groups"]["list"][0]["c-define-name"],
                                    spec["mcast-groups"]["list"][0]["name"])):
            if not re.search(rf'^#define {c_name(define)}\s+"{re.escape(text)}"$',
                             self.source.headers["ktally_netlink"], re.M):
                self.found.append(f"{what}: {c_name(define)} is not \"{text}\"")
        self.value("version", c_name(spec["c-version-name"]), spec["version"])
        if not os.path.exists(os.path.join(self.root, "uapi", spec["uapi-header"])):
            self.found.append(f"uapi-header: there is no {spec['uapi-header']}")

    def enum(self, item, flags):
        names = []
        for index, entry in enumerate(item["entries"]):
            entry = entry if isinstance(entry, dict) else {"name": entry, "value": index}
            name = c_name(item["name-prefix"] + entry["name"])
            names.append(name)
            self.value(f"{item['type']} {item['name']}", name, 1 << entry["value"] if flags else entry["value"])
        if flags:
            declared = self.source.bits(FLAG_SOURCES.get(item["name"], item["name"]))
        else:
            declared = self.source.enums.get(c_name(item["enum-name"]).lower(), [])
        self.same(f"{item['type']} {item['name']}", names, declared)
        if names and names[0] not in re.sub(r"/\*.*?\*/", "", read(self.root, "uapi/" + item["header"]), flags=re.S):
            self.found.append(f"{item['name']}: {item['header']} does not declare it")

    def struct(self, item):
        name = "ktally_" + item["name"].replace("-", "_")
        body = block("".join(self.source.headers.values()), rf"^struct {name} {{", "};")
        declared = [("binary" if number else kind, member) for kind, member, number in
                    re.findall(r"^\t__(?:aligned_)?(\w+) (\w+)(?:\[(\d+)\])?;$", body, re.M)]
        members = [(member["type"], member["name"].replace("-", "_"), member.get("len")) for member in item["members"]]
        self.same(f"struct {item['name']}", [member[:2] for member in members], declared)
        offset = 0
        for kind, member, length in members:
            self.value(f"struct {item['name']}", f"offsetof(struct {name}, {member})", offset)
            offset += length if kind == "binary" else SIZES[kind]
        self.value(f"struct {item['name']}", f"sizeof(struct {name})", offset)

    def definitions(self):
        for item in self.spec["definitions"]:
            if item["type"] == "const":
                self.value("const", c_name(f"ktally-{item['name']}"), item["value"])
            elif item["type"] == "struct":
                self.struct(item)
            else:
                self.enum(item, item["type"] == "flags")
        listed = {c_name(f"ktally-{item['name']}") for item in self.spec["definitions"] if item["type"] == "const"}
        self.same("limits", {name for name in listed if any(re.search(rf"^#define {name}\s", self.source.headers[header], re.M)
                                                             for header in LIMITS)}, self.source.limits())
        defined = {item["name"] for item in self.spec["definitions"]}
        for attr in self.space.values():
            for key in ("enum", "struct"):
                if key in attr and attr[key] not in defined:
                    self.found.append(f"attribute {attr['name']}: no definition of {attr[key]}")

    def attributes(self):
        prefix = self.spec["attribute-sets"][0]["name-prefix"]
        names = {c_name(prefix + name): attr for name, attr in self.space.items()}
        for name, attr in names.items():
            self.value("attribute", name, attr["value"])
        self.same("attributes", names, [name for name in self.source.enums["ktally_attr"] if name != "KTALLY_A_UNSPEC"])
        for subset in self.spec["attribute-sets"][1:]:
            self.same(f"subset {subset['name']}", {attr["name"] for attr in subset["attributes"]} - set(self.space), [])
        requested = set()
        for item in self.spec["operations"]["list"]:
            for kind in ("do", "dump"):
                requested.update(item.get(kind, {}).get("request", {}).get("attributes", []))
        self.same("policy", {c_name(prefix + name) for name in requested}, [row[0] for row in self.source.policy])
        for name, kind, length in self.source.policy:
            attr = names.get(name, {"type": None})
            if POLICY_TYPES.get(attr["type"]) != kind:
                self.found.append(f"policy: {name} is {kind}, the description says {attr['type']}")
            limit = attr.get("checks", {}).get("max-len")
            if not length or limit is None:
                self.same(f"policy: longest {name}", [limit] if limit else [], [length] if length else [])
            else:
                self.value(f"policy: longest {name}", length, limit)

    def message(self, what, listed, functions):
        """A message that the module sends: the same attributes, put as the type described."""
        given = self.source.given(functions)
        self.same(what, {c_name("ktally-a-" + name) for name in listed}, given)
        for name in listed:
            kind = given.get(c_name("ktally-a-" + name))
            if kind is not None and kind != PUT_TYPES[self.space[name]["type"]]:
                self.found.append(f"{what}: {name} is put as {kind or 'bytes'}")

    def operations(self):
        items = {item["name"]: item for item in self.spec["operations"]["list"]}
        self.same("commands", {c_name("ktally-cmd-" + name) for name in items},
                  [name for name in self.source.enums["ktally_cmd"] if name != "KTALLY_CMD_UNSPEC"])
        self.same("commands of this script", items, FLOWS)
        for name, item in items.items():
            self.value("command", c_name("ktally-cmd-" + name), item["value"])
            row = self.source.ops.get(c_name("ktally-cmd-" + name), "")
            handlers = {kind for kind, member in (("do", ".doit"), ("dump", ".dumpit")) if member in row}
            self.same(f"ops {name}", {kind for kind in ("do", "dump") if kind in item}, handlers)
            if bool(item.get("flags")) != (".flags" in row):
                self.found.append(f"ops {name}: flags differ")
            for kind, (request, reply) in FLOWS.get(name, {}).items():
                part = item.get(kind, {})
                if kind == "event":
                    self.message(f"event {name}", part.get("attributes", []), reply)
                    continue
                self.same(f"request {kind} {name}", {c_name("ktally-a-" + attr) for attr in
                                                     part.get("request", {}).get("attributes", [])},
                          self.source.taken(request))
                for attr, number in self.source.numbers(request):
                    if self.space.get(attr[len("KTALLY_A_"):].lower().replace("_", "-"), {}).get("type") != number:
                        self.found.append(f"request {kind} {name}: {attr} is read as {number}")
                self.message(f"reply {kind} {name}", part.get("reply", {}).get("attributes", []), reply)
            self.head(name, item)
        for subset, functions in (("fields", ["put_field"]), ("field", ["put_field"])):
            listed = {attr["name"] for item in self.spec["attribute-sets"] if item["name"] == subset
                      for attr in item["attributes"]}
            given = self.source.given(functions)
            nests = {name for name, kind in given.items() if kind == "nest"}
            self.same(f"nest {subset}", {c_name("ktally-a-" + name) for name in listed},
                      nests if subset == "fields" else set(given) - nests)

    def head(self, name, item):
        """The header tells of the command as the description does; SESSION stands for NAME, too, a * for all that begin so."""
        told = dict(zip(("do", "dump", "reply"), self.source.told().get(name, (None, None, None))))
        if (told["reply"] or "").startswith("as "):
            told["reply"] = self.source.told()[told["reply"][3:].lower().replace("_", "-")][2]
        for kind in ("do", "dump"):
            if (told[kind] is not None) != (kind in item):
                self.found.append(f"head of ktally_netlink.h: {name} as {kind}")
                continue
            listed = item.get(kind, {})
            request = set(self.expand(told[kind]))
            if kind == "do" and "session" in request:
                request.add("name")
            for what, names in (("request", request), ("reply", set(self.expand(told["reply"])))):
                if kind in item:
                    self.same(f"head of ktally_netlink.h: {what} of {name} ({kind})",
                              listed.get(what, {}).get("attributes", []), names)

    def expand(self, text):
        for name in re.findall(r"[A-Z][A-Z0-9_]*\*?", text or ""):
            name = name.lower().replace("_", "-")
            yield from ([attr for attr in self.space if attr.startswith(name[:-1])] if name.endswith("*") else [name])

    def run(self):
        self.family()
        self.definitions()
        self.attributes()
        self.operations()
        values, why = evaluate(self.root, sorted({expression for _, expression, _ in self.expected}))
        if values is None:
            return self.found + [f"the compiler: {why}"]
        for what, expression, wanted in self.expected:
            if values[expression] != wanted:
                self.found.append(f"{what}: {expression} is {values[expression]}, the description says {wanted}")
        return self.found


# A row a way to drift apart: the file, what is in it once, and what it becomes.
MUTATIONS = [
    ("a number in the header", "uapi/linux/ktally_netlink.h", "KTALLY_A_HALF = 38,", "KTALLY_A_HALF = 60,"),
    ("a new attribute", "uapi/linux/ktally_netlink.h", "\t__KTALLY_A_END", "\tKTALLY_A_NEW = 72,\n\t__KTALLY_A_END"),
    ("a new state", "uapi/linux/ktally.h", "\t__KTALLY_STATE_END\n", "\tKTALLY_STATE_LOST = 4,\n\t__KTALLY_STATE_END\n"),
    ("a feature elsewhere", "uapi/linux/ktally.h", "KTALLY_FEATURE_CGROUP\t\t(1ULL << 8)",
     "KTALLY_FEATURE_CGROUP\t\t(1ULL << 12)"),
    ("a limit", "uapi/linux/ktally.h", "KTALLY_SCOPE_MAX\t4096", "KTALLY_SCOPE_MAX\t2048"),
    ("a new limit", "uapi/linux/ktally.h", "#define KTALLY_COUNTERS_MAX",
     "#define KTALLY_EDGES_MAX\t4\n#define KTALLY_COUNTERS_MAX"),
    ("a flag elsewhere", "uapi/linux/ktally_netlink.h", "KTALLY_PERF_PINNED\t\t(1U << 6)",
     "KTALLY_PERF_PINNED\t\t(1U << 7)"),
    ("a new flag", "uapi/linux/ktally_table.h", "#define KTALLY_PAIR_NEST",
     "#define KTALLY_PAIR_LATE (1U << 2)\n#define KTALLY_PAIR_NEST"),
    ("a request untold in the head of a header", "uapi/linux/ktally_netlink.h", "NR_SAVED?, ROWS, PAIR_COUNTERS?",
     "ROWS, PAIR_COUNTERS?"),
    ("an answer untold in the head of a header", "uapi/linux/ktally_netlink.h", "BUDGET, SHARE, STEPS?, MAPPINGS",
     "BUDGET, STEPS?, MAPPINGS"),
    ("a narrower member of a pair", "uapi/linux/ktally_table.h", "\t__aligned_u64 negative;", "\t__u32 negative;"),
    ("a member of a step elsewhere", "uapi/linux/ktally_netlink.h", "\t__u32 kind;\n\t__u32 number;",
     "\t__u32 number;\n\t__u32 kind;"),
    ("a shorter array", "uapi/linux/ktally_unwind.h", "\t__aligned_u64 cut[8];", "\t__aligned_u64 cut[7];"),
    ("a reason that is lost", "uapi/linux/ktally_unwind.h", "\tKTALLY_CUT_LOOP = 6,\n", ""),
    ("a wider member", "uapi/linux/ktally_table.h", "\t__u16 hist;", "\t__u32 hist;"),
    ("another group", "uapi/linux/ktally_netlink.h", '"events"\n', '"changes"\n'),
    ("a policy's type", "kmod/netlink.c", "[KTALLY_A_ROWS]\t\t\t= { .type = NLA_U32 }",
     "[KTALLY_A_ROWS]\t\t\t= { .type = NLA_U64 }"),
    ("a policy's length", "kmod/netlink.c", ".len = KTALLY_PATH_MAX - 1 }", ".len = KTALLY_PATH_MAX }"),
    ("a lost dump", "kmod/netlink.c", ", .dumpit = ktally_dump_sessions }", " }"),
    ("a lost dump of pairs", "kmod/netlink.c", ", .dumpit = ktally_dump_pairs }", " }"),
    ("a lost command", "kmod/netlink.c", "\t{ .cmd = KTALLY_CMD_COUNTER_NEW, .doit = netlink_do },\n", ""),
    ("a request read as another type", "kmod/netlink_pair.c", "ktally_attr_u32(request, KTALLY_A_NR_SAVED, 0)",
     "ktally_attr_u64(request, KTALLY_A_NR_SAVED, 0)"),
    ("a pair's answer left out", "kmod/netlink_pair.c", "nla_put_u32(skb, KTALLY_A_ROWS, pair->capacity) ||", ""),
    ("a counter's values as something else", "kmod/netlink_counter.c", "nla_reserve(skb, KTALLY_A_COUNTER_VALUES, 0)",
     "nla_reserve(skb, KTALLY_A_COUNT, 0)"),
    ("a request not looked at", "kmod/netlink_new.c", "ktally_attr_u64(request, KTALLY_A_SRC_PERIOD, 0)", "0"),
    ("an answer left out", "kmod/netlink_get.c", "nla_put_u32(skb, KTALLY_A_PORTID, session->portid) ||", ""),
    ("an answer of another type", "kmod/netlink.c", "ktally_nla_put_u64(skb, KTALLY_A_TIME,",
     "nla_put_u32(skb, KTALLY_A_TIME,"),
    ("a type in the description", SPEC, "name: nr-cpus\n        type: u32", "name: nr-cpus\n        type: u64"),
    ("a command's number in the description", SPEC, "name: snapshot\n      value: 12", "name: snapshot\n      value: 14"),
    ("a name in the description", SPEC, "      - overwrite\n", "      - overwriting\n"),
    ("a kind of pair in the description", SPEC, "      - task\n      - cpu\n", "      - cpu\n      - task\n"),
]


def spoiled(root, path, before, after):
    """How many differences a copy shows in which one thing was changed."""
    with tempfile.TemporaryDirectory() as copy:
        for folder in ("uapi", "kmod"):
            shutil.copytree(os.path.join(root, folder), os.path.join(copy, folder),
                            ignore=lambda where, names: [name for name in names
                                                         if os.path.isfile(os.path.join(where, name))
                                                         and not name.endswith((".h", ".yaml"))
                                                         and not name.startswith("netlink")])
        text = read(copy, path)
        if text.count(before) != 1:
            return f"'{before.strip()}' is {text.count(before)} times in {path}, not once"
        with open(os.path.join(copy, path), "w", encoding="utf-8") as file:
            file.write(text.replace(before, after))
        return None if Comparison(copy).run() else "nothing was noticed"


def main():
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
    root = os.path.normpath(root)
    comparison = Comparison(root)
    differences = comparison.run()
    for line in differences:
        print(f"# {line}")
    print(f"{'not ok' if differences else 'ok'} description-is-true # {len(comparison.expected)} values, "
          f"{len(comparison.space)} attributes, {len(FLOWS)} commands, {len(differences)} differences")
    failed = bool(differences)
    for what, path, before, after in MUTATIONS:
        why = spoiled(root, path, before, after)
        failed |= why is not None
        print(f"{'not ok' if why else 'ok'} notices: {what}" + (f" # {why}" if why else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
