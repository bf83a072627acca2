"""The targets that keep the contract of generated modules, as parameters of tests."""

import pytest

from symback.codegen import targets
from tests.cases.compilers import compiles

COMPILED = [pytest.mark.slow, compiles]  # a file to compile for each circuit
TARGETS = [
    pytest.param(row.name, marks=COMPILED if row.compiler else [])
    for row in targets.TARGETS.values()
    if row.calls is None  # those of frameworks have tests of their own
]
assert len(TARGETS) > 1
