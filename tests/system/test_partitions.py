# SPDX-License-Identifier: Apache-2.0
"""Adaptive partitions at the operator's prompt: what the description makes, what may be changed, and by whom."""

import re

import pytest

from harness import PROMPT, Board, bare_vm, make_archive, system_dts

ROW = re.compile(r"^(\S+) +(\d+) +([\d.]+)% +([\d.]+)% +([\d.]+)% +(no bound|[\d.]+) +([\d.]+)(.*)$", re.M)
EPERM = -1
COUNTING = "neoverse-n1,cntfrq=1000000000"  # the counter counts instructions


def description(orders=(), properties="", vm=True):
    """Two partitions, a process that does its orders, and a guest in the first partition."""
    args = "".join(f', "{order}"' for order in orders)
    then = f"""
        worker {{ program = "operator"; args = "sleep:1"{args}; priority = <7>; abilities = "log"; connect = "slogger"; }};
"""
    text = system_dts(then=then, vms=[("hello", 'partition = "guests";')] if vm else ())
    partitions = f"""
    partitions {{
        {properties}
        guests {{ budget = "40"; critical-budget-ms = <5>; }};
        maint {{ budget = "10"; }};
    }};
"""
    return {"system.dts": text.replace("    processes {", partitions + "    processes {"),
            "hello.qvmconf": bare_vm("hello", "storm", "quiet=1")}


def table(board, options=""):
    """Rows of `aps show` by name: id, budget, max, used, critical budget, critical used; what follows is the last one."""
    output = board.command_output(f"aps show {options}".strip())
    return {row[0]: row[1:] for row in ROW.findall(output)}, output


def budgets(board):
    return {name: float(row[1]) for name, row in table(board)[0].items()}


def test_locked_partitions_are_shown_and_nobody_changes_them():
    """What the description says is there, and holds: for the operator, for a process, by each command."""
    orders = ("divide:mine", "join:maint", "join:nothing")
    with Board(make_archive(description(orders)), cpus=2) as board:
        board.prompt()
        output = board.output_with("slog2info -b worker", r"join nothing: -3$")
        assert f"divide mine: {EPERM}\n" in output and "join maint: 0\n" in output, output
        board.output_with("vm list", r"^hello +running")
        rows, output = table(board)
        assert list(rows) == ["System", "guests", "maint"], output
        assert rows["System"][:3] == ("0", "50.00", "100.00") and rows["System"][4] == "no bound", output
        assert rows["guests"][:3] == ("1", "40.00", "100.00") and rows["guests"][4] == "5.000", output
        assert re.search(r"^total +100\.00% +[\d.]+% +free +[\d.]+%$", output, re.M), output
        assert list(table(board, "maint 1")[0]) == ["guests", "maint"]

        for command in ("aps create -b 5 mine", "aps modify -b 30 guests", "aps modify -w 50", "aps modify -S freetime_by_ratio"):
            assert "partitions are locked; to change them at run time write 'adjustable'" in board.command_output(command), command
        # Who is there may not be moved, either; the flags only become more.
        assert "aps join: partitions are locked" in board.command_output("aps join -p hello maint")
        assert "aps" not in board.command_output("aps modify -s root_joins")
        output = board.command_output("aps show -f scheduler")
        assert re.search(r"^security: .* parent_joins join_self_only partitions_locked$", output, re.M), output
        assert re.search(r"^security: .* root_joins ", output, re.M), output
        assert re.search(r"^window: +100 ms; for statistics also 1000 and 10000 ms$", output, re.M), output
        assert re.search(r"^shared CPUs: 2, run mask 0x03$", output, re.M), output
        assert "worker joins partition maint (2); by worker" in board.command_output("slog2info -b procmgr")


def test_the_operator_changes_what_is_adjustable():
    """Budgets come out of the parent's; each mistake is told; each change is in the log; a process changes nothing."""
    with Board(make_archive(description(("divide:mine", "join:maint"), "adjustable;")), cpus=2) as board:
        board.prompt()
        output = board.output_with("slog2info -b worker", rf"join maint: {EPERM}$")
        assert f"divide mine: {EPERM}\n" in output, output
        board.output_with("vm list", r"^hello +running")
        assert board.command_output("aps create -b 12.5 -m 100 -B 1.5 Pa") == "partition 3\n"
        assert board.command_output("aps create -b 15 -p guests") == "partition 4\n"
        rows, output = table(board)
        assert rows["Pa"][:3] == ("3", "12.50", "100.00") and rows["Pa"][4] == "1.500", output
        assert budgets(board) == {"System": 37.5, "guests": 25, "maint": 10, "Pa": 12.5, "4": 15}, output
        assert board.command_output("aps modify -b 10 -m 100 Pa") == ""
        assert board.command_output("aps modify -B 0 3") == ""
        assert budgets(board) == {"System": 40, "guests": 25, "maint": 10, "Pa": 10, "4": 15}
        assert re.search(r"^4 +4 guests +15\.00% +0\.00% +100\.00% +0$", board.command_output("aps show -f partitions"), re.M)
        assert board.command_output("aps modify -w 50") == board.command_output("aps modify -S freetime_by_ratio -S no_long_reporting") == ""
        output = board.command_output("aps show -f all")
        for line in (r"window: +50 ms; for statistics also 500 and 5000 ms", "partitions:  5 of 32", "bankruptcy:  basic",
                     "policy:      freetime_by_ratio no_long_reporting", r"used: +\d+ ms since the start.*", "total .*",
                     "security:    root0_overall root_makes_partitions root_makes_critical root_joins"):
            assert re.search(f"^{line}$", output, re.M), (line, output)
        assert board.command_output("aps join -p hello Pa") == board.command_output("aps join -p 4 -t 1 maint") == ""

        for command, told in (("create -b 41 x", "the parent has less left"), ("create -b 1 Pa", "there is a partition of that name"),
                              ("create -b 1 -p nobody x", "there is no partition 'nobody'"), ("create -b 1 1x", "no digit first"),
                              ("create -b 1 sixteen-letters-x", "at most 15 characters"), ("create -b 101 x", "'101' is no percentage"),
                              ("create -b 1.234 x", "'1.234' is no percentage"), ("create -b 5 -m 4 x", "'4' is a maximum below 100, which is not supported yet"),
                              ("modify -m 99.99 Pa", "'99.99' is a maximum below 100, which is not supported yet"),
                              ("modify -S limit_cpu_usage", "'limit_cpu_usage' is not supported yet"),
                              ("modify -S partition_local_priorities", "'partition_local_priorities' is not supported yet"),
                              ("create -b 1 -B 101 x", "a window of all shared CPUs"), ("modify -b 51 Pa", "the parent has less left"),
                              ("modify -b 5 System", "System has what the others leave"), ("modify -b 5 nobody", "there is no partition"),
                              ("modify -w 7", "no window: 8 to 400 ms"), ("modify -S x", "no policy: normal,"),
                              ("modify -s x", "no security option: none,"), ("join -p nobody Pa", "there is no process 'nobody'"),
                              ("join -p 0 Pa", "procmgr stays in System"), ("join -p hello -t 99 Pa", "hello has no thread 99"),
                              ("join -p hello nobody", "there is no partition 'nobody'"), ("show nobody", "there is no partition")):
            assert told in board.command_output(f"aps {command}"), command
        for wrong in ("", "create Pb", "create -b", "join Pa", "join -p hello", "modify", "modify Pa", "modify -w 50 Pa",
                      "modify -b 1", "show -d 5", "show -l -d 0", "show -x", "show -f x", "remove Pa"):
            assert "usage: aps create" in board.command_output(f"aps {wrong}".strip()), wrong

        log = board.command_output("slog2info -b procmgr")
        for line in ("partition Pa (3) created: budget 12.50 %, max 100.00 %, critical 1500 us; by shell",
                     "partition Pa (3) changed: budget 10.00 %, max 100.00 %, critical 1500 us; before: budget 12.50 %, max 100.00 %, critical 1500 us; by shell",
                     "partitions: window 50 ms, policy 0x0; before: 100 ms, 0x0; by shell",
                     "partitions: window 50 ms, policy 0x9; before: 50 ms, 0x0; by shell",
                     "hello joins partition Pa (3); by shell", "worker, thread 1, joins partition maint (2); by shell"):
            assert line in log, (line, log)

        # From now on nobody.
        assert board.command_output("aps modify -s recommended") == ""
        assert "the security options do not allow it" in board.command_output("aps join -p hello maint")
        assert "the security options do not allow it" in board.command_output("aps create -b 0 x")
        assert board.command_output("aps modify -s partitions_locked") == ""
        assert "partitions are locked" in board.command_output("aps modify -b 1 Pa")


def test_usage_is_shown_again_and_again():
    """In one place, with a bar, until Ctrl-C; the longer windows after they have passed."""
    with Board(make_archive(description(properties="window-ms = <8>;", vm=False)), cpus=1) as board:
        board.prompt()
        board.send("aps show -l -d 2 -vv maint\r")
        for _ in range(2):
            board.expect(r"\x1b\[H\x1b\[J.*critical")
            board.expect(r"partition +id .* 80 ms +800 ms\r*\n")
            board.expect(r"maint +2 +10\.00% +100\.00% +[\d.]+% +0\.000 +[\d.]+ .*  [#.]+\|[#.]+\r*\n")
            board.expect(r"total +100\.00%")
        board.expect(r"maint +2 .* +[\d.]+% +[\d.]+%  [#.]+\|[#.]+\r*\n")
        board.send("\x03")
        board.expect(r"\^C\r*\n" + PROMPT)
        rows, output = table(board, "-v")
        assert re.fullmatch(r" +[\d.]+%", rows["maint"][6]), output
        rows, output = table(board, "-v -v")
        assert re.fullmatch(r"( +[\d.]+%){2}", rows["maint"][6]), output
        output = board.command_output("pidin sched -p worker")
        assert output.split("\n")[0].rstrip() == " pid  tid name             thread name       prio mask cpu part  STATE", output


def test_the_kernel_knows_where_threads_are():
    """`pidin` says what the description and the operator have said; a partition that is busy uses what it gets."""
    with Board(make_archive(description((), "adjustable;")), cpus=1) as board:
        board.prompt()
        board.output_with("vm status hello", r"entries +[1-9]")
        parts = {row.split()[1] for row in board.command_output('pidin -p hello -F "%n %H"').splitlines()[1:]}
        assert parts <= {"1", "1c"} and parts, parts
        assert board.command_output("aps join -p hello maint") == ""
        parts = {row.split()[1] for row in board.command_output('pidin -p hello -F "%n %H"').splitlines()[1:]}
        assert parts <= {"2", "2c"} and parts, parts
        rows, output = table(board, "-v")
        assert float(rows["maint"][3]) > 50, output


# ---- what partitions get ----

WINDOW_MS = 10  # `aps show -vv` sees 100 of them
SPIN = "spin=1 ms=1000000000 period=1000000000000"


def spinners(count, name, partition, priority):
    return "".join(f"""
        {name}{i} {{ program = "operator"; args = "spin:100000000"; priority = <{priority}>; partition = "{partition}"; }};
""" for i in range(count))


def loaded(processes, vms=()):
    """System has 70 %, Pa 20 %, Pb 10 %. VMs: name, partition of its only virtual CPU, priority."""
    text = system_dts(then=processes, vms=[name for name, *_ in vms])
    partitions = f"""
    partitions {{
        window-ms = <{WINDOW_MS}>;
        Pa {{ budget = "20"; }};
        Pb {{ budget = "10"; }};
    }};
"""
    return {"system.dts": text.replace("    processes {", partitions + "    processes {"),
            **{f"{name}.qvmconf": bare_vm(name, "periodic", SPIN, [f"sched {priority} partition {partition}"])
               for name, partition, priority in vms}}


def shares(files, cpus, vms=()):
    """What each partition has used over 100 windows, in percent of all CPUs, and the table that says so."""
    with Board(make_archive(files), cpus=cpus, cpu=COUNTING, icount=True) as board:
        board.prompt()
        for name, *_ in vms:
            board.output_with(f"vm status {name}", r"entries +[1-9]")
        rows, output = table(board, "-vv")
        return {name: float(row[6].split()[1].rstrip("%")) for name, row in rows.items()}, output


def check_shares(found, **wanted):
    used, output = found
    assert all(abs(used[name] - percent) <= 1 for name, percent in wanted.items()), output


@pytest.mark.parametrize("cpus", [1, 2])
def test_busy_partitions_get_their_budgets(cpus):
    """Each has as many busy threads as there are CPUs: the less is its budget, the higher their priority."""
    processes = spinners(cpus, "a", "Pa", 12) + spinners(cpus, "b", "Pb", 20) + spinners(cpus, "s", "System", 8)
    check_shares(shares(loaded(processes), cpus), System=70, Pa=20, Pb=10)


def test_guests_get_the_budgets_of_their_virtual_cpus():
    """The same with guests that never wait, in Pa and Pb; each is billed by `cpu partition`, not as its qvm, in System."""
    cpus = 2
    vms = [(f"{name}{i}", f"P{name}", priority) for name, priority in (("a", 12), ("b", 20)) for i in range(cpus)]
    check_shares(shares(loaded(spinners(cpus, "s", "System", 8), vms), cpus, vms), System=70, Pa=20, Pb=10)


def test_free_time_goes_by_priority_beyond_the_budgets():
    """System is idle: all that it leaves is that of Pb, whose threads are more important; Pa still has its own 20 %."""
    used, output = shares(loaded(spinners(2, "a", "Pa", 12) + spinners(2, "b", "Pb", 20)), 2)
    assert 19.5 <= used["Pa"] <= 21 and used["Pb"] >= 100 - used["Pa"] - used["System"] - 0.1, output
