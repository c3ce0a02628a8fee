# SPDX-License-Identifier: Apache-2.0
"""What a guest's accesses meet that stage 2 stops (guests/memory finds out, and knows what is right)."""

import json
import re

import pytest

from harness import Board, bare_vm, make_archive, system_dts

CONTENT = bytes((i * 13 + i // 256 * 7 + 1) & 0xff for i in range(65536))


def archive():
    """Two VMs, each with its policy."""
    files = {"system.dts": system_dts(vms=("fail", "ignore")), "content": CONTENT}
    for name in ("fail", "ignore"):
        more = f"rom 0x40000000,64K data load 0x40000000,content unsupported reference {name}"
        files[f"{name}.qvmconf"] = bare_vm(name, "memory", f"ignore={int(name == 'ignore')} idle=1", more=more)
    return make_archive(files)


@pytest.mark.parametrize("cpu, least", [("neoverse-n1", 4000), ("cortex-a53", 3000), ("max", 4000)])
def test_accesses_do_what_the_architecture_says(cpu, least):
    """All is as the architecture has it, and each access that met nothing was counted."""
    with Board(archive(), cpus=2, cpu=cpu, single=True) as board:
        board.prompt()
        for name in ("fail", "ignore"):
            board.open_console(name)
            found = board.expect(r"memory: done, checks (\d+) failures (\d+) unsupported (\d+)\r", 240)
            checks, failures, unsupported = map(int, found.groups())
            if failures or "FAILED" in board.seen:
                board.fail(f"{name}: {failures} of {checks} checks")
            board.leave_console()
            env = json.loads(board.command_output(f"cat /dev/qvm/{name}/env"))
            assert checks >= least, checks
            assert sum(vcpu["unsupported"] for vcpu in env["vcpus"]) == unsupported
            assert re.search(rf"^{name} +running", board.command_output("vm list"), re.M)
