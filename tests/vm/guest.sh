# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# guest.sh: what a guest does once its root stands: load the module, run the command, unload, check the log, say the end.

host=/run/vm	# shared with tests/vm/run: command, modules; out, err and end go back
pipes=/run/vm-pipes

power_off() {
	/bin/busybox poweroff -f
}

# end KIND VALUE: the last thing a guest says. The rename makes it all there or not there.
end() {
	sync
	umount "$(cat $host/cwd)" 2>/dev/null
	echo "$1 $2" >$host/end.new
	mv $host/end.new $host/end
	power_off
	sleep 1000
}

# A line in the console that test output can be matched with.
mark() {
	echo "ktally-vm: $*" >/dev/kmsg
}

# Sets pids to what the command left running; kernel threads have no executable.
# No subshell: it would find itself.
find_leftovers() {
	pids=
	for proc in /proc/[0-9]*; do
		pid=${proc#/proc/}
		case " 1 $relays " in
		*" $pid "*) ;;
		*) [ ! -e "$proc/exe" ] || pids="$pids $pid" ;;
		esac
	done
}

kill_leftovers() {
	rounds=0
	find_leftovers
	while [ -n "$pids" ] && [ $rounds -lt 50 ]; do
		# shellcheck disable=SC2086 # a list of process ids
		kill -KILL $pids 2>/dev/null
		sleep 0.1
		rounds=$((rounds + 1))
		find_leftovers
	done
}

run_command() {
	mkdir $pipes
	mkfifo $pipes/out $pipes/err
	cat <$pipes/out >$host/out &
	relays=$!
	cat <$pipes/err >$host/err &
	relays="$relays $!"
	(
		cd "$(cat $host/cwd)" || exit 125
		# exports what the host passes on, then becomes the command
		exec /bin/bash $host/command </dev/null
	) >$pipes/out 2>$pipes/err
	status=$?
	kill_leftovers
	wait
}

# The module under test, and the one that fires for it.
modules="ktally ktally_test"

# 9p hung when it was to read into the kernel's virtual memory, where modules go: "9p/trans_virtio.c: Fix broken zero-copy on
# vmalloc() buffers", 3.14.
keep_modules() {
	[ ! -d $host/ko ] || { cp -r $host/ko /run/vm-ko && mount --bind /run/vm-ko $host/ko; }
}

load() {
	keep_modules || end load "no room for the modules"
	for name in $modules; do
		[ -f "$host/ko/$name.ko" ] || continue
		message=$(/bin/busybox insmod "$host/ko/$name.ko" 2>&1) || end load "$message"
	done
}

unload() {
	for name in $modules; do
		[ -d "/sys/module/$name" ] || continue
		message=$(/bin/busybox rmmod "$name" 2>&1) || end unload "$message"
	done
}

export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
relays=
echo up >$host/up
dmesg -n 7
if [ -f $host/bin/ktally ]; then
	mkdir -p /usr/local/bin
	cp $host/bin/ktally /usr/local/bin/
fi
load
run_command
unload
splat=$(dmesg | grep -E -m 1 -f $host/splats) && end splat "$splat"
mark "the end"
end status $status
