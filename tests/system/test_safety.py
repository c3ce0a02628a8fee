# SPDX-License-Identifier: Apache-2.0
"""The option `safety`: warnings, and the global design safe state when what is required is not met."""
import sys

import re

import pytest

from debugger import Debugger, debugger_port
from harness import BUILD, PROMPT, TOP, Board, archive_files, bare_vm, example, make_archive, resign, system_dts

sys.path.insert(0, str(TOP / "tools/path"))

import kernel_path  # noqa: E402

SAFE = (BUILD / "vdevs/vdev-pl011-safety.so", "vdev-pl011-safety.so")
RENAMED = (BUILD / "vdevs/vdev-pl011.so", "vdev-pl011-safety.so")
ALL = "@kernel\nqvm-safety\nvdev-pl011-safety.so\n"
NO_VDEV = "@kernel\nqvm-safety\n"
NO_SAFETY_FILE = "vdev pl011 is not a safety variant: the boot archive has no file of it with -safety in its name"
SECOND = "vdev pl011\n\tloc 0x1c0a0000\n\tintr gic:38\n\thostdev /dev/console/two\n"
UNMET = "'safety required' is not met"


def system(before, vdev=SAFE, certified=ALL, level=None, second="", safe_state=None, vm=""):
    """examples/hello with `before` in front of its vdev, a vdev file of that name, and properties for the whole system."""
    files = example("hello")
    text = files["hello.qvmconf"].decode()
    at = text.index("vdev pl011")
    files["hello.qvmconf"] = f"{text[:at]}{before}\n{text[at:]}\n{second}"
    files["qvm-safety"] = (BUILD / "bin/qvm").read_bytes()
    if vdev:
        files[vdev[1]] = vdev[0].read_bytes()
    used = [name for name in certified.split() if name in ("@kernel", "qvm-safety") or vdev]
    files["certified"] = "\n".join(used) + "\n"
    for name, value in (("safety", level), ("safe-state", safe_state)):
        if value:
            dts = files["system.dts"].decode() if isinstance(files["system.dts"], bytes) else files["system.dts"]
            files["system.dts"] = dts.replace('compatible = "bulkhead,system";',
                                              f'compatible = "bulkhead,system";\n\t{name} = "{value}";', 1)
    if vm:
        dts = files["system.dts"] if isinstance(files["system.dts"], str) else files["system.dts"].decode()
        assert dts.count('config = "hello.qvmconf";') == 1
        files["system.dts"] = dts.replace('config = "hello.qvmconf";', f'config = "hello.qvmconf"; {vm}')
    return make_archive(files)


def stops(archive, *messages):
    """The errors, then the safe state: nothing was started, and the board is switched off."""
    with Board(archive) as board:
        for message in messages:
            board.expect(message)
        board.expect(UNMET)
        board.expect("global design safe state")
        board.expect_nothing(rf"{PROMPT}|started: slot|panic", 3, may_end=True)


def starts(archive, *warnings):
    """Exactly these warnings, then the guest."""
    with Board(archive) as board:
        for warning in warnings:
            board.expect(f"warning: {warning}")
            assert "warning:" not in board.seen
        board.expect("access matrix")
        assert "warning:" not in board.seen and "error:" not in board.seen
        board.prompt()


def test_a_certified_system_starts():
    starts(system("safety required"))


@pytest.mark.parametrize("before, level", [("", None), ("safety none", "required")])
def test_without_safety_nothing_is_checked(before, level):
    starts(system(before, vdev=None, certified="", level=level))


def test_the_first_example_of_safety_holds():
    """`safety warn`, vdev foo, `safety required`, vdev moo: a warning about foo; moo, and what is no vdev, must be."""
    stops(system("safety warn", vdev=None, second="safety required\n" + SECOND),
          rf"warning: \[hello.qvmconf:\d+\] {NO_SAFETY_FILE}", rf"error: \[hello.qvmconf:\d+\] {NO_SAFETY_FILE}")


def test_the_second_example_of_safety_holds():
    """vdev foo, `safety warn`, vdev moo, where the system requires: foo must be."""
    stops(system("", vdev=None, level="required", second="safety warn\n" + SECOND),
          r"error: \[hello.qvmconf:\d+\] vdev pl011 is not", r"warning: \[hello.qvmconf:\d+\] vdev pl011 is not")


def test_the_last_safety_is_for_what_is_no_vdev():
    """In the second example, but with a certified vdev: only warnings about the kernel and qvm."""
    starts(system("", certified="vdev-pl011-safety.so", level="required", second="safety warn\n"),
           "qvm-safety is not a safety variant: the signed MANIFEST does not list it",
           "the kernel's Image is not a safety variant: the signed MANIFEST does not list it")
    stops(system("", certified="vdev-pl011-safety.so", level="required"), "error: qvm-safety is not a safety variant",
          "error: the kernel's Image is not a safety variant")


def test_dma_that_nothing_bounds_is_refused():
    """Its devices could change what is certified."""
    text = "it is dma-uncontained: its devices reach all memory, also that of certified components"
    stops(system("", level="required", vm="dma-uncontained;"), f"hello: error: {text}")
    with Board(system("safety warn", certified=ALL, vm="dma-uncontained;")) as board:
        board.expect(f"hello: warning: {text}")
        board.prompt()


def test_a_renamed_vdev_is_refused():
    stops(system("safety required", vdev=RENAMED), "vdev pl011 is not a safety variant: .*it was not compiled with VDEV_SAFETY")


def test_a_vdev_not_listed_as_certified_is_refused():
    stops(system("safety required", certified=NO_VDEV), "vdev pl011 is not a safety variant: .*does not list it")


def test_a_vdev_with_a_wrong_hash_is_refused():
    archive = system("safety required")
    data = bytearray(archive.read_bytes())
    start, size = archive_files(data)["vdev-pl011-safety.so"]
    data[start + size // 2] ^= 1
    archive.write_bytes(data)
    stops(archive, "vdev pl011 is not a safety variant: differs from the one that was signed")


def test_a_swapped_procmgr_is_found():
    """The Image that runs holds another first process than the one that the manifest names."""
    archive = system("safety required")
    certified = archive.with_suffix(".certified")
    certified.write_text(ALL)
    resign(archive, readonly=BUILD / "first/kworst/Image.readonly", more=("--certified", certified))
    stops(archive, "the kernel's Image is not a safety variant: differs from the one that was signed")


class Rebooting(Board):
    """A board that can be reset: `ends` tells how its safe state ends, by what comes next."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.command.remove("-no-reboot")

    def ends(self, how):
        self.expect("global design safe state")
        assert "did not stop" not in self.seen, self.seen
        if how == "reset":
            self.expect(BOOT, what="the start after the reset")
            # The next start may first say which registers its firmware has left closed.
            assert re.sub(r"Registers that firmware must open to EL2: [^\n]*", "", self.seen).strip() == "", self.seen
        else:
            self.expect_end()


BOOT = r"Bulkhead: \d CPUs"


@pytest.mark.parametrize("how", ["reset", "halt"])
def test_how_it_ends_before_anything_starts(how):
    """The cause comes first, the board's call last, with all CPUs stopped; a board that is reset comes to the same."""
    with Rebooting(system("safety required", vdev=None, safe_state=how)) as board:
        board.expect(BOOT)
        for _ in range(2 if how == "reset" else 1):
            board.expect("error: .*vdev pl011 is not a safety variant")
            board.expect(UNMET)
            board.ends(how)


CRITICAL = """
        lookout { program = "operator"; args = "never"; priority = <20>; critical; };
"""


@pytest.mark.parametrize("how, cpus", [("reset", 4), ("halt", 2), ("halt", 8)])
def test_how_it_ends_while_guests_run(how, cpus):
    """A critical process is killed while a guest runs on each CPU: all are stopped, and nothing comes after the cause."""
    files = {f"vm{cpu}.qvmconf": bare_vm(f"vm{cpu}", "ticks", "seconds=600", cpus=(f"runmask {cpu}",)) for cpu in range(cpus)}
    dts = system_dts(then=CRITICAL, vms=[f"vm{cpu}" for cpu in range(cpus)])
    files["system.dts"] = dts.replace('compatible', f'safe-state = "{how}"; compatible', 1)
    with Rebooting(make_archive(files), cpus=cpus) as board:
        board.expect(BOOT)
        for _ in range(2 if how == "reset" else 1):
            board.prompt()
            board.send("slay -s KILL lookout\r")
            board.expect(r"\nlookout ended: killed\r+\ncritical process lookout ended: "
                         f"{'reset' if how == 'reset' else 'power off'}\r")
            board.ends(how)


def guard(how, more="", vdevs=0):
    """A critical VM that runs until it is ended, and goes to its safe state so. It has `vdevs` more types of vdevs."""
    files = {f"vdev-more{i}.so": (BUILD / "vdevs/vdev-pl011.so").read_bytes() for i in range(vdevs)}
    config = "".join(f"vdev more{i} loc {0x1c0a0000 + 0x10000 * i:#x} intr gic:{38 + i}\n" for i in range(vdevs))
    dts = system_dts(vms=[("guard", f"critical; {more}")]).replace("compatible", f'safe-state = "{how}"; compatible', 1)
    return make_archive({"system.dts": dts, "guard.qvmconf": bare_vm("guard", "ticks", "seconds=600") + config, **files})


def boots_and_runs(board):
    board.expect(BOOT)
    board.prompt()
    board.output_with("vm status guard", r"entries +[1-9]")


@pytest.mark.parametrize("how", ["reset", "halt"])
def test_a_shutdown_ends_a_critical_vm(how):
    """Who switches the board off does not mean the safe state: it goes off, and does not start again."""
    with Rebooting(guard(how), cpus=2) as board:
        boots_and_runs(board)
        board.send("shutdown\r")
        board.expect_end()
        log = board.log_path.read_text(errors="replace")
    assert "global design safe state" not in log and "critical process" not in log
    assert len(re.findall(BOOT, log)) == 1


def test_a_shutdown_with_a_reset_is_one():
    """The same for a board that is to start again, though its safe state is to halt."""
    with Rebooting(guard("halt"), cpus=2) as board:
        boots_and_runs(board)
        board.send("shutdown -r\r")
        boots_and_runs(board)
        log = board.log_path.read_text(errors="replace")
    assert "global design safe state" not in log and "critical process" not in log
    assert len(re.findall(BOOT, log)) == 2


@pytest.mark.parametrize("how, more", [("reset", ""), ("halt", ""), ("reset", 'restart = "always";')])
def test_a_critical_vm_that_is_stopped_is_gone(how, more):
    """Also where the operator means it, and where it would be started again had it ended by itself."""
    with Rebooting(guard(how, more), cpus=2) as board:
        boots_and_runs(board)
        board.send("vm stop guard\r")
        # The kernel says it of what is never started again, else procmgr.
        words = "guard ended: exit code 0, cause signal" if more else "guard: exit code 0"
        board.expect(rf"\n{words}\r+\ncritical process guard ended: {'reset' if how == 'reset' else 'power off'}\r")
        board.ends(how)


@pytest.mark.parametrize("more", ["", 'restart = "always";'])
@pytest.mark.parametrize("how", ["reset", "halt"])
def test_a_critical_vm_that_cannot_be_started_is_gone(how, more):
    """Each vdev's file needs page tables of its own, and seven need more than its kernel memory has: its first launch fails."""
    with Rebooting(guard(how, f"kernel-memory = <{24 * 4096}>; {more}", vdevs=7), cpus=2) as board:
        board.expect(BOOT, 20)
        for _ in range(2 if how == "reset" else 1):
            board.expect(r"\nguard not started: ProcessMap failed, error 12\r+\ncritical process guard ended: "
                         f"{'reset' if how == 'reset' else 'power off'}\r")
            assert "system started" not in board.seen
            board.ends(how)


@pytest.mark.parametrize("how", ["reset", "halt"])
def test_a_failure_within_the_panic_ends_the_same(how):
    """The word about the safe state cannot be printed, since the kernel fails: the board ends as it should all the same."""
    dts = system_dts(then=CRITICAL).replace("compatible", f'safe-state = "{how}"; compatible', 1)
    (path, options), at = debugger_port(how), kernel_path.symbol("printk")
    with Rebooting(make_archive({"system.dts": dts}), cpus=2, extra=options) as board:
        board.expect(BOOT)
        board.prompt()
        debugger = Debugger(path)
        debugger.leads_astray(at)
        board.send("slay -s KILL lookout\r")
        debugger.is_astray(at)
        if how == "reset":
            board.expect(BOOT, what="the start after the reset")
        else:
            board.expect_end()
        assert "global design safe state" not in board.seen
