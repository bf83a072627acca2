"""The contract of generated modules, as far as it is about values, kept in other runtimes."""

import functools
import shutil

import pytest

from symback.codegen.runtimes import in_numpys_terms
from tests.cases.sample_circuits import sample
from tests.cases.values_of_modules import *  # noqa: F403  # tests that pytest finds here

pytestmark = pytest.mark.slow
PROGRAMS = {"javascript": "node", "rust": "rustc"}
"""What a target's modules are run or compiled by."""


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=pytest.mark.skipif(not shutil.which(it), reason=f"needs {it}"))
        for name, it in PROGRAMS.items()
    ],
)
def target(request):
    return request.param


@pytest.fixture(scope="module")
def compiled(target):
    """Modules by name, each compiled once."""
    return functools.cache(lambda name: in_numpys_terms(sample(name).compile(target=target)))
