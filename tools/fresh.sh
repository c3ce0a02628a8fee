#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Tries this tree on machines that have nothing yet: a bare system of each supported Debian release, made by debootstrap
# from the machine's mirror. In it, as an ordinary user and as root, in the locales C and fr_FR:
#   tools/fresh.sh [RELEASE]...     12 and 13, if none is named; long; needs root, 4 GB of disk and a network
# The output is in build/logs/fresh-*.log. A system in which a test failed is kept in build/fresh.
set -eu
export LC_ALL=C
top=$(CDPATH='' cd "$(dirname "$0")/.." && pwd)
. "$top/tools/debian.sh"
out=$(realpath -m "${BUILD:-$top/build}")

[ "$(id -u)" = 0 ] || die "make fresh needs root: it makes whole systems, with debootstrap and chroot"
for tool in debootstrap git unshare; do
	command -v "$tool" >/dev/null || die "$tool is needed: as root, apt-get install $tool"
done
need_debian
# Mounts are private to this script, and end with it.
[ "${FRESH_ALONE:-}" ] || FRESH_ALONE=1 exec unshare --mount --propagation private "$0" "$@"
mkdir -p "$out/logs" "$out/fresh"
chown --reference="$top" "$out" "$out/logs" "$out/fresh"
passed=0
failed=0

# The machine's mirror has the other release, too.
address=$(mirrors | grep -E '^(https?|ftp|file):' | head -n 1)
[ -n "$address" ] || die "apt's sources name no Debian mirror that debootstrap can read"

make_system() { # folder, codename
	local node
	rm -rf --one-file-system "$1"
	http_proxy=${http_proxy:-$(apt-config dump --format '%v' Acquire::http::Proxy)} \
		debootstrap --variant=minbase --include=ca-certificates --keyring="$keyring" "$2" "$1" "$address" || return
	cp /etc/resolv.conf /etc/hosts "$1/etc/" || return
	apt-config dump | grep -E '^Acquire::(https?|Retries|ForceIPv|Check-)' >"$1/etc/apt/apt.conf.d/mirror"
	cp /etc/ssl/certs/ca-certificates.crt "$1/etc/ssl/certs/"
	mount -t proc proc "$1/proc" && mount -t tmpfs dev "$1/dev" && mkdir -m 1777 "$1/dev/pts" "$1/dev/shm" &&
		mount -t devpts -o newinstance,ptmxmode=666 pts "$1/dev/pts" && ln -s pts/ptmx "$1/dev/ptmx" &&
		ln -s /proc/self/fd "$1/dev/fd" || return
	for node in null zero full random urandom tty; do
		: >"$1/dev/$node" && mount --bind "/dev/$node" "$1/dev/$node" || return
	done
	# What a newcomer has: make; an account, and a language.
	inside "$1" root C 'apt-get -q update && apt-get -q -y --no-install-recommends install make locales &&
		localedef -i fr_FR -f UTF-8 fr_FR.UTF-8 && useradd -m -s /bin/bash newcomer'
}

unmake_system() {
	umount -R "$1/dev" "$1/proc" 2>/dev/null || true
	rm -rf --one-file-system "$1"
}

inside() { # folder, user, locale, command
	chroot "$1" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb LANG="$3" LC_ALL="$3" \
		su -s /bin/bash -w LANG,LC_ALL,PATH,TERM - "$2" -c "$4" </dev/null
}

# Boots what `make run` boots, and checks both guests. The terminal is a pipe.
boot='
	cd bulkhead && rm -f in log && mkfifo in && { make run <in >log 2>&1 & run=$!; } && exec 5>in
	await() { for _ in $(seq 900); do grep -aq "$1" log && return; kill -0 $run || break; sleep 1; done; tail -n 30 log; kill $run; exit 1; }
	await "bulkhead> "
	for guest in linux1 linux2; do
		printf "console %s\r" $guest >&5; await "Welcome to $guest"; printf "\035" >&5
	done
	printf "\001x" >&5; wait $run'

step() { # name of the log, what is tried, command...
	local log=$out/logs/fresh-$1.log what=$2 start=$SECONDS
	shift 2
	if "$@" >>"$log" 2>&1; then
		passed=$((passed + 1))
		echo "  PASSED   $what, $((SECONDS - start)) s"
	else
		failed=$((failed + 1))
		echo "  FAILED   $what, $((SECONDS - start)) s; the end of $log:"
		tail -n 15 "$log"
		return 1
	fi
}

clone() { # folder, user, where it lives
	rm -rf "$1$3/bulkhead"
	mkdir "$1$3/bulkhead"
	git -C "$top" ls-files -z | tar -c -C "$top" --null -T - | tar -x --no-same-owner -C "$1$3/bulkhead"
	chroot "$1" chown -R "$2:" "$3/bulkhead"
}

# The first run of an ordinary user ends with one command for the administrator, who runs it in another locale.
asks_for_packages() { # folder
	local said
	! said=$(inside "$1" newcomer fr_FR.UTF-8 'cd bulkhead && make run' 2>&1) || return
	echo "$said"
	said=$(sed -n 's/^ \{4\}\(\/.*\)/\1/p' <<<"$said")
	[ "$(wc -l <<<"$said")" = 1 ] && inside "$1" root fr_FR.UTF-8 "$said" &&
		[ -z "$(find "$1/home/newcomer/bulkhead" -user root)" ]
}

try() { # release
	local codename system=$out/fresh/$1 user locale home log tests before=$failed
	case $1 in 12) codename=bookworm ;; 13) codename=trixie ;; *) die "Debian $1 is not supported" ;; esac
	rm -f "$out/logs/fresh-$1"*.log
	step "$1" "Debian $1: a bare system" make_system "$system" "$codename" || return
	clone "$system" newcomer /home/newcomer
	step "$1" "Debian $1: make help, without a compiler" inside "$system" newcomer fr_FR.UTF-8 \
		"cd bulkhead && make help 2>&1 | head -n 1 | grep -q '^make   *build'" || return
	step "$1" "Debian $1: a user asks for packages, an administrator installs them" asks_for_packages "$system" || return
	for user in newcomer root; do
		for locale in fr_FR.UTF-8 C; do
			log=$1-$user-${locale%.*}
			home=$(chroot "$system" getent passwd "$user" | cut -d: -f6)
			clone "$system" "$user" "$home"
			step "$log" "Debian $1, $user, $locale: make run" inside "$system" "$user" "$locale" "$boot" || return
			[ "$user $locale" = "newcomer C" ] || [ "$user $locale" = "root fr_FR.UTF-8" ] || continue
			for tests in unit negative "system TEST='$part'"; do
				step "$log" "Debian $1, $user, $locale: make $tests" \
					inside "$system" "$user" "$locale" "cd bulkhead && make $tests" || true
			done
		done
	done
	[ "$failed" != "$before" ] || unmake_system "$system"
}

part="test_hello or test_uboot or test_shmem or test_signed"
[ $# -gt 0 ] || set -- 12 13
for release; do
	try "$release" || true
done
echo "fresh: $passed passed, $failed failed"
[ "$failed" = 0 ]
