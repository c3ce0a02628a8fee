# SPDX-License-Identifier: Apache-2.0
"""The build itself: a folder that was built before a change of flags is right after it."""
import os
import re
import subprocess

import run


def rules():
    """What make knows of a build folder that is empty: each file that it can make, and what it is made of."""
    clean = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    said = subprocess.run(["make", "-pn", "BUILD=nowhere", "help"], cwd=run.TOP, env=clean, capture_output=True, text=True,
                          timeout=120, check=True).stdout
    return dict(re.findall(r"^(nowhere/[^\s#:=%]+): ([^=\n]*)$", said, re.MULTILINE))


def test_objects_depend_on_their_flags():
    objects = {name: made_of for name, made_of in rules().items() if name.endswith(".o") and "/first.o" not in name}
    for folder in ("kernel", "lib", "lib/sodium", "qvm", "host", "unit/obj", "vdev-objects", "guest-programs"):
        assert any(f"/{folder}/" in name for name in objects), folder
    assert [name for name, made_of in objects.items() if "mk/flags.mk" not in made_of.split()] == []
