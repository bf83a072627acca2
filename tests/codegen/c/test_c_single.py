"""Modules whose functions are compiled C, in single precision."""

import os
import shutil

import numpy as np
import pytest

from tests.cases.arguments import inputs_of, params_of
from tests.cases.sample_circuits import ALL, sample

pytestmark = [
    pytest.mark.slow,  # some 60 files to compile
    pytest.mark.skipif(
        not any(map(shutil.which, (os.environ.get("CC") or "cc", "gcc", "clang"))),
        reason="needs a C compiler",
    ),
]


@pytest.mark.parametrize("name", ALL)
def test_float32_is_float64_rounded(name):
    """It is computed in double, so the output is the nearest float, or the one beside it."""
    module = sample(name).compile(target="c")
    params = params_of(module, np.float32)
    inputs = inputs_of(module, 50, np.float32)
    wide = type(inputs)(*(np.asarray(c, float) for c in inputs))
    with np.errstate(all="ignore"):
        single = np.asarray(module.forward(params, inputs)[0])
        double = np.asarray(module.forward(type(params)(*map(float, params)), wide)[0])
    np.testing.assert_array_max_ulp(single, double.astype(np.float32), 1)
