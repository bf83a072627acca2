"""What judges a mutant: the check, the verification of derivations, and the tests of the tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tools.mutation.cases import Case, case, tests_of
from tools.mutation.places import ELEMENTWISE, SPECIAL, STABLE, modules

POINTS = 20
PARTIALS = "tests.autodiff.test_partials"
KERNELS = "tests.codegen.numpy.test_kernels"
SPECIAL_KERNELS = "tests.codegen.numpy.test_special_kernels"
EDGES = "tests.operations.test_edge_partials"
TANGENTS = "tests.autodiff.test_tangents"
REWRITING = "tests.stable.test_stable"

# -- circuits ------------------------------------------------------------------------------------

ARRAYS = {
    "products": "A: param[m, n]; B: param[n, k]; v: input[m]\nf = v @ (A @ B) @ ones(k)",
    "matrix and vector": "A: param[m, n]; x: input[n]; v: param[m]\nf = dot(v, A @ x)",
    "class": "x: input[n]; W: param[k, n]; t: target\nz: output = W @ x\n"
    "E: loss = cross_entropy(z, t)",
    "numbers put together": "x: input; w: param; a: param[n]\nf = norm(concat(w*x, x, w))*a[1]",
    "columns": "A: param[m, n]; B: param[m, k]; x: input[n]\nC = concat(A, B, axis=1)\n"
    "f = sum(C**2) + norm(A @ x)",
}
"""Circuits of arrays beside those of the tests."""


def check(text: str) -> None:
    import symback as sb

    report = sb.circuit(text).check(points=POINTS)
    assert report.passed, str(report)


def derive(text: str) -> None:
    """A step that does not hold raises; one that can't be decided is one more than there were."""
    import symback as sb

    circuit = sb.circuit(text)
    objective = circuit.objective
    of = circuit.output if objective.shape else objective
    if of.shape:
        return
    derivation = circuit.derive(of.name)
    assert str(derivation)
    assert derivation.verified


def of_circuits(texts: dict[str, str]) -> Iterator[Case]:
    for name, text in texts.items():
        yield case(f"check {name}", text, check, text)
        yield case(f"derive {name}", text, derive, text)


def of_numbers() -> Iterator[Case]:
    from tests.cases import sample_circuits

    yield from of_circuits(sample_circuits.ALL)
    yield from of_partials()
    yield from tests_of("tests.operations.test_kinks")
    yield from tests_of("tests.operations.test_rows")
    yield from tests_of(EDGES, "test_values_and_slopes_at_the_edges")


def of_arrays() -> Iterator[Case]:
    from tests.cases import array_cases, array_circuits

    yield from of_circuits({**array_circuits.CIRCUITS, **ARRAYS})
    kinds = {c.name: c for c in array_cases.CASES if not c.is_slow}
    for name, one in kinds.items():
        yield case(f"{name} in Python", one.body, in_python, one)


def in_python(one: Any) -> None:
    """A case of tests/cases/array_cases.py against plain Python, as the tests of arrays do."""
    from tests.cases.array_judge import compiled
    from tests.codegen import test_array_contract as tests

    module = compiled(one)
    tests.test_text_comes_back_and_forward(one, module)
    tests.test_backward(one, module)
    tests.test_value_and_grad(one, module)
    tests.test_float32_stays_float32(one, module)


# -- operations and partials ---------------------------------------------------------------------


def of_partials() -> Iterator[Case]:
    """Partials of every operation by SymPy's diff and by numbers, kinks, and gates by hand."""
    from tests.autodiff import test_partials as tests

    for name in tests.CASES:
        yield case(f"partials of {name}", name, partials, name)
    yield from tests_of(
        PARTIALS,
        "test_kinks_follow_the_documented_convention",
        "test_gates_by_hand",
        "test_own_functions_differentiate_as_their_meaning_does",
        "test_sizes_of_what_cancels",
        "test_derivatives_of_functions_with_a_stated_kink",
        "test_what_a_function_states_of_its_sign_holds",
        "test_sinc_at_0",
        "test_the_elementary_form_reaches_every_part",
        "test_forms_for_people_have_quotients",
        "test_floats_are_the_decimals_that_were_typed",
        "test_a_partial_reuses_the_value",
    )
    yield from tests_of(PARTIALS, "test_every_operation_is_complete", reads=True)


def partials(name: str) -> None:
    import mpmath as mp

    from tests.autodiff import test_partials as tests
    from tests.cases.independent import DIGITS

    with mp.workdps(DIGITS):
        for at in tests.CASES[name]:
            tests.test_local_partials_are_those_of_sympy(name, at)
            if name in tests.DERIVED:
                tests.test_local_partials_are_the_slopes_of_the_textbook_function(name, at)
        tests.test_the_elementary_form_is_the_textbook_function(name)
        if name in tests.DERIVED:
            tests.test_the_row_states_the_partials(name)
        tests.test_another_number_of_operands_is_refused(name)


def of_gates() -> Iterator[Case]:
    """What each edge of a gate is and gives, beside the partials of every operation."""
    yield from of_partials()
    yield from tests_of(
        PARTIALS,
        "test_edges_of_gates",
        "test_contributions_are_those_of_sympy",
        "test_partials_reuse_the_value",
        "test_what_is_kept_is_used",
        "test_a_factor_goes_into_the_branches",
        "test_a_choice_has_a_branch_that_passes_nothing_on",
        "test_operations_on_arrays_reuse_the_value",
        "test_what_is_not_a_gate_is_refused",
    )
    yield from tests_of("tests.autodiff.test_reads")
    yield from tests_of(EDGES, "test_values_and_slopes_at_the_edges")


def of_edges() -> Iterator[Case]:
    """Powers, roots, norms and logarithms at the ends of their domains; NaN; what is not read."""
    yield from tests_of(EDGES)
    yield from tests_of(PARTIALS, "test_edges_of_gates", "test_gates_by_hand")


def of_signs() -> Iterator[Case]:
    yield from tests_of("tests.operations.test_nonnegative")
    yield from tests_of(EDGES, "test_a_root_that_is_not_of_squares_has_an_infinite_slope")


def of_reads() -> Iterator[Case]:
    yield from tests_of("tests.autodiff.test_reads")
    yield from tests_of(EDGES, "test_values_and_slopes_at_the_edges")
    yield from tests_of("tests.codegen.test_missing_values")


def of_adjoints() -> Iterator[Case]:
    """The adjoints of every operation on arrays."""
    yield from of_arrays()
    yield from tests_of(
        "tests.operations.test_arrays",
        "test_the_adjoint_of_a_new_axis_is_what_stands_at_its_one_place",
    )
    yield from (c for c in tests_of(EDGES, "test_values_and_slopes_at_the_edges") if "[" in c.name)


def of_tangents() -> Iterator[Case]:
    """Tangents of every operation, first and second, and the functions of modules made of them."""
    from tests.check import test_check_derivatives as tests

    yield from tests_of(TANGENTS, shares=True)
    yield from tests_of("tests.autodiff.test_matrices")
    for head, text in tests.USES.items():
        yield case(f"functions of {head.__name__}", text, functions, f"{text}\nl: loss = f")
    for text in (*tests.NUMBERS, *tests.BY_AXIS, *(text for _, _, text in tests.OF_NUMBERS)):
        yield case(f"functions of {text}", text, functions, text)
    yield from tests_of("tests.check.test_check_derivatives", "test_right_functions_pass")
    yield from tests_of(
        "tests.codegen.numpy.test_numpy_derivatives",
        "test_numbers_are_those_of_sympy",
        "test_products_are_those_with_the_jacobian",
        "test_branches_are_chosen_not_multiplied",
        "test_second_derivatives_keep_their_digits",
        "test_arrays_agree_with_differences",
    )


def functions(text: str) -> None:
    """The products with J and H of a module under the check."""
    import symback as sb

    report = sb.circuit(text).check(points=POINTS, functions=("jvp", "hessp", "hessian"))
    assert report.passed, str(report)


def of_infinite() -> Iterator[Case]:
    """Values and slopes where a product of adjoint and partial, or of slope and tangent, is 0·∞."""
    yield from tests_of("tests.autodiff.test_still", shares=True)
    yield from tests_of(EDGES, "test_values_and_slopes_at_the_edges", shares=True)
    yield from tests_of("tests.autodiff.test_reads")
    yield from tests_of("tests.operations.test_kinks")


def of_curvatures() -> Iterator[Case]:
    """Hessians derived step by step, each step verified."""
    yield from tests_of("tests.derivation.test_second_order")
    yield from tests_of("tests.autodiff.test_curvatures")
    yield from tests_of(TANGENTS, "test_curvatures_are_by_pairs_of_operands_in_their_order")


def of_origins() -> Iterator[Case]:
    yield from tests_of("tests.autodiff.test_origins", shares=True)
    yield from tests_of("tests.autodiff.test_second_at_kinks")
    yield from of_curvatures()


def of_entries_read() -> Iterator[Case]:
    yield from tests_of("tests.autodiff.test_reads_of_arrays", shares=True)
    yield from tests_of("tests.codegen.test_missing_values")


def of_closed_forms() -> Iterator[Case]:
    """Closed forms beside SymPy's, and the reverse pass that they are written from."""
    yield from tests_of("tests.autodiff.test_closed_forms", shares=True)
    yield from tests_of("tests.autodiff.test_matrices", shares=True)
    yield from of_forms()


def of_updates() -> Iterator[Case]:
    yield from tests_of("tests.autodiff.test_updates")


def of_steps() -> Iterator[Case]:
    yield from tests_of("tests.operations.test_step_functions", shares=True)
    yield from tests_of("tests.operations.test_kinks")


def of_definitions() -> Iterator[Case]:
    yield from of_arrays()
    yield from tests_of("tests.operations.test_entries")


def of_forms() -> Iterator[Case]:
    from tests.cases import sample_circuits

    yield from of_circuits(sample_circuits.ALL)


# -- the truth -----------------------------------------------------------------------------------


def of_looking() -> Iterator[Case]:
    """Where the check looks for edges, and the faults that it finds there."""
    yield from tests_of("tests.check.test_edges")


def of_sides() -> Iterator[Case]:
    """What is right at edges where SymPy's derivative has no value."""
    yield from tests_of(
        "tests.check.test_edges",
        "test_slopes_from_both_sides",
        "test_slopes_from_inside",
        "test_slopes_by_operations_go_through_the_branch_taken",
        "test_the_truth_at_edges",
        "test_there_is_no_truth_where_there_is_no_slope",
    )
    yield from tests_of(EDGES, "test_the_truth_has_the_same_conventions")


# -- kernels -------------------------------------------------------------------------------------


def of_kernels() -> Iterator[Case]:
    """Every kernel: digits, limits, NaN, shapes, symmetries, and where its constants come from."""
    yield from tests_of(
        KERNELS,
        "test_digits",
        "test_infinities",
        "test_nan_stays_where_it_is",
        "test_dtype_and_shape_are_kept",
        "test_slopes_are_those_of_the_slope_kernels",
        "test_results_share_no_memory",
        "test_bounds_are_kept",
        "test_symmetries_are_exact",
        "test_what_a_sum_has_lost_is_put_back",
        "test_smallest_and_largest",
    )
    yield from tests_of(
        KERNELS,
        "test_g_follows_from_its_derivation",
        "test_tails_follow_from_their_derivation",
        "test_the_zero_of_silu_slope",
        reads=True,
    )


def of_array_kernels() -> Iterator[Case]:
    """What modules of arrays give, and the kernels themselves at the edges of their domains."""
    yield from of_arrays()
    yield from tests_of(
        KERNELS, "test_kernels_of_arrays_at_edges", "test_layouts_of_arrays", reads=True
    )
    yield from tests_of(EDGES, "test_norms_keep_their_range_in_float32", reads=True)
    yield from (c for c in tests_of(EDGES, "test_values_and_slopes_at_the_edges") if "[" in c.name)


def of_series() -> Iterator[Case]:
    """The same for kernels that sum a series or choose a form."""
    yield from tests_of(
        REWRITING,
        "test_kernels_keep_their_digits",
        "test_kernels_at_special_values",
        "test_values_and_slopes_together_are_what_they_are_alone",
        "test_the_cross_entropy_of_sigma",
    )


def of_special_kernels() -> Iterator[Case]:
    yield from tests_of(
        SPECIAL_KERNELS,
        "test_numpy_kernels_keep_their_digits",
        "test_shapes_and_dtypes",
        "test_values_and_slopes_together_are_what_they_are_alone",
        "test_limits_and_nan",
    )


def of_edge_kernels() -> Iterator[Case]:
    yield from tests_of(
        EDGES,
        "test_kernels_keep_their_digits",
        "test_kernels_at_the_edges",
        "test_the_slope_of_a_power_where_1_over_its_base_overflows",
        "test_kernels_choose_entry_by_entry_and_warn_of_nothing_that_is_not_chosen",
    )


# -- rewritings ----------------------------------------------------------------------------------


def of_rewriting() -> Iterator[Case]:
    """What is rewritten, and to what; what is not; and that both forms are equal at points."""
    yield from tests_of("tests.stable.test_stable_page")
    yield from tests_of(
        REWRITING,
        "test_naive_forms_are_rewritten",
        "test_other_formulas_stay_as_they_are",
        "test_what_stands_beside_is_kept",
        "test_reasons_are_those_of_the_rules",
        "test_rules_look_behind_names",
        "test_arrays",
        "test_long_sums_are_left_alone",
        "test_a_sum_over_a_whole_matrix_is_not_a_softmax",
        "test_branches_are_rewritten_and_conditions_are_not",
        "test_nodes_keep_their_names_and_values",
        "test_a_partial_by_a_node_that_is_passed_by",
        "test_a_rule_that_does_not_hold_is_refused",
        "test_a_rule_that_holds_in_a_part_of_the_domain_is_not_applied",
        "test_rules_of_arrays_are_proven_too",
        "test_a_rule_that_changes_nothing_lets_the_next_one_try",
        "test_output_and_loss_are_the_rewritten_nodes",
        "test_what_cannot_be_proven_stays_as_typed",
        "test_every_rule_is_used",
        "test_no_rule_looks_for_sums_and_products_of_leaves",
        "test_the_cost_is_linear",
        "test_as_typed",
        "test_random_circuits_keep_their_values",
    )
    yield from of_digits()


def of_digits() -> Iterator[Case]:
    """Digits of every form that loses them as typed, in one line and with its parts named."""
    import numpy as np

    from tests.stable import test_digits as tests

    for form in tests.FORMS:
        text = form.circuit.replace("\n", "; ")
        yield case(f"digits of {text}", text, digits, form, "numpy", np.float64)
        yield case(f"digits by names of {text}", text, named_digits, form)
    yield from tests_of(
        "tests.stable.test_digits", "test_weighted_sums_over_arrays_keep_their_digits"
    )


def digits(form: Any, target: str, dtype: Any) -> None:
    from tests.stable import test_digits as tests

    tests.test_typed_forms_keep_their_digits(form, target, dtype)


def named_digits(form: Any) -> None:
    from tests.stable import test_digits as tests

    tests.test_forms_whose_parts_have_names_keep_their_digits(form)


BATTERIES: dict[str, Callable[[], Iterator[Case]]] = {
    **dict.fromkeys([*ELEMENTWISE, *SPECIAL], of_numbers),
    "symback/operations/functions.py": of_numbers,
    "symback/operations/polynomials.py": of_numbers,
    "symback/operations/edges.py": of_edges,
    "symback/operations/steps.py": of_steps,
    "symback/operations/nonnegative.py": of_signs,
    "symback/operations/definitions.py": of_definitions,
    "symback/operations/entries.py": of_definitions,
    "symback/operations/forms.py": of_forms,
    "symback/operations/vjp.py": of_adjoints,
    "symback/operations/jvp.py": of_tangents,
    "symback/operations/number_slopes.py": of_tangents,
    "symback/autodiff/partials.py": of_gates,
    "symback/autodiff/reads.py": of_reads,
    "symback/autodiff/entries_read.py": of_entries_read,
    "symback/autodiff/tangents.py": of_tangents,
    "symback/autodiff/tangent_terms.py": of_tangents,
    "symback/autodiff/curvatures.py": of_curvatures,
    "symback/autodiff/origin_tangents.py": of_origins,
    "symback/autodiff/origins.py": of_origins,
    "symback/autodiff/steep.py": of_infinite,
    "symback/autodiff/still.py": of_infinite,
    "symback/autodiff/vanishing.py": of_infinite,
    "symback/autodiff/closed_forms.py": of_closed_forms,
    "symback/autodiff/factors.py": of_closed_forms,
    "symback/autodiff/matrices.py": of_closed_forms,
    "symback/autodiff/reverse.py": of_closed_forms,
    "symback/autodiff/updates.py": of_updates,
    "symback/truth/edges.py": of_looking,
    "symback/truth/sides.py": of_sides,
    **dict.fromkeys(modules("symback/codegen/numpy/*kernels.py"), of_special_kernels),
    "symback/codegen/numpy/kernels.py": of_kernels,
    "symback/codegen/numpy/series_kernels.py": of_series,
    "symback/codegen/numpy/edge_kernels.py": of_edge_kernels,
    "symback/codegen/numpy/array_kernels.py": of_array_kernels,
    **dict.fromkeys(STABLE, of_rewriting),
}
"""Which cases judge the mutants of each file."""
