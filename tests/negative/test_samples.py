# SPDX-License-Identifier: Apache-2.0
"""Configurations that nobody wrote as tests: the examples of the documentation, and those that others published for the
QNX Hypervisor, in the folder that the environment variable QVMCONF_SAMPLES names."""
import os
import pathlib
import re
import subprocess

import pytest

import run

SAMPLES = os.environ.get("QVMCONF_SAMPLES")
GUEST = "ram 0xc0000000,16M\nload hello.elf\n"
FIRST, REGION = 0x50000000, 0x1000000  # of memory regions on the board
# What may be said about a sample: that something is not built, or not Arm's. One of them has a slip, a RAM of 1023 bytes.
ALLOWED = re.compile(r"\[[^]]+\] ('.*' (is not supported yet|exists only on x86)|'pci:.*': PCI is not supported yet|"
                     r"'vdev \S+' without 'loc' is a PCI device, which is not supported yet; .*|"
                     r"'safety' is not supported yet, except for 'none'|Unsupported GIC version: 2|"
                     r"ram 0x100000,0x3ff is not made of whole pages of 0x1000 bytes)")


def check(path, *words):
    return subprocess.run([run.TOOL, "check", str(path), *words], capture_output=True, text=True, timeout=120)


def examples():
    text = (run.TOP / "docs" / "configuration.md").read_text()
    return re.findall(r"```qvmconf\n(.*?)```", text, re.DOTALL)


@pytest.mark.parametrize("text", examples(), ids=lambda text: text.split()[0])
def test_documented_examples_are_right(text, tmp_path):
    path = tmp_path / "example.qvmconf"
    path.write_text(text if "load" in text else text + GUEST)
    done = check(path)
    if done.stderr and all("not supported yet" in line for line in done.stderr.splitlines()):
        pytest.skip(done.stderr.splitlines()[0])
    assert (done.returncode, done.stderr) == (0, "")


def board_with(names, folder):
    """The test board with memory regions of these names."""
    nodes = "".join(f"{name} {{ reg = <0 {FIRST + i * REGION:#x} 0 {REGION:#x}>; }};\n" for i, name in enumerate(names))
    source = (run.HERE / "system" / "board.dts").read_text() + "/ { reserved-memory {" + nodes + "}; };"
    board = folder / "board.dtb"
    subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", str(board)], input=source, text=True, check=True)
    return board


@pytest.mark.parametrize("path", sorted(pathlib.Path(SAMPLES).glob("*.qvmconf")) if SAMPLES else [],
                         ids=lambda path: getattr(path, "stem", "none"))
def test_published_configurations_are_understood(path, tmp_path):
    names = sorted(set(re.findall(r"\$asinfo_\w+\{(\w+)\}", path.read_text())))
    done = check(path, "--board", str(board_with(names, tmp_path)))
    assert done.returncode == (run.EX_CONFIG if done.stderr else 0)
    assert [line for line in done.stderr.splitlines() if not ALLOWED.fullmatch(line)] == []
