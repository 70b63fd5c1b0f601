# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # read in after common.sh
# initramfs.sh: packs the first root of a guest: busybox, init.sh and the modules that a kernel needs to reach 9p.

wanted_modules=(virtio_pci 9pnet_virtio 9p overlay)

# Writes the file of module $1 out of the list of all module files; nothing when it is built in.
module_file() {
	grep -E "/${1//[-_]/[-_]}\.ko(\.xz|\.zst|\.gz)?$" "$all_modules" | head -n 1 || true
}

# Adds module $1 after all that it depends on.
add_module() {
	local file depends dep plain
	file=$(module_file "$1")
	[ -n "$file" ] || return 0
	plain=$(basename "$file")
	plain=${plain%.xz} plain=${plain%.zst} plain=${plain%.gz}
	[ ! -f "$tree/modules/$plain" ] || return 0
	depends=$(/sbin/modinfo -F depends "$file")
	for dep in ${depends//,/ }; do
		add_module "$dep"
	done
	case $file in
	*.xz) xz -dc "$file" ;;
	*.zst) zstd -qdc "$file" ;;
	*.gz) gzip -dc "$file" ;;
	*) cat "$file" ;;
	esac >"$tree/modules/$plain"
	echo "$plain" >>"$tree/modules/order"
}

# make_initramfs FILE MODULES_DIR BUSYBOX SCRATCH: packs FILE, with SCRATCH as a folder to work in.
make_initramfs() {
	local file=$1 modules=$2 busybox=$3 tree=$4 all_modules=$4.list name
	mkdir -p "$tree"/{bin,dev,proc,modules}
	cp "$busybox" "$tree/bin/busybox"
	cp "$vm_dir/init.sh" "$tree/init"
	chmod 755 "$tree/init"
	# The kernel opens this before init can mount anything.
	mknod "$tree/dev/console" c 5 1
	find "$modules/" -name '*.ko*' >"$all_modules"
	: >"$tree/modules/order"
	for name in "${wanted_modules[@]}"; do
		add_module "$name"
	done
	(cd "$tree" && find . | cpio --quiet -o -H newc -R 0:0) >"$file.new"
	mv "$file.new" "$file"
}
