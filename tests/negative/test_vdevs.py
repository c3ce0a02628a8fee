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
# A vdev in as few lines as there can be.
GOOD = """
#include <qvm/vdev-core.h>
VDEV_DESCRIBE(0, 0x1000, "rate\\0");
static int control(vdev_t *vdp, vdev_ctrl_options_t ctrl, const char *arg)
{
	(void)vdp, (void)ctrl, (void)arg;
	return 0;
}
static const char *const options[] = {"rate", NULL};
static struct vdev_factory factory = {.control = control, .option_list = options, .factory_flags = VFF_VDEV_MEM};
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


def build(folder, source=GOOD, name="sample", drop=(), extra=()):
    cflags, ldflags = flags()
    (folder / "vdev.c").write_text(source)
    words = [word for word in cflags + ldflags if word not in drop]
    subprocess.run([COMPILER, *words, f"-I{run.TOP}/include", f"-I{run.TOP}/lib/include", folder / "vdev.c", *extra,
                    "-o", folder / f"vdev-{name}.so"], check=True)
    return folder / f"vdev-{name}.so"


def check(folder, name="sample"):
    (folder / "vm.qvmconf").write_text(CONFIG % name)
    return subprocess.run([run.TOOL, "check", folder / "vm.qvmconf"], capture_output=True, text=True, timeout=120)


def refusal(reason):
    return f"[vm.qvmconf:3] vdev sample: vdev-sample.so: {reason}"


def test_good(tmp_path):
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
    "no note": ("it has no note that describes a vdev (VDEV_DESCRIBE)",
                {"source": "\n".join(line for line in GOOD.splitlines() if "DESCRIBE" not in line)}),
    "other ABI": ("it was built for version 7 of the vdev ABI, this is version 1",
                  {"source": GOOD.replace("\nVDEV_DESCRIBE", "\n#undef QVM_VDEV_ABI\n#define QVM_VDEV_ABI 7u\n"
                                          "VDEV_DESCRIBE")}),
    "no registers": ("the registers that its note names are not whole pages, none, or too many",
                     {"source": GOOD.replace("0x1000", "0")}),
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
    "aligned too far": ("a segment is to be aligned to more than a page (link with -z max-page-size=4096)",
                        {"source": GOOD.replace("return 0;",
                                                "static volatile _Alignas(16384) int n = 1; return n - 1;")}),
    "writable and executable": ("a segment is both writable and executable",
                                {"extra": ["-Wl,-N"], "drop": ["-Wl,-z,max-page-size=4096,-z,common-page-size=4096,-z,"
                                                               "separate-code,-z,relro,-z,now"]}),
}


@pytest.mark.parametrize("case", BAD)
def test_bad(tmp_path, case):
    reason, how = BAD[case]
    build(tmp_path, **how)
    done = check(tmp_path)
    assert done.returncode == run.EX_CONFIG
    assert done.stderr.splitlines() == [refusal(reason)]


def test_option_that_is_a_word_of_the_language(tmp_path):
    build(tmp_path, source=GOOD.replace('rate\\0"', 'rate\\0" "0debug\\0"'))
    assert check(tmp_path).stderr.splitlines() == \
        ["[vm.qvmconf:3] vdev sample: its option 'debug' is a word of the language already; it needs another name"]


def test_another_library(tmp_path):
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
def test_damaged(tmp_path, what, at, value, reason):
    path = build(tmp_path)
    content = bytearray(path.read_bytes())
    content[at:at + 1] = value
    path.write_bytes(content)
    assert check(tmp_path).stderr.splitlines() == [refusal(reason)]


def test_cut_off(tmp_path):
    path = build(tmp_path)
    path.write_bytes(path.read_bytes()[:0x1100])
    assert check(tmp_path).stderr.splitlines() == \
        [refusal("a segment that is not writable has its last page beyond the end of the file")]
    path.write_bytes(b"")
    assert check(tmp_path).stderr.splitlines() == [refusal("shorter than an ELF header")]
