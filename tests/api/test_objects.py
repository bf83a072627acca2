"""What users hold are values: they can be pickled, copied, compared, replaced and shown."""

from __future__ import annotations

import copy
import itertools
import pickle
from dataclasses import FrozenInstanceError, fields, is_dataclass, replace

import numpy as np
import pytest

import symback as sb
from symback import api
from symback.autodiff import updates
from symback.derivation.derive import derive
from symback.language import parse

L6B = "f = x1 - sigma(w3*x3 + w4*x4)"
ARRAYS = "x: input[d]; t: target[k]; W: param[k, d]\nz = W @ x\nE: loss = cross_entropy(z, t)"
POINT = {"x1": 1.0, "x3": 2.0, "x4": -1.0, "w3": 0.5, "w4": 3.0}
AT = {"x": np.array([0.5, -1.0]), "t": [0, 1], "W": [[0.25, 3.0], [-1.0, 0.5]]}
MAKERS = {
    "circuit": (lambda: sb.circuit(L6B), api.Circuit),
    "circuit as typed": (lambda: sb.circuit("f = 1/(1 + exp(-x))").as_typed(), api.Circuit),
    "circuit of arrays": (lambda: sb.circuit(ARRAYS), api.Circuit),
    "circuit from SymPy": (
        lambda: sb.Circuit.from_sympy(sb.circuit(L6B).output.expr),
        api.Circuit,
    ),
    "derivation": (lambda: sb.circuit(L6B).derive(), api.Derivation),
    "one partial": (lambda: sb.circuit(L6B).partial("f", "w3"), api.Derivation),
    "adjoints": (lambda: sb.circuit(L6B).derive(view="accumulation"), api.Derivation),
    "numbers": (lambda: sb.circuit(L6B).derive().at(**POINT), api.Derivation),
    "derivation of arrays": (lambda: sb.circuit(ARRAYS).derive("E"), api.Derivation),
    "numbers of arrays": (lambda: sb.circuit(ARRAYS).derive("E").at(**AT), api.Derivation),
    "gradient": (lambda: sb.circuit(L6B).gradient(), api.Gradient),
    "gradient over leaves": (lambda: sb.circuit(L6B).gradient(expand=True), api.Gradient),
    "gradient of arrays": (lambda: sb.circuit(ARRAYS).gradient("E"), api.Gradient),
    "update": (lambda: sb.update("adam"), api.Update),
    "update with decay": (lambda: sb.update("sgd", decay=True), api.Update),
}
COPIES = {
    "pickle": lambda thing: pickle.loads(pickle.dumps(thing)),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "replace": replace,
}
DATA = [name for name, (_, kind) in MAKERS.items() if is_dataclass(kind)]


def shown(thing) -> list[str]:
    """All that users see of an object."""
    texts = [str(thing), repr(thing)]
    for name in ("to_text", "to_latex", "to_markdown", "to_json", "generate"):
        if hasattr(thing, name):
            texts.append(getattr(thing, name)())
    return texts


@pytest.fixture(scope="module", params=MAKERS, ids=MAKERS)
def made(request):
    make, kind = MAKERS[request.param]
    return make(), make, kind


@pytest.mark.parametrize("way", COPIES, ids=COPIES)
def test_a_copy_is_equal_of_the_same_class_and_shows_the_same(made, way):
    thing, _, kind = made
    if way == "replace" and not is_dataclass(kind):
        with pytest.raises(TypeError):
            replace(thing)
        return
    again = COPIES[way](thing)
    assert type(again) is type(thing) is kind
    assert again == thing and thing == again
    assert shown(again) == shown(thing)


def test_what_is_made_twice_is_equal(made):
    thing, make, _ = made
    assert thing == make()
    assert shown(thing) == shown(make())


def test_equal_ones_have_one_hash(made):
    thing, make, kind = made
    if kind is api.Gradient:  # a mapping, as dict is
        with pytest.raises(TypeError, match="unhashable"):
            hash(thing)
        return
    assert hash(thing) == hash(make()) == hash(COPIES["pickle"](thing))
    assert len({thing, make(), COPIES["pickle"](thing)}) == 1


def test_different_ones_are_not_equal():
    things = {name: make() for name, (make, _) in MAKERS.items() if name != "circuit from SymPy"}
    for one, other in itertools.combinations(things, 2):
        assert things[one] != things[other], (one, other)
    assert all(thing != name for name, thing in things.items())


@pytest.mark.parametrize("name", DATA, ids=DATA)
def test_fields_can_be_replaced_but_not_set(name):
    thing = MAKERS[name][0]()
    for field in fields(thing):
        if field.init:
            same = replace(thing, **{field.name: getattr(thing, field.name)})
            assert same == thing and type(same) is type(thing)
        with pytest.raises(FrozenInstanceError):
            setattr(thing, field.name, None)


def test_a_changed_field_makes_another_object():
    derivation = MAKERS["numbers"][0]()
    assert replace(derivation, values={}) == sb.circuit(L6B).derive() != derivation
    circuit = sb.circuit("u = w*x, f = u**2", loss=None)
    other = replace(circuit, output=circuit["u"])
    assert other != circuit and isinstance(other, sb.Circuit)
    assert other.gradient() != circuit.gradient()


@pytest.mark.parametrize(
    ("low", "high"),
    [
        (parse.circuit(L6B), sb.circuit(L6B)),
        (derive(parse.circuit(L6B), None, None, view="paths"), sb.circuit(L6B).derive()),
        (updates.update("adam"), sb.update("adam")),
    ],
    ids=["circuit", "derivation", "update"],
)
def test_comparing_with_the_data_class_below_has_one_answer(low, high):
    assert (low == high) == (high == low)
    assert low != high or hash(low) == hash(high)


# -- what is shown --------------------------------------------------------------------------------


def test_the_text_of_a_circuit_reads_back_equal():
    for name, (make, kind) in MAKERS.items():
        if kind is api.Circuit and name != "circuit as typed":  # which text does not say
            assert sb.circuit(str(make())) == make()


def test_representations(made):
    thing, _, kind = made
    text = repr(thing)
    assert " object at 0x" not in text and text
    if kind is api.Gradient:
        assert text.splitlines() == [f"∂{thing.of}/∂{name} = {thing[name]}" for name in thing]
    elif kind is api.Update:
        assert text.startswith(f"<update {thing.name}: ") and "theta_next" in text
    else:
        assert text.startswith(f"{kind.__name__}(")
        names = [f.name for f in fields(thing) if f.repr]
        assert names and all(f"{name}=" in text for name in names)


# -- the reader's place ---------------------------------------------------------------------------


def test_the_place_of_a_reader_is_the_objects_own():
    one = sb.circuit(L6B).derive()
    one.step(4)
    copies = [one.at(**POINT), copy.copy(one), replace(one), pickle.loads(pickle.dumps(one))]
    for other in copies:
        assert other.next() == other.step(5)
        other.step(2)
    assert one.next() == one.step(5) and one.back() == one.step(4)
    assert hash(one) == hash(copies[1]) and one == copies[1]
