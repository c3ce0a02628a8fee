# SPDX-License-Identifier: Apache-2.0
"""The seam of the architecture is kept, and tools/seam.sh finds each way to break it."""

import shutil
import subprocess

import pytest

from harness import TOP

FOLDERS = ("abi", "kernel", "qvm")


def seam(folder):
    return subprocess.run([TOP / "tools/seam.sh", *FOLDERS], cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture(name="tree")
def copied_tree(tmp_path):
    for folder in FOLDERS:
        shutil.copytree(TOP / folder, tmp_path / folder)
    return tmp_path


def test_the_tree_keeps_the_seam():
    result = seam(TOP)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("file, line", [
    ("kernel/object/irq.c", '#include "arch/aarch64/gic/irqchip.h"'),
    ("kernel/include/vcpu.h", '#include "kernel/arch/aarch64/control.h"'),
    ("qvm/mmio.c", '#include "qvm/arch/aarch64/inline.h"'),
    ("kernel/sched/sched.c", "static uint64_t now(void) { return sysreg_read(cntpct_el0); }"),
    ("kernel/object/vgic.c", "#define CONTROL ICH_HCR_EL2"),
    ("qvm/main.c", "/* as GICD_CTLR has it */"),
    ("qvm/report.c", "static const unsigned counter = VREG_PC;"),
    ("abi/bulkhead.h", "#define SGI ICC_SGI1R_EL1"),
    ("abi/bulkhead.h", "/* mapped Device-nGnRE */"),
    ("kernel/include/vcpu.h", "uint64_t exit_esr;"),
    ("kernel/include/board.h", "uint64_t cpu_mpidr[8];"),
    ("kernel/include/space.h", "/* its VMID */"),
    ("kernel/object/thread.c", "static void set(struct thread *t) { t->frame.x[0] = 1; }"),
    ("kernel/object/call.c", "static void again(struct frame *f) { f->pc -= 4; }"),
    ("kernel/object/thread.c", "static void set(struct thread *t) { t->user.sp_el0 = 1; }"),
])
def test_a_line_that_breaks_the_seam_is_found(tree, file, line):
    with (tree / file).open("a") as out:
        out.write(line + "\n")
    result = seam(tree)
    assert result.returncode == 1
    assert f"{file}:" in result.stderr and line in result.stderr, result.stderr


def test_the_same_line_in_an_arch_folder_is_allowed(tree):
    with (tree / "kernel/arch/aarch64/clock.c").open("a") as out:
        out.write("/* ICH_HCR_EL2 */ static uint64_t now(void) { return sysreg_read(cntpct_el0); }\n")
    assert seam(tree).returncode == 0
