# SPDX-License-Identifier: Apache-2.0
"""Set-up (tools/setup.sh, tools/packages.sh) on a machine that is played: another Debian's tools, a network that fails, an
end at each step. What it leaves is whole or not there, and the next run goes on from it."""
import hashlib
import os
import shutil
import subprocess

import pytest

import run

# All of these are the same program, which notes each call. At the call with the number in $AT it plays what $EVENT says,
# having done half of its work: `kill` ends set-up and everything that it has started; `full` is a disk without room.
PLAYED = """apt-get apt-cache apt-config dpkg dpkg-query dpkg-deb dpkg-source id qemu-system-aarch64 cp mv cpio gzip sleep""".split()
PLAYER = r"""#!/bin/bash
name=${0##*/}
here=$WORLD
case "$name $1" in
apt-c* | dpkg-q* | id* | qemu* | "dpkg --print"* | "dpkg --audit" | *indextargets | apt-get*-qq) counted= ;;
*) counted=yes ;;
esac
echo "$name $*" >>"$here/log"
if [ "$counted" ]; then
	echo . >>"$here/count"
	number=$(wc -l <"$here/count")
else
	number=none
fi
now() { [ "$number" = "${AT:-}" ]; }
event() {
	case $EVENT in
	kill) kill -9 0 ;;
	full) echo "E: write error: No space left on device" >&2; exit 100 ;;
	esac
}
# Writes a file, or the half of it.
put() {
	if now; then printf %s "${2:0:$((${#2} / 2))}" >"$1"; event; fi
	echo "$2" >"$1"
}
real() { PATH=${PATH#*:} command "$name" "$@"; }
last() { echo "${*: -1}"; }

case $name in
id) echo "${USER_ID:-0}" ;;
dpkg) case $1 in --print-architecture) echo "${HOST:-amd64}" ;; --audit) cat "$here/audit" 2>/dev/null ;;
	--configure) rm -f "$here/audit" ;; esac ;;
dpkg-query) for p in "${@:3}"; do grep -qx "$p" "$here/installed" && echo "installed amd64 $p"; done ;;
qemu-system-aarch64) [ -e "$here/qemu" ] || exit 127; echo "QEMU emulator version $(cat "$here/qemu").0 (Debian 1:10)" ;;
apt-config) echo 'Acquire::http::Proxy "http://proxy.invalid:1";' ;;
sleep) ;;
apt-cache)
	case "$*" in
	*search*linux-image*) echo "linux-image-6.1.0-9-arm64 - old"; echo "linux-image-6.1.0-50-arm64 - Linux" ;;
	*search*xen*) echo "xen-hypervisor-4.20-arm64 - Xen" ;;
	"-t bookworm-backports policy "*)
		[ ! -e "$here/backports" ] || printf '%s:\n  Candidate: 1:10.0.2+ds-2~bpo12+1\n' "$3" ;;
	*policy*) printf 'qemu-system-arm:\n  Installed: (none)\n  Candidate: %s\n' "$CANDIDATE" ;;
	esac ;;
apt-get)
	case " $* " in
	*" indextargets --release-info "*) cat "$here/targets" ;;
	*" indextargets "*) cat "$here/targets-of-sources" ;;
	*" update "*)
		if [ -e "$here/locked" ]; then
			tail -n +2 "$here/locked" >"$here/locked.new"; mv "$here/locked.new" "$here/locked"
			[ -s "$here/locked" ] || rm "$here/locked"
			echo "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt-get)" >&2; exit 100
		fi
		source=$here/root/etc/apt
		[ -z "${APT_CONFIG:-}" ] || source=${APT_CONFIG%/*}/sources.list
		if [ -e "$here/no-network" ] || grep -rqs "dead.invalid" "$source"; then
			echo "E: Failed to fetch http://dead.invalid/debian/dists: could not be resolved" >&2
			case "$*" in *Error-Mode=any*) exit 100 ;; *) exit 0 ;; esac
		fi
		now && event
		if [ -n "${APT_CONFIG:-}" ]; then touch "${APT_CONFIG%/*}/read"; else
		! grep -qs bookworm-backports "$here/root/etc/apt/sources.list.d/bulkhead-backports.list" || touch "$here/backports"; fi
		echo new >"$here/lists" ;;
	*" --print-uris "*) for p in "${@:6}"; do echo "'http://mirror.invalid/$p.deb' $p.deb 1500000 SHA256:0"; done ;;
	*" --download-only install "* | *" download "* | *" source "*)
		if [ -e "$here/no-network" ] || { [ -e "$here/moved" ] && [ "$(cat "$here/lists")" != new ]; }; then
			echo "E: Failed to fetch http://mirror.invalid/x.deb  404  Not Found" >&2; exit 100
		fi
		case " $* " in
		*" source "*) put libsodium_1.dsc "source of $(last "$@")" ;;
		*" download "*) put "$(last "$@")_1_arm64.deb" "package $(last "$@")" ;;
		*) now && event; : ;;
		esac ;;
	*" install "*)
		now && { echo half >"$here/audit"; event; }
		suite=
		for p in "$@"; do
			case $p in -*) ;; bookworm-backports) suite=$p ;; install | Dpkg*) ;;
			qemu-system-arm) if [ "$suite" ] || [ "${CANDIDATE:2:2}" = 10 ]; then echo 10; else echo 7; fi >"$here/qemu" ;;
			*) echo "$p" >>"$here/installed" ;; esac
		done ;;
	esac ;;
dpkg-deb)
	tree=$3
	mkdir -p "$tree"
	case "$(cat "$2")" in
	"package libfdt-dev") mkdir -p "$tree/usr/include" "$tree/usr/lib/aarch64-linux-gnu"
		put "$tree/usr/include/libfdt.h" "header of libfdt"; echo "library" >"$tree/usr/lib/aarch64-linux-gnu/libfdt.a" ;;
	"package linux-image-6.1.0-50-arm64") mkdir -p "$tree/boot"; put "$tree/boot/vmlinuz-6" "kernel" ;;
	"package busybox-static") mkdir -p "$tree/usr/bin"; put "$tree/usr/bin/busybox" "busybox" ;;
	"package u-boot-qemu") mkdir -p "$tree/usr/lib/u-boot/qemu_arm64"; put "$tree/usr/lib/u-boot/qemu_arm64/u-boot.bin" "u-boot" ;;
	"package xen-hypervisor-4.20-arm64") mkdir -p "$tree/boot"; put "$tree/boot/xen-4" "xen" ;;
	*) echo "dpkg-deb: error: $2 is no package" >&2; exit 2 ;;
	esac ;;
dpkg-source)
	[ "$(cat "$3")" = "source of libsodium" ] || exit 2
	mkdir -p "$4/src/libsodium/include/sodium" "$4/src/libsodium/crypto_sign"
	put "$4/src/libsodium/include/sodium/sodium.h" "header of sodium"
	echo "code" >"$4/src/libsodium/crypto_sign/sign.c" ;;
cp)
	if now; then to=$(last "$@"); if [ -d "$1" ]; then mkdir -p "$to"; else head -c 3 "$1" >"$to"; fi; event; fi
	real "$@" ;;
mv) now && event; real "$@" ;;
cpio | gzip) if now; then head -c 20 | real "$@" | head -c 10; event; fi; real "$@" ;;
esac
"""
DEBIAN = "Debian|bookworm|main|http://mirror.invalid/debian/\n"
TARGETS = ("Docker|bookworm|stable|http://docker.invalid/linux/debian/\nOther|bookworm|main|http://other.invalid/debian/\n" + DEBIAN +
           "Debian|bookworm-security|main|http://mirror.invalid/debian-security/\n")
RELEASES = {12: ("bookworm", "1:7.2+dfsg-7"), 13: ("trixie", "1:10.0.13+ds-0+deb13u1")}
VERBS = ("build", "linux", "uboot", "bench")
WHOLE = {"sysroot/lib/libfdt.a": b"library\n", "sysroot/include/libfdt.h": b"header of libfdt\n",
         "sysroot/include/sodium/sodium.h": b"header of sodium\n", "sysroot/src/libsodium/crypto_sign/sign.c": b"code\n",
         "guests/Image": b"kernel\n", "guests/u-boot.bin": b"u-boot\n", "xen/xen": b"xen\n", "apt-arm64/lists.ready": b"bookworm\n"}


class World:
    def __init__(self, folder, release=12, installed=True):
        self.folder, (self.codename, self.candidate) = folder, RELEASES[release]
        (folder / "bin").mkdir(parents=True)
        (folder / "bin/played").write_text(PLAYER)
        (folder / "bin/played").chmod(0o755)
        for name in PLAYED:
            (folder / "bin" / name).symlink_to("played")
        (folder / "root/etc/apt/sources.list.d").mkdir(parents=True)
        self.os_release(f'PRETTY_NAME="Debian {release}"\nID=debian\nVERSION_ID="{release}"\nVERSION_CODENAME={self.codename}\n')
        self.put("targets", TARGETS.replace("bookworm", self.codename))
        self.put("targets-of-sources", f"{self.codename}|main|http://mirror.invalid/debian/\n")
        self.put("installed", "\n".join(packages()) + "\n" if installed else "")
        self.put("lists", "old\n")
        if installed:
            self.put("qemu", "10")
        self.build = folder / "build"
        self.backports = folder / "root/etc/apt/sources.list.d/bulkhead-backports.list"

    def os_release(self, text):
        (self.folder / "root/etc/os-release").write_text(text)

    def put(self, name, text):
        (self.folder / name).write_text(text)

    def calls(self, word):
        return [line for line in (self.folder / "log").read_text().splitlines() if word in line]

    def run(self, script, *words, **environment):
        for name in ("log", "count"):
            (self.folder / name).write_text("")
        clean = {name: value for name, value in os.environ.items() if name not in ("BUILD", "APT_CONFIG")}
        return subprocess.run([run.TOP / "tools" / script, *words], cwd=self.folder, start_new_session=True, timeout=120,
                              capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              env={**clean, "PATH": f"{self.folder}/bin:{os.environ['PATH']}", "WORLD": str(self.folder),
                                   "SETUP_ROOT": f"{self.folder}/root", "BUILD": str(self.build),
                                   "CANDIDATE": self.candidate, **environment})

    def count(self):
        return len((self.folder / "count").read_text().splitlines())

    def check(self):
        """What is there is whole, and nothing lies about that was to be moved."""
        for name, content in WHOLE.items():
            path = self.build / name
            assert not path.exists() or path.read_bytes() == content, name
        initrd = self.build / "guests/initramfs.cpio.gz"
        if initrd.exists():
            subprocess.run(["gzip", "-t", initrd], check=True)
            assert b"busybox" in subprocess.run(["gzip", "-dc", initrd], check=True, capture_output=True).stdout
        if (self.build / "apt-arm64/lists.ready").exists():
            assert (self.build / "apt-arm64/read").exists()
        if self.backports.exists():
            assert self.backports.read_text() == ("deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] "
                                                  "http://mirror.invalid/debian/ bookworm-backports main\n")



def names(world):
    """All files of the build folder."""
    return {str(path.relative_to(world.build)) for path in world.build.rglob("*")}


def packages():
    text = (run.TOP / "tools/packages.sh").read_text()
    return text.split('packages="', 1)[1].split('"', 1)[0].split()


@pytest.fixture
def world(tmp_path):
    return World(tmp_path / "world")


def good(world, verb):
    done = world.run("setup.sh", verb)
    assert done.returncode == 0, done.stderr
    world.check()
    return done


def test_what_is_there_is_not_fetched_again(world):
    for verb in VERBS:
        good(world, verb)
        assert world.count() > 0
        done = good(world, verb)
        assert (done.stdout, done.stderr) == ("", ""), verb
        assert not world.calls("download") and not world.calls("update")
    assert all((world.build / name).exists() for name in WHOLE)
    assert not (world.build / "setup.new").exists()
    source = (world.build / "apt-arm64/sources.list").read_text()
    assert source.splitlines()[0].endswith("] http://mirror.invalid/debian/ bookworm main") and len(source.splitlines()) == 2
    assert 'Acquire::http::Proxy "http://proxy.invalid:1";' in (world.build / "apt-arm64/apt.conf").read_text()


@pytest.mark.parametrize("verb, event", (("build", "kill"), ("build", "full"), ("linux", "kill"), ("uboot", "full")))
@pytest.mark.limit(600)
def test_an_end_at_any_step_leaves_whole_files(tmp_path, verb, event):
    model = World(tmp_path / "model")
    good(model, verb)
    steps = model.count()
    assert steps >= 5
    for step in range(1, steps + 1):
        world = World(tmp_path / f"world{step}")
        done = world.run("setup.sh", verb, AT=str(step), EVENT=event)
        # What fails once may be tried again; that is all that helps.
        assert done.returncode != 0 or event == "full" and names(world) == names(model), (step, done.stdout, done.stderr)
        world.check()
        good(world, verb)
        assert names(world) == names(model), step
        shutil.rmtree(world.folder)


@pytest.mark.parametrize("release", RELEASES)
def test_packages_are_installed_once(tmp_path, release):
    world = World(tmp_path / "world", release, installed=False)
    done = world.run("packages.sh")
    assert (done.returncode, done.stderr) == (0, "")
    assert world.backports.exists() == (release == 12)
    world.check()
    steps = world.count()
    # Two phases of the tools, two of QEMU, with the number of packages and their sizes.
    said = done.stdout.splitlines()
    assert f"setup: downloading tools: {len(packages())} packages, {len(packages()) * 3 // 2} MB" in said
    assert [line for line in said if "QEMU" in line] == ["setup: downloading QEMU: 4 packages, 6 MB" if release == 13 else
                                                         "setup: downloading QEMU: 6 packages, 9 MB", "setup: installing QEMU"]
    assert not world.build.exists()
    done = world.run("packages.sh")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "") and not world.calls("apt-get")
    event = "kill" if release == 12 else "full"
    for step in range(1, steps + 1):
        world = World(tmp_path / f"world{step}", release, installed=False)
        done = world.run("packages.sh", AT=str(step), EVENT=event)
        assert done.returncode != 0 or event == "full", step
        world.check()
        done = world.run("packages.sh")
        assert (done.returncode, done.stderr) == (0, ""), step
        assert not (world.folder / "audit").exists()
        assert set((world.folder / "installed").read_text().split()) >= set(packages())
        assert not list(world.backports.parent.glob("*.dpkg-new")), step
        shutil.rmtree(world.folder)


def test_without_root_the_command_is_named(world):
    world.put("installed", "")
    done = world.run("setup.sh", "build", USER_ID="1000")
    assert done.returncode == 1 and not world.build.exists() and not world.calls("apt-get")
    assert "sudo" not in done.stderr + done.stdout
    assert done.stderr.splitlines()[-1].strip() == f"{run.TOP}/tools/packages.sh"
    assert "clang" in done.stderr
    # That command installs packages, and makes nothing in the tree.
    assert world.run("packages.sh").returncode == 0 and not world.build.exists()
    assert world.run("setup.sh", "build", USER_ID="1000").returncode == 0


@pytest.mark.parametrize("lists", ("old", "always"))
def test_lists_are_read_once_more_when_versions_moved_on(world, lists):
    """The mirror has no longer what the lists name: they are read once more, not more often."""
    good(world, "build")
    world.put("moved", "")
    world.put("lists", "old\n")
    if lists == "always":
        world.put("no-network", "")
    done = world.run("setup.sh", "uboot")
    assert done.returncode == (lists == "always"), done.stderr
    assert len(world.calls(" update")) == 1
    if lists == "always":
        assert done.stderr.splitlines()[-1].startswith("setup: error: Debian's u-boot for arm64 could not be fetched: is there a network")
        (world.folder / "no-network").unlink()
        good(world, "uboot")


def test_lists_are_read_once_more_when_packages_moved_on(tmp_path):
    """The first reading of the lists fails, the package is gone: one more reading helps."""
    world = World(tmp_path / "world", 13, installed=False)
    world.put("no-network", "")
    done = world.run("packages.sh")
    assert done.returncode == 1 and len(world.calls(" update")) == 2 and not world.calls("-q -y install")
    assert done.stderr.splitlines()[-1] == ("setup: error: tools could not be downloaded: is there a network, and room on the "
                                            "disk? This can be run again")
    (world.folder / "no-network").unlink()
    assert world.run("packages.sh").returncode == 0


def test_a_list_that_cannot_be_read_leaves_no_mark(world):
    """apt-get alone would call that a warning: the mark that the lists are there must not be made."""
    world.put("targets", DEBIAN.replace("mirror.", "dead."))
    done = world.run("setup.sh", "uboot")
    assert done.returncode == 1 and not (world.build / "apt-arm64/lists.ready").exists()
    world.put("targets", "Docker|bookworm|main|http://docker.invalid/\n")
    world.put("targets-of-sources", "trixie|main|http://mirror.invalid/debian/\n")
    done = world.run("setup.sh", "uboot")
    assert (done.returncode, done.stderr) == (1, "setup: error: apt's sources name no mirror of Debian bookworm\n")
    world.put("targets", DEBIAN.replace("mirror.", "dead.") + DEBIAN)
    good(world, "uboot")
    assert "http://mirror.invalid/debian/ bookworm main" in (world.build / "apt-arm64/sources.list").read_text()


def test_an_installation_by_others_is_waited_for(tmp_path):
    world = World(tmp_path / "world", 13, installed=False)
    world.put("locked", "1\n2\n3\n")
    done = world.run("packages.sh")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("setup: another program is installing packages: waiting for it\n") == 1
    assert len(world.calls("sleep")) == 3 and len(world.calls(" update")) == 4


@pytest.mark.parametrize("release, host, said", (
    ('ID=debian\nVERSION_ID="11"\nPRETTY_NAME="Debian GNU/Linux 11 (bullseye)"', "amd64",
     "Debian 12 or Debian 13 is needed; this is Debian GNU/Linux 11 (bullseye)"),
    ('ID=debian\nPRETTY_NAME="Debian GNU/Linux forky/sid"', "amd64",
     "Debian 12 or Debian 13 is needed; this is Debian GNU/Linux forky/sid"),
    ('ID=ubuntu\nID_LIKE=debian\nVERSION_ID="12"\nPRETTY_NAME="Ubuntu"', "amd64", "Debian 12 or Debian 13 is needed; this is Ubuntu"),
    (None, "arm64", "an amd64 machine is needed: the cross compiler and the tests are used there only; this one is arm64")))
@pytest.mark.parametrize("words", (("setup.sh", "build"), ("setup.sh", "guests"), ("packages.sh",)))
def test_other_machines_are_refused(world, release, host, said, words):
    if release:
        world.os_release(release + "\n")
    done = world.run(*words, HOST=host)
    assert (done.returncode, done.stderr, done.stdout) == (1, f"setup: error: {said}\n", "")
    assert not world.calls("apt-get")


def test_fresh_needs_root(world):
    done = world.run("fresh.sh", USER_ID="1000")
    assert done.returncode == 1 and not world.build.exists()
    assert done.stderr == "setup: error: make fresh needs root: it makes whole systems, with debootstrap and chroot\n"


# Which mirror: the real apt-get, with sources and lists of the test's own.
RELEASE = "Origin: %s\nLabel: x\nSuite: stable\nCodename: %s\nDate: Sat, 10 Jun 2023 08:00:00 UTC\nArchitectures: amd64\nComponents: main stable\nSHA256:\n"
MIRRORS = {
    "docker first": ("deb [trusted=yes] http://docker.invalid/linux/debian bookworm stable\ndeb http://a.invalid/x bookworm main\n",
                     {"docker.invalid_linux_debian": "Docker", "a.invalid_x": "Debian"}, ["http://a.invalid/x/"]),
    "another's main": ("deb http://b.invalid/debian bookworm main\ndeb http://a.invalid/debian bookworm main contrib\n",
                       {"b.invalid_debian": "Other", "a.invalid_debian": "Debian"}, ["http://a.invalid/debian/"]),
    "mirror list": ("deb mirror+file:/etc/apt/mirrors/list bookworm main\n", {"_etc_apt_mirrors_list": "Debian"},
                    ["mirror+file:/etc/apt/mirrors/list/"]),
    "two addresses": ("Types: deb\nURIs: http://a.invalid/debian http://b.invalid/debian\nSuites: bookworm\nComponents: main\n",
                      {"a.invalid_debian": "Debian", "b.invalid_debian": "Debian"},
                      ["http://a.invalid/debian/", "http://b.invalid/debian/"]),
    "not the release": ("deb http://a.invalid/debian trixie main\n", {"a.invalid_debian": ("Debian", "trixie")}, []),
    "no lists yet": ("deb http://a.invalid/debian bookworm main\ndeb http://docker.invalid/debian bookworm stable\n", {},
                     ["http://a.invalid/debian/"]),
    "a disc": ("deb cdrom:[Debian]/ bookworm main\n", {}, []),
}


@pytest.mark.parametrize("name", MIRRORS)
def test_a_mirror_may_be_named(tmp_path, name):
    sources, lists, wanted = MIRRORS[name]
    kind = "sources" if sources.startswith("Types") else "list"
    for folder in ("lists/partial", "parts", "cache", "none"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / f"parts/x.{kind}").write_text(sources)
    (tmp_path / "status").touch()
    for start, origin in lists.items():
        origin, codename = origin if isinstance(origin, tuple) else (origin, "bookworm")
        release = RELEASE % (origin, codename)
        for component in ("main", "stable"):
            release += f" {hashlib.sha256().hexdigest()} 0 {component}/binary-amd64/Packages\n"
            (tmp_path / f"lists/{start}_dists_{codename}_{component}_binary-amd64_Packages").touch()
        (tmp_path / f"lists/{start}_dists_{codename}_Release").write_text(release)
    (tmp_path / "apt.conf").write_text("".join(f'{key} "{tmp_path}/{value}";\n' for key, value in (
        ("Dir::Etc::Parts", "none"), ("Dir::Etc::Main", "nothing"), ("Dir::Etc::SourceList", "nothing"),
        ("Dir::Etc::SourceParts", "parts"), ("Dir::State", ""), ("Dir::State::Lists", "lists"), ("Dir::State::status", "status"),
        ("Dir::Cache", "cache"))) + 'APT::Architecture "amd64"; APT::Architectures { "amd64"; };\n')
    done = subprocess.run(["bash", "-euc", f". {run.TOP}/tools/debian.sh; codename=bookworm; mirrors"], capture_output=True,
                          text=True, timeout=120, env={**os.environ, "APT_CONFIG": str(tmp_path / "apt.conf")})
    assert (done.returncode, done.stderr, done.stdout.splitlines()) == (0, "", wanted)
