#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Compiles every probe against one kernel and writes down which of them the kernel accepts.
#
# usage: probe.sh CONFIG_H PROBE_DIR KERNEL_DIR -- COMPILER FLAG...
#
# probes/NAME.c gives "#define KTALLY_HAVE_NAME 1" when it compiles, a comment when it does not.
# probes/tp_EVENT_N.c are candidates for the prototype of one tracepoint: the first N that
# compiles gives KTALLY_TP_HAVE_EVENT (N or 0) and KTALLY_TP_KEY_EVENT (EVENT_N or none).
# probes/exports.list names symbols: KTALLY_EXPORT_NAME says whether a module may link to them.
#
# Two probes guard the others: 000_sanity.c must compile, 000_wrong_type.c must not.
set -eu

out=$1 probes=$2 kernel=$3
shift 4
log=${out%.h}.log

die() {
	echo "ktally: $*" >&2
	exit 1
}

command -v "$1" >/dev/null ||
	die "the kernel was built with '$1', which is not installed: install it," \
		"or name another compiler with CC=gcc"

# The probes, without their .c, in the order that the header lists them.
probe_names() {
	(cd "$probes" && for file in *.c; do echo "${file%.c}"; done)
}

# Everything an answer depends on. Time stamps stand for the kernel's own generated headers:
# a rebuilt kernel of the same name writes them anew.
key=$({
	echo "$*"
	"$1" --version
	cat "$probes"/* "$probes"/../trace_candidates.h "$0"
	for file in include/generated/autoconf.h include/generated/utsrelease.h Module.symvers; do
		stat -L -c '%Y %s' "$kernel/$file" 2>/dev/null || echo "no $file"
	done
} | cksum | tr ' ' -)

if [ -f "$out" ] && grep -q "^/\* key $key \*/$" "$out"; then
	exit 0
fi

mkdir -p "$(dirname "$out")"
work=$out.probing.$$
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$work"

# A wrong type must be an error, an unused variable must not. Compilers before gcc 5 have no
# name for the first, but warn about it always.
strict="-Wno-error -Werror=implicit-function-declaration -Werror=int-conversion"
strict="$strict -Werror=incompatible-pointer-types"
echo 'int probe;' >"$work/option.c"
# shellcheck disable=SC2086
"$1" $strict -fsyntax-only "$work/option.c" 2>/dev/null ||
	strict="-Werror -Wno-unused -Wno-uninitialized -Wno-maybe-uninitialized"

jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
export probes work strict
# The outer "$@" is the compile command; xargs adds a batch of probe names behind it, and the
# inner shell takes the last one off. The placeholder is nothing that a flag could contain.
# shellcheck disable=SC2016 # the inner shell expands these
probe_names |
	xargs -P "$jobs" -I %PROBE% sh -c '
		name=$1; shift
		if "$@" $strict -I"$probes" -I"$probes/.." -fsyntax-only "$probes/$name.c" \
				>"$work/$name.log" 2>&1 </dev/null; then
			: >"$work/$name.ok"
		fi' probe %PROBE% "$@"

{
	echo "Compiled as: $* $strict"
	for name in $(probe_names); do
		if [ -e "$work/$name.ok" ]; then
			echo "== $name: yes"
		else
			echo "== $name: no"
			sed 's/^/   /' "$work/$name.log"
		fi
	done
} >"$log"

if ! [ -e "$work/000_sanity.ok" ]; then
	sed -n '1,40s/^/ktally:   /p' "$work/000_sanity.log" >&2
	die "a trivial module does not compile for this kernel." \
		"Are the headers complete, and is $1 the compiler they want? All answers: $log"
fi
if [ -e "$work/000_wrong_type.ok" ]; then
	die "$1 accepts a wrong pointer type, so no probe can be believed. All answers: $log"
fi

exported() {
	# A tree that was never linked has no list: then the compile probes alone decide.
	[ -s "$kernel/Module.symvers" ] || return 0
	grep -q "[[:space:]]$1[[:space:]]" "$kernel/Module.symvers"
}

upper() {
	echo "$1" | tr '[:lower:]' '[:upper:]'
}

header=$work/config.h
{
	echo "/* SPDX-License-Identifier: GPL-2.0 */"
	echo "/* Written by kmod/compat/probe.sh: what the kernel being built against has. */"
	echo "/* key $key */"
	for name in $(probe_names | sed '/^000_/d; /^tp_/d'); do
		if [ -e "$work/$name.ok" ]; then
			echo "#define KTALLY_HAVE_$(upper "$name") 1"
		else
			echo "/* KTALLY_HAVE_$(upper "$name") is not set */"
		fi
	done
	sed '/^#/d; /^$/d' "$probes/exports.list" | while read -r symbol; do
		if exported "$symbol"; then
			echo "#define KTALLY_EXPORT_$(upper "$symbol") 1"
		else
			echo "/* KTALLY_EXPORT_$(upper "$symbol") is not set */"
		fi
	done
	for event in $(probe_names | sed -n 's/^tp_\(.*\)_[0-9]*$/\1/p' | uniq); do
		found=0
		for candidate in 1 2 3 4 5 6 7 8 9; do
			if [ -e "$work/tp_${event}_$candidate.ok" ]; then
				found=$candidate
				break
			fi
		done
		echo "#define KTALLY_TP_HAVE_$event $found"
		if [ $found = 0 ]; then
			echo "#define KTALLY_TP_KEY_$event none"
		else
			echo "#define KTALLY_TP_KEY_$event ${event}_$found"
		fi
	done
} >"$header"
mv "$header" "$out"
