# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of the judge, on stacks made by hand: it must take right ones for right, and find each way in which one can be wrong."""
import json
import os
import tempfile
import unittest

import judge
import perf_script
import truth

ROOT = ("_start", "__libc_start_main_impl", "__libc_start_call_main", "main")
CHAIN = ROOT + ("alpha", "beta", "gamma_")
SPIN = CHAIN + ("epsilon",) + ("descend",) * 24 + ("leaf_spin",)
COMPARE = CHAIN + ("delta", "leaf_sort", "__qsort_r", "msort_with_tmp.part.0", "msort_with_tmp.part.0", "compare")
SIGNAL = CHAIN + ("epsilon", "leaf_signal", "raise", "__pthread_kill_implementation", "__restore_rt", "handle")
READ = CHAIN + ("epsilon", "leaf_read", "__libc_read")
SYSCALL = ("entry_SYSCALL_64_after_hwframe", "do_syscall_64", "ksys_read")
TICK = ("asm_sysvec_apic_timer_interrupt", "sysvec_apic_timer_interrupt", "handle_softirqs")


def without(stack, at):
    return stack[:at] + stack[at + 1:]


class Stacks(unittest.TestCase):
    def reason(self, user, kernel=(), workload="c"):
        return judge.Judge(truth.WORKLOADS[workload]).reason(tuple(user), tuple(kernel))

    def right(self, *args, **kwargs):
        self.assertIsNone(self.reason(*args, **kwargs))

    def wrong(self, expected, *args, **kwargs):
        why = self.reason(*args, **kwargs)
        self.assertIsNotNone(why, "a wrong stack was taken for right")
        self.assertIn(expected, why)

    def test_right(self):
        for stack in (SPIN, COMPARE, SIGNAL, READ, CHAIN, ROOT):
            self.right(stack)
        self.right(ROOT[2:] + SPIN[4:])
        self.right(READ, SYSCALL)
        self.right(SPIN, TICK)

    def test_any_frame_missing(self):
        for stack in (SPIN, COMPARE[:-3] + COMPARE[-1:], SIGNAL, READ):
            for at in range(len(ROOT) - 1, len(stack)):
                if stack[at] not in ("raise", "__libc_read", "__restore_rt", "handle") and at < len(stack) - 1:
                    self.wrong("", without(stack, at))

    def test_leaf_whose_caller_is_lost(self):
        self.wrong("handle called by leaf_signal", without(without(without(SIGNAL, 10), 9), 9))
        self.wrong("leaf_spin called by epsilon", CHAIN + ("epsilon", "leaf_spin"))
        self.wrong("compare called by leaf_sort", CHAIN + ("delta", "leaf_sort", "compare"))
        self.wrong("leaf_copy called by epsilon", CHAIN + ("epsilon", "leaf_copy"))

    def test_only_the_leaf(self):
        self.wrong("leaf_spin called by nothing", ("leaf_spin",))
        self.wrong("memcpy called by nothing", ("memcpy",))

    def test_no_workload_takes_a_leaf_of_main(self):
        for name in truth.WORKLOADS:
            for leaf in ("memcpy", "__memmove_avx_unaligned_erms", "_int_malloc", "std::sort()", "runtime.memmove", "Builtins_ArrayPrototypeSort", "core::slice::sort::merge"):
                for root in ROOT, ("runtime.goexit.abi0", "runtime.main", "main.main"), ROOT + ("core::rt::begin", "chain::main"), ():
                    if name != "python" or root not in (ROOT, ROOT + ("core::rt::begin", "chain::main")):
                        self.wrong("", root + (leaf,), workload=name)

    def test_end_missing(self):
        self.wrong("alpha called by nothing", SPIN[4:])

    def test_too_much(self):
        self.wrong("main called by main", ROOT + SPIN[3:])
        self.wrong("leaf_copy called by leaf_spin", SPIN + ("leaf_copy",))
        self.wrong("descend called by descend", SPIN[:8] + ("descend",) + SPIN[8:])
        self.wrong("compare called by compare", COMPARE + ("compare",))

    def test_too_little_recursion(self):
        self.wrong("leaf_spin called by descend", without(SPIN, 10))

    def test_order(self):
        self.wrong("beta called by main", ROOT + ("beta", "alpha", "gamma_", "delta", "leaf_copy"))

    def test_names(self):
        self.wrong("[chain-c]", SPIN[:-1] + ("[chain-c]",))
        self.wrong("[libc.so.6]", READ[:-1] + ("[libc.so.6]",))
        self.wrong("[unknown]", SPIN[:6] + ("[unknown]",) + SPIN[7:])
        self.wrong("[unknown]", ("[unknown]",))
        self.wrong("", CHAIN + ("delta", "leaf_copyx"))
        self.wrong("", CHAIN + ("delta", "xleaf_copy"))

    def test_marks(self):
        self.wrong("[cut: depth]", ("[cut: depth]",) + SPIN[4:])
        self.wrong("[cut: no unwind rule]", ("[cut: no unwind rule]",) + SPIN)
        self.wrong("", ("[lost stack]",))

    def test_kernel_side(self):
        self.wrong("without a name", READ, SYSCALL + ("[unknown]",))
        self.wrong("without a name", READ, SYSCALL[:1] + ("0xffffffff81000000",))
        self.wrong("begins with ksys_read", READ, SYSCALL[2:])
        self.wrong("no user side", (), SYSCALL)
        self.right((), SYSCALL[:2] + ("do_exit",))
        self.right((), SYSCALL[:2] + ("__x64_sys_execve", "bprm_execve"))
        self.wrong("[chain-c]", ("[chain-c]",), SYSCALL[:2] + ("do_exit",))
        self.right((), ("ret_from_fork", "schedule_tail"))

    def test_nothing(self):
        self.wrong("no stack", (), ())

    def test_cc(self):
        head = ROOT[:4] + ("void work::alpha<int>(work::Beta const&, int)", "work::Beta::call(unsigned int) const",
                           "void work::gamma<unsigned int, work::Base>(std::map<unsigned int, work::Base*> const&, unsigned int)")
        throw = head + ("work::Epsilon::run(unsigned int)", "work::leaf_throw()") + tuple(f"work::Thrower<{n}u>::pass(std::string const&)" for n in range(6, -1, -1))
        self.right(throw + ("__cxa_throw", "_Unwind_RaiseException", "[libgcc_s.so.1]"), workload="cc")
        self.wrong("", without(throw, 11) + ("__cxa_throw", "_Unwind_RaiseException"), workload="cc")
        self.wrong("work::Thrower", throw[:9] + throw[10:], workload="cc")
        self.wrong("", throw + ("__cxa_throw", "[chain-cc]"), workload="cc")
        self.right(head + ("work::Delta::run(unsigned int)", "void work::leaf_spin<20000u>()"), workload="cc")
        self.wrong("leaf_spin", head + ("work::Epsilon::run(unsigned int)", "void work::leaf_spin<20000u>()"), workload="cc")
        self.wrong("_ZN4work5alphaIiEEvRKNS_4BetaET_", ROOT + ("_ZN4work5alphaIiEEvRKNS_4BetaET_",), workload="cc")

    def test_python(self):
        head = ("_start", "__libc_start_main_impl", "__libc_start_call_main", "Py_BytesMain", "[python3.11]", "_PyEval_EvalFrameDefault", "py:<module>", "py:main", "py:alpha",
                "py:call", "py:gamma")
        self.right(head + ("py:delta", "py:leaf_spin"), workload="python")
        self.right(head + ("py:delta", "py:leaf_sort", "[python3.11]", "PyList_Sort", "_PyEval_EvalFrameDefault", "py:key"), workload="python")
        back = ("ext_call", "ext_callback", "PyObject_CallFunction", "[python3.11]", "_PyEval_EvalFrameDefault", "py:called_back")
        self.right(head + ("py:epsilon", "py:leaf_native") + back, workload="python")
        self.wrong("ext_call", head + ("py:epsilon", "py:leaf_generator") + back, workload="python")
        self.wrong("py:called_back", head + ("py:epsilon", "py:leaf_native", "py:called_back") + back[:-1], workload="python")
        self.wrong("py:gamma", without(head, 9) + ("py:delta",), workload="python")
        self.wrong("ends at", head[:6], workload="python")
        self.wrong("", head[:7] + ("py:delta", "py:leaf_spin"), workload="python")

    def test_go(self):
        head = ("runtime.goexit.abi0", "runtime.main", "main.main", "main.alpha", "main.beta", "main.gamma")
        self.right(head + ("main.(*delta).run", "main.leafSpin"), workload="go")
        self.right(head + ("main.(*epsilon).run", "main.leafCopy", "runtime.memmove"), workload="go")
        self.right(head + ("main.(*delta).run", "main.leafSpin", "runtime.sigreturn", "runtime.sigtramp.abi0", "runtime.sighandler"), workload="go")
        self.wrong("runtime.sighandler", head + ("main.(*delta).run", "main.leafSpin", "runtime.sighandler"), workload="go")
        self.wrong("strconv.fmtF", head + ("main.(*epsilon).run", "strconv.fmtF"), workload="go")
        self.wrong("main.leafSpin", head + ("main.leafSpin",), workload="go")
        self.wrong("main.(*delta).run", head[:4] + ("main.(*delta).run", "main.leafSpin"), workload="go")
        self.wrong("runtime.memmove", ("runtime.memmove",), workload="go")
        self.wrong("[chain-gostrip]", head + ("[chain-gostrip]",), workload="gostrip")

    def test_node(self):
        def js(name):
            return f"JS:*{name} /tmp/chain.js:12:3"
        head = ("_start", "__libc_start_call_main", "main", "node::Start(int, char**)", "v8::Function::Call()", "Builtins_JSEntry", "JS:~<anonymous> node:internal/modules/cjs/loader:1:1", js("run"))
        chain = head + (js("round"), js("alpha"), js("beta"), js("gamma"))
        self.right(chain + (js("delta"), js("leafSpin")), workload="node")
        self.right(chain + (js("delta"), js("leafSort"), "Builtins_ArrayPrototypeSort", js("byLow")), workload="node")
        self.wrong("alpha", head + (js("alpha"), js("beta"), js("gamma"), js("delta"), js("leafSpin")), workload="node")
        self.wrong("leafSpin", chain + (js("epsilon"), js("leafSpin")), workload="node")
        self.wrong("[anon]", chain + ("[anon]",), workload="node")

    def test_java(self):
        head = ("clone3", "start_thread", "[libjvm.so]", "Interpreter")
        chain = head + ("void Chain.run(long)", "void Chain.rounds()", "void Chain.round()", "void Chain.alpha(int)", "void Chain.beta(int)", "void Chain.gamma(Chain$Step, int)")
        self.right(chain + ("void Chain$Delta.run(int)", "void Chain.leafSpin(long)"), workload="java")
        self.wrong("leafSpin", chain + ("void Chain$Epsilon.run(int)", "void Chain.leafSpin(long)"), workload="java")
        self.wrong("gamma", without(chain, 8) + ("void Chain$Delta.run(int)", "void Chain.leafSpin(long)"), workload="java")
        self.wrong("[anon]", chain + ("[anon]",), workload="java")


class Reports(unittest.TestCase):
    def report(self, rows):
        frames = [[{"name": name, "module": module, "kernel": kernel} for name, module, kernel in row[1]] for row in rows]
        return {"tables": [{"rows": [{"key": {"comm": row[0]}, "stack": stack, "hits": row[2]} for row, stack in zip(rows, frames)],
                            "other": {"hits": 0}}]}

    def judged(self, rows, name="c"):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "one.json")
            with open(path, "w", encoding="utf-8") as out:
                json.dump(self.report(rows), out)
            return judge.judge(name, judge.read_report(path))

    def user(self, stack):
        return [(name, "/bin/chain-c", False) for name in stack]

    def test_shares(self):
        found = self.judged([("chain-c", self.user(SPIN), 970), ("chain-c", self.user(SPIN[3:]), 10), ("chain-c", self.user(SPIN[4:]), 20), ("bash", self.user(ROOT), 500)])
        self.assertEqual((found.samples, found.right, found.others), (1000, 980, 500))
        self.assertEqual(found.reasons.most_common(1), [("alpha called by nothing", 20)])

    def test_bound_and_paths(self):
        good = [SPIN, COMPARE, SIGNAL, READ, CHAIN + ("delta", "leaf_copy"), CHAIN + ("delta", "leaf_sort"), CHAIN + ("delta", "leaf_sized"), CHAIN + ("delta", "leaf_aligned", "fill"),
                CHAIN + ("epsilon", "leaf_parse", "strtod"), CHAIN + ("epsilon", "leaf_parse", "snprintf"), CHAIN + ("epsilon", "leaf_clock", "clock_gettime")]
        rows = [("chain-c", self.user(stack), 200) for stack in good]
        self.assertEqual(list(self.judged(rows).faults()), [])
        self.assertIn("no right stack of the path 'signal'", list(self.judged(rows[:2] + rows[3:]).faults()))
        # Of few samples a rare path may have none.
        rows = [("chain-c", self.user(stack), 100) for stack in good]
        self.assertEqual(list(self.judged(rows[:2] + rows[3:]).faults()), [])
        self.assertTrue(any("stacks are right" in fault for fault in self.judged(rows + [("chain-c", self.user(SPIN[4:]), 100)]).faults()))
        self.assertTrue(any("are needed" in fault for fault in self.judged([(comm, stack, 1) for comm, stack, _ in rows]).faults()))
        self.assertTrue(list(self.judged([("chain-c", [("[no stack]", "", False)], 1000)]).faults()))
        self.assertTrue(list(self.judged([]).faults()))

    def test_unnamed_is_its_file(self):
        found = self.judged([("chain-c", self.user(SPIN[:-1]) + [("[unknown]", "/bin/chain-c", False)], 1)])
        self.assertEqual(list(found.reasons), ["[chain-c] called by descend"])

    def test_function_without_a_name_is_its_file(self):
        frame = {"name": "[libjvm.so+0x1b3c0]", "module": "/usr/lib/libjvm.so", "unnamed": True}
        self.assertEqual(judge.frame_name(frame), "[libjvm.so]")
        self.assertEqual(judge.frame_name(dict(frame, name="[vdso+0x9a0]", module="[vdso]")), "[vdso]")
        self.assertEqual(judge.frame_name(dict(frame, name="main", unnamed=False)), "main")
        self.assertTrue(judge.UNNAMED.fullmatch(frame["name"]))

    def test_guessed_and_kernel(self):
        found = self.judged([("chain-c", self.user(READ) + [(name, "[kernel]", True) for name in SYSCALL], 7)])
        self.assertEqual(found.right, 7)

    def test_perf_script(self):
        text = ("chain-c \n\tffffffff81000000 ksys_read+0x3 ([kernel.kallsyms])\n\tffffffff81000000 do_syscall_64+0x3 ([kernel.kallsyms])\n"
                "\tffffffff81000000 entry_SYSCALL_64_after_hwframe+0x3 ([kernel.kallsyms])\n\t 10 __GI___libc_read+0x1 (/lib/libc.so.6)\n\t 10 twice+0x1 (inlined)\n"
                + "".join(f"\t 4011 {name}+0x11 (/bin/chain-c)\n" for name in reversed(READ[:-1])) + "\nchain-c \n\t 12 [unknown] (/bin/chain-c)\n\n")
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write(text)
            file.flush()
            stacks = list(perf_script.read(file.name))
        self.assertEqual(stacks[0], ("chain-c", READ, SYSCALL, 1))
        self.assertEqual(stacks[1], ("chain-c", ("[chain-c]",), (), 1))


class Paths(unittest.TestCase):
    def test_signs(self):
        path = judge.Path("a ?b *c +d e{2}")
        for text, whole in (("a d e e", True), ("a b c c d d e e", True), ("a e e", False), ("a d e", False), ("a d e e e", False), ("a b b d e e", False), ("", False)):
            self.assertEqual(path.fit(tuple(text.split()))[1], whole, text)

    def test_every_path_can_be_read(self):
        for workload in truth.WORKLOADS.values():
            judge.Judge(workload)

    def test_no_path_fits_the_empty_stack(self):
        for workload in truth.WORKLOADS.values():
            found = judge.Judge(workload)
            for name, path in found.paths.items():
                self.assertFalse(path.fit(())[1], f"{workload.title}: {name}")


if __name__ == "__main__":
    unittest.main()
