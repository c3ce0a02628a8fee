# SPDX-License-Identifier: Apache-2.0
"""A VM's life as the operator sees it: signals and their ends, and what the VM says of itself."""

import json
import re

import pytest

from harness import Board, bare_vm, make_archive, system_dts

CPUS = ("sched 10", "sched 12 runmask 1")


def one_vm(more=""):
    """A guest that runs until it is ended."""
    return make_archive({"system.dts": system_dts(vms=["vm"]), "vm.qvmconf":
                         bare_vm("vm", "ticks", "seconds=600", cpus=CPUS, more=more)})


@pytest.mark.parametrize("signal, end", [("TERM", "signal, exit 0"), ("SIGINT", "signal, exit 0"),
                                         ("QUIT", "signal, exit 3"), ("KILL", "killed")])
def test_signals_end_a_vm(signal, end):
    with Board(one_vm(), cpus=2) as board:
        board.prompt()
        board.output_with("vm status vm", r"entries +[1-9]")
        board.command_output(f"slay -s {signal} vm")
        board.output_with("vm list", rf"^vm +stopped .*{end}")
        # And there is nothing left of it: it begins anew.
        board.command_output("vm start vm")
        board.output_with("vm status vm", r"entries +[1-9]")


def test_signals_have_names_and_numbers():
    """By name, with SIG before it or not, in any case, and by number."""
    with Board(one_vm(), cpus=2) as board:
        board.prompt()
        for reports, signal in enumerate(("usr1", "sigusr1", "USR1", "SIGUSR1", "SigUsr1", "10", "0xa"), 1):
            board.output_with("vm status vm", r"entries +[1-9]")
            assert "slay:" not in board.command_output(f"slay -s {signal} vm")
            log = board.output_with("slog2info -b vm", rf"(?:vCPU 0: on, PC[^$]*){{{reports}}}")
            assert log.count("vCPU 0: on, PC") == reports, signal
        for signal, end in (("kill", "killed"), ("sigKILL", "killed"), ("9", "killed"), ("quit", "signal, exit 3"),
                            ("3", "signal, exit 3"), ("int", "signal, exit 0"), ("2", "signal, exit 0"),
                            ("term", "signal, exit 0"), ("15", "signal, exit 0")):
            board.command_output(f"slay -s {signal} vm")
            board.output_with("vm list", rf"^vm +stopped .*{end}")
            board.command_output("vm start vm")
            board.output_with("vm list", r"^vm +running ")
            board.output_with("vm status vm", r"entries +[1-9]")
        for signal in ("usr3", "sig", "SIGSIGKILL", "0", "11", "31", "-9", "9x", "kil", "kills"):
            assert f"'{signal}' is no signal: INT 2, " in board.command_output(f"slay -s {signal} vm"), signal
        board.output_with("vm list", r"^vm +running ")


@pytest.mark.parametrize("more, seen", [("", True), ("logger fatal,error slog", False), ("logger info slog", True),
                                        ("logger info none", False)])
def test_the_status_goes_to_the_logger(more, seen):
    """SIGUSR1: with the severity `info`."""
    with Board(one_vm(more), cpus=2) as board:
        board.prompt()
        board.output_with("vm status vm", r"entries +[1-9]")
        board.command_output("slay -s USR1 vm")
        if seen:
            board.output_with("slog2info", r"info +vm +vCPU 1: on, PC")
        # Signals are served in their order: after the end nothing comes any more.
        board.command_output("slay -s TERM vm")
        board.output_with("vm list", r"^vm +stopped +1 +signal, exit 0")
        log = board.command_output("slog2info")
        assert bool(re.search(r"info +vm +vCPU 0: on, PC", log)) == seen, log
        assert bool(re.search(r"info +vm +.*pl011.*: input", log)) == seen, log


def read_env(board):
    text = board.command_output("cat /dev/qvm/vm/env")
    return json.loads(text)


def test_env_is_true_while_the_vm_lives():
    """It is JSON, it is true, and it is there as long as the qvm lives."""
    with Board(one_vm(), cpus=2) as board:
        board.prompt()
        board.output_with("cat /dev/qvm/vm/env", r'("entries": ?[1-9][^\0]*){2}')
        assert board.command_output("ls /dev/qvm").split() == ["vm"]
        assert board.command_output("ls /dev/qvm/vm").split() == ["env"]
        env = read_env(board)
        assert (env["system"], env["state"]) == ("vm", "running")
        assert env["memory"] == [{"kind": "ram", "start": "0x80000000", "bytes": 16 << 20}]
        assert env["vdevs"] == [{"type": "pl011", "name": "pl011", "loc": "0x1c090000", "bytes": 4096, "intr": [37]}]
        assert env["pass"] == [] and env["pass_intr"] == []
        assert env["gic"] == {"gicd": "0x2f000000", "gicr": "0x2f100000"}
        first, second = env["vcpus"]
        assert (first["state"], second["state"]) == ("on", "on")
        assert (first["priority"], second["priority"], second["runmask"], second["cpu"]) == (10, 12, 2, 1)
        threads = board.command_output("pidin threads")
        for vcpu in env["vcpus"]:
            assert re.search(rf"^ +{env['process']} +{vcpu['tid']} vcpu{vcpu['index']}\b", threads, re.M), threads
            assert 0x80000000 <= int(vcpu["last_known_ip"], 16) < 0x81000000
            assert vcpu["entries"] > 0
        later = read_env(board)["vcpus"][0]
        assert later["entries"] >= first["entries"] and later["time_ns"] > first["time_ns"], (first, later)
        board.command_output("vm stop vm")
        board.output_with("ls /dev/qvm", r"\A\s*\Z")
        assert "no such file" in board.command_output("cat /dev/qvm/vm/env")
        assert "no such file" in board.command_output("cat /dev/qvm/other/env")
        board.command_output("vm start vm")
        board.output_with("vm status vm", r"entries +[1-9]")
        assert read_env(board)["system"] == "vm"


def test_a_vm_is_restarted_as_described():
    """A guest that switches itself off, again and again; and one whose restart the operator does not wait for."""
    restart = 'restart = "always"; restart-limit = <2>; restart-delay = <{}>;'
    files = {"system.dts": system_dts(vms=[("soon", restart.format(10)), ("late", restart.format(60000))])}
    for name in ("soon", "late"):
        files[f"{name}.qvmconf"] = bare_vm(name, "hello")
    with Board(make_archive(files), cpus=2) as board:
        board.prompt()
        board.output_with("slog2info", r"late: restarting in 60000 ms \(restart 1 of 2\)")
        assert "vm:" not in board.command_output("vm stop late")
        assert "not running" in board.command_output("vm stop late")
        board.output_with("slog2info", "late: not restarting: ended by the operator")
        board.output_with("slog2info", r"soon: restart limit reached \(2 in a row\); not restarting")
        board.output_with("vm list", r"^soon +stopped +3 +off, exit 0 ")
        board.output_with("vm list", r"^late +stopped +1 +off, exit 0 ")
