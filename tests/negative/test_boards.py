#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the host tool says of the boards that Debian's arm64 kernel has device trees for: of each that it can be used, or
why not. `boards.txt` has what is expected with Debian 12's kernel, `boards-13.txt` what is otherwise with Debian 13's. Run
by itself, this prints the list for the kernel that set-up has fetched."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import pytest

import run

BUILD = pathlib.Path(os.environ.get("BUILD", run.TOP / "build"))
EXPECTED = [run.HERE / "boards.txt", run.HERE / "boards-13.txt"]
ABSENT = "no such tree"
MEMORY = ("--memory", "0x80000000,2G")
SYSTEM = """/dts-v1/;
/ {
    compatible = "bulkhead,system";
    processes {
        devc-pl011 { program = "devc-pl011"; abilities = "public", "log"; devices = "stdout"; ready; };
    };
};
"""


def trees():
    """Name -> file, and the kernel's version."""
    folders = sorted((BUILD / "debs" / "kernel" / "usr" / "lib").glob("linux-image-*"))
    if not folders:
        return None, {}
    folder = folders[-1]
    return folder.name, {str(path.relative_to(folder)): path for path in sorted(folder.glob("**/*.dtb"))}


def check(folder, tree, *more):
    done = subprocess.run([run.TOOL, "check", str(folder), "--board", str(tree), *more], capture_output=True, text=True,
                          timeout=120)
    return done.returncode, done.stderr


def outcome(folder, tree):
    """One line: `good`, or the reasons, without names of files. What the firmware fills in is given where it lacks."""
    status, said = check(folder, tree)
    given = "it describes no memory" in said
    if given:
        status, said = check(folder, tree, *MEMORY)
    assert status in (0, run.EX_CONFIG) and (status == 0) == (said == ""), f"{tree}: {status}: {said}"
    reasons = [re.sub(r"^(\[system\.dts:\d+\] /processes/devc-pl011|\S*\.dtb): ", "", line) for line in said.splitlines()]
    reasons = [re.sub(r"; [^;]*$", "", reason) for reason in reasons]
    return ("memory given: " if given else "") + ("; ".join(reasons) if reasons else "good")


def outcomes(files):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "system.dts").write_text(SYSTEM)
        (folder / "devc-pl011").write_bytes(run.program("devc-pl011"))
        return {name: outcome(folder, path) for name, path in files.items()}


def series(version):
    """6.1 of linux-image-6.1.0-50-arm64: within it, trees stay what they are."""
    return re.match(r"linux-image-(\d+\.\d+)\.", version).group(1)


def expected(version):
    """The version that the list was made for, its tree -> outcome, and what was expected before that list."""
    before, wanted = {}, {}
    for file in EXPECTED:
        listed, *lines = file.read_text().splitlines()
        before, wanted = wanted, {**wanted, **dict(line.split("\t") for line in lines)}
        if series(listed) == series(version):
            break
    return listed, wanted, before


def test_each_board_is_judged_as_listed():
    version, files = trees()
    if not files:
        pytest.skip("set-up has not fetched the arm64 kernel")
    listed, wanted, _ = expected(version)
    seen = outcomes(files)
    if version == listed:
        assert set(seen) == {name for name, said in wanted.items() if said != ABSENT}
    different = {name: (wanted[name], said) for name, said in seen.items() if wanted.get(name, said) != said}
    assert not different, "\n".join(f"{name}: expected {a}\n  but it is {b}" for name, (a, b) in different.items())
    assert len(seen) > 100 and sum(said.endswith("good") for said in seen.values()) > 5


def edited(folder, *changes):
    """The test board, changed, as a blob."""
    text = (run.HERE / "system" / "board.dts").read_text()
    for old, new in changes:
        assert text.count(old) == 1, (old, text.count(old))
        text = text.replace(old, new)
    (folder / "system.dts").write_text(SYSTEM)
    (folder / "devc-pl011").write_bytes(run.program("devc-pl011"))
    subprocess.run(["dtc", "-q", "-f", "-o", folder / "board.dtb"], input=text.encode(), check=True)
    return folder / "board.dtb"


PSCI = 'compatible = "arm,psci-1.0", "arm,psci-0.2";'
GIC = 'compatible = "arm,gic-v3";\n\t\tinterrupt-controller;'
PIC = 'compatible = "arm,gic-v3";\n\t\t#interrupt-cells = <4>;'
TIMER = "<1 13 4>, <1 14 4>, <1 11 4>, <1 10 4>"
GICR = ", <0x0 0x080a0000 0x0 0xf60000>"
SMALL = {
    "as it is": ([], "good"),
    "PSCI 0.1": ([(PSCI, 'compatible = "arm,psci";')], "it has no PSCI 0.2 or later"),
    "PSCI 0.2": ([(PSCI, 'compatible = "arm,psci-0.2";')], "good"),
    "PSCI by what": ([('method = "smc";', 'method = "none";')], "it has no PSCI 0.2 or later"),
    "PSCI by HVC": ([('method = "smc";', 'method = "hvc";')], "good"),
    "GICv2": ([(GIC, GIC.replace("gic-v3", "gic-400")), (PIC, PIC.replace("gic-v3", "other"))],
              "its interrupt controller is a GICv2: a GICv3 is needed"),
    "no GIC": ([(GIC, GIC.replace("gic-v3", "other")), (PIC, PIC.replace("gic-v3", "other"))],
               "it has no GICv3 (QEMU: gic-version=3)"),
    "no redistributor": ([(GICR, "")], "its GIC's node has no usable registers, or too few for the redistributors"),
    "five of them": ([(GIC, GIC + " #redistributor-regions = <5>;")], "its GIC has more than 4 redistributor regions"),
    "two, one there": ([(GIC, GIC + " #redistributor-regions = <2>;")],
                       "its GIC's node has no usable registers, or too few for the redistributors"),
    "virtual timer": ([(TIMER, TIMER.replace("1 11 4", "1 12 4"))], "a timer's or the GIC's private interrupt is not .*"),
    "timer of EL2": ([(TIMER, "<1 13 4>, <1 14 4>, <1 11 4>")], "a timer's or the GIC's private interrupt is not .*"),
    "timer says nothing": ([(f"interrupts = {TIMER};", "")], "good"),
    "maintenance": ([(GIC, GIC + " interrupts = <1 8 4>;")], "a timer's or the GIC's private interrupt is not .*"),
    "maintenance 25": ([(GIC, GIC + " interrupts = <1 9 4>;")], "good"),
    "no stdout": ([('stdout-path = "serial0:115200n8";', "")],
                  'device "stdout": the board\'s tree has no /chosen/stdout-path, or it names no device'),
    "stdout elsewhere": ([('stdout-path = "serial0:115200n8";', 'stdout-path = "serial1";')],
                         'device "stdout": the board\'s tree has no /chosen/stdout-path, or it names no device'),
    "another UART": ([('compatible = "arm,pl011";', 'compatible = "ns16550a";')],
                     'device "stdout" is no PL011 or SBSA UART, which devc-pl011 drives'),
    "SBSA": ([('compatible = "arm,pl011";', 'compatible = "arm,sbsa-uart";')], "good"),
    "memory later": ([("reg = <0x0 0x40000000 0x0 0x40000000>;", "reg = <0x0 0x0 0x0 0x0>;")], "memory given: good"),
    "one CPU alone": ([('reg = <0>;\n\t\t\tenable-method = "psci";', "reg = <0>;")], "good"),
}


@pytest.mark.parametrize("name", SMALL)
def test_a_changed_board_is_judged_anew(tmp_path, name):
    changes, wanted = SMALL[name]
    said = outcome(tmp_path, edited(tmp_path, *changes))
    assert re.match(wanted if wanted.endswith("*") else re.escape(wanted) + "$", said), said


def test_cpus_that_cannot_start_are_not_there(tmp_path):
    """Those that the kernel could not start are not there; the first one runs already."""
    changes = [(f'reg = <{n}>;\n\t\t\tenable-method = "psci";', f'reg = <{n}>; enable-method = "spin-table";') for n in (0, 2)]
    board = edited(tmp_path, *changes)
    (tmp_path / "system.dts").write_text(SYSTEM.replace("ready;", "ready; runmask = <8>;"))
    said = check(tmp_path, board)[1]
    assert "'runmask' 0x8 names CPUs that the board does not have; its 3 CPUs are 0x7" in said


def test_memory_takes_the_place(tmp_path):
    """What is given, and nothing else: several ranges, and none twice."""
    board = edited(tmp_path)
    (tmp_path / "system.dts").write_text(SYSTEM.replace("ready;", "ready; memory = <0x3000000>;"))
    assert check(tmp_path, board)[0] == 0
    assert "bytes are missing" in check(tmp_path, board, "--memory", "0x80000000,32M")[1]
    assert check(tmp_path, board, "--memory", "0x80000000,32M", "--memory", "0x90000000,32M")[0] == 0
    assert "the same memory twice" in check(tmp_path, board, *MEMORY, "--memory", "0x80001000,4K")[1]


def main():
    version, files = trees()
    if not files:
        print("set-up has not fetched the arm64 kernel", file=sys.stderr)
        return 1
    seen, (_, _, before) = outcomes(files), expected(version)
    lines = {**seen, **{name: ABSENT for name in before if name not in seen}}
    print(version, *(f"{name}\t{lines[name]}" for name in sorted(lines) if lines[name] != before.get(name)), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
