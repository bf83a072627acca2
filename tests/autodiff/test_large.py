"""Derivations of some thousand edges: grouped, short, verified, every step in the record."""

from __future__ import annotations

import json
import re

import pytest

import symback as sb
from symback.derivation.derive import MANY_EDGES
from symback.derivation.numbers.scalars import numbers_at
from symback.derivation.paths import MOST_LINKS
from symback.derivation.text.grouped import MOST_EDGES, MOST_GROUPS, is_large
from symback.derivation.text.normal import WIDTH
from tests.cases.one_in import one_in
from tests.cases.page_reader import Reader
from tests.cases.pictures import network

LOOP = (
    "x: input; w: param\nh[0] = 1/2\n"
    "for t in range(1, {turns}):\n    h[t] = sigma(w*h[t-1]) + h[t-1]*x\nf = h[{last}]"
)
LARGE = {
    "network": network(27, 20, 20),
    "loop": LOOP.format(turns=321, last=320),
    "deep": "a0 = w*x\n" + "\n".join(f"a{i} = tanh(a{i - 1})*w" for i in range(1, 600)),
}


@pytest.fixture(scope="module", params=one_in(3, LARGE))
def large(request):
    derivation = sb.circuit(LARGE[request.param]).derive()
    assert len(derivation.walk.edges) > MANY_EDGES
    return derivation


@pytest.mark.slow
def test_every_step_is_there_and_verified(large):
    assert large.verified
    edges = {s.edge for s in large.steps if s.edge}
    assert edges == {(e.node, e.operand) for e in large.walk.edges if e.operand != "h_0"}
    last = {s.left: s for s in large.steps if not isinstance(s.left, str)}
    assert {(large.of, name) for name in large.wrt} <= last.keys()


@pytest.mark.slow
def test_text_is_grouped_and_says_what_is_left_out(large):
    text = large.to_text()
    assert len(text.splitlines()) < 150
    assert max(map(len, text.splitlines())) <= WIDTH
    assert "--wrt NAME" in text and "--detail full" in text
    edges = sum(1 for s in large.steps if s.edge)
    assert re.search(rf"^Edges, with their local partials, {edges} in \d+ groups$", text, re.M)
    assert len(large.to_text(ascii=True).encode("ascii")) > 0


def test_a_name_that_is_asked_for_is_shown():
    circuit = sb.circuit(LARGE["network"])
    text = circuit.partial("f", "w700").to_text()
    assert "∂f/∂w700 = " in text and "more partials" not in text


@pytest.mark.slow
def test_accumulation_is_grouped_too():
    derivation = sb.circuit(LARGE["loop"]).derive().accumulation()
    text = derivation.to_text()
    assert "Backward pass, with δv = ∂f/∂v" in text
    assert len(text.splitlines()) < 100


def test_the_page_is_folded_and_keeps_every_step(large):
    text = large.to_html()
    page = Reader(text)
    assert sorted(number for number, _ in page.steps) == [s.id for s in large.steps]
    folded = text.count('<details class="group">')
    assert 3 < folded <= 3 * MOST_GROUPS
    assert len(text) < 6_000_000
    data = json.loads(re.search(r'id="page-data">(.*?)</script>', text, re.S)[1])
    assert len(data["steps"]) == len(large.steps)


def test_json_has_every_step(large):
    content = json.loads(large.to_json())
    assert len(content["steps"]) == len(large.steps)
    assert set(content["results"]) == set(large.wrt)


@pytest.mark.parametrize("turns", [3, pytest.param(200, marks=pytest.mark.slow)])
def test_closed_forms_with_named_adjoints_have_the_value_of_the_adjoint(turns):
    circuit = sb.circuit(LOOP.format(turns=turns + 1, last=turns))
    derivation = circuit.derive()
    at = {"x": 0.5, "w": 0.8}
    numbers = numbers_at(derivation.walk, at)
    values = dict(numbers.values) | {f"{n}_bar": v for n, v in numbers.adjoints.items()}
    assert derivation.wrt
    for name in derivation.wrt:
        closed = derivation.closed[name]
        found = closed.subs({s: values[s.name] for s in closed.free_symbols})
        assert float(found.evalf()) == pytest.approx(numbers.adjoints[name], rel=1e-10, abs=0)


def test_small_derivations_are_not_grouped():
    small = sb.circuit("\n".join(["f = " + " + ".join(f"w{i}*x{i}" for i in range(60))])).derive()
    assert not is_large(small)
    assert "more, up to" not in small.to_text()
    assert sum(1 for s in small.steps if s.edge) < MOST_EDGES


@pytest.mark.slow
def test_a_chain_is_listed_while_it_is_short():
    short = sb.circuit("a0 = w*x\n" + "\n".join(f"a{i} = sin(a{i - 1})" for i in range(1, 100)))
    paths = short.derive().paths("x")
    assert paths is not None and len(paths[0]) == 100 < MOST_LINKS
    long = sb.circuit("a0 = w*x\n" + "\n".join(f"a{i} = sin(a{i - 1})" for i in range(1, 1200)))
    assert long.derive().paths("x") is None


@pytest.mark.slow
def test_closed_forms_of_very_many_leaves_are_those_of_few(monkeypatch):
    """Simplified form by form, they are what each is by itself."""
    lines = [
        f"n{i} = " + " + ".join(f"w{i}_{j}*x{j}" for j in range(10)) + f" + b{i}" for i in range(12)
    ]
    lines += [f"h{i} = {f}(n{i})*exp(-n{i}**2)/b{i}" for i, f in enumerate(["tanh", "sin"] * 6)]
    circuit = sb.circuit("\n".join([*lines, "f = " + "*h".join(["h0", *map(str, range(1, 12))])]))
    together = circuit.gradient()
    monkeypatch.setattr("symback.autodiff.closed_forms.MOST_BY_ITSELF", 10**6)
    alone = circuit.gradient()
    assert len(together) > 100
    assert {name: together[name] for name in together} == {name: alone[name] for name in alone}
