# SPDX-License-Identifier: Apache-2.0
"""Guests that share memory: `guests/shmem` joins a region by name, writes counters, and hears of the others' by interrupts."""

import re
import time

import pytest

from harness import Board, bare_vm, make_archive, system_dts

SHMEM = "vdev shmem\n\tloc 0x1c050000\n\tintr gic:38\n"
SERVER = 'shmem-server { program = "shmem-server"; priority = <15>; abilities = "public"; ready; };'


def shmem_archive(vms, pools, server=SERVER):
    """`vms`: names, boot arguments, and what is added to `vdev shmem`."""
    dts = system_dts(vms=[name for name, *_ in vms], then=server)
    if server:
        dts = dts.replace('connect = "devc-pl011", "slogger"; autostart', 'connect = "devc-pl011", "slogger", '
                          '"shmem-server"; autostart')
    nodes = "".join(f"{name} {{ bytes = <{size:#x}>; vms = {owners}; {more} }};" for name, size, owners, more in pools)
    dts = dts.rstrip().removesuffix("};") + f"shared-memory {{ {nodes} }}; }};\n"
    files = {f"{name}.qvmconf": bare_vm(name, "shmem", cmdline, cpus=("sched 10",), more=SHMEM + more)
             for name, cmdline, more in vms}
    return make_archive({"system.dts": dts, **files})


def sees(board, name, *patterns, timeout=60):
    """All of it is said on the guest's console, one after the other."""
    board.open_console(name)
    found = [board.expect(pattern, timeout) for pattern in patterns]
    board.leave_console()
    return found


def test_both_ways_and_a_restart():
    """Notes go both ways, with interrupts. One VM ends and comes again: it finds the memory, and is heard."""
    archive = shmem_archive([("one", "", ""), ("two", "", "")], [("pool", 0x10000, '"one", "two"', "")])
    with Board(archive) as board:
        board.prompt()
        sees(board, "one", r"shmem: creation 0x0\r", r"shmem: pages 0x2\r", r"note of [01]: \d+\r", r"note of [01]: \d+\r")
        sees(board, "two", r"shmem: creation 0x0\r", r"note of [01]: \d+\r", r"note of [01]: \d+\r")
        board.command_output("vm stop two")
        sees(board, "one", r"shmem: attached 0x[12]\r")
        board.command_output("vm start two")
        index, found = sees(board, "two", r"shmem: index 0x([01])\r", r"shmem: found 0x([0-9a-f]+)\r",
                            r"note of [01]: \d+\r")[:2]
        assert index and int(found.group(1), 16) > 0
        sees(board, "one", r"shmem: attached 0x3\r", r"note of [01]: \d+\r")


def test_who_may_not():
    """`deny` and `allow`; a VM without a pool in common has a region of its own under the same name; no pool, no VM."""
    vms = [("one", "", ""), ("denied", "", "\tdeny chat*\n"), ("allowed", "", "\tallow other\n"), ("apart", "", ""),
           ("nopool", "", "")]
    archive = shmem_archive(vms, [("pool", 0x10000, '"one", "denied", "allowed"', ""),
                                  ("lonely", 0x10000, '"apart"', 'names = "chat*";')])
    with Board(archive) as board:
        board.prompt()
        sees(board, "one", r"shmem: creation 0x0\r")
        sees(board, "denied", r"shmem: creation 0x1\r")
        sees(board, "allowed", r"shmem: creation 0x1\r")
        sees(board, "apart", r"shmem: creation 0x0\r", r"shmem: index 0x0\r")
        lines = board.command_output("vm list")
        assert re.search(r"nopool\s.*\b65\b", lines), lines


def test_leaving():
    """What a guest has left reads as all ones, and is there for the next one, zero again when nobody was in it."""
    archive = shmem_archive([("one", "leave=1", "")], [("pool", 0x10000, '"one"', "")])
    with Board(archive) as board:
        board.prompt()
        sees(board, "one", r"shmem: left, status 0xffffffff\r", r"shmem: left, memory 0xffffffff\r", r"shmem: done\r")


def test_created_by_the_configuration():
    """`create` keeps a region in being, with its size."""
    archive = shmem_archive([("one", "pages=7", "\tcreate chat0,0x3000\n")], [("pool", 0x10000, '"one"', "")])
    with Board(archive) as board:
        board.prompt()
        sees(board, "one", r"shmem: creation 0x0\r", r"shmem: pages 0x3\r")


def test_without_the_server():
    """The guest executes nothing, and the operator is told why."""
    archive = shmem_archive([("one", "", "")], [("pool", 0x10000, '"one"', "")], server="")
    with Board(archive) as board:
        board.prompt()
        end = time.monotonic() + 40
        while "shmem-server" not in (status := board.command_output("vm status one")):
            if time.monotonic() > end:
                pytest.fail(status)
            time.sleep(1)
        assert re.search(r"entries?:?\s+0\b|\b0 entries|entered 0", status), status
