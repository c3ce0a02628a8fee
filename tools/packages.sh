#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian packages with which Bulkhead is built, run and tested, and QEMU 10 or later:
#   tools/packages.sh
# Only this needs root, and only when a package is missing; it writes nothing into the tree. Safe to run again.
set -eu
export LC_ALL=C
. "$(dirname "$0")/debian.sh"

packages="
 build-essential gcc-aarch64-linux-gnu binutils-aarch64-linux-gnu libc6-dev picolibc-aarch64-linux-gnu
 device-tree-compiler libfdt-dev libsodium-dev zlib1g-dev libzstd-dev
 dpkg-dev xz-utils cpio gzip openssl cloc
 clang clang-format clang-tidy libclang-rt-dev cppcheck libcmocka-dev
 python3 python3-pytest python3-pexpect
"
qemu_packages="qemu-system-arm qemu-system-common qemu-system-data qemu-utils"
backports=$etc/apt/sources.list.d/bulkhead-backports.list

missing() {
	local p there
	# shellcheck disable=SC2086
	there=$(dpkg-query -W -f='${db:Status-Status} ${Architecture} ${Package}\n' $packages 2>/dev/null)
	for p in $packages; do
		grep -Eqx "installed (amd64|all) $p" <<<"$there" || printf ' %s' "$p"
	done
}

qemu_ok() {
	local version
	version=$(qemu-system-aarch64 --version 2>/dev/null | sed -n 's/.*version \([0-9]*\)\..*/\1/p')
	[ "${version:-0}" -ge 10 ]
}

need_root() {
	[ "$(id -u)" != 0 ] || return 0
	cat >&2 <<-TEXT
		setup: Debian packages are missing:$1
		setup: ask an administrator to run, once, as root:
		    $(cd "$(dirname "$0")" && pwd)/packages.sh
	TEXT
	exit 1
}

# An installation that was interrupted would make each later one fail.
finish_interrupted() {
	[ -n "$(dpkg --audit 2>/dev/null)" ] || compgen -G "${SETUP_ROOT:-}/var/lib/dpkg/updates/[0-9]*" >/dev/null || return 0
	say "finishing an installation that was interrupted"
	patiently dpkg --configure -a || apt --fix-broken install ||
		die "an interrupted installation could not be finished: try 'dpkg --configure -a' and 'apt-get --fix-broken install'"
}

apt() { patiently apt-get -q -y -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@"; }

lists=
read_lists() {
	say "reading package lists"
	lists=
	# shellcheck disable=SC2086
	if patiently apt-get $update_options update; then lists=whole; else say "some package lists could not be read"; fi
}

# In two phases: a network that fails leaves nothing half installed. Lists that are too old name packages that the mirror
# no longer has: they are read once more.
install() { # what it is, options and packages
	local what=$1 size
	shift
	size=$(amount "$@")
	say "downloading $what: $size"
	apt --no-install-recommends --download-only install "$@" || { read_lists && apt --no-install-recommends \
		--download-only install "$@"; } ||
		die "$what could not be downloaded: is there a network, and room on the disk? This can be run again"
	say "installing $what"
	apt --no-install-recommends install "$@" ||
		die "$what could not be installed: is there room on the disk? This can be run again"
}

# How much will be downloaded. Packages that apt does not know cannot be installed.
amount() {
	local said
	said=$(apt-get -qq -y --no-install-recommends --print-uris install "$@" 2>&1) ||
		if [ -n "$lists" ]; then
			die "apt cannot install this: $(grep '^E:' <<<"$said" | head -n 3 | tr '\n' ' ')"
		else
			die "apt knows too few packages, and the package lists could not be read: is there a network?"
		fi
	awk "/^'/ { n++; bytes += \$3 } END { printf \"%d packages, %d MB\", n, bytes / 1000000 }" <<<"$said"
}

# QEMU's version (the first number) that would be installed, with apt's options for the choice of a suite.
qemu_candidate() {
	apt-cache "$@" policy qemu-system-arm 2>/dev/null | sed -nE 's/^ *Candidate: ([0-9]+:)?([0-9]+)\..*/\2/p'
}

# The backports suite lies on Debian's mirrors, beside the release.
add_backports() {
	local address
	for address in $(mirrors); do
		say "adding $codename-backports to apt's sources: $backports"
		# apt reads no file of this name.
		echo "deb [signed-by=$keyring] $address $codename-backports main" >"$backports.dpkg-new"
		chmod 644 "$backports.dpkg-new"
		mv "$backports.dpkg-new" "$backports"
		read_lists
		version=$(qemu_candidate -t "$codename-backports")
		[ "${version:-0}" -lt 10 ] || return 0
		rm -f "$backports"
	done
	die "QEMU 10 or later is needed: no Debian mirror of apt's sources has $codename-backports, or none can be read"
}

install_qemu() {
	local version suite=
	version=$(qemu_candidate)
	if [ "${version:-0}" -lt 10 ]; then
		suite="-t $codename-backports"
		# shellcheck disable=SC2086
		version=$(qemu_candidate $suite)
		[ "${version:-0}" -ge 10 ] || add_backports
	fi
	# shellcheck disable=SC2086
	install "QEMU" $suite $qemu_packages
	qemu_ok || die "QEMU 10 or later is needed; this machine runs $(qemu-system-aarch64 --version 2>&1 | head -n 1)"
}

need_debian
needed=$(missing)
qemu_ok || needed="$needed QEMU-10-or-later"
[ -n "$needed" ] || exit 0
need_root "$needed"
umask 022
finish_interrupted
read_lists
# shellcheck disable=SC2046
[ -z "$(missing)" ] || install "tools" $(missing)
[ -z "$(missing)" ] || die "apt-get reported success, but these are missing:$(missing)"
qemu_ok || install_qemu
