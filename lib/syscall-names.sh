#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# syscall-names.sh CC...: writes the system calls that the C compiler's headers know, as entries of an array.
set -eu

[ $# -gt 0 ] || { echo "usage: syscall-names.sh CC [FLAGS...]" >&2; exit 2; }
names=$(printf '#include <asm/unistd.h>\n' | "$@" -E -dM -x c - |
	sed -n 's/^#define __NR_\([a-z_][a-z0-9_]*\) .*/\1/p' |
	grep -vx -e syscalls -e arch_specific_syscall | LC_ALL=C sort)
[ "$(printf '%s\n' "$names" | wc -l)" -gt 100 ] ||
	{ echo "syscall-names.sh: '$*' knows no system calls" >&2; exit 1; }
echo "/* Made by syscall-names.sh. */"
for name in $names; do
	echo "[__NR_$name] = \"$name\","
done
