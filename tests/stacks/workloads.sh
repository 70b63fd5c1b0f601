# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# workloads.sh: the workloads by name, what each needs, and how it is built.

# shellcheck disable=SC2034 # read by who sources this
workloads=(c fp cc rust go gostrip node java python link id static plugin short container unlinked gone)
# shellcheck disable=SC2034
short=(c cc link short python)

# Packages that a workload needs beside a compiler for C, and its goal in work/Makefile.
declare -A packages=([go]=golang-go [gostrip]=golang-go [node]=nodejs [java]=openjdk-17-jdk-headless [python]="python3.11 python3.11-dev python3-dev")
declare -A goals=([c]=native [fp]=fp [cc]=native [rust]=rust [go]=go [gostrip]=go [java]=java [python]=python)

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
			! why=$({ [ "$name" = node ] || make -s -C tests/stacks/work OUT="$PWD/$folder" "${goals[$name]:-native}"; } 2>&1); then
			echo "skip stacks: $name # $(tr '\n' ' ' <<<"$why")"
			continue
		fi
		ready+=("$name")
	done
}
