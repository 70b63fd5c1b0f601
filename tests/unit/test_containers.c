// SPDX-License-Identifier: GPL-2.0-or-later
/* What paths of cgroups tell of containers and pods, and what becomes of cgroups that come and go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "libktally.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ID2 "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
