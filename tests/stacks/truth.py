# SPDX-License-Identifier: GPL-2.0-or-later
"""What the stacks of the workloads must be.

A path is a text of frames, outermost first, apart by blanks. A frame is a regular expression for the whole of a name (a blank in a name is
written \\s); '?' before it: it may be missing, '*': any number, '+': at least one, '{N}' behind it: N times. '$name' stands for a piece defined
here. A stack is right when the frames of its user side are all of a path, from the first to the last: a gap, a mark ("[cut: ...]") or a name
that was not found fits none. Names in brackets are those of files whose functions have no name that could be had: what a distribution strips and
has no debug files for. A path says so itself, file by file.
"""
from dataclasses import dataclass, field

# Functions of our own: what stands for "something of the library" is none of these.
OWN = r"(?!_Z|_R|(?:main|alpha|beta|gamma_?|delta|epsilon|descend|fill|compare|handle|now_ms|leaf\w*|work::.*|chain::.*|plugin_\w+|(?:gamma|sort|leaf|compare)_(?:one|two))$)"
LIBC = OWN + r"(?:[A-Za-z_]\w*|\S*@plt)(?:\.(?:part|constprop|isra|cold|localalias)(?:\.\d+)?)*"
LIBCXX = (OWN + r"(?:(?:\w+\s)*std::.*|\w*cxxabiv1::.*|\w*__gnu_cxx::.*|operator\s(?:new|delete).*|_Unwind_\w+|__cxa_\w+|__gxx_personality_v0|__dynamic_cast|"
          r"\[lib(?:stdc\+\+|gcc_s)\.so\S*\]|.*@plt|(?:bool|void|int|long|char)\S*\s.*std::.*)")

PIECES = {
    # How programs in C begin: the entry of the file, the C library.
    "libc_start": r"?_start ?__libc_start_main\w* ?__libc_start_call_main",
    "main": "$libc_start main",
    # The dynamic linker before that, and when a function is called for the first time; the end of the process.
    "loading": rf"?_start ?_dl_start_user (_dl_start|_dl_init) *({LIBC}|\[lib(gcc_s|stdc\+\+|z)\.so\S*\])",
    "lazy": r"_dl_runtime_resolve\w* *(_?_?dl_\w+|do_lookup\w*|check_match|strcmp\S*)",
    "ending": rf"$libc_start (_?exit|__run_exit_handlers) *({LIBC}|\[lib(gcc_s|stdc\+\+|z)\.so\S*\])",
    "plt": r"?\S*@plt",
    "mem": r"$plt ?_*mem(cpy|move|set|chr)\w*",
    # Of libc, by the names that its debug files have.
    "sort": r"$plt *(\S*@plt|_*qsort\w*|msort_with_tmp\S*|_*mem(cpy|move)\w*|_quicksort|_*sysconf\w*|linux_sysconf\S*|get_phys_pages|_*malloc\w*|_*free|_*int_(malloc|free)\S*|tcache\S*|sysmalloc\S*|ptmalloc\S*|__default_morecore|__tunable_get_val|_*s?brk|_*get_nprocs\w*|_*getrandom\w*|getpagesize|sysinfo)",
    "print": r"*(_*v?snprintf\w*|\w*printf\w*|_itoa_word|_IO_\w+|_*str\w+|_*mem(cpy|move|set|chr)\w*|__find_spec\w*|outstring\w*|\S*@plt)",
    "strtod": r"*(_*strto\w+|round_\w+|str_to_mpn\S*|_*mpn_\w+|_*str(len|nlen|ncasecmp)\w*|_*mem\w+|\S*@plt)",
    "sigreturn": r"(__restore_rt|__kernel_rt_sigreturn)",
    "clock": r"*(__kernel_clock_gettime|_*clock_gettime\w*|\S*@plt|_*vdso_clock_gettime|_*cvdso_clock_gettime\w*|do_hres\w*|vread_\w+|\[vdso\])",
}


@dataclass
class Workload:
    """@comm: threads of that name are judged. @bound: per cent that must be right. @paths: name -> path; each must be seen, but for those in
    @rare. @aside: stacks that match one of these belong to helpers of the runtime and are not judged."""
    title: str
    comm: str
    bound: float
    paths: dict
    rare: dict = field(default_factory=dict)
    aside: tuple = ()

    def __post_init__(self):
        self.rare = {**self.rare, "first instruction": r"_start ?__libc_start_main\w* ?__libc_start_call_main ?_*(sig)?setjmp\w*",
                     "before main": rf"_start __libc_start_main\w* *(?!__libc_start_call_main)({LIBC})"}


# ---- C ----

C = "$main alpha beta gamma_"
C_PATHS = {
    "spin": f"{C} epsilon descend{{24}} leaf_spin",
    "copy": f"{C} delta leaf_copy $mem",
    "sort": f"{C} delta leaf_sort $sort",
    "compare": f"{C} delta leaf_sort +_*qsort\\w* *msort_with_tmp\\S* compare",
    "sized": f"{C} delta leaf_sized $mem",
    "aligned": f"{C} delta leaf_aligned fill",
    "parse": f"{C} epsilon leaf_parse $strtod",
    "print": f"{C} epsilon leaf_parse $print",
    "read": f"{C} epsilon leaf_read $plt ?_*(libc_)?read\\w*",
    "clock": f"{C} epsilon leaf_clock $clock",
    "signal": f"{C} epsilon leaf_signal ?(_*raise|gsignal) +_*pthread_kill[\\w.]* $sigreturn handle",
}
C_RARE = {
    # Between the calls, and on the way into them.
    "main": "$main $plt",
    "now": "$main now_ms $clock",
    "alpha": "$main alpha",
    "beta": "$main alpha beta",
    "gamma": C,
    "delta": f"{C} delta",
    "epsilon": f"{C} epsilon",
    "leaf aligned": f"{C} delta leaf_aligned $mem",
    "descend": f"{C} epsilon +descend",
    "raise": f"{C} epsilon leaf_signal $plt *(_*raise|gsignal|_*pthread_(kill|self)[\\w.]*|_*getpid|_*gettid) ?$sigreturn",
    "open": "$main $plt *(_*open\\w*|_*libc_open\\w*|_*(bsd_)?signal|_*ssignal|_*(libc_)?sigaction|unlink|_*getpid|ato[il]|_*strtol\\w*)",
    **{f"first call {n}": "$main " + " ".join(("alpha", "beta", "gamma_", "(delta|epsilon)", r"leaf_\w+", r"(_*qsort\w*|_*v?snprintf\w*|_*raise|gsignal)")[:n]) + " $lazy" for n in range(1, 7)},
    "first call of main": "$main ?now_ms $lazy",
    "loading": "$loading",
    "ending": "$ending",
}


def c_workload(title, comm):
    return Workload(title, comm, 98, C_PATHS, C_RARE)


# ---- C++ ----

CC = r"$main (void\s)?work::alpha<int>.* work::Beta::call.* (void\s)?work::gamma<.*"
DELTA = CC + r" work::Delta::run.*"
EPSILON = CC + r" work::Epsilon::run.*"
THROW = EPSILON + r" work::leaf_throw.*"
SORT = DELTA + r" (void\s)?work::leaf_sort<unsigned\sint>.*"


def thrown(least):
    """The frames down to Thrower<least>."""
    return THROW + "".join(rf" work::Thrower<{n}u>::pass.*" for n in range(6, least - 1, -1))


CC_PATHS = {
    "spin": DELTA + r" (void\s)?work::leaf_spin<20000u>.*",
    "sort": SORT + rf" *((void\s)?std::.*|operator\s(new|delete).*|{LIBC})",
    "compare": SORT + r" *(void\s)?std::.* work::Less<unsigned\sint>::operator\(\).*",
    "throw": thrown(0) + rf" __cxa_throw _Unwind_RaiseException *({LIBCXX}|{LIBC})",
    "stream": EPSILON + rf" work::leaf_stream.* *({LIBCXX}|{LIBC})",
}
CC_RARE = {
    "main": "$main $plt",
    "now": r"$main work::now_ms.* $clock",
    "calls": r"$main (void\s)?work::alpha<int>.* ?work::Beta::call.*",
    "gamma": CC,
    "delta": DELTA,
    "epsilon": EPSILON,
    "caught": THROW + rf" *({LIBCXX}|{LIBC})",
    "virtual": DELTA.replace("work::Delta::run", "virtual thunk.*"),
    "throwing": thrown(0) + rf" *({LIBCXX}|{LIBC}|work::Trouble.*)",
    **{f"passing {n}": thrown(n) + rf" *(?!__cxa_throw)({LIBCXX}|{LIBC})" for n in range(1, 7)},
    "constructing Beta": rf"$main work::Beta::Beta.* *({LIBCXX}|{LIBC})",
    "constructing": rf"$main (std::(_Rb_tree|map).*|operator\snew.*|ato[il]|_*strtol\w*) *({LIBCXX}|{LIBC})",
    "loading": "$loading",
    "ending": "$ending",
    "initialising": rf"?_start ?__libc_start_main\w* ?call_init _GLOBAL__sub_I.* *({LIBCXX}|{LIBC})",
}

# ---- Rust: generic functions of std are named with their parameters or without, with a hash or without ----

RUST_STD = (r"(?!chain::)(?:<?(?:&?(?:mut\s)?)?(?:std|core|alloc|rustc_demangle|addr2line|gimli|object|hashbrown)::.*|<.*\sas\s(?:core|std|alloc)::.*|"
            r"__?rust_\w+|_?rust_\w+|__rg_\w+|__rdl_\w+|rust_eh_personality|_Unwind_\w+|\[libgcc_s\.so\S*\]|main|__rustc.*)")
RUST = rf"$libc_start main *({RUST_STD}) chain::main.*"
RUST_CHAIN = RUST + r" chain::alpha.* chain::beta.* chain::gamma.*"
RUST_DELTA = RUST_CHAIN + r" .*chain::Delta\sas\schain::Step.*::run.*"
RUST_EPSILON = RUST_CHAIN + r" .*chain::Epsilon\sas\schain::Step.*::run.*"
RUST_ANY = rf"*({RUST_STD}|{LIBC})"
RUST_PATHS = {
    "spin": RUST_DELTA + " chain::leaf_spin.*",
    "sort": RUST_DELTA + f" chain::leaf_sort.* {RUST_ANY}",
    "compare": RUST_DELTA + f" chain::leaf_sort.* {RUST_ANY.replace('*', '+', 1)} ?core::ops::function::FnMut::call_mut.* chain::by_low.*",
    "parse": RUST_EPSILON + f" chain::leaf_parse.* {RUST_ANY}",
    "panic": RUST_EPSILON + f" chain::leaf_panic.* {RUST_ANY} ?chain::leaf_panic::.*closure.* {RUST_ANY}",
    "read": RUST_EPSILON + f" chain::leaf_read.* {RUST_ANY}",
}
RUST_RARE = {
    "main": RUST + " *(<?(std::(time|sys|env|panic\\w*)|alloc|core::str)::.*) $clock",
    "alpha": RUST + " chain::alpha.*",
    "beta": RUST + " chain::alpha.* chain::beta.* *(alloc::.*|__r\\w+|core::ptr::drop_in_place.*|_*(int_)?(malloc|c?free)\\S*|tcache\\w*|\\S*@plt)",
    "gamma": RUST_CHAIN,
    "delta": RUST_DELTA,
    "epsilon": RUST_EPSILON,
    "starting": rf"$libc_start main std::rt::.* *(?!.*short_backtrace)({RUST_STD}|{LIBC})",
    "loading": "$loading",
    "ending": "$ending",
}

# ---- Go ----

GO_LIB = r"(?!main\.)[a-z]\w*(?:/\w+)*\..*|memeqbody|cmpbody|indexbytebody|countbody|aeshashbody|gogo|gosave_systemstack_switch|callRet|_rt0_(?:amd|arm)64\w*"
# Between any two instructions Go may stop a goroutine, by a signal: its handler, and a call that the handler puts in.
GO_STOP = rf" runtime\.(sigreturn|sigtramp|asyncPreempt|morestack|gcWriteBarrier)\S* *({GO_LIB}) $clock"
GO = r"?runtime\.goexit.* runtime\.main main\.main"
GO_CHAIN = GO + r" main\.alpha main\.beta main\.gamma"
GO_DELTA = GO_CHAIN + r" main\.\(\*delta\)\.run"
GO_EPSILON = GO_CHAIN + r" main\.\(\*epsilon\)\.run"
GO_PATHS = {
    "spin": GO_DELTA + r" main\.leafSpin",
    "sort": GO_DELTA + r" main\.leafSort +sort\..*",
    "less": GO_DELTA + r" main\.leafSort +sort\..* ?main\.\(\*byLow\)\.\w+ main\.byLow\.Less",
    "parse": GO_EPSILON + rf" main\.leafParse *({GO_LIB})",
    "copy": GO_EPSILON + r" main\.leafCopy ?runtime\.memmove.*",
    "read": GO_EPSILON + r" main\.leafRead *((runtime/internal/)?syscall\..*|runtime\..*)",
}
GO_RARE = {
    "method": GO_DELTA + r" main\.leafSort *sort\..* ?main\.\(\*byLow\)\.\w+ ?main\.byLow\.\w+",
    "sort begins": GO_DELTA + r" main\.leafSort *runtime\..*",
    "main": GO + r" *(time\..*|os\..*|syscall\..*|strconv\.Atoi|runtime\.(nanotime|walltime|time_now|vdso)\S*|runtime/internal/syscall\..*) $clock",
    "alpha": GO + r" main\.alpha",
    "beta": GO + r" main\.alpha main\.beta ?runtime\.(newobject|mallocgc|convT\w*).*",
    "gamma": GO_CHAIN,
    "delta": GO_DELTA,
    "epsilon": GO_EPSILON,
    "starting": r"?runtime\.goexit.* runtime\.main *(runtime|os|syscall|time|internal/.*|unicode|reflect|sync|errors|io/.*)\..*",
}
GO_RARE |= {f"{name}, stopped": path + GO_STOP for name, path in {**GO_PATHS, **GO_RARE}.items()}
# The start of the program, the scheduler and the collector of garbage, on stacks of their own.
GO_ASIDE = (rf"_rt0_(?:amd|arm)64\w* *({GO_LIB}) $clock", rf"?runtime\.clone.* runtime\.(mstart|rt0_go|mcall|systemstack|morestack|asmcgocall)\S* *({GO_LIB}) $clock",
            rf"?runtime\.goexit.* runtime\.(?!main|memmove|mcall|nanotime)\S* *({GO_LIB}) $clock")

# ---- Node.js: names as its perf map has them ----


def js(name):
    """A function of ours, compiled in any way."""
    return rf"(JS|LazyCompile|Function):[*~^+]?{name}\s.*chain\.js.*"


NODE_LIB = (r"(?!(?:JS|LazyCompile|Function):[*~^+]?(?:round|alpha|beta|gamma|delta|epsilon|leaf\w+|byLow|run)\s)(?:Builtin\S*:?.*|BytecodeHandler:.*|Stub:.*|.*v8::.*|.*node::.*|.*heap::base::.*|.*cppgc::.*|"
            r"(?:JS|LazyCompile|Function|Eval|Script):.*|RegExp:.*|PushAllRegisters\w*|.*std::.*|uv_\w+|_*tls_get_addr.*|operator\s(?:new|delete).*|\[libnode\.so\S*\]|\[libuv\.so\S*\]|"
            r"\[libstdc\+\+\S*\]|[a-zA-Z_]\w*|.*@plt)")
# What may come between any two instructions: a garbage collection, an interrupt.
NODE_STOP = r".*StackGuard.*|Builtins?\S*CEntry.*|.*Interrupt.*|.*GarbageCollect.*|.*Scaveng.*"
NODE = f"$libc_start *({NODE_LIB}) {js('run')} {js('round')}"
NODE_CHAIN = f"{NODE} {js('alpha')} {js('beta')} {js('gamma')}"
NODE_PATHS = {
    "spin": f"{NODE_CHAIN} {js('delta')} {js('leafSpin')}",
    "sort": f"{NODE_CHAIN} {js('delta')} {js('leafSort')} *({NODE_LIB})",
    "compare": f"{NODE_CHAIN} {js('delta')} {js('leafSort')} +({NODE_LIB}) {js('byLow')}",
    "json": f"{NODE_CHAIN} {js('epsilon')} {js('leafJson')} *({NODE_LIB})",
    "match": f"{NODE_CHAIN} {js('epsilon')} {js('leafMatch')} *({NODE_LIB})",
}
NODE_RARE = {
    "run": f"$libc_start *({NODE_LIB}) {js('run')} *(.*Date.*|.*v8::.*Time.*|{NODE_STOP}) $clock",
    "round": f"{NODE} ?{js('alpha')} *({NODE_STOP})",
    "beta": f"{NODE} {js('alpha')} {js('beta')} *({NODE_STOP})",
    "gamma": f"{NODE_CHAIN} *({NODE_STOP})",
    "delta": f"{NODE_CHAIN} {js('(delta|epsilon)')} *({NODE_STOP})",
    "compare calls": f"{NODE_CHAIN} {js('delta')} {js('leafSort')} +({NODE_LIB}) {js('byLow')} *({NODE_LIB})",
}
NODE_ASIDE = (rf"?_*clone3?\S* start_thread *({NODE_LIB})",)

# ---- Java: names as its own map has them ----


def java(name, cls=r"Chain(\$\w+)?"):
    return rf"(\S+\s)?{cls}(\.|::){name}(\(.*\)?.*)?"


JVM = (r"(?!.*\bChain)(?:Interpreter|[a-z_]\w*\(.*\)|\w*call_stub\w*|StubRoutines.*|.*java[./].*|.*jdk[./].*|\[lib(?:jvm|java|zip|jli|net|nio)\.so\]|\w+::.*|JVM_\w+|JNI_\w+|Java_\w+|ZIP_\w+|"
       r"_*clone3?\S*|start_thread|thread_native_entry.*|[a-zA-Z_]\w*|.*@plt|.*Stub.*|.*[Bb]lob.*|\w+\s\(\d\)|(?:vtable|itable).*)")
JAVA = rf"?_*clone3?\S* ?start_thread *({JVM}) ?{java('lambda.*')} *({JVM}) ?{java('run')} {java('rounds')} {java('round')}"
JAVA_CHAIN = f"{JAVA} {java('alpha')} {java('beta')} {java('gamma')}"
JAVA_DELTA = JAVA_CHAIN + " " + java("run", r"Chain\$Delta")
JAVA_EPSILON = JAVA_CHAIN + " " + java("run", r"Chain\$Epsilon")
JAVA_PATHS = {
    "spin": f"{JAVA_DELTA} {java('leafSpin')}",
    "sort": f"{JAVA_DELTA} {java('leafSort')} *({JVM})",
    "compare": f"{JAVA_DELTA} {java('leafSort')} +({JVM}) {java('compare', '.*ByLow')}",
    "parse": f"{JAVA_EPSILON} {java('leafParse')} *({JVM})",
    "crc": f"{JAVA_EPSILON} {java('leafCrc')} *({JVM})",
    "clock": f"{JAVA_EPSILON} {java('leafClock')} *({JVM}) $clock",
}
JAVA_STOP = r".*[Ss]afepoint.*|\[libjvm\.so\]|pthread_\w+|_*futex\w*|_*mprotect"
JAVA_RARE = {
    "run": rf"_*clone3?\S* start_thread +({JVM}) ?{java('run')} ?{java('rounds')} *(.*currentTimeMillis.*|{JAVA_STOP}) $clock",
    "round": f"{JAVA} ?{java('alpha')} *({JAVA_STOP})",
    "beta": f"{JAVA} {java('alpha')} {java('beta')} *({JAVA_STOP})",
    "gamma": f"{JAVA_CHAIN} *({JAVA_STOP})",
    "step": f"{JAVA_CHAIN} {java('run', '.*(Delta|Epsilon)')} *({JAVA_STOP})",
}

# ---- Python: 'py:' marks frames of chain.py, 'pylib:' of other files; those of the interpreter in C stand around them ----

PY_NATIVE = OWN + r"(?!ext_)(?:_?Py\w*|\[python3\S*\]|\[_json\S*\]|[A-Za-z_]\w*|.*@plt|\[lib(?:m|expat|z)\.so\S*\])(?:\.(?:part|constprop|isra|cold|localalias)(?:\.\d+)?)*"
N = f"*({PY_NATIVE})"
# Frames of Python that are none of ours, with those in C between them.
PY_OTHER = f"{PY_NATIVE}|pylib:.*|py:<module>"
PY = f"$libc_start ?main {N} py:<module> {N} py:main"
PY_CHAIN = f"{PY} {N} py:alpha {N} py:(Beta\\.)?call {N} py:gamma"
PY_DELTA = f"{PY_CHAIN} {N} py:delta"
PY_EPSILON = f"{PY_CHAIN} {N} py:epsilon"
PY_PATHS = {
    "spin": f"{PY_DELTA} {N} py:leaf_spin {N}",
    "key": f"{PY_DELTA} {N} py:leaf_sort {N} py:key {N}",
    "sorted": f"{PY_DELTA} {N} py:leaf_sort {N}",
    "extension": f"{PY_EPSILON} {N} py:leaf_native {N} ext_burn ext_spin",
    "called back": f"{PY_EPSILON} {N} py:leaf_native {N} ext_call ext_callback {N} py:called_back {N}",
    "generator": f"{PY_EPSILON} {N} py:leaf_generator {N} py:numbers {N} py:leaf_spin {N}",
    "json": f"{PY_EPSILON} {N} py:leaf_json {N} pylib:dumps *({PY_NATIVE}|pylib:.*)",
}
PY_RARE = {
    "main": f"{PY} {N}",
    "alpha": f"{PY} {N} py:alpha {N}",
    "call": f"{PY} {N} py:alpha {N} py:(Beta\\.)?call {N}",
    "gamma": f"{PY_CHAIN} {N}",
    "delta": f"{PY_DELTA} {N}",
    "epsilon": f"{PY_EPSILON} {N}",
    "generating": f"{PY_EPSILON} {N} py:leaf_generator {N} ?py:numbers {N}",
    "list": f"{PY_EPSILON} {N} py:leaf_json {N} ?py:(leaf_json\\.<locals>\\.)?<listcomp> {N}",
    "native": f"{PY_EPSILON} {N} py:leaf_native {N} ?(ext_burn|ext_call) ?ext_callback {N}",
    "importing": f"_start ?__libc_start_main\\w* __libc_start_call_main ?main {N} pylib:.* *({PY_OTHER})",
    "importing for main": f"$libc_start ?main {N} py:<module> *({PY_OTHER})",
    # The interpreter itself, while it runs no Python.
    "starting": f"_start ?__libc_start_main\\w* __libc_start_call_main ?main *(?!_?PyEval|_PyFunction_Vector)({PY_NATIVE})",
    "loading": "$loading",
    "ending": "$ending",
}

# ---- plugins ----


def plugin_paths(name):
    path = f"$main alpha plugin_beta gamma_{name}"
    return {
        f"spin {name}": f"{path} leaf_{name}",
        f"sort {name}": f"{path} sort_{name} $sort",
        f"compare {name}": f"{path} sort_{name} +_*qsort\\w* *msort_with_tmp\\S* compare_{name}",
    }


PLUGIN_RARE = {
    "main": "$main $plt",
    "now": "$main now_ms $clock",
    "calls": "$main alpha ?plugin_beta ?gamma_(one|two)",
    "loading": "$loading",
    "loading plugins": rf"$main ?load _*dl\w+ *({LIBC})",
    "load": "$main load $plt",
    "first calls": r"$main alpha plugin_beta gamma_(one|two) sort_(one|two) ?_*qsort\w* $lazy",
    "first call of main": "$main ?now_ms $lazy",
    "ending": "$ending",
}

WORKLOADS = {
    "c": c_workload("gcc -O2 -fomit-frame-pointer", "chain-c"),
    "signed": c_workload("gcc -O2 -mbranch-protection=pac-ret+leaf", "chain-signed"),
    "fp": c_workload("gcc -O2 -fno-omit-frame-pointer", "chain-fp"),
    "cc": Workload("g++ -O2, templates, virtual calls, exceptions", "chain-cc", 98, CC_PATHS, CC_RARE),
    "rust": Workload("rustc -C opt-level=3", "chain-rs", 98, RUST_PATHS, RUST_RARE),
    "go": Workload("Go", "chain-go", 95, GO_PATHS, GO_RARE, GO_ASIDE),
    "gostrip": Workload("Go, stripped", "chain-gostrip", 95, GO_PATHS, GO_RARE, GO_ASIDE),
    "node": Workload("Node.js --perf-basic-prof", "node", 95, NODE_PATHS, NODE_RARE, NODE_ASIDE),
    "java": Workload("OpenJDK 17 -XX:+PreserveFramePointer", "chain", 95, JAVA_PATHS, JAVA_RARE),
    "python": Workload("CPython 3.11", "python3", 95, PY_PATHS, PY_RARE),
    "link": c_workload("stripped, debug file by debuglink", "chain-link"),
    "id": c_workload("stripped, debug file by build-id", "chain-id"),
    "static": c_workload("static binary", "chain-static"),
    "plugin": Workload("dlopened plugins, unloaded at the end", "host", 98, {**plugin_paths("one"), **plugin_paths("two")}, PLUGIN_RARE),
    "short": c_workload("programs of 20 ms, one after another", "chain-short"),
    "container": c_workload("own mount and pid namespace", "chain-inside"),
    "unlinked": c_workload("deleted while it runs", "chain-unlinked"),
    "gone": c_workload("deleted after it ended", "chain-gone"),
}


def know_arm64():
    """While libgcc goes to where an exception is handled it writes that over the return address of its own frame, on arm64: for so long its
    callers cannot be told by anybody."""
    WORKLOADS["cc"].bound = 97
