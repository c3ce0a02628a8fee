# SPDX-License-Identifier: Apache-2.0
"""The cases of run.py, one pytest case each."""
import pytest

import run


@pytest.fixture(scope="session")
def board(tmp_path_factory):
    return run.compile_board(tmp_path_factory.mktemp("board"))


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    return run.make_files(tmp_path_factory.mktemp("files"))


@pytest.mark.parametrize("path", run.vm_cases(), ids=lambda path: path.stem)
def test_a_vm_has_the_messages_it_expects(path):
    run.run_vm(path)


@pytest.mark.parametrize("path", run.plan_cases(), ids=lambda path: path.stem)
def test_a_plan_is_printed_as_expected(path, board):
    try:
        run.run_plan(path, board)
    except run.NotBuilt as reason:
        pytest.skip(str(reason))


@pytest.mark.parametrize("path", run.system_cases(), ids=lambda path: path.name)
def test_a_system_has_the_messages_it_expects(path, board, files):
    run.run_system(path, board, files)


@pytest.mark.parametrize("path", run.map_cases(), ids=lambda path: path.name)
def test_a_map_is_printed_as_expected(path, board):
    run.run_map(path, board)
