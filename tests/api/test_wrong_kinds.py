"""Arguments of another kind end in a sentence that names them, in every public function."""

import inspect
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import sympy

import symback as sb
from symback import api
from symback.check.check import check_file, check_module
from symback.circuits.arguments import ELSEWHERE, KINDS
from symback.errors import SymbackError
from symback.training import summary, train_from_file

C = sb.circuit("f = x1 - sigma(w3*x3 + w4*x4)")
D = C.partial("f", "w3")
LINE = sb.circuit("f = w*x + b")
DATA = {"x": [0.0, 1, 2, 3], "y": [1.0, 3, 5, 8]}
# a call that is right; one argument of it is then replaced
CALLS = {
    "circuit": (sb.circuit, {"text": "f = w*x"}),
    "update": (sb.update, {"name": "sgd"}),
    "from_sympy": (sb.Circuit.from_sympy, {"expr": sympy.Symbol("w")}),
    "partial": (C.partial, {"of": "f"}),
    "fit": (sb.fit, {"circuit": LINE, "data": DATA}),
    "train_from_file": (train_from_file, {"circuit": LINE, "data_path": DATA, "quiet": True}),
    "summary": (summary, {}),
    "check_module": (check_module, {"circuit": LINE, "module": LINE.compile()}),
    "check_file": (check_file, {"path": "m.py"}),
    "answer": (D.quiz("steps").answer, {"given": "x3"}),
    **{
        name: (getattr(C, name), {})
        for name in ("gradient", "jacobian", "hessian", "derive", "draw", "to_dot")
    },
    **{name: (getattr(C, name), {}) for name in ("generate", "code", "compile", "check")},
    **{
        f"derivation.{name}": (getattr(D, name), {})
        for name in ("to_text", "step", "why", "path", "paths", "to_latex", "quiz")
    },
    **{
        f"update.{name}": (getattr(sb.update("adam"), name), {})
        for name in ("to_text", "generate", "compile")
    },
}
TEXTS = [3, 0.5, b"a", [], ["a"], {}, {"a"}, object(), np.array([1.0]), np.array(2), Path("a"), int]
NAMES = [3, 0.5, 1j, b"a", [3], [None], {1: 2}, object(), np.array([1.0]), np.array(2), len]
FLAGS = [2, 0.5, "no", "", None, [], [1], {}, object(), np.array([True, False]), np.array([])]
NUMBERS = [0.5, 2.0, "3", True, [], [1], {}, object(), np.array([1, 2]), 1j, float("nan")]
MAPPINGS = [3, "a", "w=1", b"a", [], [1], [("w", 1)], {1: 2}, {None: 1}, object(), np.array([1.0])]
FILES = [3, 0.5, b"a", [], ["a"], {}, object(), np.array(["a"]), len]
WRONG = {
    "str": TEXTS,
    "View": TEXTS,
    "Detail": TEXTS,
    "Style": TEXTS,
    "Literal['partials', 'rules', 'steps']": TEXTS,
    "str | None": TEXTS,
    "str | Iterable[str]": [None, *NAMES],
    "str | Iterable[str] | None": NAMES,
    "Iterable[str] | None": NAMES,
    "bool": FLAGS,
    "int": [None, *NUMBERS],
    "int | None": NUMBERS,
    "str | os.PathLike[str]": [None, *FILES],
    "str | os.PathLike[str] | None": FILES,
    "Mapping[str, Any] | None": MAPPINGS,
    "Mapping[str, float] | None": MAPPINGS,
    "Mapping[str, int] | None": MAPPINGS,
    "Mapping[str, str] | None": MAPPINGS,
    "Mapping[str, Sequence[float]] | None": MAPPINGS,
    "Circuit": ["f = w*x", None, 3, object(), {}],
    "ModuleType": ["m.py", None, 3, object(), {}],
    "Result": ["a", None, 3, {}],
    "EngineMaker | None": [2, "a", {}],
}
OWN = {name for kind in (api.Circuit, api.Derivation, api.Update) for name in vars(kind)} - {
    *("at", "__init__", "__getitem__", "_repr_pretty_", "__eq__", "__setattr__", "__delattr__"),
}
ARGUMENTS = [
    (call, name, parameter.annotation)
    for call, (function, _) in CALLS.items()
    for name, parameter in inspect.signature(function).parameters.items()
    if parameter.annotation in WRONG
]


@pytest.mark.parametrize(("call", "name", "annotation"), ARGUMENTS, ids=lambda value: str(value))
def test_what_is_of_another_kind_is_refused_by_name(call, name, annotation):
    function, given = CALLS[call]
    is_star = inspect.signature(function).parameters[name].kind is inspect.Parameter.VAR_POSITIONAL
    for value in WRONG[annotation]:
        with pytest.raises(SymbackError) as caught:
            function(value) if is_star else function(**{**given, name: value})
        message = str(caught.value)
        assert len(message) <= 200 and " object at " not in message
        if annotation != "Iterable[str] | None":  # "a list of names was expected"
            assert message.startswith((f"{name} is ", f"the {name} is ")), message


def test_every_argument_of_what_users_call_has_a_kind():
    functions = [f for f, _ in CALLS.values()]
    for function in functions:
        assert hasattr(function, "__wrapped__") or function.__name__ == "answer"
        for name, parameter in inspect.signature(function).parameters.items():
            is_known = parameter.annotation in {*KINDS, *ELSEWHERE}
            assert is_known or parameter.annotation is inspect.Parameter.empty, (function, name)
    assert {*WRONG} == {*KINDS, "Iterable[str] | None"}
    tried = {function.__qualname__ for function in functions}
    for kind, name in product((api.Circuit, api.Derivation, api.Update), OWN):
        method = getattr(kind, name, None)
        if inspect.isfunction(method) and [*inspect.signature(method).parameters][1:]:
            assert method.__qualname__ in tried, method


def test_names_come_as_texts_nodes_or_symbols():
    w3 = sympy.Symbol("w3")
    for name in ("w3", w3, C["w3"], np.str_("w3")):
        assert C.partial("f", name) == D
        assert C.jacobian(wrt=name) == C.jacobian(wrt=[name]) == C.jacobian(wrt="w3")
    assert C.draw(at={w3: 1, "x3": 2}) == C.draw(at={"w3": 1, "x3": 2})
    assert C.draw(at={"w3": 1, "x3": 2}) != C.draw()


def test_a_set_has_the_order_of_the_alphabet():
    names = {"w4", "x1", "w3", "x4", "x3"}
    assert C.jacobian(wrt=names) == C.jacobian(wrt=sorted(names))
    assert [*sb.circuit("f = a*c*b*x", params={"c", "b", "a"}).params] == [
        *sb.circuit("f = a*c*b*x", params=["a", "b", "c"]).params
    ]
    assert C.generate(functions={"jacobian", "bind", "hessian"}) == C.generate(
        functions=["hessian", "jacobian", "bind"]
    )


def test_flags_and_whole_numbers_of_numpy_are_those_of_python():
    assert C.gradient(expand=np.True_)["w3"] == C.gradient(expand=1)["w3"]
    assert C.derive(order=np.int64(2)) == C.derive(order=2)
    assert D.step(np.int8(2)).__class__ is D.step(2).__class__


@pytest.mark.parametrize("name", ["q" * 500 + ".py", "a/" * 3000 + "m.py"])
def test_names_of_files_that_are_too_long_are_refused(name):
    for call in (lambda: C.generate(name), lambda: check_file(name), lambda: C.draw(path=name)):
        with pytest.raises(SymbackError):
            call()
    with pytest.raises(SymbackError, match="is not a file name"):
        C.draw(path=name.replace(".py", ".svg"))


def test_fixed_values_hold_beside_starting_values_of_any_kind():
    begun = {"w": 1.0, "b": 2.0}
    params = LINE.compile().Params(**begun)
    for initial in (begun, params, params._asdict()):
        found = sb.fit(LINE, DATA, initial=initial, fixed={"w": 3.0})
        assert found.fixed == {"w": 3.0} and found.params.w == 3


NO_NUMBERS = [None, "a", "", b"x", 1j, [1.0], [], {}, object(), np.array([1.0, 2.0]), 10**400, len]


@pytest.mark.parametrize("value", NO_NUMBERS, ids=lambda value: type(value).__name__)
def test_values_in_mappings_are_numbers(value):
    point = {"w": 1.0, "x": 2.0, "b": 0.0}
    with pytest.raises(SymbackError, match=r"^'w' takes a number, not "):
        LINE.draw(at={**point, "w": value})
    with pytest.raises(SymbackError, match=r"^'w' takes a number, not "):
        LINE.draw(at=point, tangents={"w": value})
    for option in ("initial", "fixed", "bounds")[: 3 - isinstance(value, np.ndarray)]:  # a pair
        with pytest.raises(SymbackError, match=r"\bw\b"):
            sb.fit(LINE, DATA, **{option: {"w": value}})


@pytest.mark.parametrize(
    "value",
    [None, "3", 0, -1, 1.5, [3], {}, object(), 1j],
    ids=lambda value: type(value).__name__ + str(value)[:3],
)
def test_sizes_of_a_fit_are_whole_numbers(value):
    circuit = sb.circuit("x: input[d]; y: target; W: param[k, d]; v: param[k]\nf = v @ tanh(W @ x)")
    with pytest.raises(SymbackError, match=r"the size k is .*; it must be a whole number"):
        sb.fit(circuit, {"x": np.ones((9, 2)), "y": np.ones(9)}, sizes={"k": value})


@pytest.mark.parametrize("count", [1, 3, 5])
def test_weights_are_as_many_as_rows(count):
    with pytest.raises(SymbackError, match=rf"'q' has {count} weights for 4 rows"):
        sb.fit(LINE, {**DATA, "q": np.ones(count)}, weights="q")
