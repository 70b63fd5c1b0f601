# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034 # read by who sources this
# workloads.sh: the workloads by name, what each needs, and how it is built.

workloads=(c fp cc rust go gostrip node java python link id static plugin short container unlinked gone)
short=(c cc link short python)

# Packages that a workload needs beside a compiler for C, its goal in work/Makefile, and what make must be told.
declare -A packages=([go]=golang-go [gostrip]=golang-go [node]=nodejs [java]=openjdk-17-jdk-headless [python]="python3.11 python3.11-dev python3-dev")
declare -A goals=([c]=native [signed]=signed [fp]=fp [cc]=native [rust]=rust [go]=go [gostrip]=go [java]=java [python]=python)
make_for=()

# For guests of arm64, after cross_for (tests/vm/cross.sh). There is neither Node, Java nor Rust; and programs that sign return addresses.
workloads_arm64() {
	workloads=(c signed fp cc go gostrip python link id static plugin short container unlinked gone)
	short=(c signed gostrip python)
	packages[python]=python3
	make_for=(CC="${cross_prefix}gcc" CXX="${cross_prefix}g++" OBJCOPY="${cross_prefix}objcopy" GOARCH=arm64
		PYTHON_INCLUDES="-I$root/usr/include/python3.11 -idirafter $root/usr/include")
}

# Rust: the one of the machine, or Debian's.
find_rustc() {
	command -v rustc >/dev/null || tests/need rustc
}

# build_workloads FOLDER NAME...: sets ready to those that can run; says of the others why not
build_workloads() {
	local folder=$1 name why
	shift
	ready=()
	for name; do
		# shellcheck disable=SC2086 # a list of packages
		if ! why=$({ [ -z "${packages[$name]:-}" ] || tests/need ${packages[$name]}; [ "$name" != rust ] || find_rustc; } 2>&1) ||
			! why=$({ [ "$name" = node ] || make -s -C tests/stacks/work OUT="$PWD/$folder" "${make_for[@]}" "${goals[$name]:-native}"; } 2>&1); then
			echo "skip stacks: $name # $(tr '\n' ' ' <<<"$why")"
			continue
		fi
		ready+=("$name")
	done
}
