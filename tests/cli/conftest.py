"""The command line in the process of the tests: a process of its own costs a second of imports."""

from __future__ import annotations

import io
import sys
from typing import NamedTuple

import pytest

from symback.cli.main import main


class Done(NamedTuple):
    """What one command left behind."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(monkeypatch, capsys):
    """Call the command line with these words, and with this standard input where there is one."""

    def call(*words, stdin=None):
        monkeypatch.setattr(sys, "argv", ["symback", *map(str, words)])
        if stdin is not None:
            monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return Done(int(left.value.code or 0), said.out, said.err)

    return call
