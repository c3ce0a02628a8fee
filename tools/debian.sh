# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Shell functions of setup.sh and packages.sh: which Debian this is, where its mirror is, apt-get with patience.
# SETUP_ROOT: a folder with an etc that replaces the machine's; for tests.
export LC_ALL=C
export PATH="$PATH:/usr/sbin:/sbin"
etc=${SETUP_ROOT:-}/etc
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

say() { echo "setup: $*"; }
die() { echo "setup: error: $*" >&2; exit 1; }

os_release() { (. "$etc/os-release" && eval "echo \"\${$1:-}\"") 2>/dev/null; }

# The releases that the project is built and tested on.
need_debian() {
	case "$(os_release ID) $(os_release VERSION_ID)" in
	"debian 12" | "debian 13") ;;
	*) die "Debian 12 or Debian 13 is needed; this is $(os_release PRETTY_NAME || echo "another system")" ;;
	esac
	local host
	host=$(dpkg --print-architecture 2>/dev/null || uname -m)
	[ "$host" = amd64 ] || die "an amd64 machine is needed: the cross compiler and the tests are used there only; this one is $host"
	codename=$(os_release VERSION_CODENAME)
}

# Runs a command without questions. Its output is shown only if it fails. While another program installs packages, it is tried again.
patiently() {
	local said waited=0
	until said=$(DEBIAN_FRONTEND=noninteractive "$@" </dev/null 2>&1); do
		if ! grep -Eq 'Could not get lock|Unable to lock|lock was locked' <<<"$said" || [ "$waited" -ge 900 ]; then
			{ grep -E '^(E|dpkg):' <<<"$said" || tail -n 10 <<<"$said"; } | head -n 10 >&2
			return 1
		fi
		[ "$waited" -gt 0 ] || say "another program is installing packages: waiting for it"
		sleep "${SETUP_PAUSE:-5}"
		waited=$((waited + 5))
	done
}

# A list that could not be read is an error, not a warning.
readonly update_options="-q -o APT::Update::Error-Mode=any"

# The addresses of the machine's Debian mirrors, in the order of its sources. Debian's mirrors are known by the signed Release files that apt has, not by their addresses. A machine without lists
# (a container's image) has only the names of the suites: which address is Debian's is found by reading from it.
mirrors() {
	targets --release-info '$(ORIGIN)|$(CODENAME)' "Debian\\|$codename" ||
		targets --no-release-info '$(RELEASE)' "($codename|(old)?stable)" || true
}

targets() { # apt-get's option, fields, what they must be
	apt-get indextargets "$1" --format "$2"'|$(COMPONENT)|$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
		sed -nE "s/^$3\\|main\\|//p" | grep -v '^cdrom:' | awk '!seen[$0]++ { print; n++ } END { exit !n }'
}
