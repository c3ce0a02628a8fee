#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Wrong configurations, and what must be said about each.

A .qvmconf file here begins with one line "# expect: [file:line] text" for each message that the host tool must print for
it, in that order, and no other. One under plans/ is right: it begins with lines "# plan: text", which `check --plan` must
print for it, on the same board. A folder under system/ is a system directory whose system.dts begins with lines
"// expect: text"; it is checked against system/board.dts. One under maps/ is right: its lines
"// map: text" are what `map` must print. Run by itself or by pytest; the tool is build/bulkhead or
$BULKHEAD.
"""
import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
TOOL = os.environ.get("BULKHEAD", str(TOP / "build" / "bulkhead"))
VDEVS = str(pathlib.Path(TOOL).parent / "vdevs")
EX_CONFIG = 65
PAGE = 4096


def expected(path, mark, what="expect"):
    start = f"{mark} {what}: "
    lines = path.read_text(errors="replace").splitlines()
    return [line[len(start):] for line in lines if line.startswith(start)]


def check(arguments, wanted):
    run = subprocess.run([TOOL, "check", *arguments], capture_output=True, text=True, timeout=120)
    said = run.stderr.splitlines()
    assert wanted, "the case says nothing about what it expects"
    assert said == wanted, "expected:\n  " + "\n  ".join(wanted) + "\nprinted:\n  " + "\n  ".join(said)
    assert run.returncode == EX_CONFIG, f"exit status {run.returncode}, not {EX_CONFIG}"
    assert run.stdout == "", f"something on stdout: {run.stdout}"


def program(name, flags=5, memory=PAGE):
    """An ELF file that procmgr would take: one segment of one page, entered after its headers, with a name in it."""
    ident = b"\x7fELF\2\1\1".ljust(16, b"\0")
    header = struct.pack("<HHIQQQIHHHHHH", 3, 183, 1, 120, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 1, flags, 0, 0, 0, PAGE, memory, PAGE)
    return (ident + header + segment + name.encode()).ljust(PAGE, b"\0")


GUEST = bytes.fromhex("1f2003d5 ffffff17")  # nop, and back to it: enough for a guest


def make_files(folder):
    """A folder for --path with the files that the cases under system/ name."""
    files = pathlib.Path(folder) / "files"
    files.mkdir()
    for path in [*HERE.glob("system/*/*.qvmconf"), *HERE.glob("system/*/system.dts")]:
        text = path.read_text(errors="replace")
        for name in {"qvm", *re.findall(r'program = "([a-z0-9.-]+)"', text)}:
            (files / name).write_bytes(program(name))
        for name in re.findall(r"^load ([a-z0-9.-]+)$", text, re.M):
            (files / name).write_bytes(GUEST)
    return files


def vm_cases():
    return sorted(HERE.glob("*.qvmconf"))


def system_cases():
    return sorted(path.parent for path in HERE.glob("system/*/system.dts"))


def run_vm(path):
    check([str(path)], expected(path, "#"))


def map_cases():
    return sorted(path.parent for path in HERE.glob("maps/*/system.dts"))


def run_map(path, board):
    """A right system: its access matrix is that of the lines "// map: text"."""
    wanted = expected(path / "system.dts", "//", "map")
    done = subprocess.run([TOOL, "map", str(path), "--board", str(board)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert wanted and done.stdout.splitlines() == wanted, "printed:\n" + done.stdout


def run_system(path, board, files):
    check([str(path), "--board", str(board), "--path", str(files), "--path", VDEVS], expected(path / "system.dts", "//"))


def plan_cases():
    return sorted(HERE.glob("plans/*.qvmconf"))


class NotBuilt(Exception):
    """The configuration is right, and uses what is not supported yet."""


def run_plan(path, board):
    command = [TOOL, "check", path.name, "--board", str(board), "--plan"]
    done = subprocess.run(command, cwd=path.parent, capture_output=True, text=True, timeout=120)
    said, wanted = done.stderr.splitlines(), expected(path, "#", "plan")
    if said and all("not supported yet" in line for line in said):
        raise NotBuilt(said[0])
    assert wanted, "the case says nothing about what it expects"
    assert (done.returncode, said) == (0, []), f"exit status {done.returncode}: {done.stderr}"
    assert done.stdout.splitlines()[:-1] == wanted, "expected:\n  " + "\n  ".join(wanted) + "\nprinted:\n" + done.stdout


def compile_board(folder):
    board = pathlib.Path(folder) / "board.dtb"
    subprocess.run(["dtc", "-q", "-o", str(board), str(HERE / "system" / "board.dts")], check=True)
    return board


def main():
    bad = 0
    cases = [(path.name, run_vm, (path,)) for path in vm_cases()]
    with tempfile.TemporaryDirectory() as folder:
        board, files = compile_board(folder), make_files(folder)
        cases += [("system/" + path.name, run_system, (path, board, files)) for path in system_cases()]
        cases += [("maps/" + path.name, run_map, (path, board)) for path in map_cases()]
        cases += [("plans/" + path.name, run_plan, (path, board)) for path in plan_cases()]
        for name, function, arguments in cases:
            try:
                function(*arguments)
            except NotBuilt as reason:
                print(f"not built yet: {name}: {reason}")
            except (AssertionError, subprocess.SubprocessError) as error:
                bad += 1
                print(f"FAILED: {name}: {error}")
    print(f"negative: {len(cases) - bad} passed, {bad} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
