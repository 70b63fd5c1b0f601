# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034 # what is set here is for those that read it in
# common.sh: what the scripts of tests/vm share: the cache, the matrix, the architectures, messages.

vm_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo_dir=$(cd "$vm_dir/../.." && pwd)
cache_dir=${KTALLY_CACHE:-${HOME:-/root}/.cache/ktally}

# Exit codes beside a guest command's own (which a shell keeps below 126).
exit_usage=2		# wrong use of a script, or something broken on this side
exit_absent=4		# the kernel cannot be had: callers skip

say() {
	echo "${0##*/}: $*" >&2
}

die() {
	local code=$1
	shift
	say "$*"
	exit "$code"
}

need() {
	"$vm_dir/../need" "$@" || exit "$exit_usage"
}

# The rows of the matrix, comments stripped.
matrix() {
	sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$vm_dir/kernels"
}

# Sets what differs between architectures, for the Debian and the kernel's world.
set_arch() {
	arch=$1
	case $arch in
	x86_64)
		deb_arch=amd64
		kbuild_arch=x86
		image_name=bzImage
		cross=
		;;
	arm64)
		deb_arch=arm64
		kbuild_arch=arm64
		image_name=Image
		cross=aarch64-linux-gnu-
		;;
	*)
		die "$exit_usage" "--arch '$arch' is not known; use x86_64 or arm64"
		;;
	esac
}

# A name for this kernel's folders: its row's name, or one made of a build tree's path.
kernel_key() {
	if [[ $1 == */* ]]; then
		printf 'tree-%s-%s\n' "$(realpath "$1" | sha1sum | cut -c1-12)" "$arch"
	else
		printf '%s-%s\n' "$1" "$arch"
	fi
}

# Runs the calling script up to unlock or its end alone among those that use the same lock name.
lock() {
	mkdir -p "$cache_dir/locks"
	exec {lock_fd}>"$cache_dir/locks/$1"
	flock "$lock_fd"
}

unlock() {
	exec {lock_fd}>&-
}
