# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034 # what is set here is for those that read it in
# cross.sh: builds for guests of another architecture. Read in at the top of the repository.

# cross_for ARCH: sets folder, where things are built; cross, what make must be told; root, the guest's, or empty; cross_prefix of tools.
# Makes or installs what that needs; the status is 4 if it cannot be had.
cross_for() {
	folder=build cross=() root='' cross_prefix=''
	[ "$1" != x86_64 ] || return 0
	root=$(tests/vm/root "$1") || return $?
	tests/need gcc-aarch64-linux-gnu g++-aarch64-linux-gnu || return 1
	cross_prefix=aarch64-linux-gnu-
	folder=build/$1
	cross=("CROSS_COMPILE=$cross_prefix" "SYSROOT=$root")
}

# cross_make GOAL...: of the Makefile, for what cross_for chose; several callers wait for each other
cross_make() {
	mkdir -p "$folder"
	(
		flock 9
		make --no-print-directory O="$folder" "${cross[@]}" "$@"
	) 9>"$folder/kernel.lock"
}
