#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the host tool says of the boards that Debian's arm64 kernel has device trees for: of each that it can be used, or
why not. `boards.txt` has what is expected. Run by itself, this prints the list for the kernel that set-up has fetched."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import pytest

import run

BUILD = pathlib.Path(os.environ.get("BUILD", run.TOP / "build"))
EXPECTED = run.HERE / "boards.txt"
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
                          timeout=60)
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


def expected():
    version, *lines = EXPECTED.read_text().splitlines()
    return version, dict(line.split("\t") for line in lines)


def test_boards():
    version, files = trees()
    if not files:
        pytest.skip("set-up has not fetched the arm64 kernel")
    wanted_version, wanted = expected()
    seen = outcomes(files)
    if version == wanted_version:
        assert set(seen) == set(wanted)
    different = {name: (wanted[name], said) for name, said in seen.items() if wanted.get(name, said) != said}
    assert not different, "\n".join(f"{name}: expected {a}\n  but it is {b}" for name, (a, b) in different.items())
    assert len(seen) > 100 and sum(said.endswith("good") for said in seen.values()) > 5


def main():
    version, files = trees()
    if not files:
        print("set-up has not fetched the arm64 kernel", file=sys.stderr)
        return 1
    print(version, *(f"{name}\t{said}" for name, said in outcomes(files).items()), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
