"""The contract of `test_module`, kept by modules whose functions are compiled C."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import symback as sb
from symback.check.check import check_module
from tests.cases.sample_circuits import ALL, sample
from tests.codegen.numpy import test_module as contract

pytestmark = [
    pytest.mark.slow,  # some 60 files to compile
    pytest.mark.skipif(
        not any(map(shutil.which, (os.environ.get("CC") or "cc", "gcc", "clang"))),
        reason="needs a C compiler",
    ),
]

# the same tests, with C in the place of NumPy
for _name in """
    test_names_and_order test_signatures_are_those_of_the_contract
    test_shapes_follow_the_batch test_a_batch_is_its_samples
    test_backward_is_linear_in_output_bar
    test_backward_speaks_of_the_output_and_value_and_grad_of_the_loss test_rosenbrock_by_hand
    test_targets_are_not_needed_to_predict
    test_inputs_that_only_the_loss_uses_have_zero_partials_of_the_output
    test_params_that_only_the_loss_uses_have_zero_partials_of_the_output
    test_float32_in_gives_float32_out test_branches_with_constants_stay_float32
    test_the_dtype_is_that_of_the_samples test_integers_and_booleans_are_converted_never_wrapped
    test_lists_are_samples_too test_wrong_inputs_are_value_errors
    test_a_wrong_first_input_is_not_blamed_on_the_others test_wrong_params_are_value_errors
    test_a_wrong_output_bar_is_a_value_error test_a_complex_output_bar_is_a_value_error
    test_a_cache_of_another_batch_is_a_value_error test_a_wrong_vector_is_a_value_error
    test_wrong_options_of_sgd_are_value_errors test_nan_in_gives_nan_out
    test_arguments_are_never_changed_and_never_shared
    test_changing_a_result_does_not_change_the_gradient
    test_a_vector_is_not_shared_with_its_params test_params_are_pickled
    test_sgd_follows_the_three_rules test_the_last_batch_divides_by_its_true_size
    test_the_default_batch_is_128 test_shuffling_is_seeded test_the_callback_sees_every_step
    test_no_epochs_change_nothing test_sgd_takes_one_sample_without_a_batch_axis
    test_sgd_without_inputs_descends test_scipy_minimises_the_objective
    test_blocks_equal_one_block test_the_self_check_agrees
    test_check_gradients_takes_arguments_and_raises
""".split():
    globals()[_name] = getattr(contract, _name)


@pytest.fixture(scope="module")
def compiled():
    """Modules by name, each compiled once."""
    made = {}

    def module(name):
        if name not in made:
            made[name] = sample(name).compile(target="c")
        return made[name]

    return module


@pytest.mark.parametrize("name", ALL)
def test_agrees_with_sympy(name, compiled):
    report = check_module(sample(name), compiled(name))
    assert report.passed, str(report)


@pytest.mark.parametrize("name", ALL)
def test_float32_is_float64_rounded(name, compiled):
    """It is computed in double, so the output is the nearest float, or the one beside it."""
    module = compiled(name)
    params = contract.params_of(module, np.float32)
    inputs = contract.inputs_of(module, 50, np.float32)
    wide = type(inputs)(*(np.asarray(c, float) for c in inputs))
    with np.errstate(all="ignore"):
        single = np.asarray(module.forward(params, inputs)[0])
        double = np.asarray(module.forward(type(params)(*map(float, params)), wide)[0])
    np.testing.assert_array_max_ulp(single, double.astype(np.float32), 1)


STOPPED = [row for row in contract.STOPPED if "[" not in row[0]]


@pytest.mark.parametrize(("text", "columns", "options", "message"), STOPPED)
def test_sgd_stops_where_the_loss_is_not_finite(text, columns, options, message):
    module = sb.circuit(text).compile(target="c")
    inputs = module.Inputs(**{name: np.array(c) for name, c in columns.items()})
    for callback in (None, lambda t, loss, params: None):
        with pytest.raises(FloatingPointError) as caught:
            module.sgd(module.Params(1.0), inputs, callback=callback, **options)
        assert str(caught.value).startswith(message)


def test_threads_do_not_meet(compiled):
    module = compiled("L5")
    params = contract.params_of(module)
    batches = [contract.inputs_of(module, 5000, seed=s) for s in range(8)]
    alone = [module.value_and_grad(params, batch) for batch in batches]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda b: module.value_and_grad(params, b), batches * 5))
    assert together == alone * 5
