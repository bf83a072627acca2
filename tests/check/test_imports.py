"""A command loads what it needs: what few modules have is imported where one has it."""

import subprocess
import sys

import pytest

CHECKED = """
import sys
import symback
assert symback.circuit("f = x1 - sigma(w3*x3 + w4*x4)").check().passed
print(*(name for name in sys.modules if name.startswith("symback.")))
"""
ON_REQUEST = ("derivatives", "covariance", "per_sample", "sparsity", "directional", "first_lost")


@pytest.mark.slow
def test_a_plain_module_is_checked_without_what_is_there_on_request():
    done = subprocess.run([sys.executable, "-c", CHECKED], capture_output=True, text=True)
    assert not done.returncode, done.stderr
    loaded = done.stdout.split()
    assert "symback.check.comparison" in loaded
    of_requests = [
        name
        for name in loaded
        if name.startswith(("symback.check.", "symback.codegen."))
        and name.rpartition(".")[2] in ON_REQUEST
    ]
    assert not of_requests
