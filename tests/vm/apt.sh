# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # read in after common.sh
# apt.sh: unpacks packages of any Debian suite into a folder, with an apt of its own; the system's stays untouched.

# The address that this machine's own apt takes packages labelled $1 from.
# Labels are known only after an update.
own_mirror() {
	own_targets | grep -q '^Debian-Security ' || apt-get -qq update >/dev/null 2>&1 || true
	own_targets | sed -n "s|^$1 ||p" | head -n 1
}

own_targets() {
	# shellcheck disable=SC2016 # apt expands these
	apt-get indextargets 'Created-By: Packages' 'Origin: Debian' \
		--format '$(LABEL) $(REPO_URI)'
}

# The sources of suite $1: the archive, and its security updates where it has any.
suite_sources() {
	local suite=$1 main security key
	key='[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]'
	main=${KTALLY_MIRROR:-$(own_mirror Debian)}
	security=${KTALLY_MIRROR_SECURITY:-$(own_mirror Debian-Security)}
	[ -n "$main" ] || return 1
	echo "deb $key $main $suite main"
	[ "$suite" = sid ] || [ -z "$security" ] ||
		echo "deb $key $security $suite-security main"
}

# apt TOOL ARGS... for the suite that suite_open chose.
suite_apt() {
	local tool=$1
	shift
	"$tool" -qq -o Dir::Etc::sourcelist="$suite_dir/sources.list" \
		-o Dir::Etc::sourceparts=- -o Dir::State="$suite_dir/state" \
		-o Dir::State::status=/dev/null -o Dir::Cache="$suite_dir/cache" \
		-o APT::Architecture="$suite_arch" -o APT::Architectures= \
		-o APT::Architectures::="$suite_arch" -o APT::Sandbox::User=root \
		-o Acquire::Check-Valid-Until=false "$@"
}

# suite_open SUITE DEBARCH: makes its package lists current, and is alone with them until the next or the end.
# Fails when they cannot be had.
suite_open() {
	suite_arch=$2
	suite_dir=$cache_dir/apt/$1-$2
	# One suite at a time: opening the next, or the same once more, lets go of this.
	[ -z "${suite_fd:-}" ] || exec {suite_fd}>&-
	mkdir -p "$suite_dir"
	exec {suite_fd}>"$suite_dir/lock"
	flock "$suite_fd"
	mkdir -p "$suite_dir"/state/lists/partial "$suite_dir"/cache/archives/partial
	suite_sources "$1" >"$suite_dir/sources.list.new" || return 1
	if cmp -s "$suite_dir/sources.list.new" "$suite_dir/sources.list" &&
	   [ -n "$(find "$suite_dir/updated" -mmin -60 2>/dev/null)" ]; then
		return 0
	fi
	mv "$suite_dir/sources.list.new" "$suite_dir/sources.list"
	suite_apt apt-get update >"$suite_dir/log" 2>&1 || return 1
	# apt-get update exits 0 when a list could not be fetched.
	suite_apt apt-cache show base-files >/dev/null 2>&1 || return 1
	touch "$suite_dir/updated"
}

# suite_closure PATTERN PKG...: these packages and all they depend on, as far as names match PATTERN.
suite_closure() {
	local pattern=$1
	shift
	suite_apt apt-cache depends --recurse --no-recommends --no-suggests \
		--no-conflicts --no-breaks --no-replaces --no-enhances "$@" |
		grep -E '^[a-z0-9]' | grep -E "$pattern" | sort -u
}

# suite_unpack DIR PKG...: downloads the packages and unpacks them into DIR.
suite_unpack() {
	local into=$1 debs=$suite_dir/debs deb status=0
	shift
	rm -rf "$debs"
	mkdir -p "$debs"
	if ! (cd "$debs" && suite_apt apt-get download "$@") >"$suite_dir/log" 2>&1; then
		rm -rf "$debs"
		return 1
	fi
	mkdir -p "$into"
	for deb in "$debs"/*.deb; do
		# Not dpkg -x: it would replace links like /bin by folders.
		dpkg-deb --fsys-tarfile "$deb" |
			tar -x -p --keep-directory-symlink -C "$into" || status=1
	done
	rm -rf "$debs"
	return "$status"
}
