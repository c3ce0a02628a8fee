# SPDX-License-Identifier: Apache-2.0
"""What the host tool refuses, refused by the target as well: the archives are made without the tool's checks.

Each system would start two VMs; none of them may, and the reason is printed.
"""

import pytest

from harness import PROMPT, Board, bare_vm, example, make_archive, system_dts

RTC = 'devices = "/pl031@9010000";'
GPIO = 'devices = "/pl061@9030000";'
PASS_RTC = "pass loc mem:0x9010000,0x1000,rw"
FRAME = "memory { frame { start = <0x60000000>; bytes = <0x100000>; }; };"

# Name: properties of the first VM and of the second, lines of the second one's configuration, parts of the system, message.
CASES = {
    "one-device": (RTC, RTC, "", "", r"/vms/two: device \"/pl031@9010000\": 0x9010000-0x9010fff belongs to /vms/one already"),
    "one-region": ('regions = "frame";', 'regions = "frame";', "", FRAME,
                   r"/vms/two: region \"frame\": 0x60000000-0x600fffff belongs to /vms/one already"),
    "one-interrupt": ("interrupts = <100>;", "interrupts = <100>;", "", "",
                      r"/vms/two: 'interrupts' 100: interrupt 100 belongs to /vms/one already"),
    "more-cpus-than-there-are": ("runmask = <0x3>; exclusive-cpus;", "runmask = <0x6>; exclusive-cpus;", "", "",
                                 r"/vms/two: its CPUs 0x6 are exclusive, but /vms/one has 0x2 too"),
    "no-such-cpu": ("", "runmask = <0x80>;", "", "", r"/vms/two: 'runmask' 0x80 names CPUs that the board does not have"),
    "pass-of-other": (RTC, "", PASS_RTC, "",
                      r"\[two\.qvmconf:\d+\] 'pass' of 0x9010000-0x9010fff, which /vms/one has; /vms/two cannot pass it"),
    "device-of-host": ('devices = "stdout";', "", "", "",
                       r"/vms/one: device \"stdout\": 0x9000000-0x9000fff belongs to /processes/devc-pl011 already"),
    "interrupt-of-smmu": ("interrupts = <106>;", "", "", "",
                          r"/vms/one: 'interrupts' 106 is one of /smmuv3@9050000: it belongs to the kernel"),
    "no-such-interrupt": ("interrupts = <288>;", "", "", "",
                          r"/vms/one: 'interrupts' 288 does not exist; the GIC has 32 to 287"),
    "device-in-parts": ("mmio = /bits/ 64 <0x9010000 0x1000>;", "interrupts = <34>;", "", "",
                        r"/vms/two: 'interrupts' 34: /pl031@9010000 belongs to /vms/one already, as 'mmio' 0x9010000"),
    "memory-as-device": ('devices = "/memory@40000000";', "", "", "",
                         r"/vms/one: device \"/memory@40000000\": it is memory"),
    "dma": ('devices = "/virtio_mmio@a000000";', "", "", "",
            r"/vms/one: device \"/virtio_mmio@a000000\" can do DMA, which nothing bounds"),
    "one-console": ("", "", "vdev pl011 loc 0x1c0a0000 intr gic:38 hostdev /dev/console/one", "",
                    r"\[two\.qvmconf:\d+\] console 'one' belongs to /vms/one \[one\.qvmconf:\d+\] already"),
    "console-of-process": ("", "", "vdev pl011 loc 0x1c0a0000 intr gic:38 hostdev /dev/console/shell", "",
                           r"\[two\.qvmconf:\d+\] console 'shell' belongs to /processes/shell"),
    "console-of-vm": ("", "", "vdev pl011 loc 0x1c0a0000 intr gic:38 hostdev >/dev/console/slogger", "",
                      r"\[two\.qvmconf:\d+\] console 'slogger' belongs to /processes/slogger"),
    "no-pool": ("", "", "vdev shmem loc 0x1c0b0000 intr gic:39", "",
                r"\[two\.qvmconf:\d+\] 'vdev shmem' needs shared memory, but no pool in /shared-memory names /vms/two"),
    "no-ram": ("", "", "", "memory { frame { start = <0x20000000>; bytes = <0x100000>; }; };",
               r"/memory/frame: 0x20000000-0x200fffff is not, or not all of it, RAM of the board"),
}


def system(first, second, lines, parts):
    dts = system_dts(vms=(("one", first), ("two", second))).replace("processes {", f"{parts} processes {{", 1)
    return {"system.dts": dts, "one.qvmconf": bare_vm("one", "ticks"),
            "two.qvmconf": bare_vm("two", "ticks", more=lines)}


@pytest.mark.parametrize("name", CASES)
def test_what_has_two_owners_is_refused(name):
    *parts, message = CASES[name]
    archive = make_archive(system(*parts), options=["--no-check"])
    with Board(archive, cpus=2) as board:
        board.expect(message)
        board.expect(r"system not started: \d+ mistake")
        board.expect_nothing(rf"{PROMPT}|started: slot|[Pp]anic", 2, may_end=True)


LISTENER = """/dts-v1/;
/ {{
    compatible = "bulkhead,system";
    vms {{
        first {{ config = "first.qvmconf"; mmio = /bits/ 64 <0x9000000 0x1000>; {autostart} }};
        second {{ config = "second.qvmconf"; autostart; restart = "always"; restart-limit = <1000>; restart-delay = <50>; }};
    }};
}};
"""


def uart_vm(name, cmdline, more=""):
    return f'system {name}\nram 0x80000000,16M\ncpu\nload uart.elf\ncmdline "{cmdline}"\n{more}\n'


def listener(autostart):
    return make_archive({"system.dts": LISTENER.format(autostart=autostart),
                         "first.qvmconf": uart_vm("first", "uart=0x9000000", "pass loc mem:0x9000000,0x1000,rw"),
                         "second.qvmconf": uart_vm("second", "end=1")})


def test_the_uart_of_a_vm_is_its_own():
    """By loopback a guest reads what anybody else writes on its UART. Nobody does, though there is something to say."""
    with Board(listener("autostart;"), cpus=2) as board:
        assert board.expect(r"uart: heard (\d+)\r").group(1) == "0"
        # It is the kernel's again when its owner has gone.
        board.expect(r"procmgr: second: restarting")


def test_until_then_the_uart_is_the_kernels():
    """The same system reports the second VM's ends where the first one is not started."""
    with Board(listener(""), cpus=2) as board:
        for _ in range(3):
            board.expect(r"procmgr: second: restarting")


def test_a_region_where_the_kernel_is_is_refused():
    """Only the target knows what of the RAM is taken."""
    taken = "memory { frame { start = <0x40200000>; bytes = <0x100000>; }; };"
    with Board(make_archive(system("", "", "", taken)), cpus=2) as board:
        board.expect(r"frame: not all of 40200000-402fffff is free")
        board.expect(r"system not started: \d+ mistake")


def test_variables_regions_and_clusters_reach_qvm():
    """What the description says is used in the configuration, by the tool, procmgr and qvm alike."""
    files = example("hello")
    files["system.dts"] = files["system.dts"].replace(b"processes {", FRAME.encode() +
                                                      b" clusters { low { cpus = <0>; }; }; processes {", 1)
    files["system.dts"] = files["system.dts"].replace(
        b'config = "hello.qvmconf";',
        b'config = "hello.qvmconf"; env = "START=0x90000000", "SIZE=1M"; args = "ram", "$env{START},$env{SIZE}", "pass", '
        b'"loc", "mem:0xa0000000,$asinfo_length{frame},rwcxm=$asinfo_start{frame}", "cpu", "cluster", "low"; '
        b'regions = "frame";', 1)
    with Board(make_archive(files), cpus=2) as board:
        board.expect(r"0060000000-00600fffff region  hello \(frame\)")
        board.prompt()
        board.open_console("hello")
        board.expect(r"hello: virtual CPU 0 is up")


def test_a_server_that_fails_is_restarted_for_so_long():
    """A server that fails is started again, for so long."""
    bad = '''bad { program = "shmem-server"; abilities = "log"; restart = "on-failure"; restart-limit = <2>;
              restart-delay = <10>; };'''
    with Board(make_archive({"system.dts": system_dts(first=bad)}), cpus=2) as board:
        board.expect(r"bad: restarting in 10 ms \(restart 1 of 2\)")
        board.expect(r"bad: restarting in 20 ms \(restart 2 of 2\)")
        board.expect(r"bad: restart limit reached \(2 in a row\); not restarting")
        board.prompt()
