# SPDX-License-Identifier: Apache-2.0
"""What the whole system costs: sizes, starts, restarts."""


def report(say):
    say()
