#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# init.sh: the first process of a guest: builds its root out of the host's folders, then hands over to guest.sh.

# Any failure here shows on the console; the host sees a guest that never reached the shell.
set -e
trap '[ $? = 0 ] || echo "ktally-vm: init failed" >/dev/console; busybox poweroff -f' EXIT

share() {
	local tag=$1 where=$2 options=$3
	mkdir -p "$where"
	mount -t 9p -o "trans=virtio,version=9p2000.L,msize=512000,$options" "$tag" "$where"
}

exec >/dev/console 2>&1
/bin/busybox mount -t proc proc /proc
/bin/busybox --install -s /bin
mount -t devtmpfs dev /dev
while read -r module; do
	insmod "/modules/$module"
done </modules/order

share run /host rw,cache=none
share root /lower ro,cache=loose
mkdir -p /upper /root
case $(uname -r) in
3.*)
	# 9p takes the dentries of an overlay above it for its own before file_dentry() of 4.6 (4.4 has it): this root stays read-only.
	mount --move /lower /root
	(cd /root && mount -t tmpfs -o mode=755 local usr/local/bin)
	;;
*)
	mount -t tmpfs -o mode=755 upper /upper
	mkdir /upper/data /upper/work
	mount -t overlay -o lowerdir=/lower,upperdir=/upper/data,workdir=/upper/work root /root
	;;
esac

cd /root
mkdir -p proc sys dev run tmp
mount --move /proc proc
mount --move /dev dev
mount -t sysfs sys sys
mkdir -p dev/pts dev/shm
mount -t devpts -o gid=5,mode=620,ptmxmode=666 pts dev/pts
mount -t tmpfs -o mode=1777 shm dev/shm
mount -t tmpfs -o mode=755 run run
mount -t tmpfs -o mode=1777 tmp tmp
mkdir -p run/lock
ln -sf /proc/self/fd dev/fd
ln -sf fd/0 dev/stdin
ln -sf fd/1 dev/stdout
ln -sf fd/2 dev/stderr
# What a kernel lacks of these is for the test to miss.
mount -t debugfs debug sys/kernel/debug || true
mount -t tracefs tracing sys/kernel/tracing || true
mount -t bpf bpf sys/fs/bpf || true
mount -t cgroup2 cgroup sys/fs/cgroup || true
mount -t securityfs security sys/kernel/security || true

# "9P: introduction of a new cache=mmap model", 3.14; without a cache files would have another inode each time.
share cwd "/root$(cat /host/cwd)" "rw,cache=mmap" || share cwd "/root$(cat /host/cwd)" "rw,cache=loose"
if [ -f /host/has-modules ]; then
	share modules "/root/lib/modules/$(uname -r)" ro,cache=loose
fi
mkdir -p run/vm
mount --move /host run/vm
hostname ktally-vm
ifconfig lo 127.0.0.1 up
exec switch_root /root /bin/sh /run/vm/guest.sh
