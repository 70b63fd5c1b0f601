// SPDX-License-Identifier: GPL-2.0-or-later
/* What paths of cgroups tell of containers and pods, and what becomes of cgroups that come and go. */
#include <errno.h>

#include "cgroups.h"
#include "crafted.h"
#include "files.h"
#include "snapshot.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ID2 "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define ID3 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define UID "12345678-9abc-def0-1234-56789abcdef0"
#define UID_ "12345678_9abc_def0_1234_56789abcdef0"
#define STATIC_UID "0123456789abcdef0123456789abcdef"

static const struct row {
	const char *path, *runtime, *id, *pod;
} rows[] = {
	/* Docker, by both drivers, without root, and in one another. */
	{ "/docker/" ID, "docker", ID, "" },
	{ "/docker/" ID "/init.scope", "docker", ID, "" },
	{ "/system.slice/docker-" ID ".scope", "docker", ID, "" },
	{ "/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" ID ".scope", "docker", ID, "" },
	{ "/docker/" ID "/docker/" ID2, "docker", ID2, "" },
	{ "/system.slice/docker.service", "", "", "" },
	{ "/docker", "", "", "" },
	{ "/docker/buildx", "", "", "" },
	/* Kubernetes by containerd and CRI-O. */
	{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_ ".slice/cri-containerd-" ID ".scope", "containerd", ID, UID },
	{ "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" UID_ ".slice/crio-" ID ".scope", "cri-o", ID, UID },
	{ "/kubepods.slice/kubepods-pod" UID_ ".slice/docker-" ID ".scope", "docker", ID, UID },
	{ "/kubepods.slice/kubepods-pod" UID_ ".slice/crio-conmon-" ID ".scope", "", "", UID },
	{ "/kubepods.slice/kubepods-pod" UID_ ".slice", "", "", UID },
	{ "/kubepods.slice/kubepods-pod" STATIC_UID ".slice/cri-containerd-" ID ".scope", "containerd", ID, STATIC_UID },
	{ "/kubepods/burstable/pod" UID "/" ID, "oci", ID, UID },
	{ "/kubepods/pod" UID "/" ID, "oci", ID, UID },
	{ "/kubepods/besteffort/pod" UID "/crio-" ID, "cri-o", ID, UID },
	{ "/kubepods/besteffort/pod" UID, "", "", UID },
	{ "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod" UID_ ".slice/cri-containerd-" ID ".scope", "containerd", ID, UID },
	{ "/system.slice/containerd.service/kubepods-burstable-pod" UID_ ".slice:cri-containerd:" ID, "containerd", ID, UID },
	{ "/kubepods-besteffort-pod" UID_ ".slice:crio:" ID, "cri-o", ID, UID },
	{ "/system.slice/docker-" ID2 ".scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod" UID_ ".slice/cri-containerd-" ID ".scope",
	  "containerd", ID, UID },
	{ "/kubepods.slice/kubepods-pod" UID_ ".slice/cri-containerd-" ID ".scope/docker/" ID2, "docker", ID2, UID },
	{ "/kubepods.slice", "", "", "" },
	{ "/kubepods/burstable", "", "", "" },
	{ "/podinfo/pod" UID, "", "", "" },
	/* Podman. */
	{ "/machine.slice/libpod-" ID ".scope", "podman", ID, "" },
	{ "/machine.slice/libpod-" ID ".scope/container", "podman", ID, "" },
	{ "/machine.slice/libpod-conmon-" ID ".scope", "", "", "" },
	{ "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope", "podman", ID, "" },
	{ "/libpod_parent/libpod-" ID, "podman", ID, "" },
	{ "/system.slice/web.service/libpod-payload-" ID, "podman", ID, "" },
	{ "/machine.slice/machine-libpod_pod_" ID2 ".slice/libpod-" ID ".scope", "podman", ID, ID2 },
	/* LXC, LXD and systemd's machines. */
	{ "/lxc.payload.web1", "lxc", "web1", "" },
	{ "/lxc.payload.web1/system.slice/cron.service", "lxc", "web1", "" },
	{ "/lxc.payload/web1", "lxc", "web1", "" },
	{ "/lxc/101/ns", "lxc", "101", "" },
	{ "/lxc.monitor.web1", "", "", "" },
	{ "/lxc.payload.web1/docker/" ID, "docker", ID, "" },
	{ "/machine.slice/machine-debian.scope", "machine", "debian", "" },
	{ "/machine.slice/machine-my\\x2dbox.scope/payload", "machine", "my-box", "" },
	{ "/machine.slice/systemd-nspawn@my\\x2dbox.service/payload", "machine", "my-box", "" },
	{ "/machine.slice/machine-qemu\\x2d1\\x2dvm.scope", "machine", "qemu-1-vm", "" },
	/* Escapes that are none stay. */
	{ "/machine.slice/machine-a\\x00b.scope", "machine", "a\\x00b", "" },
	{ "/machine.slice/machine-a\\x2.scope", "machine", "a\\x2", "" },
	{ "/machine.slice/machine-a\\xzzb.scope", "machine", "a\\xzzb", "" },
	{ "/machine.slice/machine-\\x2", "", "", "" },
	/* Others. */
	{ "/ecs/task/" ID, "oci", ID, "" },
	{ "/mesos/0a1b2c3d-0001", "mesos", "0a1b2c3d-0001", "" },
	/* None. */
	{ "", "", "", "" },
	{ "/", "", "", "" },
	{ "///", "", "", "" },
	{ "/user.slice/user-0.slice/session-1.scope", "", "", "" },
	{ "/system.slice/docker-0123.scope", "", "", "" },
	{ "/system.slice/docker-" ID "0.scope", "", "", "" },
	{ "/system.slice/docker-.scope", "", "", "" },
	{ "/system.slice/docker-0123456789ABCDEF.scope", "", "", "" },
	{ "/system.slice/machine-.scope", "", "", "" },
	{ "/a/" ID "f", "", "", "" },
};

static void paths(void **state)
{
	struct ktally_container container;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool is = ktally_container_of(&container, rows[i].path);

		if (strcmp(container.runtime, rows[i].runtime) || strcmp(container.id, rows[i].id) || strcmp(container.pod, rows[i].pod) ||
		    is != (*rows[i].id || *rows[i].pod))
			fail_msg("%s: %d '%s' '%s' '%s'", rows[i].path, is, container.runtime, container.id, container.pod);
	}
}

/* ---- cgroups, in a folder that stands for the hierarchy ---- */

/* Makes a folder with those it is in. Return: its id */
static uint64_t make(const char *name)
{
	char *path = (char *)files_path(name), *slash = path + strlen(files_root());
	struct stat st;

	while ((slash = strchr(slash + 1, '/'))) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
	assert_true(!mkdir(path, 0755) || errno == EEXIST);
	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

static struct ktally_cgroups *open_cgroups(void)
{
	struct ktally_cgroups *cgroups = NULL;
	struct ktally_error err = { .pos = -1 };

	make("cg");
	if (ktally_cgroups_new(&cgroups, files_path("cg"), files_path("root"), &err))
		fail_msg("%s", err.text);
	return cgroups;
}

#define POD "cg/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_ ".slice"

static void cgroups_that_come_and_go(void **state)
{
	uint64_t before = make("cg/system.slice/docker-" ID ".scope"), init = make("cg/system.slice/docker-" ID ".scope/init.scope");
	struct ktally_cgroups *cgroups = open_cgroups();
	uint64_t deep, brief;

	(void)state;
	assert_string_equal(ktally_cgroups_path(cgroups, before), "/system.slice/docker-" ID ".scope");
	assert_string_equal(ktally_cgroups_container(cgroups, init), ID);
	assert_string_equal(ktally_cgroups_pod(cgroups, init), "");
	assert_null(ktally_cgroups_path(cgroups, 1));
	assert_null(ktally_cgroups_container(cgroups, 1));
	assert_string_equal(ktally_cgroups_container(cgroups, 0), "");
	assert_string_equal(ktally_cgroups_pod(cgroups, 0), "");
	assert_null(ktally_cgroups_path(cgroups, 0));
	/* Made later, some levels at once: learnt of when they are asked for, and by looking. */
	deep = make(POD "/cri-containerd-" ID2 ".scope/a/b");
	assert_string_equal(ktally_cgroups_container(cgroups, deep), ID2);
	assert_string_equal(ktally_cgroups_pod(cgroups, deep), UID);
	brief = make("cg/lxc.payload.brief");
	ktally_cgroups_poll(cgroups);
	assert_int_equal(rmdir(files_path("cg/lxc.payload.brief")), 0);
	ktally_cgroups_poll(cgroups);
	assert_string_equal(ktally_cgroups_container(cgroups, brief), "brief");
	ktally_cgroups_free(cgroups);
}

/* Many, one in the other and beside each other. */
static void many_cgroups(void **state)
{
	struct ktally_cgroups *cgroups = open_cgroups();
	static uint64_t ids[1500];
	char name[64], want[64];
	unsigned int i;

	(void)state;
	for (i = 0; i < 1500; i++) {
		snprintf(name, sizeof(name), "cg/many/%u/%u", i / 40, i);
		ids[i] = make(name);
		if (i % 100 == 0)
			ktally_cgroups_poll(cgroups);
	}
	for (i = 0; i < 1500; i++) {
		snprintf(want, sizeof(want), "/many/%u/%u", i / 40, i);
		assert_string_equal(ktally_cgroups_path(cgroups, ids[i]), want);
	}
	ktally_cgroups_free(cgroups);
}

static void no_hierarchy(void **state)
{
	struct ktally_cgroups *cgroups = NULL;
	struct ktally_error err = { .pos = -1 };

	(void)state;
	assert_int_equal(ktally_cgroups_new(&cgroups, files_path("nothing"), NULL, &err), -ENOENT);
	assert_non_null(strstr(err.text, "nothing"));
	assert_null(cgroups);
}

#define BOTH (KTALLY_FEATURE_CGROUP | KTALLY_FEATURE_CGROUP_V1)

/* Mounts, as mountinfo has them; version 2 is in a folder of the test. */
static void mounts(const char *text)
{
	char all[4096];

	snprintf(all, sizeof(all), "21 1 0:20 / /proc rw shared:5 - proc proc rw\nnonsense\n1 2 3:4 / /mnt - cgroup\n%s", text);
	files_write("proc/self/mountinfo", all);
}

#define V1(at, options) "30 29 0:26 / /cg/" at " rw,nosuid shared:9 - cgroup cgroup rw," options "\n"

static const char *mount_v2(void)
{
	static char line[600];

	snprintf(line, sizeof(line), "41 29 0:31 / %s rw shared:10 - cgroup2 cgroup2 rw,nsdelegate\n", files_path("v2"));
	return line;
}

static int wipe(void **state)
{
	(void)state;
	return nftw(files_path("proc"), files_remove, 16, FTW_DEPTH | FTW_PHYS);
}

static const char *chosen(uint64_t features, struct ktally_cgroup_choice *choice)
{
	struct ktally_error err = { .pos = -1 };
	int ret = ktally_cgroups_choose(choice, features, files_path("proc"), &err);

	if (ret)
		fail_msg("%s", err.text);
	return choice->controller;
}

/* No containers run: by what is mounted. */
static void choice_without_containers(void **state)
{
	struct ktally_cgroup_choice choice;
	struct ktally_error err = { .pos = -1 };
	char both[1200];

	(void)state;
	assert_int_equal(ktally_cgroups_choose(&choice, BOTH, files_path("nothing"), &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.text, "neither version 2 nor"));
	assert_int_equal(ktally_cgroups_choose(&choice, 0, files_path("nothing"), &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.text, "doctor"));
	mounts(V1("systemd", "xattr,name=systemd"));
	assert_int_equal(ktally_cgroups_choose(&choice, BOTH, files_path("proc"), &err), -EOPNOTSUPP);
	mounts(V1("systemd", "xattr,name=systemd") V1("cpu,cpuacct", "cpu,cpuacct") V1("pids", "pids"));
	assert_string_equal(chosen(BOTH, &choice), "cpu");
	assert_int_equal(choice.seen + choice.unseen, 0);
	/* In hybrid set-ups version 2 has no controllers. */
	files_write("v2/cgroup.controllers", "\n");
	snprintf(both, sizeof(both), "%s%s", V1("memory", "memory"), mount_v2());
	mounts(both);
	assert_string_equal(chosen(BOTH, &choice), "memory");
	assert_string_equal(chosen(KTALLY_FEATURE_CGROUP, &choice), "");
	files_write("v2/cgroup.controllers", "cpu io memory pids\n");
	assert_string_equal(chosen(BOTH, &choice), "");
	assert_string_equal(chosen(KTALLY_FEATURE_CGROUP_V1, &choice), "memory");
	mounts(mount_v2());
	assert_string_equal(chosen(BOTH, &choice), "");
	assert_int_equal(ktally_cgroups_choose(&choice, KTALLY_FEATURE_CGROUP_V1, files_path("proc"), &err), -EOPNOTSUPP);
}

/* The hierarchy that tells of most. */
static void choice_by_containers(void **state)
{
	struct ktally_cgroup_choice choice;
	struct ktally_error err = { .pos = -1 };
	char all[1500];

	(void)state;
	snprintf(all, sizeof(all), "%s%s", V1("memory", "memory") V1("cpu", "cpu,cpuacct") V1("pids", "pids") V1("s", "name=systemd"), mount_v2());
	mounts(all);
	files_write("v2/cgroup.controllers", "io\n");
	files_write("proc/1/cgroup", "12:pids:/\n1:name=systemd:/init.scope\n0::/init.scope\n");
	files_write("proc/2/cgroup", "0::/docker/" ID "\n");
	files_write("proc/3/cgroup", "12:pids:/docker/" ID "\n0::/system.slice/docker-" ID ".scope\n");
	files_write("proc/4/cgroup", "");
	files_write("proc/5/cgroup", "nonsense\n:\n::\n::::\n12:pids\n\n");
	files_write("proc/self/cgroup", "12:pids:/docker/" ID "\n");
	assert_string_equal(chosen(BOTH, &choice), "");
	assert_int_equal(choice.seen, 2);
	assert_int_equal(choice.unseen, 0);
	/* As many by version 2 as by another: that it is, and the rest is told. */
	files_write("proc/6/cgroup", "12:pids:/user.slice\n4:cpu,cpuacct:/docker/" ID "\n3:memory:/docker/" ID "\n0::/\n");
	assert_string_equal(chosen(BOTH, &choice), "");
	assert_int_equal(choice.seen, 2);
	assert_int_equal(choice.unseen, 1);
	assert_string_equal(choice.where, "cpu,cpuacct:/docker/" ID);
	files_write("proc/7/cgroup", "4:cpu,cpuacct:/kubepods/pod" UID "/" ID "\n0::/\n");
	files_write("proc/8/cgroup", "4:cpu,cpuacct:/kubepods/pod" UID "/" ID "\n0::/");
	assert_string_equal(chosen(BOTH, &choice), "cpu");
	assert_int_equal(choice.seen, 3);
	assert_int_equal(choice.unseen, 2);
	/* Only where there is nothing to be asked. */
	files_write("proc/2/cgroup", "1:name=systemd:/machine.slice/machine-a.scope\n0::/\n");
	files_write("proc/3/cgroup", "0::/\n");
	files_write("proc/6/cgroup", "0::/\n");
	files_write("proc/7/cgroup", "0::/\n");
	files_write("proc/8/cgroup", "0::/\n");
	assert_int_equal(ktally_cgroups_choose(&choice, BOTH, files_path("proc"), &err), -ENODATA);
	assert_non_null(strstr(err.text, "name=systemd:/machine.slice/machine-a.scope"));
	assert_int_equal(choice.unseen, 1);
	/* What is not mounted has no folder to be named by. */
	files_write("proc/2/cgroup", "9:freezer:/docker/" ID "\n0::/\n");
	assert_int_equal(ktally_cgroups_choose(&choice, BOTH, files_path("proc"), &err), -ENODATA);
	assert_non_null(strstr(err.text, "not mounted"));
}

/* Many kinds of gaps, and a whole hierarchy before a part of it. */
static void choice_at_its_limits(void **state)
{
	struct ktally_cgroup_choice choice;
	char name[32], text[4096], mount[100];
	unsigned int i;

	(void)state;
	mounts("30 29 0:26 /docker/x /part rw - cgroup cgroup rw,memory\n" V1("m\\040y", "memory") V1("pids", "pids"));
	assert_int_equal(ktally_cgroup_find_mount(files_path("proc/self/mountinfo"), "memory", mount, sizeof(mount)), 7);
	assert_string_equal(mount, "/cg/m y");
	for (i = 1; i < 64; i++) {
		snprintf(name, sizeof(name), "proc/%u/cgroup", i);
		snprintf(text, sizeof(text), "3:%s,%s,%s:/docker/" ID "\n2:pids:%s\n", i & 1 ? "cpu" : "x", i & 2 ? "freezer" : "y",
			 i & 4 ? "hugetlb" : "z", i & 32 ? "/docker/" ID : "/");
		files_write(name, text);
	}
	assert_string_equal(chosen(BOTH, &choice), "pids");
	assert_int_equal(choice.seen, 32);
	assert_int_equal(choice.unseen, 31);
	memset(text, 'a', sizeof(text) - 1);
	memcpy(text, "3:cpu:/docker/" ID, 14 + 64);
	text[14 + 64] = '/';
	text[sizeof(text) - 1] = 0;
	files_write("proc/1/cgroup", text);
	chosen(BOTH, &choice);
	assert_true(strlen(choice.where) < sizeof(choice.where));
}

/* A record of the module, of a group whose folder is gone or was never seen. */
static void told(struct ktally_cgroups *cgroups, uint64_t id, const char *path, int want)
{
	union {
		struct ktally_group group;
		char bytes[4200];
	} record = { .group.record = { .type = KTALLY_RECORD_CGROUP }, .group.id = id };

	record.group.record.size = (sizeof(record.group) + strlen(path) + 8) & ~7UL;
	strcpy(record.group.path, path);
	assert_int_equal(ktally_cgroups_record(cgroups, &record.group.record), want);
	record.group.record.type = KTALLY_RECORD_EXEC + 90;
	assert_int_equal(ktally_cgroups_record(cgroups, &record.group.record), 0);
}

static void cgroups_that_are_told(void **state)
{
	struct ktally_cgroups *cgroups = open_cgroups();
	struct {
		struct ktally_group group;
		char path[8];
	} unended = { .group = { .record = { .size = sizeof(unended), .type = KTALLY_RECORD_CGROUP }, .id = 5 }, .path = "/aaaaaaa" };
	uint64_t there, other;
	const char *mount;

	(void)state;
	told(cgroups, 1000000001, "/docker/" ID, 0);
	assert_string_equal(ktally_cgroups_container(cgroups, 1000000001), ID);
	/* Numbers may be used again, and groups be renamed. */
	told(cgroups, 1000000001, "/docker/" ID2, 0);
	assert_string_equal(ktally_cgroups_container(cgroups, 1000000001), ID2);
	/* The folder knows better. */
	there = make("cg/lxc.payload.there");
	told(cgroups, there, "/lxc.payload.there", 0);
	told(cgroups, there, "/docker/" ID, 0);
	assert_string_equal(ktally_cgroups_container(cgroups, there), "there");
	other = make("cg/lxc.payload.there/docker/" ID3);
	assert_string_equal(ktally_cgroups_container(cgroups, other), ID3);
	/* Nothing is learnt of these. */
	told(cgroups, 0, "/docker/" ID, 0);
	told(cgroups, 1000000002, "docker/" ID, 0);
	told(cgroups, 1000000003, "", 0);
	assert_null(ktally_cgroups_path(cgroups, 1000000002));
	assert_null(ktally_cgroups_path(cgroups, 1000000003));
	assert_int_equal(ktally_cgroups_record(cgroups, &unended.group.record), -EBADMSG);
	assert_string_equal(ktally_cgroups_controller(cgroups, &mount), "");
	assert_string_equal(mount, files_path("cg"));
	ktally_cgroups_free(cgroups);
	nftw(files_path("cg/lxc.payload.there"), files_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- names ---- */

static void pods_by_their_logs(void **state)
{
	uint64_t id = make(POD "/cri-containerd-" ID2 ".scope");
	struct ktally_cgroups *cgroups;
	uint64_t other, found = 0;
	struct ktally_error err = { .pos = -1 };

	(void)state;
	make("root/var/log/pods/kube-system_web-0_" UID "/web");
	/* None of these tells anything. */
	make("root/var/log/pods/web_" UID);
	make("root/var/log/pods/_web_" UID);
	make("root/var/log/pods/a_b_c_" UID);
	files_write("root/var/log/containers/web-1_default_app-" ID3 ".log", "");
	files_write("root/var/log/containers/web-2_default_app-" ID3, "");
	files_write("root/var/log/containers/web-1_default_app-0123.log", "");
	files_write("root/var/log/containers/-" ID3 ".log", "");
	cgroups = open_cgroups();
	assert_string_equal(ktally_cgroups_pod(cgroups, id), "kube-system/web-0");
	/* Of a pod without a folder the link of its container tells. */
	other = make("cg/kubepods/pod" STATIC_UID "/" ID3);
	assert_string_equal(ktally_cgroups_pod(cgroups, other), "default/web-1");
	assert_int_equal(ktally_cgroups_find(cgroups, "app", NULL, &found, &err), 0);
	assert_int_equal(found, other);
	assert_int_equal(ktally_cgroups_find(cgroups, NULL, "web-1", &found, &err), 0);
	assert_int_equal(found, make("cg/kubepods/pod" STATIC_UID));
	ktally_cgroups_free(cgroups);
}

static void finding(void **state)
{
	uint64_t pod = make(POD), a = make(POD "/cri-containerd-" ID2 ".scope"), b = make(POD "/cri-containerd-" ID ".scope"), found;
	uint64_t docker = make("cg/docker/0123456789abcdef000000000000000000000000000000000000000000000000"), lxc = make("cg/lxc.payload.db");
	struct ktally_cgroups *cgroups;
	struct ktally_error err = { .pos = -1 };

	(void)state;
	make("cg/lxc.payload.db/system.slice");
	make("cg/docker/" ID "/x");
	make("root/var/log/pods/kube-system_web-0_" UID "/web");
	files_write("root/var/lib/docker/containers/0123456789abcdef000000000000000000000000000000000000000000000000/config.v2.json",
		    "{\"StreamConfig\":{},\"Name\":\"/shop\",\"Driver\":\"overlay2\"}");
	cgroups = open_cgroups();
#define FINDS(container, pod, want) do {							\
		found = 0;									\
		if (ktally_cgroups_find(cgroups, container, pod, &found, &err))			\
			fail_msg("%s", err.text);						\
		assert_int_equal(found, want);							\
	} while (0)
	FINDS(ID2, NULL, a);
	FINDS("fedcba987654", NULL, a);
	FINDS("db", NULL, lxc);
	FINDS("shop", NULL, docker);
	FINDS(NULL, UID, pod);
	FINDS(NULL, "web-0", pod);
	FINDS(NULL, "kube-system/web-0", pod);
	(void)b;
	assert_int_equal(ktally_cgroups_find(cgroups, "0123456789ab", NULL, &found, &err), -EEXIST);
	assert_non_null(strstr(err.text, ID));
	assert_non_null(strstr(err.text, "0123456789abcdef0000"));
	/* In two places: what both are in is not its own. */
	assert_int_equal(ktally_cgroups_find(cgroups, ID, NULL, &found, &err), -EEXIST);
	assert_non_null(strstr(err.text, "in common"));
	assert_int_equal(ktally_cgroups_find(cgroups, "fedcba98765", NULL, &found, &err), -ENOENT);
	assert_non_null(strstr(err.text, "fedcba98765"));
	assert_int_equal(ktally_cgroups_find(cgroups, NULL, "web", &found, &err), -ENOENT);
	assert_int_equal(ktally_cgroups_find(cgroups, "", NULL, &found, &err), -ENOENT);
	/* What is gone is known, and not found. */
	assert_int_equal(rmdir(files_path("cg/lxc.payload.db/system.slice")), 0);
	assert_int_equal(rmdir(files_path("cg/lxc.payload.db")), 0);
	assert_int_equal(ktally_cgroups_find(cgroups, "db", NULL, &found, &err), -ENOENT);
	assert_string_equal(ktally_cgroups_container(cgroups, lxc), "db");
	ktally_cgroups_free(cgroups);
}

/* ---- rows ---- */

#define ROW_WORDS 5U	/* two keys, hits, SUM, MAX */

static void put(struct ktally_half *half, unsigned int n, uint64_t cgroup, uint64_t other, int64_t value)
{
	uint64_t *row = crafted_row(half, n);

	row[0] = cgroup;
	row[1] = other;
	row[2] = 1;
	row[3] = value;
	row[4] = (uint64_t)value ^ KTALLY_MAX_BIAS;
}

static struct ktally_snapshot *snapshot_of(struct ktally_device *dev, enum ktally_kind kind)
{
	struct ktally_table_info info = { .nr_keys = 2, .rows = 64, .nr_columns = 2, .columns = { { .kind = KTALLY_COLUMN_SUM },
										  { .kind = KTALLY_COLUMN_MAX } } };
	struct ktally_shape shape = { .tables = &info, .nr_tables = 1 };
	struct ktally_merge *merge;

	info.schema.nr_keys = 2;
	info.schema.key_words = 2;
	info.schema.keys[0] = (struct ktally_field){ .kind = kind, .word = 0, .words = 1 };
	info.schema.keys[1] = (struct ktally_field){ .kind = KTALLY_KIND_UINT, .word = 1, .words = 1 };
	info.schema.nr_values = 2;
	info.schema.values[0].column = info.columns[0];
	info.schema.values[1].column = info.columns[1];
	merge = ktally_merge_new(&shape);
	assert_int_equal(ktally_merge_half(merge, dev, 0, 0, NULL), 0);
	return ktally_merge_finish(merge, dev, 1);
}

static void expect_row(const struct ktally_snapshot *snap, struct ktally_symbolizer *sym, const char *name, uint64_t other, uint64_t hits,
		       uint64_t sum, int64_t max)
{
	const struct ktally_table *table = &snap->tables[0];
	unsigned int found = 0;
	char text[200];
	size_t i;

	for (i = 0; i < table->nr_rows; i++) {
		const struct ktally_row *row = &table->rows[i];

		ktally_format_key(sym, &table->schema, 0, row->key, text, sizeof(text));
		if (strcmp(text, name) || row->key[1] != other)
			continue;
		found++;
		assert_int_equal(row->hits, hits);
		assert_int_equal(row->cells[0], sum);
		assert_int_equal((int64_t)(row->cells[1] ^ KTALLY_MAX_BIAS), max);
	}
	if (found != 1)
		fail_msg("%u rows '%s', %llu", found, name, (unsigned long long)other);
}

static void rows_of_a_container_become_one(void **state)
{
	uint64_t a = make(POD "/cri-containerd-" ID2 ".scope"), inside = make(POD "/cri-containerd-" ID2 ".scope/x"),
		 b = make(POD "/cri-containerd-" ID ".scope"), host = make("cg/system.slice"), host2 = make("cg/user.slice");
	struct ktally_device *dev = crafted_device(2);
	struct ktally_cgroups *cgroups = open_cgroups();
	struct ktally_symbolizer *sym = NULL;
	struct ktally_snapshot *snap;
	struct ktally_error err;
	unsigned int cpu;
	char text[64];

	(void)state;
	ktally_symbolizer_new(&sym, NULL, &err);
	assert_non_null(sym);
	for (cpu = 0; cpu < 2; cpu++) {
		struct ktally_half *half = crafted_half(&dev->cpus[cpu].half[0], cpu, 0, 0, 2, ROW_WORDS, 16);

		*crafted_row(half, 0) = 0;
		crafted_row(half, 0)[2] = 3;
		put(half, 1, a, 7, 10 + cpu);
		put(half, 2, inside, 7, 20 + cpu);
		put(half, 3, inside, 8, 1);
		put(half, 4, b, 7, 5);
		put(half, 5, host, 7, 2);
		put(half, 6, host2, 7, 4);
		put(half, 7, 0, 7, 8);
		put(half, 8, 1, 7, 9);	/* never heard of */
	}
	snap = snapshot_of(dev, KTALLY_KIND_CONTAINER);
	assert_int_equal(snap->tables[0].nr_rows, 8);
	/* Without knowledge the ids are all there is to show. */
	ktally_format_key(sym, &snap->tables[0].schema, 0, &(uint64_t){ 77 }, text, sizeof(text));
	assert_string_equal(text, "cgroup_77");
	ktally_symbolizer_cgroups(sym, cgroups);
	assert_int_equal(ktally_cgroups_fold(cgroups, snap, &err), 0);
	assert_int_equal(snap->tables[0].nr_rows, 5);
	assert_int_equal(snap->tables[0].other.hits, 6);
	expect_row(snap, sym, ID2, 7, 4, 10 + 11 + 20 + 21, 21);
	expect_row(snap, sym, ID2, 8, 2, 2, 1);
	expect_row(snap, sym, ID, 7, 2, 10, 5);
	expect_row(snap, sym, "-", 7, 6, 2 * (2 + 4 + 8), 8);
	expect_row(snap, sym, "cgroup_1", 7, 2, 18, 9);
	/* Again nothing changes. */
	assert_int_equal(ktally_cgroups_fold(cgroups, snap, &err), 0);
	assert_int_equal(snap->tables[0].nr_rows, 5);
	ktally_snapshot_free(snap);
	snap = snapshot_of(dev, KTALLY_KIND_POD);
	assert_int_equal(ktally_cgroups_fold(cgroups, snap, &err), 0);
	assert_int_equal(snap->tables[0].nr_rows, 4);
	expect_row(snap, sym, "kube-system/web-0", 7, 6, 10 + 11 + 20 + 21 + 10, 21);
	expect_row(snap, sym, "-", 7, 6, 28, 8);
	ktally_snapshot_free(snap);
	/* Other keys are left alone. */
	snap = snapshot_of(dev, KTALLY_KIND_UINT);
	assert_int_equal(ktally_cgroups_fold(cgroups, snap, &err), 0);
	assert_int_equal(snap->tables[0].nr_rows, 8);
	ktally_snapshot_free(snap);
	ktally_symbolizer_free(sym);
	ktally_cgroups_free(cgroups);
	crafted_free(dev);
}

static int done(void **state)
{
	(void)state;
	files_done();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths),
		cmocka_unit_test(cgroups_that_come_and_go),
		cmocka_unit_test(many_cgroups),
		cmocka_unit_test(no_hierarchy),
		cmocka_unit_test_teardown(choice_without_containers, wipe),
		cmocka_unit_test_teardown(choice_by_containers, wipe),
		cmocka_unit_test_teardown(choice_at_its_limits, wipe),
		cmocka_unit_test(cgroups_that_are_told),
		cmocka_unit_test(pods_by_their_logs),
		cmocka_unit_test(finding),
		cmocka_unit_test(rows_of_a_container_become_one),
	};

	return cmocka_run_group_tests(tests, NULL, done);
}
