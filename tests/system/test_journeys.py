# SPDX-License-Identifier: Apache-2.0
"""The files that a journey comes through are those that docs/architecture.md lists for it."""
import os
import re
import subprocess

import pytest

from harness import TOP


def listed(first_words):
    """The paths in a row of its tables. One without a folder lies in that of the one before."""
    section = (TOP / "docs/architecture.md").read_text().split("\n## The files of a journey\n")[1].split("\n## ")[0]
    row = next(line for line in section.splitlines() if line.startswith(f"| {first_words}"))
    files, folder = [], ""
    for path in re.findall(r"`([\w./-]+\.[cS])`", row):
        folder = path.rpartition("/")[0] or folder
        files.append(path if "/" in path else f"{folder}/{path}")
    return files


@pytest.mark.limit(600)
def test_journeys_come_through_the_files_that_are_listed():
    done = subprocess.run([TOP / "tools/path/journeys.py"], capture_output=True, text=True, timeout=590,
                          stdin=subprocess.DEVNULL, env=os.environ)
    assert done.returncode == 0, done.stdout + done.stderr
    journeys = re.findall(r"^(\S[^\n:]*): \d+ files [^\n]*\n((?:    [^\n]*\n)+)", done.stdout, re.MULTILINE)
    assert len(journeys) == 4
    for name, files in journeys:
        assert sorted(re.findall(r"^    (\S+)", files, re.MULTILINE)) == sorted(listed(name)), name
