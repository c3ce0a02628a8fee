# SPDX-License-Identifier: Apache-2.0
"""tools/circles.py finds files that need one another, and accepts those that its list allows."""
import pathlib
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]

# What each file defines, and what it uses.
LINE = {"a": "b", "b": "c", "c": ""}
PAIR = {"a": "b", "b": "a", "c": "a"}
TWO = {"a": "b", "b": "a", "c": "d", "d": "e", "e": "c"}

A_AND_B = """prog: a circle of 2 files:
    a.c uses b of b.c
    b.c uses a of a.c
"""
C_TO_E = """prog: a circle of 3 files:
    c.c uses d of d.c
    d.c uses e of e.c
    e.c uses c of c.c
"""


def circles(folder, files, allowed):
    """Exit status, and what the tool prints on standard error, for a program of these files."""
    for name, used in files.items():
        call = f"int {used}(void); int {name}(void) {{ return {used}(); }}" if used else f"int {name}(void) {{ return 0; }}"
        (folder / f"{name}.c").write_text(call + "\n")
        subprocess.run(["gcc", "-c", f"{name}.c", "-o", f"{name}.c.o"], cwd=folder, check=True)
    (folder / "allowed.txt").write_text(allowed)
    done = subprocess.run([TOP / "tools/circles.py", "--allowed", "allowed.txt", "prog", ".",
                           *(f"./{name}.c.o" for name in files)], cwd=folder, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stderr


@pytest.mark.parametrize("files, allowed, status, text", [
    (LINE, "", 0, ""),
    (PAIR, "", 1, A_AND_B),
    (PAIR, "# They belong together.\na.c b.c\n", 0, ""),
    (PAIR, "# Patterns.\n*.c\n", 0, ""),
    (TWO, "", 1, A_AND_B + C_TO_E),
    (TWO, "# One of them.\n[ab].c\n", 1, C_TO_E),
    (TWO, "# Not the whole of either.\na.c c.c d.c\n", 1, A_AND_B + C_TO_E),
    (LINE, "# Opened long ago.\na.c b.c\n", 1, "prog: there is no circle of a.c b.c, which allowed.txt allows\n"),
    (LINE, "# Of another program.\nx.c y.c\n", 0, ""),
], ids=["none", "two-files", "allowed", "pattern", "two-circles", "one-allowed", "only-parts-allowed", "stale", "other-program"])
def test_each_circle_is_found_unless_allowed(tmp_path, files, allowed, status, text):
    assert circles(tmp_path, files, allowed) == (status, text)
