// SPDX-License-Identifier: GPL-2.0-or-later
/* ktally doctor: what this kernel and this machine can do, why not, and what to do about it. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <libktally.h>

#include "cmd.h"
#include "out.h"

#define CAP_SYS_ADMIN_BIT	21
#define CAP_PERFMON_BIT		38
#define SECURE_BOOT "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"

/** enum verdict - of one check; only a needed one that is not good makes the whole fail */
enum verdict {
	VERDICT_GOOD,
	VERDICT_LESS,		/* something will be missing from results */
	VERDICT_BAD,
	VERDICT_UNKNOWN,	/* cannot be told from here */
	__VERDICT_END,
};

static const struct {
	const char *name;
	enum out_style style;
} verdicts[] = {
	[VERDICT_GOOD]		= { "ok", OUT_GOOD },
	[VERDICT_LESS]		= { "limited", OUT_WARN },
	[VERDICT_BAD]		= { "no", OUT_BAD },
	[VERDICT_UNKNOWN]	= { "unknown", OUT_DIM },
};
_Static_assert(sizeof(verdicts) / sizeof(verdicts[0]) == __VERDICT_END, "every verdict needs its row");

/** struct patient - what is asked once and looked at by several checks */
struct patient {
	struct utsname uts;
	struct ktally_client *client;
	struct ktally_info info;
	struct ktally_error err;
	int open_error;		/* -errno of opening the client or asking it, 0 */
	char detail[512];	/* written by a check: what it saw */
};

struct doctor_cfg {
	struct opt_common common;
};

static void detail(struct patient *patient, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void detail(struct patient *patient, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(patient->detail, sizeof(patient->detail), fmt, args);
	va_end(args);
}

/* The first line of a file. Return: its length, 0 when empty, or -errno. */
static int read_line(const char *path, char *buf, size_t size)
{
	FILE *file = fopen(path, "re");
	int err;

	buf[0] = 0;
	if (!file)
		return -errno;
	err = fgets(buf, size, file) ? 0 : ferror(file) ? -EIO : 0;
	fclose(file);
	buf[strcspn(buf, "\n")] = 0;
	return err ? err : (int)strlen(buf);
}

static enum verdict check_kernel(struct patient *patient)
{
	unsigned int major = 0, minor = 0;

	detail(patient, "%s, %s", patient->uts.release, patient->uts.machine);
	if (strcmp(patient->uts.machine, "x86_64") && strcmp(patient->uts.machine, "aarch64"))
		return VERDICT_BAD;
	if (sscanf(patient->uts.release, "%u.%u", &major, &minor) != 2)
		return VERDICT_UNKNOWN;
	return major > 3 || (major == 3 && minor >= 10) ? VERDICT_GOOD : VERDICT_BAD;
}

static enum verdict check_module(struct patient *patient)
{
	char version[64];

	if (read_line("/sys/module/ktally/version", version, sizeof(version)) > 0)
		detail(patient, "loaded, version %s", version);
	else if (!access("/sys/module/ktally", F_OK))
		detail(patient, "loaded");
	else
		detail(patient, "%s", patient->open_error ? patient->err.text : "not loaded");
	return access("/sys/module/ktally", F_OK) ? VERDICT_BAD : VERDICT_GOOD;
}

static enum verdict check_protocol(struct patient *patient)
{
	if (patient->open_error) {
		detail(patient, "%s", patient->open_error == -ENOENT ? "the module does not answer" : patient->err.text);
		return patient->open_error == -ENOENT ? VERDICT_UNKNOWN : VERDICT_BAD;
	}
	detail(patient, "version %u of the protocol, as this program; %u sessions", patient->info.abi, patient->info.nr_sessions);
	return patient->info.abi == KTALLY_ABI ? VERDICT_GOOD : VERDICT_BAD;
}

static enum verdict check_device(struct patient *patient)
{
	int fd = open(KTALLY_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd >= 0) {
		close(fd);
		detail(patient, KTALLY_DEVICE " can be opened");
		return VERDICT_GOOD;
	}
	detail(patient, KTALLY_DEVICE ": %s", strerror(errno));
	return VERDICT_BAD;
}

static enum verdict check_capability(struct patient *patient)
{
	unsigned long long caps = 0;
	char line[256];
	FILE *file = fopen("/proc/self/status", "re");

	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "CapEff: %llx", &caps);
	if (file)
		fclose(file);
	if (caps & 1ULL << CAP_SYS_ADMIN_BIT || caps & 1ULL << CAP_PERFMON_BIT) {
		detail(patient, "%s", caps & 1ULL << CAP_PERFMON_BIT ? "CAP_PERFMON" : "CAP_SYS_ADMIN");
		return VERDICT_GOOD;
	}
	detail(patient, "neither CAP_PERFMON nor CAP_SYS_ADMIN");
	return VERDICT_BAD;
}

/* The kernel's own rule decides; whether addresses are really shown is seen in kallsyms itself. */
static enum verdict check_kallsyms(struct patient *patient)
{
	char restricted[16], line[256];
	unsigned long long address = 0;

	if (read_line("/proc/sys/kernel/kptr_restrict", restricted, sizeof(restricted)) <= 0)
		snprintf(restricted, sizeof(restricted), "?");
	if (read_line("/proc/kallsyms", line, sizeof(line)) <= 0) {
		detail(patient, "/proc/kallsyms cannot be read");
		return VERDICT_LESS;
	}
	/* The first symbols of x86 are per-CPU offsets that begin at 0: look for any address. */
	FILE *file = fopen("/proc/kallsyms", "re");
	unsigned int n;

	for (n = 0; file && n < 64 && !address && fgets(line, sizeof(line), file); n++)
		sscanf(line, "%llx", &address);
	if (file)
		fclose(file);
	detail(patient, "kptr_restrict is %s, kernel addresses are %s", restricted, address ? "shown" : "hidden");
	return address ? VERDICT_GOOD : VERDICT_LESS;
}

static enum verdict check_lockdown(struct patient *patient)
{
	char line[128];
	int len = read_line("/sys/kernel/security/lockdown", line, sizeof(line));

	if (len <= 0) {
		detail(patient, "%s", len == -ENOENT ? "this kernel has none, or securityfs is not mounted" : "cannot be read");
		return len == -ENOENT ? VERDICT_GOOD : VERDICT_UNKNOWN;
	}
	detail(patient, "%s", line);
	if (strstr(line, "[confidentiality]"))
		return VERDICT_BAD;
	return strstr(line, "[integrity]") ? VERDICT_LESS : VERDICT_GOOD;
}

static enum verdict check_signature(struct patient *patient)
{
	unsigned char variable[5] = { 0 };
	char enforce[8];
	int fd = open(SECURE_BOOT, O_RDONLY | O_CLOEXEC);
	bool secure = false;

	if (fd >= 0) {
		secure = read(fd, variable, sizeof(variable)) == sizeof(variable) && variable[4] == 1;
		close(fd);
	}
	read_line("/sys/module/module/parameters/sig_enforce", enforce, sizeof(enforce));
	detail(patient, "Secure Boot is %s, unsigned modules are %s", secure ? "on" : "off or absent", enforce[0] == 'Y' ? "refused" : "allowed");
	if (!patient->open_error)
		return VERDICT_GOOD;
	return secure || enforce[0] == 'Y' ? VERDICT_LESS : VERDICT_GOOD;
}

static enum verdict check_headers(struct patient *patient)
{
	char path[256];

	snprintf(path, sizeof(path), "/lib/modules/%s/build/Makefile", patient->uts.release);
	detail(patient, "%s %s", path, access(path, F_OK) ? "is missing" : "is there");
	return access(path, F_OK) ? VERDICT_LESS : VERDICT_GOOD;
}

static enum verdict check_dkms(struct patient *patient)
{
	glob_t found = { 0 };
	bool dkms = !access("/usr/sbin/dkms", X_OK) || !access("/sbin/dkms", X_OK), source;

	source = !glob("/usr/src/ktally-*/dkms.conf", 0, NULL, &found);
	globfree(&found);
	detail(patient, "dkms is %sinstalled, the module's source is %sin /usr/src", dkms ? "" : "not ", source ? "" : "not ");
	return dkms && source ? VERDICT_GOOD : VERDICT_LESS;
}

static enum verdict check_pmu(struct patient *patient)
{
	static const char *const patterns[] = {
		"/sys/bus/event_source/devices/cpu", "/sys/bus/event_source/devices/cpu_core", "/sys/bus/event_source/devices/armv*",
	};
	unsigned int n;

	for (n = 0; n < sizeof(patterns) / sizeof(patterns[0]); n++) {
		glob_t found = { 0 };
		bool there = !glob(patterns[n], 0, NULL, &found);

		if (there)
			detail(patient, "%s", strrchr(found.gl_pathv[0], '/') + 1);
		globfree(&found);
		if (there)
			return VERDICT_GOOD;
	}
	detail(patient, "no hardware counters, as in most virtual machines");
	return VERDICT_LESS;
}

static enum verdict check_paranoid(struct patient *patient)
{
	char level[16];

	if (read_line("/proc/sys/kernel/perf_event_paranoid", level, sizeof(level)) <= 0) {
		detail(patient, "this kernel was built without perf events");
		return VERDICT_LESS;
	}
	detail(patient, "%s; it does not limit ktally, whose counters are the kernel's own", level);
	return VERDICT_GOOD;
}

static enum verdict check_tracefs(struct patient *patient)
{
	static const char *const folders[] = { "/sys/kernel/tracing/events", "/sys/kernel/debug/tracing/events" };
	unsigned int n;

	for (n = 0; n < 2; n++) {
		if (access(folders[n], R_OK | X_OK))
			continue;
		detail(patient, "%s", folders[n]);
		return VERDICT_GOOD;
	}
	detail(patient, "%s", errno == EACCES ? "not readable for this user" : "not mounted");
	return errno == EACCES ? VERDICT_UNKNOWN : VERDICT_LESS;
}

/* Which cgroups name containers now. */
static enum verdict check_containers(struct patient *patient)
{
	struct ktally_cgroup_choice choice;
	struct ktally_error err = { .pos = -1 };
	char mount[1024] = "";

	if (patient->open_error) {
		detail(patient, "the module was not asked");
		return VERDICT_UNKNOWN;
	}
	if (ktally_cgroups_choose(&choice, patient->info.features, NULL, &err)) {
		detail(patient, "%.480s", err.text);
		return VERDICT_LESS;
	}
	ktally_cgroup_mount(choice.controller, mount, sizeof(mount));
	detail(patient, "told by cgroups of version %s%s, in %.100s: %u processes are in containers%s%.100s", *choice.controller ? "1, controller " : "2",
	       choice.controller, mount, choice.seen, choice.unseen ? ", and more that only others tell: " : "", choice.unseen ? choice.where : "");
	return choice.unseen ? VERDICT_LESS : VERDICT_GOOD;
}

static const struct check {
	const char *name;
	bool needed;
	enum verdict (*look)(struct patient *patient);
	const char *advice;
} checks[] = {
	{ "kernel", true, check_kernel, "ktally runs on Linux 3.10 and later, on x86_64 and arm64" },
	{ "module", true, check_module, "load it: 'modprobe ktally'; if there is none, 'make dkms-install' in the source folder builds it for this kernel" },
	{ "protocol", true, check_protocol, "module and program must be of one version: install both again, then 'modprobe -r ktally; modprobe ktally'" },
	{ "device", true, check_device, "the module makes it; run as root, or give the user access to it by an udev rule" },
	{ "capability", true, check_capability, "run as root, or give the program the capability: 'setcap cap_perfmon,cap_syslog+ep ktally'" },
	{ "kernel symbols", false, check_kallsyms, "names of kernel functions need CAP_SYSLOG and kernel.kptr_restrict below 2: 'sysctl kernel.kptr_restrict=1'" },
	{ "lockdown", false, check_lockdown, "a locked-down kernel loads only signed modules, and with 'confidentiality' allows no probes: see kernel_lockdown(7)" },
	{ "module signature", false, check_signature, "sign the module with a key that the firmware knows: dkms makes one, 'mokutil --import' enrols it" },
	{ "kernel headers", false, check_headers, "needed only to build the module: install linux-headers-$(uname -r) (Debian) or kernel-devel-$(uname -r) (RHEL)" },
	{ "dkms", false, check_dkms, "needed only to rebuild the module for new kernels: install dkms, then 'make dkms-install'" },
	{ "hardware counters", false, check_pmu, "sample by the clock instead (the default of 'ktally profile'), or pass the counters through to this guest" },
	{ "perf_event_paranoid", false, check_paranoid, "cpu-clock as a source is not available; use timer:" },
	{ "tracefs", false, check_tracefs, "needed only to list what kprobes can be placed on: 'mount -t tracefs tracefs /sys/kernel/tracing'" },
	{ "containers", false, check_containers, "keys container and pod tell these not; measure one with --cgroup CONTROLLER:PATH" },
};

#define NR_CHECKS (sizeof(checks) / sizeof(checks[0]))

static const struct feature {
	uint64_t bit;
	const char *name;
	bool needed;
	const char *advice;
} features[] = {
	{ KTALLY_FEATURE_TRACEPOINT, "typed tracepoints", true, "this kernel was built without them, or their prototypes are unknown: use kprobe: on the functions behind them" },
	{ KTALLY_FEATURE_KPROBE, "kprobes", false, "the kernel needs CONFIG_KPROBES=y" },
	{ KTALLY_FEATURE_KRETPROBE, "kretprobes", false, "the kernel needs CONFIG_KRETPROBES=y, which comes with kprobes on this architecture" },
	{ KTALLY_FEATURE_UPROBE, "uprobes", false, "the kernel needs CONFIG_UPROBES=y, and must let modules use them" },
	{ KTALLY_FEATURE_SEMAPHORE, "semaphores of USDT probes", false, "Linux 4.20 was the first that raises them; probes without one work" },
	{ KTALLY_FEATURE_EVENT, "all trace events", false, "the kernel needs CONFIG_PERF_EVENTS=y and CONFIG_EVENT_TRACING=y; typed tracepoints work without" },
	{ KTALLY_FEATURE_TIMER, "timer sampling", true, "the module of this kernel was built without it" },
	{ KTALLY_FEATURE_PERF, "perf counters", false, "the kernel needs CONFIG_PERF_EVENTS=y; timer: samples without" },
	{ KTALLY_FEATURE_SYSCALLS, "system call tracepoints", false, "the kernel needs CONFIG_FTRACE_SYSCALLS or CONFIG_HAVE_SYSCALL_TRACEPOINTS" },
	{ KTALLY_FEATURE_KSTACK, "kernel stacks", false, "the kernel needs CONFIG_STACKTRACE=y" },
	{ KTALLY_FEATURE_USTACK, "user stacks", false, "this architecture's frame pointers cannot be walked from an interrupt here" },
	{ KTALLY_FEATURE_UNWIND, "user stacks by unwind tables", false, "user stacks are walked by frame pointers: those of programs built without are cut short" },
	{ KTALLY_FEATURE_UNWIND_SYSCALL, "the same inside of system calls", false,
	  "Linux 4.1 was the first that keeps what this needs: stacks of system calls are walked by frame pointers, samples by tables" },
	{ KTALLY_FEATURE_PROCESS, "process life and mappings", false, "short-lived programs will have no names in user stacks" },
	{ KTALLY_FEATURE_CGROUP, "ids of cgroups of version 2", false, "the kernel has no cgroup v2, or does not tell modules its ids" },
	{ KTALLY_FEATURE_CGROUP_V1, "ids of cgroups of version 1", false, "the kernel needs CONFIG_CGROUPS=y" },
	{ KTALLY_FEATURE_CGROUP_PATH, "paths of cgroups", false, "a container that is gone before it is looked for stays a number in results" },
	{ KTALLY_FEATURE_CGROUP_MADE, "news of cgroups", false,
	  "Linux 4.11 was the first that tells of new ones: here they are told when a program starts or ends in one" },
	{ KTALLY_FEATURE_CGROUP_SCOPE, "scope by cgroup", false, "the kernel needs CONFIG_CGROUPS=y; measure by process (-p) instead" },
	{ KTALLY_FEATURE_EXTACK, "sentences in refusals", false, "the kernel is older than netlink's extended acks: this program reads sentences by a message of their own, others may not" },
	{ KTALLY_FEATURE_NMI_SAFE_CLOCK, "clock that is safe in NMIs", false, "hits inside an NMI are counted but not timed" },
};

/** struct finding - a row of the report */
struct finding {
	const char *name, *detail, *advice;
	enum verdict verdict;
	bool needed;
};

static void show_text(struct out_table *table, const struct finding *finding, const struct doctor_cfg *cfg)
{
	if (cfg->common.quiet && finding->verdict == VERDICT_GOOD)
		return;
	out_table_cell(table, OUT_PLAIN, "%s", finding->name);
	out_table_cell(table, verdicts[finding->verdict].style, "%s", verdicts[finding->verdict].name);
	out_table_cell(table, OUT_PLAIN, "%s", finding->detail);
	if (finding->verdict == VERDICT_GOOD)
		return;
	out_table_cell(table, OUT_PLAIN, "%s", "");
	out_table_cell(table, OUT_PLAIN, "%s", "");
	out_table_cell(table, OUT_DIM, "-> %s", finding->advice);
}

/* Features that nobody can tell take one line together. */
static void show_no_features(struct out_table *table, const struct finding *finding, const struct doctor_cfg *cfg)
{
	struct finding all = *finding;

	all.name = "features";
	show_text(table, &all, cfg);
}

static void show_json(struct ktally_json *json, const struct finding *finding)
{
	ktally_json_open(json, NULL, '{');
	ktally_json_string(json, "name", finding->name);
	ktally_json_string(json, "verdict", verdicts[finding->verdict].name);
	ktally_json_bool(json, "needed", finding->needed);
	ktally_json_string(json, "detail", finding->detail);
	if (finding->verdict != VERDICT_GOOD)
		ktally_json_string(json, "advice", finding->advice);
	ktally_json_close(json, '}');
}

/* The n-th finding. Return: false behind the last. */
static bool examine(struct patient *patient, unsigned int n, struct finding *finding)
{
	const unsigned int nr_features = sizeof(features) / sizeof(features[0]);
	const struct feature *feature;

	if (n < NR_CHECKS) {
		finding->verdict = checks[n].look(patient);
		finding->name = checks[n].name;
		finding->needed = checks[n].needed;
		finding->advice = checks[n].advice;
	} else if (n < NR_CHECKS + nr_features) {
		feature = &features[n - NR_CHECKS];
		finding->name = feature->name;
		finding->needed = feature->needed;
		if (patient->open_error) {
			finding->verdict = VERDICT_UNKNOWN;
			finding->advice = "the module knows; load it first";
			detail(patient, "the module was not asked");
		} else if (patient->info.features & feature->bit) {
			finding->verdict = VERDICT_GOOD;
			detail(patient, "available");
		} else {
			finding->verdict = feature->needed ? VERDICT_BAD : VERDICT_LESS;
			finding->advice = feature->advice;
			detail(patient, "not on this kernel");
		}
	} else {
		return false;
	}
	finding->detail = patient->detail;
	return true;
}

static void admit(struct patient *patient)
{
	memset(patient, 0, sizeof(*patient));
	uname(&patient->uts);
	patient->open_error = ktally_client_open(&patient->client, &patient->err);
	if (!patient->open_error)
		patient->open_error = ktally_client_info(patient->client, &patient->info, &patient->err);
}

static int run_doctor(const struct cmd_call *call)
{
	static const char *const headings[] = { "CHECK", "STATE", "WHAT WAS SEEN", NULL };
	const struct doctor_cfg *cfg = call->cfg;
	struct finding finding = { 0 };
	struct ktally_json json;
	struct patient patient;
	struct out_table table;
	unsigned int n, missing = 0;

	admit(&patient);
	out_table_init(&table, headings);
	ktally_json_init(&json, stdout, true);
	if (cfg->common.json) {
		ktally_json_open(&json, NULL, '{');
		ktally_json_string(&json, "schema", "ktally-doctor/1");
		ktally_json_open(&json, "checks", '[');
	}
	for (n = 0; examine(&patient, n, &finding); n++) {
		missing += finding.needed && finding.verdict != VERDICT_GOOD;
		if (cfg->common.json)
			show_json(&json, &finding);
		else if (!patient.open_error || n < NR_CHECKS)
			show_text(&table, &finding, cfg);
		else if (n == NR_CHECKS)
			show_no_features(&table, &finding, cfg);
	}
	if (cfg->common.json) {
		ktally_json_close(&json, ']');
		ktally_json_bool(&json, "ok", !missing);
		ktally_json_close(&json, '}');
	} else {
		out_page();
		if (table.nr_cells)
			out_table_print(&table, stdout);
		printf(missing ? "\nktally cannot measure here yet: %u needed checks fail.\n" : "\nktally can measure here.\n", missing);
	}
	if (patient.client)
		ktally_client_close(patient.client);
	return missing ? EXIT_FAILED : EXIT_OK;
}

static const struct opt doctor_opts[] = {
	OPT_ROW_JSON(struct doctor_cfg),
	OPT_ROW(struct doctor_cfg, OPT_FLAG, 'q', "quiet", common.quiet, NULL, "only what is not in order"),
	OPT_ROW_HELP(struct doctor_cfg),
	OPT_ROW_END,
};

static const char *const doctor_text[] = {
	"Looks at the kernel, the module and the rights of the caller, says for each what it saw, and what to do where something is missing. "
	"It works without the module and without rights.",
	"Ends with status 0 if everything needed for measuring is in order, else 1.",
	NULL,
};

const struct cmd cmd_doctor = {
	.name = "doctor",
	.path = "doctor",
	.summary = "say what this machine can do, and why not",
	.text = doctor_text,
	.opts = doctor_opts,
	.cfg_size = sizeof(struct doctor_cfg),
	.run = run_doctor,
};
