# SPDX-License-Identifier: Apache-2.0
"""Files of virtual devices that the host tool must refuse, as the target does, each with its reason."""
import os
import pathlib
import subprocess

import pytest

import run

COMPILER = os.environ.get("XCC", "aarch64-linux-gnu-gcc")
CONFIG = """ram 0x80000000,16M
load guest.img
vdev %s
    loc 0x1c0a0000
    intr gic:40
    rate 5
"""
OPTIONS = """
VDEV_TYPE("sample", 0x1000, VDEV_NEEDS_LOC)
VDEV_OPTION(RATE, "rate", VDEV_NUMBER(1, 9))
VDEV_END
"""
# A vdev in as few lines as there can be.
GOOD = """
#define VDEV_OPTIONS "options.def"
#include <qvm/vdev-describe.h>
static int control(vdev_t *vdp, vdev_ctrl_options_t ctrl, const char *arg)
{
	(void)vdp, (void)ctrl, (void)arg;
	return 0;
}
static struct vdev_factory factory = {.control = control, .factory_flags = VFF_VDEV_MEM};
static __attribute__((constructor)) void load(void)
{
	vdev_register_factory(&factory, QVM_VDEV_ABI);
}
"""


def flags():
    """CFLAGS and LDFLAGS as vdev.mk has them."""
    script = "include %s\n%%:\n\t@echo $($@)\n" % (run.TOP / "include/qvm/vdev.mk")
    return [subprocess.run(["make", "-sf", "-", name], input=script, capture_output=True, text=True,
                           check=True).stdout.split() for name in ("VDEV_CFLAGS", "VDEV_LDFLAGS")]


def build(folder, source=GOOD, options=OPTIONS, name="sample", drop=(), extra=()):
    cflags, ldflags = flags()
    (folder / "vdev.c").write_text(source)
    (folder / "options.def").write_text(options)
    words = [word for word in cflags + ldflags if word not in drop]
    subprocess.run([COMPILER, *words, f"-I{folder}", f"-I{run.TOP}/include", f"-I{run.TOP}/lib/include", folder / "vdev.c", *extra,
                    "-o", folder / f"vdev-{name}.so"], check=True)
    return folder / f"vdev-{name}.so"


def check(folder, name="sample", config=CONFIG):
    (folder / "vm.qvmconf").write_text(config % name)
    return subprocess.run([run.TOOL, "check", folder / "vm.qvmconf"], capture_output=True, text=True, timeout=120)


def refusal(reason):
    return f"[vm.qvmconf:3] vdev sample: vdev-sample.so: {reason}"


def test_a_good_vdev_is_known_to_the_reader(tmp_path):
    """Its note says which options there are: the reader knows the type now."""
    build(tmp_path)
    done = check(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    (tmp_path / "vm.qvmconf").write_text(CONFIG % "sample" + "    speed 6\n")
    done = subprocess.run([run.TOOL, "check", tmp_path / "vm.qvmconf"], capture_output=True, text=True, timeout=120)
    assert done.returncode == run.EX_CONFIG
    assert "[vm.qvmconf:7] unknown option 'speed'" in done.stderr


BAD = {
    "missing symbol": ("it calls or uses 'printf', which qvm does not have",
                       {"source": "#include <stdio.h>\n" + GOOD.replace("return 0;", 'return printf("%p", vdp);')}),
    "no note": ("it has no note that describes a vdev (<qvm/vdev-describe.h>)",
                {"source": GOOD.replace("describe", "core")}),
    "other ABI": ("it was built for version 1 of the vdev ABI, this is version 2; build it again with the headers of this "
                  "release",
                  {"source": GOOD.replace('#define VDEV', "#include <qvm/vdev-core.h>\n#undef QVM_VDEV_ABI\n"
                                          "#define QVM_VDEV_ABI 1u\n#define VDEV", 1)}),
    "no registers": ("the bytes of registers in its note are 0, not whole pages, or too many",
                     {"options": OPTIONS.replace("0x1000", "0")}),
    "flag": ("its note has unknown flags; build it again with the headers of this release", {"options": OPTIONS.replace("VDEV_NEEDS_LOC", "1u << 9")}),
    "name of an option": ("its note names an option that is no word of a configuration",
                          {"options": OPTIONS.replace('"rate"', '"a rate"')}),
    "option twice": ("its note names an option twice",
                     {"options": OPTIONS.replace("VDEV_END", 'VDEV_OPTION(AGAIN, "rate", VDEV_FLAG)\nVDEV_END')}),
    "33 options": ("its note has more than 32 options",
                   {"options": OPTIONS.replace("VDEV_END", "".join(f'VDEV_OPTION(O{i}, "o{i}", VDEV_FLAG)\n'
                                                                   for i in range(32)) + "VDEV_END")}),
    **{f"kind {kind}": ("its note has an option of a kind that is unknown or damaged",
                        {"options": OPTIONS.replace("VDEV_NUMBER(1, 9)", kind)})
       for kind in ('"q"', '""', "VDEV_NUMBER(9, 1)", "VDEV_NUMBER(1 << 3, 9)", "VDEV_TEXT(0)", 'VDEV_WORD("")',
                    'VDEV_BOOLEAN VDEV_DEFAULT("maybe")', 'VDEV_FLAG VDEV_DEFAULT("on")',
                    'VDEV_REQUIRED VDEV_BOOLEAN VDEV_DEFAULT("on")')},
    "thread-local variable": ("it has thread-local variables",
                              {"source": GOOD.replace("return 0;", "static _Thread_local int n; return n++;")}),
    "text relocations": ("its code would have to be relocated (compile it with -fPIC)",
                         {"drop": ["-Wl,-z,text,-z,noexecstack,--build-id=none,--gc-sections,-Bsymbolic,"
                                   "--hash-style=sysv"], "extra": ["-Wl,-z,notext"],
                          "source": GOOD + '__asm__(".section .text\\n.balign 8\\n.quad load\\n");\n'}),
    "init function": ("it has an init function: only constructors are run (link it with -nostartfiles)",
                      {"source": GOOD + '__attribute__((visibility("default"))) void begin(void) {}\n',
                       "extra": ["-Wl,-init=begin"]}),
    "no constructor": ("it has no constructor, so it cannot register a vdev",
                       {"source": GOOD.replace("__attribute__((constructor))", "__attribute__((used))")}),
    "aligned too far": ("a segment is aligned to more than a page (link with -z max-page-size=4096)",
                        {"source": GOOD.replace("return 0;",
                                                "static volatile _Alignas(16384) int n = 1; return n - 1;")}),
    "writable and executable": ("a segment is both writable and executable",
                                {"extra": ["-Wl,-N"], "drop": ["-Wl,-z,max-page-size=4096,-z,common-page-size=4096,-z,"
                                                               "separate-code,-z,relro,-z,now"]}),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_vdev_is_refused(tmp_path, case):
    reason, how = BAD[case]
    build(tmp_path, **how)
    done = check(tmp_path)
    assert done.returncode == run.EX_CONFIG
    assert done.stderr.splitlines() == [refusal(reason)]


KINDS = """
VDEV_TYPE("sample", 0x1000, VDEV_NEEDS_LOC | VDEV_NEEDS_INTR)
VDEV_OPTION(RATE, "rate", VDEV_REQUIRED VDEV_NUMBER_OR(1, 9, "most"))
VDEV_OPTION(SIZE, "size", VDEV_BYTES(1, 1048576) VDEV_DEFAULT("4K"))
VDEV_OPTION(ACTION, "action", VDEV_WORD("terminate:dump,terminate:fiq"))
VDEV_OPTION(LIT, "lit", VDEV_BOOLEAN)
VDEV_OPTION(LABEL, "label", VDEV_TEXT(8))
VDEV_OPTION(DISK, "disk", VDEV_PATH)
VDEV_OPTION(PEER, "peer", VDEV_PEER)
VDEV_OPTION(MAC, "mac", VDEV_OWN("six bytes"))
VDEV_OPTION(HOSTDEV, "hostdev", VDEV_REPEATS VDEV_CONSOLE)
VDEV_OPTION(CREATE, "create", VDEV_REPEATS VDEV_REGION)
VDEV_OPTION(LEGACY, "legacy", VDEV_FLAG)
VDEV_OPTION(DELAYED, "delayed", VDEV_LATER)
VDEV_END
"""
HEAD = "ram 0x80000000,16M\nload guest.img\nvdev %s\n"
RIGHT = """rate most size 1M action dump,terminate lit off label eight-88 disk </dev/hd0 peer /dev/qvm/other/net
mac 02:00:00:00:00:01 hostdev <- hostdev >/dev/console/out create a,4K create b,1 legacy loc 0x1c0a0000 intr gic:40
"""
WRONG = {
    "rate 10": "rate: '10' is not a number from 1 to 9, or most",
    "size 2M": "size: '2M' is not a number of bytes from 1 to 1048576",
    "action dump": "action: 'dump' is unknown; write terminate or dump,terminate or fiq",
    "lit maybe": "lit: 'maybe' is neither on nor off",
    "label nine-9999": "label: 'nine-9999' is not a text of 1 to 8 characters",
    "disk fs.img": "disk: 'fs.img' is not a path that begins with '/'",
    "peer other": "peer: 'other' is not a vdev of a VM: write /dev/qvm/VM/NAME",
    "hostdev tty": "hostdev: 'tty' is not a console: write /dev/console/NAME, or - for the one named like the VM",
    "create a": "create: 'a' has no size: write NAME,SIZE, as in video,0x100000",
    "mac": "'mac' needs an argument: six bytes",
    "delayed 1": "'vdev sample delayed' is not supported yet",
    "create a,1": "'create a' stands [vm.qvmconf:5] already; keep one",
}


def test_options_are_checked_by_their_kinds(tmp_path):
    """An outside vdev's options are checked as a built-in one's: by kind, defaults, and what is required."""
    build(tmp_path, options=KINDS)
    assert check(tmp_path, config=HEAD + RIGHT).stderr == ""
    for words, reason in WRONG.items():
        done = check(tmp_path, config=HEAD + RIGHT + words)
        assert done.returncode == run.EX_CONFIG
        assert done.stderr.splitlines() == [f"[vm.qvmconf:6] {reason}"]
    assert check(tmp_path, config=HEAD).stderr.splitlines() == \
        ["[vm.qvmconf:3] 'vdev sample' needs 'rate'",
         "[vm.qvmconf:3] 'vdev sample' needs 'loc', the address of its registers",
         "[vm.qvmconf:3] 'vdev sample' needs 'intr', as in gic:37"]


def test_an_option_that_names_shared_memory_needs_a_pool(tmp_path):
    """Also where the vdev's type does not say VDEV_NEEDS_SHMEM. Without such an option it needs none."""
    build(tmp_path, options=KINDS)
    (tmp_path / "system.dts").write_text('/dts-v1/;\n/ {\n\tcompatible = "bulkhead,system";\n'
                                         '\tvms { vm { config = "vm.qvmconf"; }; };\n};\n')
    for words, expected in (("", []), ("create a,4K", [
            "[vm.qvmconf:4] 'vdev sample' needs shared memory, but no pool in /shared-memory names /vms/vm; add it to the 'vms' of one",
            "[vm.qvmconf:4] 'vdev sample' of /vms/vm [system.dts:4] needs the server of shared memory, but no process of the "
            "system is one; add one to /processes, as shmem-server, or another program with 'serves = \"shmem\"'"])):
        (tmp_path / "vm.qvmconf").write_text(f"system vm\n{HEAD % 'sample'}rate 1 loc 0x1c0a0000 intr gic:40 {words}\n")
        done = subprocess.run([run.TOOL, "check", tmp_path], capture_output=True, text=True, timeout=60)
        assert [line for line in done.stderr.splitlines() if "the file" not in line] == expected


def test_an_option_may_not_be_a_word_of_the_language(tmp_path):
    build(tmp_path, options=OPTIONS.replace("VDEV_END", 'VDEV_OPTION(DEBUG, "debug", VDEV_FLAG)\nVDEV_END'))
    assert check(tmp_path).stderr.splitlines() == \
        ["[vm.qvmconf:3] vdev sample: its option 'debug' is a word of the language already; it needs another name"]


def test_another_library_is_refused(tmp_path):
    other = build(tmp_path, name="other")
    build(tmp_path, extra=["-Wl,--no-as-needed", other])
    assert check(tmp_path).stderr.splitlines() == \
        [refusal("it needs another shared object (link it with -nostdlib)")]


@pytest.mark.parametrize("what, at, value, reason", [
    ("another machine", 18, b"\x3e", "not a position-independent program or shared object for AArch64"),
    ("a program", 16, b"\x02", "not a position-independent program or shared object for AArch64"),
    ("32 bits", 4, b"\x01", "not a 64-bit little-endian ELF file"),
    ("no headers", 56, b"\x00", "its program headers have a wrong size or number"),
])
def test_a_damaged_vdev_is_refused(tmp_path, what, at, value, reason):
    path = build(tmp_path)
    content = bytearray(path.read_bytes())
    content[at:at + 1] = value
    path.write_bytes(content)
    assert check(tmp_path).stderr.splitlines() == [refusal(reason)]


def test_a_vdev_that_is_cut_off_is_refused(tmp_path):
    path = build(tmp_path)
    path.write_bytes(path.read_bytes()[:0x1100])
    assert check(tmp_path).stderr.splitlines() == \
        [refusal("a segment that is not writable has its last page beyond the end of the file")]
    path.write_bytes(b"")
    assert check(tmp_path).stderr.splitlines() == [refusal("shorter than an ELF header")]
