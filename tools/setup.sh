#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Fetches what Bulkhead needs to build, run and test, from Debian packages only:
#   tools/setup.sh build   tools/packages.sh, and the libraries of the processes, into build/sysroot
#   tools/setup.sh linux   Debian's arm64 kernel and busybox, into build/guests (never committed)
#   tools/setup.sh uboot   Debian's U-Boot, into build/guests (never committed)
#   tools/setup.sh guests  both
#   tools/setup.sh bench   Debian's arm64 Xen, into build/xen, for comparison in the benchmark (never committed)
# Safe to run again, and to be interrupted: files that exist are complete, and are kept. Needs root only for packages.
set -eu
export LC_ALL=C
top=$(CDPATH='' cd "$(dirname "$0")/.." && pwd)
. "$top/tools/debian.sh"

out=$(realpath -m "${BUILD:-$top/build}")
state=$out/apt-arm64
work=$out/setup.new # everything is made here, and moved to its place when it is complete

# One at a time in a build folder.
begin() {
	need_debian
	local folder
	mkdir -p "$out" || die "$out cannot be made"
	for folder in "$out" "$out"/*/; do
		[ ! -e "$folder" ] || [ -w "$folder" ] || die "$folder cannot be written: it belongs to $(stat -c %U "$folder"), who can remove it; or name another with BUILD="
	done
	exec 9>"$out/setup.lock"
	flock -n 9 || { say "another set-up is running in $out: waiting for it"; flock 9; }
	rm -rf "$work"
	mkdir "$work"
	trap 'rm -rf "$work"' EXIT
}

# Runs apt's tools with their own state and with arm64 as the architecture: the machine's state is not touched. Only the
# settings for reaching a mirror are taken from the machine's configuration.
arm64() {
	APT_CONFIG=$state/apt.conf patiently "$@"
}

# Package lists of arm64, of programs and of sources, from the first Debian mirror that has them. `again`: as they are now.
arm64_lists() {
	local addresses address
	[ "${1:-}" = again ] || [ "$(cat "$state/lists.ready" 2>/dev/null)" != "$codename" ] || return 0
	rm -f "$state/lists.ready" && mkdir -p "$state/lists/partial" "$state/cache/archives/partial" "$state/none" &&
		: >"$state/status" && arm64_configuration >"$work/apt.conf" && mv "$work/apt.conf" "$state/apt.conf" || return
	addresses=$(mirrors)
	[ -n "$addresses" ] || die "apt's sources name no mirror of Debian $codename"
	for address in $addresses; do
		printf "%s [signed-by=$keyring] %s $codename main\n" deb "$address" deb-src "$address" >"$work/sources.list" &&
			mv "$work/sources.list" "$state/sources.list" || return
		# shellcheck disable=SC2086
		arm64 apt-get $update_options update || continue
		echo "$codename" >"$work/lists.ready" && mv "$work/lists.ready" "$state/lists.ready" && return
	done
	return 1
}

arm64_configuration() {
	{ apt-config dump | grep -E '^Acquire::(https?|Retries|ForceIPv|Check-)' || true; } && cat <<-CONF
		APT::Architecture "arm64";
		APT::Architectures { "arm64"; };
		APT::Sandbox::User "root";
		Acquire::GzipIndexes "true";
		Acquire::Languages "none";
		Dir::Cache "$state/cache";
		Dir::Cache::pkgcache "";
		Dir::Cache::srcpkgcache "";
		Dir::Etc::Main "/dev/null";
		Dir::Etc::Parts "$state/none";
		Dir::Etc::SourceList "$state/sources.list";
		Dir::Etc::SourceParts "$state/none";
		Dir::State "$state";
		Dir::State::Lists "$state/lists";
		Dir::State::status "$state/status";
	CONF
}

# Runs apt-get in an empty folder for a package of arm64, and once more with new lists if that fails: the mirror may have
# moved on.
fetched() { # folder, package as package_like has it, apt-get's words
	local folder=$1 package=$2 lists
	shift 2
	for lists in '' again; do
		[ -z "$lists" ] || say "reading package lists again"
		rm -rf "$folder" && mkdir -p "$folder" && arm64_lists $lists &&
			(cd "$folder" && arm64 apt-get -q "$@" "$(package_like "$package")") && return
	done
	return 1
}

# A package's name; for a pattern the newest package of this release that matches.
package_like() {
	case $1 in
	^*) APT_CONFIG=$state/apt.conf apt-cache search --names-only "$1" | sed 's/ .*//' | sort -V | tail -n 1 | grep . ;;
	*) echo "$1" ;;
	esac
}

# Unpacks a package of arm64 into a folder, unless that exists.
unpacked() { # package, folder, find's conditions for files that nobody needs
	[ ! -d "$2" ] || return 0
	local what="Debian's $(basename "$2") for arm64"
	fetched "$work/deb" "$1" download || die "$what could not be fetched: is there a network, and room on the disk?"
	dpkg-deb -x "$work"/deb/*.deb "$work/tree" || die "$what could not be unpacked: is there room on the disk?"
	[ $# -eq 2 ] || find "$work/tree" -type f "${@:3}" -delete
	mkdir -p "$(dirname "$2")"
	mv "$work/tree" "$2"
}

# Copies a file to its place, whole or not at all.
placed() { # file, place
	mkdir -p "$(dirname "$2")"
	cp "$1" "$work/file"
	mv "$work/file" "$2"
}

setup_libfdt() {
	local header
	[ ! -e "$out/sysroot/lib/libfdt.a" ] || return 0
	say "fetching libfdt for arm64"
	unpacked libfdt-dev "$out/debs/libfdt"
	for header in "$out"/debs/libfdt/usr/include/*fdt*.h; do
		placed "$header" "$out/sysroot/include/$(basename "$header")"
	done
	placed "$out/debs/libfdt/usr/lib/aarch64-linux-gnu/libfdt.a" "$out/sysroot/lib/libfdt.a"
}

# The source: Debian's library for arm64 has no section for each function, so that all of it would get into procmgr.
setup_libsodium() {
	[ ! -e "$out/sysroot/src/libsodium" ] || return 0
	say "fetching libsodium's source"
	fetched "$work/source" libsodium source --download-only ||
		die "libsodium's source could not be fetched: is there a network, and room on the disk?"
	# apt has compared it with the signed lists.
	dpkg-source --no-check -x "$work"/source/libsodium_*.dsc "$work/libsodium" >/dev/null
	mkdir -p "$out/sysroot/src" "$out/sysroot/include"
	rm -rf "$out/sysroot/include/sodium"
	cp -r "$work/libsodium/src/libsodium/include/sodium" "$work/include"
	mv "$work/include" "$out/sysroot/include/sodium"
	mv "$work/libsodium/src/libsodium" "$out/sysroot/src/libsodium"
}

# Debian's kernel, and an initramfs with busybox and the init of examples/two-linux.
setup_linux() {
	local g=$out/guests root=$work/root
	if [ ! -e "$g/Image" ]; then
		say "fetching Debian's arm64 kernel"
		# Of its modules, 300 MB, tests load two; they read all its device trees.
		unpacked '^linux-image-[0-9].*[0-9]-arm64$' "$out/debs/kernel" \
			-name '*.ko*' ! -name 'evdev.ko*' ! -name 'gpio_keys.ko*'
		placed "$out"/debs/kernel/boot/vmlinuz-* "$g/Image"
	fi
	[ ! -e "$g/initramfs.cpio.gz" ] || [ ! "$g/initramfs.cpio.gz" -nt "$top/tools/initramfs/init" ] || return 0
	[ -d "$out/debs/busybox" ] || say "fetching busybox for arm64"
	unpacked busybox-static "$out/debs/busybox"
	say "building the guests' initramfs"
	mkdir -p "$root"/bin "$root"/dev "$root"/proc "$root"/sys "$root"/tmp "$root"/etc
	cp "$out"/debs/busybox/*bin/busybox "$root/bin/busybox" 2>/dev/null || cp "$out"/debs/busybox/usr/bin/busybox "$root/bin/busybox"
	cp "$top/tools/initramfs/init" "$root/init"
	chmod +x "$root/init" "$root/bin/busybox"
	(cd "$root" && find . -print0 | sort -z | cpio --quiet --null -o -H newc --owner=0:0 >"$work/initramfs")
	gzip -9n <"$work/initramfs" >"$work/initramfs.gz"
	placed "$work/initramfs.gz" "$g/initramfs.cpio.gz"
}

# U-Boot for QEMU's `virt`: a guest that boots others, and what starts Bulkhead as a board's firmware does.
setup_uboot() {
	[ ! -e "$out/guests/u-boot.bin" ] || return 0
	say "fetching Debian's U-Boot"
	unpacked u-boot-qemu "$out/debs/u-boot"
	placed "$out/debs/u-boot/usr/lib/u-boot/qemu_arm64/u-boot.bin" "$out/guests/u-boot.bin"
}

setup_bench() {
	[ ! -e "$out/xen/xen" ] || return 0
	say "fetching Debian's arm64 Xen"
	unpacked '^xen-hypervisor-[0-9.]*-arm64$' "$out/debs/xen"
	local image
	image=$(compgen -G "$out/debs/xen/boot/xen-*" | head -n 1)
	case $image in
	*.gz) gzip -dc "$image" >"$work/xen" ;;
	*) cp "$image" "$work/xen" ;;
	esac
	placed "$work/xen" "$out/xen/xen"
}

case "${1:-}" in
build) "$top/tools/packages.sh"; begin; setup_libfdt; setup_libsodium ;;
linux) begin; setup_linux ;;
uboot) begin; setup_uboot ;;
guests) begin; setup_linux; setup_uboot ;;
bench) begin; setup_bench ;;
*) sed -n '3,9s/^# //p' "$0"; exit 64 ;;
esac
