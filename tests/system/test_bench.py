# SPDX-License-Identifier: Apache-2.0
"""The costs in instructions: with the versions of compiler and QEMU that the record names, no row has grown."""

import os
import subprocess
import sys

import pytest

from harness import TOP

sys.path.insert(0, str(TOP / "tests/bench"))

import compare  # noqa: E402
import machines  # noqa: E402
from rows import FIRST_CPU  # noqa: E402


@pytest.mark.limit(1800)
def test_no_row_has_grown():
    done = subprocess.run(["/usr/bin/python3", TOP / "tests/bench/bench.py", "check"], capture_output=True, text=True,
                          timeout=1790, stdin=subprocess.DEVNULL, env=os.environ)
    print(done.stdout)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    assert "bench: no row has grown" in done.stdout


def test_no_row_depends_on_other_vms():
    """On two CPUs, alone and beside seven VMs that wait. `make bench-scale` does this with all numbers of CPUs."""
    runs = {f"{vms} VMs": {row: values.median for row, values in machines.bulkhead(FIRST_CPU, 2, vms - 1).items()}
            for vms in (1, 8)}
    assert {"uart_read", "sgi_self", "sgi_oneway_wfi"} <= set(runs["8 VMs"])
    different = {row: found for row, found in compare.spread(runs).items() if not found[-1]}
    assert not different, f"{different}"
