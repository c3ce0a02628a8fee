# SPDX-License-Identifier: Apache-2.0
"""Memory is zero when a guest gets it, however many CPUs zero it, and whatever ends it meanwhile."""

import re

import pytest

from harness import Board, bare_vm, make_archive, system_dts

AGAIN = 'restart = "always"; restart-limit = <1000>; restart-delay = <1>;'
PAGE = 4096
# Neither ends on a block of a table, nor on what is zeroed at once.
BYTES = (45 << 20) + 7 * PAGE
START = 0x90000000  # of a region of its own: program and device tree lie in the other one


def filling(name):
    """A guest that tells what of its memory is not zero, fills it, and resets."""
    conf = bare_vm(name, "probe", f"clear={START:#x} bytes={BYTES:#x}", cpus=("",))
    return conf.replace("80000000,16M", f"80000000,16M\nram {START:#x},{BYTES:#x}")


def archive(mask, vms=1):
    names = [f"filler{i}" for i in range(vms)]
    files = {f"{name}.qvmconf": filling(name) for name in names}
    files["system.dts"] = system_dts(vms=[(name, AGAIN + mask) for name in names])
    return make_archive(files)


def lives(board, name, count):
    board.send(f"console {name}\r")
    found = [int(board.expect(r"probe: dirty 0x(\w+) exception 0x0\b", 120).group(1), 16) for _ in range(count)]
    board.leave_console()
    return found


@pytest.mark.parametrize("cpus, mask, vms", [(1, "", 1), (2, "", 2), (4, "runmask = <0xe>;", 2), (4, "runmask = <4>;", 1)])
def test_each_life_begins_with_memory_that_is_zero(cpus, mask, vms):
    """Also where two VMs are zeroed at once by the same CPUs."""
    with Board(archive(mask, vms), cpus=cpus, ram="1G") as board:
        board.prompt(120)
        for i in range(vms):
            assert lives(board, f"filler{i}", 4) == [0] * 4


def test_an_end_while_memory_is_zeroed_leaves_none_of_it():
    """Killed in all stages of a life, again and again; then it is started once more."""
    with Board(archive(""), cpus=2, ram="1G") as board:
        board.prompt(120)
        for _ in range(12):
            board.command_output("slay filler0 KILL")
            board.command_output("vm start filler0")
        assert lives(board, "filler0", 2) == [0] * 2
        assert not re.search(r"panic|refused", board.seen)
