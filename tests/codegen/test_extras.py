"""Imports of optional packages: missing ones, and those that an interrupt meets."""

from __future__ import annotations

import importlib
import signal

import pytest

from symback.codegen.extras import imports_of_extra
from symback.errors import DataError, NotInstalled

# A compiled module turns what is raised while it is imported into an ImportError.
INTERRUPTED = """
import os, signal, time
try:
    os.kill(os.getpid(), signal.{signal})
    time.sleep(0.05)
except BaseException:
    raise ImportError("initialization failed") from None
whole = True
"""


def interrupted_module(folder, monkeypatch, sent):
    name = f"interrupted_by_{sent.lower()}"
    (folder / f"{name}.py").write_text(INTERRUPTED.format(signal=sent))
    monkeypatch.syspath_prepend(str(folder))
    return name


@pytest.mark.parametrize("kind", [NotInstalled, DataError])
def test_a_missing_package_is_a_sentence(kind):
    with (
        pytest.raises(kind, match="pictures need a package"),
        imports_of_extra("pictures need a package", kind),
    ):
        importlib.import_module("no_such_package_of_anybody")


@pytest.mark.parametrize("sent", ["SIGINT", "SIGTERM"])
def test_an_interrupt_waits_for_the_end_of_the_import(tmp_path, monkeypatch, sent):
    name = interrupted_module(tmp_path, monkeypatch, sent)
    number = getattr(signal, sent)
    before = signal.signal(number, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), imports_of_extra("it is missing"):
            importlib.import_module(name)
        assert signal.getsignal(number) is signal.default_int_handler
        assert importlib.import_module(name).whole
    finally:
        signal.signal(number, before)


def test_a_signal_that_nobody_handles_stays_as_it_is():
    before = signal.getsignal(signal.SIGTERM)
    with imports_of_extra("it is missing"):
        assert signal.getsignal(signal.SIGTERM) is before
