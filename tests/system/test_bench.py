# SPDX-License-Identifier: Apache-2.0
"""The costs in instructions: with the versions of compiler and QEMU that the record names, no row has grown."""

import os
import subprocess

import pytest

from harness import TOP


@pytest.mark.limit(600)
def test_no_row_has_grown():
    done = subprocess.run(["/usr/bin/python3", TOP / "tests/bench/bench.py", "check"], capture_output=True, text=True,
                          timeout=590, stdin=subprocess.DEVNULL, env=os.environ)
    print(done.stdout)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    assert "bench: no row has grown" in done.stdout
