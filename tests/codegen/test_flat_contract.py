"""The contract of generated modules, as far as it is about values, kept in other runtimes."""

import functools
import shutil

import pytest

from symback.codegen.runtimes import in_numpys_terms
from tests.cases.sample_circuits import sample
from tests.codegen import test_contract as contract

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


test_shapes_follow_the_batch = contract.test_shapes_follow_the_batch
test_a_batch_is_its_samples = contract.test_a_batch_is_its_samples
test_backward_is_linear_in_output_bar = contract.test_backward_is_linear_in_output_bar
test_backward_speaks_of_the_output = (
    contract.test_backward_speaks_of_the_output_and_value_and_grad_of_the_loss
)
test_rosenbrock_by_hand = contract.test_rosenbrock_by_hand
test_targets_are_not_needed_to_predict = contract.test_targets_are_not_needed_to_predict
test_inputs_of_the_loss_alone = (
    contract.test_inputs_that_only_the_loss_uses_have_zero_partials_of_the_output
)
test_params_of_the_loss_alone = (
    contract.test_params_that_only_the_loss_uses_have_zero_partials_of_the_output
)
test_nan_in_gives_nan_out = contract.test_nan_in_gives_nan_out
