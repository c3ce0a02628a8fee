#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what Bulkhead needs to build, run and test, from Debian packages only:
#   tools/setup.sh build   compiler, libraries, checkers, QEMU 10 or later
#   tools/setup.sh guests  Debian's arm64 kernel, busybox and U-Boot, into build/guests (never committed)
#   tools/setup.sh bench   Debian's arm64 Xen, into build/xen, to measure beside (never committed)
# Safe to run again: what is there is left alone. Needs root only when a package is missing.
set -eu
export LC_ALL=C

top=$(cd "$(dirname "$0")/.." && pwd)
out=$(realpath -m "${BUILD:-$top/build}")
packages="build-essential gcc-aarch64-linux-gnu binutils-aarch64-linux-gnu libc6-dev picolibc-aarch64-linux-gnu
 device-tree-compiler libfdt-dev libsodium-dev zlib1g-dev libzstd-dev dpkg-dev xz-utils libcmocka-dev cloc cppcheck clang clang-format clang-tidy libclang-rt-dev
 python3 python3-pytest python3-pexpect cpio gzip openssl"
qemu_packages="qemu-system-arm qemu-system-common qemu-system-data qemu-utils"

say() { echo "setup: $*"; }
die() { echo "setup: error: $*" >&2; exit 1; }

need_root() {
	[ "$(id -u)" = 0 ] && return
	echo "setup: packages are missing. Ask an administrator to run, once:" >&2
	echo "    sudo $top/tools/setup.sh $1" >&2
	exit 1
}

installed() { [ "$(dpkg-query -W -f='${Status}' "$1" 2>/dev/null)" = "install ok installed" ]; }

apt() { DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@" >/dev/null; }

updated=
apt_update() { [ -n "$updated" ] || { say "reading package lists"; apt update || say "some package lists could not be read"; updated=1; }; }

qemu_ok() {
	version=$(qemu-system-aarch64 --version 2>/dev/null | sed -n 's/.*version \([0-9]*\)\..*/\1/p')
	[ "${version:-0}" -ge 10 ]
}

codename() { . /etc/os-release; echo "$VERSION_CODENAME"; }

# The backports suite lives on the machine's own Debian mirror: take its address from there.
mirror() {
	{ sed -n 's/^URIs:[[:space:]]*\([^[:space:]]*\).*/\1/p' /etc/apt/sources.list.d/*.sources 2>/dev/null
	  sed -n 's/^deb[[:space:]]\{1,\}\(\[[^]]*\][[:space:]]*\)\{0,1\}\([^[:space:]]*\).*/\2/p' \
		/etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null; } | grep '/debian/\{0,1\}$' | head -n 1
}

add_backports() {
	suite=$(codename)-backports
	apt-cache policy 2>/dev/null | grep -q "$suite" && return
	address=$(mirror)
	[ -n "$address" ] || die "no Debian mirror in the apt sources: add $suite by hand, then run this again"
	say "adding $suite to the apt sources"
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $address $suite main" \
		>/etc/apt/sources.list.d/bulkhead-backports.list
	updated=
}

setup_build() {
	missing=
	for p in $packages; do
		# clang's sanitizer runtime is named after the release's clang version.
		[ "$p" = libclang-rt-dev ] && p=$(clang_runtime)
		installed "$p" || missing="$missing $p"
	done
	if [ -n "$missing" ]; then
		need_root build
		apt_update
		say "installing$missing"
		# shellcheck disable=SC2086
		apt install --no-install-recommends $missing || die "apt-get could not install$missing"
		rt=$(clang_runtime)
		installed "$rt" || apt install --no-install-recommends "$rt"
	fi
	if ! qemu_ok; then
		need_root build
		apt_update
		target=
		candidate=$(apt-cache policy qemu-system-arm | sed -n 's/.*Candidate: [0-9]*:\([0-9]*\)\..*/\1/p')
		if [ "${candidate:-0}" -lt 10 ]; then
			add_backports
			apt_update
			target="-t $(codename)-backports"
		fi
		say "installing QEMU"
		# shellcheck disable=SC2086
		apt install --no-install-recommends $target $qemu_packages || die "apt-get could not install QEMU"
		qemu_ok || die "QEMU 10.0 or later is needed; this machine has $(qemu-system-aarch64 --version | head -n 1)"
	fi
}

clang_runtime() {
	v=$(clang --version 2>/dev/null | sed -n 's/.*version \([0-9]*\)\..*/\1/p' | head -n 1)
	echo "libclang-rt-${v:-14}-dev"
}

# apt with a state of its own and arm64 as its architecture: the machine's is not touched.
arm64_apt() {
	state=$out/apt-arm64
	mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
	cat >"$state/apt.conf" <<-CONF
		APT::Architecture "arm64";
		APT::Architectures { "arm64"; };
		Dir::State "$state";
		Dir::State::Lists "$state/lists";
		Dir::State::status "$state/status";
		Dir::Cache "$state/cache";
		APT::Sandbox::User "root";
		Acquire::Languages "none";
	CONF
	: >>"$state/status"
	# Only Debian's own sources: others on the machine may not serve arm64.
	APT_CONFIG=$state/apt.conf apt-get -qq -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::Etc::SourceList="$state/sources.list" "$@"
}

fetch_arm64() { # package...
	mkdir -p "$out/debs"
	arm64_lists deb || return 1
	(cd "$out/debs" && arm64_apt download "$@")
}

# Package lists: of binaries (deb) or of sources (deb-src).
arm64_lists() {
	state=$out/apt-arm64
	mkdir -p "$state"
	grep -qs "^$1 " "$state/sources.list" && [ -e "$state/ready" ] && return
	address=$(mirror)
	[ -n "$address" ] || return 1
	echo "$1 [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $address $(codename) main" >>"$state/sources.list"
	arm64_apt update || return 1
	touch "$state/ready"
}

unpack_deb() { # name pattern, destination
	deb=$(ls "$out"/debs/$1 2>/dev/null | head -n 1)
	[ -n "$deb" ] || return 1
	mkdir -p "$2" && dpkg-deb -x "$deb" "$2"
}

setup_libfdt() {
	[ -e "$out/sysroot/lib/libfdt.a" ] && return
	say "fetching libfdt for arm64"
	fetch_arm64 libfdt-dev || die "libfdt-dev:arm64 could not be fetched"
	unpack_deb 'libfdt-dev_*_arm64.deb' "$out/debs/libfdt"
	mkdir -p "$out/sysroot/lib" "$out/sysroot/include"
	cp "$out"/debs/libfdt/usr/include/*fdt*.h "$out/sysroot/include/"
	cp "$out"/debs/libfdt/usr/lib/aarch64-linux-gnu/libfdt.a "$out/sysroot/lib/"
}

# The source: its library for arm64 has no sections for single functions, so that all of it would get into procmgr.
setup_libsodium() {
	[ -e "$out/sysroot/src/libsodium/crypto_sign" ] && return
	say "fetching libsodium's source"
	arm64_lists deb-src || die "the lists of source packages could not be read"
	mkdir -p "$out/debs" "$out/sysroot/src"
	rm -rf "$out/debs/libsodium"
	(cd "$out/debs" && arm64_apt source --download-only libsodium) || die "libsodium's source could not be fetched"
	# apt has compared it with the signed lists.
	dpkg-source --no-check -x "$(ls "$out"/debs/libsodium_*.dsc | head -n 1)" "$out/debs/libsodium" >/dev/null
	rm -rf "$out/sysroot/src/libsodium"
	mkdir -p "$out/sysroot/include"
	cp -r "$out/debs/libsodium/src/libsodium/include/sodium" "$out/sysroot/include/"
	cp -r "$out/debs/libsodium/src/libsodium" "$out/sysroot/src/libsodium"
}

# Debian's kernel, and an initramfs with busybox and the init of examples/two-linux.
setup_guests() {
	g=$out/guests
	[ -e "$g/initramfs.cpio.gz" ] && [ "$g/initramfs.cpio.gz" -nt "$top/tools/initramfs/init" ] && return
	mkdir -p "$g"
	if [ ! -e "$g/Image" ]; then
		say "fetching Debian's arm64 kernel"
		fetch_arm64 linux-image-arm64 || die "the guest kernel could not be fetched"
		real=$(dpkg-deb -f "$(ls "$out"/debs/linux-image-arm64_*.deb | head -n 1)" Depends | sed 's/[ ,(].*//')
		fetch_arm64 "$real" || die "$real could not be fetched"
		unpack_deb "${real}_*_arm64.deb" "$out/debs/kernel"
		cp "$out"/debs/kernel/boot/vmlinuz-* "$g/Image"
	fi
	say "building the guests' initramfs"
	if [ ! -e "$out/debs/busybox/bin/busybox" ]; then
		fetch_arm64 busybox-static || die "busybox could not be fetched"
		unpack_deb 'busybox-static_*_arm64.deb' "$out/debs/busybox"
	fi
	root=$g/root
	rm -rf "$root"
	mkdir -p "$root"/bin "$root"/dev "$root"/proc "$root"/sys "$root"/tmp "$root"/etc
	bb=$out/debs/busybox/bin/busybox
	[ -e "$bb" ] || bb=$out/debs/busybox/usr/bin/busybox
	cp "$bb" "$root/bin/busybox"
	cp "$top/tools/initramfs/init" "$root/init"
	chmod +x "$root/init" "$root/bin/busybox"
	(cd "$root" && find . -print0 | LC_ALL=C sort -z | cpio --quiet --null -o -H newc --owner=0:0 | gzip -9n) >"$g/initramfs.cpio.gz.new"
	mv "$g/initramfs.cpio.gz.new" "$g/initramfs.cpio.gz"
}

# U-Boot for QEMU's `virt`: a guest that boots others, and what starts Bulkhead as a board's firmware does.
setup_uboot() {
	[ -e "$out/guests/u-boot.bin" ] && return
	mkdir -p "$out/guests"
	say "fetching Debian's U-Boot"
	fetch_arm64 u-boot-qemu || die "U-Boot could not be fetched"
	unpack_deb 'u-boot-qemu_*_all.deb' "$out/debs/u-boot"
	cp "$out/debs/u-boot/usr/lib/u-boot/qemu_arm64/u-boot.bin" "$out/guests/u-boot.bin"
}

setup_bench() {
	[ -e "$out/xen/xen" ] && return
	say "fetching Debian's arm64 Xen"
	fetch_arm64 xen-hypervisor-4.17-arm64 || die "Xen could not be fetched"
	unpack_deb 'xen-hypervisor-*_arm64.deb' "$out/debs/xen"
	mkdir -p "$out/xen"
	image=$(ls "$out"/debs/xen/boot/xen-* | head -n 1)
	case $image in
	*.gz) gzip -dc "$image" >"$out/xen/xen" ;;
	*) cp "$image" "$out/xen/xen" ;;
	esac
}

case "${1:-}" in
build) setup_build; setup_libfdt; setup_libsodium ;;
guests) setup_guests; setup_uboot ;;
bench) setup_bench ;;
*) sed -n '3,7s/^# //p' "$0"; exit 64 ;;
esac
