"""What judges a mutant: the check, the derivations' own verification, and the tests of the tables.

A case is one small question about one or a few operations. It holds by returning, and fails by
any exception. Cases import symback when they run, so that they see the mutant.
"""

from __future__ import annotations

import importlib
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

POINTS = 20


@dataclass(frozen=True)
class Case:
    """One question; `words` are the operations that it is about."""

    name: str
    words: frozenset[str]
    run: Callable[[], None]
    reads: bool = False  # whether it looks at code that it does not call

    def __call__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            self.run()


SIGNS = {
    "@": "matmul matvec",
    ".T": "transpose",
    "[": "slice",
    "None": "expand last",
    "sum(": "reduce sum",
    "max(": "reduce max argmax mask",
    "min(": "reduce min argmax mask",
    "norm(": "normalized",
    "cross_entropy(": "sparse one hot",
    "layer_norm(": "rsqrt variance",
    "**": "power pow square",
    "/": "product",
    "*": "product monomial times",
    "where(": "choice",
}
"""What circuit text writes as signs, and the names of the rules behind it."""


def words_of(text: str) -> frozenset[str]:
    """Names in a text in lower case, without underscores."""
    named = " ".join(names for sign, names in SIGNS.items() if sign in text)
    return frozenset(re.findall(r"[a-z0-9]+", f"{text} {named}".replace("_", " ").lower()))


def case(name: str, about: str, run: Callable[..., None], *args: Any) -> Case:
    return Case(name, words_of(about), lambda: run(*args))


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


def of_numbers() -> Iterator[Case]:
    from tests.cases import sample_circuits

    for name, text in sample_circuits.ALL.items():
        yield case(f"check {name}", text, check, text)
        yield case(f"derive {name}", text, derive, text)
    yield from of_partials()


def of_arrays() -> Iterator[Case]:
    from tests.cases import array_cases, array_circuits

    for name, text in {**array_circuits.CIRCUITS, **ARRAYS}.items():
        yield case(f"check {name}", text, check, text)
        yield case(f"derive {name}", text, derive, text)
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


# -- the tests of the tables ---------------------------------------------------------------------


def of_partials() -> Iterator[Case]:
    """Partials of every operation by SymPy's diff and by numbers, kinks, and gates by hand."""
    from tests.autodiff import test_partials as tests

    for name in tests.CASES:
        yield case(f"partials of {name}", name, partials, name)
        yield case(f"sign of {name}", f"{name} is positive negative nonnegative", sign, name)
    for i, (name, *_) in enumerate(tests.KINKS):
        yield case(f"kink {i} of {name}", f"{name} larger half", at_kink, i)
    for i, (text, *_) in enumerate(tests.GATES):
        yield case(f"gate {text}", text, gate, i)
    for mark in tests.test_own_functions_differentiate_as_their_meaning_does.pytestmark:
        for i, head in enumerate(mark.args[1]):
            yield case(f"{head.__name__} in SymPy", head.__name__, own_function, i)
    for i, (name, *_) in enumerate(tests.SIZES):
        yield case(f"size {i} of {name}", f"{name} size", size, i)
    yield case("forms", "sinc prime exact expand slopes elementary", forms)
    yield replace(case("tables", "kinks abs sign relu", tables), reads=True)
    yield case("value reused", "power monomial product", value_reused)


def of_gates() -> Iterator[Case]:
    """What each edge of a gate is and gives, beside the partials of every operation."""
    from tests.autodiff import test_partials as tests

    yield from of_partials()
    for i, (text, _) in enumerate(tests.EDGES):
        yield case(f"edges of {text}", text, edges, i)
    for i, text in enumerate(tests.OF_ARRAYS):
        yield case(f"contributions in {text}", text, contributions, i)
    for name in (
        "test_partials_reuse_the_value",
        "test_what_is_kept_is_used",
        "test_a_factor_goes_into_the_branches",
        "test_operations_on_arrays_reuse_the_value",
    ):
        yield case(
            name, "power contribution slope times", every, "tests.autodiff.test_partials", name
        )


def edges(i: int) -> None:
    from tests.autodiff import test_partials as tests

    tests.test_edges_of_gates(*tests.EDGES[i])


def contributions(i: int) -> None:
    from tests.autodiff import test_partials as tests

    tests.test_contributions_are_those_of_sympy(tests.OF_ARRAYS[i])


def partials(name: str) -> None:
    import mpmath as mp

    from tests.autodiff import test_partials as tests
    from tests.cases.independent import DIGITS

    with mp.workdps(DIGITS):
        for at in tests.CASES[name]:
            tests.test_local_partials_are_those_of_sympy(name, at)
            tests.test_local_partials_are_the_slopes_of_the_textbook_function(name, at)
        tests.test_the_elementary_form_is_the_textbook_function(name)
        tests.test_the_row_states_the_partials(name)
        tests.test_another_number_of_operands_is_refused(name)


def sign(name: str) -> None:
    from tests.autodiff import test_partials as tests

    tests.test_what_a_function_states_of_its_sign_holds(name)


def at_kink(i: int) -> None:
    import mpmath as mp

    from tests.autodiff import test_partials as tests
    from tests.cases.independent import DIGITS

    with mp.workdps(DIGITS):
        tests.test_kinks_follow_the_documented_convention(*tests.KINKS[i])


def gate(i: int) -> None:
    import mpmath as mp

    from tests.autodiff import test_partials as tests
    from tests.cases.independent import DIGITS

    with mp.workdps(DIGITS):
        tests.test_gates_by_hand(*tests.GATES[i])


def own_function(i: int) -> None:
    from tests.autodiff import test_partials as tests

    (mark,) = tests.test_own_functions_differentiate_as_their_meaning_does.pytestmark
    tests.test_own_functions_differentiate_as_their_meaning_does(mark.args[1][i])


def size(i: int) -> None:
    import mpmath as mp

    from tests.autodiff import test_partials as tests
    from tests.cases.independent import DIGITS

    with mp.workdps(DIGITS):
        tests.test_sizes_of_what_cancels(*tests.SIZES[i])


def forms() -> None:
    from tests.autodiff import test_partials as tests

    tests.test_sinc_at_0()
    tests.test_the_elementary_form_reaches_every_part()
    tests.test_forms_for_people_have_quotients()
    tests.test_floats_are_the_decimals_that_were_typed()


def tables() -> None:
    from tests.autodiff import test_partials as tests

    tests.test_every_operation_is_complete()


def value_reused() -> None:
    from tests.autodiff import test_partials as tests

    tests.test_a_partial_reuses_the_value()


def of_kernels() -> Iterator[Case]:
    """Every kernel: digits, limits, NaN, shapes, symmetries, and where its constants come from."""
    from tests.codegen.numpy import test_kernels as tests

    per_kernel = (
        tests.test_digits,
        tests.test_infinities,
        tests.test_nan_stays_where_it_is,
        tests.test_dtype_and_shape_are_kept,
    )
    for name in tests.KERNELS:
        for test in per_kernel:
            yield case(
                f"{test.__name__} {name}",
                name,
                every,
                "tests.codegen.numpy.test_kernels",
                test.__name__,
                name,
            )
        if name.endswith("_and_slope"):
            slopes = tests.test_slopes_are_those_of_the_slope_kernels
            yield case(
                f"{slopes.__name__} {name}",
                name,
                every,
                "tests.codegen.numpy.test_kernels",
                slopes.__name__,
                name,
            )
            memory = tests.test_results_share_no_memory
            yield case(
                f"{memory.__name__} {name}",
                name,
                every,
                "tests.codegen.numpy.test_kernels",
                memory.__name__,
                name,
            )
    whole = {
        tests.test_bounds_are_kept: "sigma erf erfc softplus logsigmoid",
        tests.test_symmetries_are_exact: "sigma tanh slope erf",
        tests.test_what_a_sum_has_lost_is_put_back: "gelu erfc slope",
        tests.test_smallest_and_largest: "smallest largest",
    }
    read = {
        tests.test_g_follows_from_its_derivation: "erf polynomial",
        tests.test_tails_follow_from_their_derivation: "tail slope powers gelu erfc gaussian",
        tests.test_the_zero_of_silu_slope: "silu slope",
    }
    for test, about in {**whole, **read}.items():
        one = case(test.__name__, about, every, "tests.codegen.numpy.test_kernels", test.__name__)
        yield replace(one, reads=test in read)


def of_array_kernels() -> Iterator[Case]:
    """What modules of arrays give, and the kernels themselves at the edges of their domains."""
    from tests.codegen.numpy import test_kernels as tests

    yield from of_arrays()
    for i, (name, *_) in enumerate(tests.AT_EDGES):
        yield replace(case(f"edge {i} of {name}", name, at_edge, i), reads=True)
    layouts = tests.test_layouts_of_arrays.__name__
    yield replace(
        case(layouts, "side by row", every, "tests.codegen.numpy.test_kernels", layouts), reads=True
    )


def at_edge(i: int) -> None:
    from tests.codegen.numpy import test_kernels as tests

    tests.test_kernels_of_arrays_at_edges(*tests.AT_EDGES[i])


def of_series() -> Iterator[Case]:
    """The same for kernels that sum a series or choose a form."""
    from tests.stable import test_stable as tests

    for name in tests.KERNELS:
        for test in (tests.test_kernels_keep_their_digits, tests.test_kernels_at_special_values):
            title = f"{test.__name__} {name}"
            yield case(title, name, every, "tests.stable.test_stable", test.__name__, name)
    for test in (
        tests.test_values_and_slopes_together_are_what_they_are_alone,
        tests.test_the_cross_entropy_of_sigma,
    ):
        yield case(
            test.__name__, "slope cross entropy", every, "tests.stable.test_stable", test.__name__
        )


def of_rewriting() -> Iterator[Case]:
    """What is rewritten, and to what; what is not; and that both forms are equal at points."""
    from tests.stable import test_stable as tests

    for table, test in (
        ("REWRITTEN", tests.test_naive_forms_are_rewritten),
        ("UNTOUCHED", tests.test_other_formulas_stay_as_they_are),
        ("PARTS", tests.test_what_stands_beside_is_kept),
        ("REASONS", tests.test_reasons_are_those_of_the_rules),
        ("THROUGH_NAMES", tests.test_rules_look_behind_names),
        ("ARRAYS", tests.test_arrays),
    ):
        for i, row in enumerate(vars(tests)[table]):
            title = row if isinstance(row, str) else row[0]
            yield case(f"{test.__name__} {title}", str(row), row_of, test.__name__, table, i)
    for name in (
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
        "test_the_cost_is_linear",
        "test_as_typed",
    ):
        yield case(name, name, whole_test, "tests.stable.test_stable", name)
    for seed in range(4):
        yield case(f"random circuit {seed}", "", random_circuit, seed)


def whole_test(module: str, name: str) -> None:
    """A test without parameters, with pytest's monkeypatch where it asks for it."""
    import inspect

    import pytest

    test = getattr(importlib.import_module(module), name)
    with pytest.MonkeyPatch.context() as patch:
        test(*[patch] * len(inspect.signature(test).parameters))


def row_of(name: str, table: str, i: int) -> None:
    from tests.stable import test_stable

    row = vars(test_stable)[table][i]
    getattr(test_stable, name)(*([row] if isinstance(row, str) else row))


def random_circuit(seed: int) -> None:
    from tests.stable import test_stable

    test_stable.test_random_circuits_keep_their_values(seed)


def every(module: str, name: str, kernel: str = "") -> None:
    """A test with all the parameters that its marks give."""
    import mpmath as mp

    test = getattr(importlib.import_module(module), name)
    runs: list[dict[str, Any]] = [{"name": kernel} if kernel else {}]
    for mark in getattr(test, "pytestmark", ()):
        if mark.name != "parametrize":
            continue
        names = [n.strip() for n in mark.args[0].split(",")]
        if kernel and names[0] == "name":
            continue
        values = [v if len(names) > 1 else (v,) for v in mark.args[1]]
        runs = [{**r, **dict(zip(names, v, strict=True))} for r in runs for v in values]
    with mp.workdps(60):
        for run in runs:
            test(**run)


BATTERIES = {
    "symback/operations/elementwise.py": of_numbers,
    "symback/operations/functions.py": of_numbers,
    "symback/autodiff/partials.py": of_gates,
    "symback/operations/vjp.py": of_arrays,
    "symback/codegen/numpy/kernels.py": of_kernels,
    "symback/codegen/numpy/series_kernels.py": of_series,
    "symback/codegen/numpy/array_kernels.py": of_array_kernels,
    "symback/stable/matching.py": of_rewriting,
    "symback/stable/logs.py": of_rewriting,
    "symback/stable/quotients.py": of_rewriting,
    "symback/stable/sums.py": of_rewriting,
    "symback/stable/rules.py": of_rewriting,
    "symback/stable/rewrite.py": of_rewriting,
    "symback/stable/proof.py": of_rewriting,
    "symback/stable/array_proof.py": of_rewriting,
}
"""Which cases judge the mutants of each file."""
