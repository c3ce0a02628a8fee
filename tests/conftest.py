# SPDX-License-Identifier: Apache-2.0
"""Time limits for the tests, and the counts that tests/summary.sh adds up."""

import os
import pathlib
import signal

import pytest

DEFAULT_LIMIT = 600
# What tools print is read by its English words, also where pytest is started by itself.
os.environ["LC_ALL"] = "C"


class TimeLimit(BaseException):
    """Not an Exception: a test that catches errors must not catch its own end."""


@pytest.fixture(autouse=True)
def time_limit(request):
    """Ends a test that hangs, whatever it waits for."""
    marker = request.node.get_closest_marker("limit")
    seconds = marker.args[0] if marker else DEFAULT_LIMIT

    def expired(_signum, _frame):
        raise TimeLimit(f"the test took longer than {seconds} s")

    before = signal.signal(signal.SIGALRM, expired)
    signal.alarm(seconds)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


# A test that passes but fails to clean up counts as failed; a skipped one as neither.
outcomes = {}


def pytest_runtest_logreport(report):
    if report.failed:
        outcomes[report.nodeid] = False
    elif report.when == "call" and report.passed:
        outcomes.setdefault(report.nodeid, True)


def pytest_collectreport(report):
    if report.failed:
        outcomes[report.nodeid] = False


def pytest_sessionfinish(session, exitstatus):
    results = pathlib.Path(os.environ.get("BUILD", "build")) / "results"
    results.mkdir(parents=True, exist_ok=True)
    passed = sum(outcomes.values())
    failed = len(outcomes) - passed
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and os.environ.get("TEST"):
        session.exitstatus = 0  # the user's choice of tests has none of this suite
    elif exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        failed += 1
    (results / os.environ.get("SUITE", "pytest")).write_text(f"{passed} {failed}\n")
