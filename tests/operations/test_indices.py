"""Rows that whole numbers from data choose: embeddings, picks of labels, neighbours in graphs."""

import numpy as np
import pytest

import symback as sb
from symback.check import check_module
from symback.errors import SymbackError
from tests.cases.array_circuits import ROWS
from tests.cases.one_in import one_in

TARGETS = ("numpy", "c")
EVERY = ("jvp", "hessp", "hessian", "jacobian", "bind", "per_sample")


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("text", one_in(8, ROWS))
def test_modules_agree_with_sympy(text, target):
    circuit = sb.circuit(text)
    assert sb.circuit(str(circuit)) == circuit
    functions = EVERY if not circuit.output.shape else ()
    module = circuit.compile(target=target, functions=functions)
    report = check_module(circuit, module, points=20)
    assert report.passed, str(report)
    module.check_gradients()


@pytest.mark.parametrize("target", TARGETS)
class TestOfEmbeddings:
    E = np.arange(6.0).reshape(3, 2)

    def module(self, target):
        return sb.circuit(ROWS[0]).compile(target=target)

    def test_rows_and_their_sums(self, target):
        m = self.module(target)
        params, inputs = m.Params(self.E, np.array([1.0, 2])), m.Inputs(np.array([2, 0, 2, 1]))
        value, cache = m.forward(params, inputs)
        assert value.tolist() == [14.0, 2.0, 14.0, 8.0]
        bars, of_inputs = m.backward(params, inputs, cache, np.array([1.0, 10, 100, 1000]))
        assert bars.E.tolist() == [[10, 20], [1000, 2000], [101, 202]]
        assert of_inputs.i.tolist() == [0.0] * 4

    @pytest.mark.parametrize(
        ("index", "why"),
        [
            ([0, 3], "i is 3 in sample 1; expected a whole number from 0 to 2"),
            ([-1, 0], "i is -1 in sample 0"),
            ([0, 1.5], "i is 1.5 in sample 1"),
            ([np.nan, 0], "i is nan in sample 0"),
            (3, "i is 3; expected"),
        ],
    )
    def test_what_is_outside_is_named(self, target, index, why):
        m = self.module(target)
        with pytest.raises(ValueError, match=why):
            m.forward(m.Params(self.E, np.ones(2)), m.Inputs(np.array(index, float)))

    def test_single_precision_stays(self, target):
        m = self.module(target)
        params = m.Params(self.E.astype(np.float32), np.ones(2, np.float32))
        inputs = m.Inputs(np.array([2, 0], np.float32))
        value, cache = m.forward(params, inputs)
        assert value.dtype == np.float32
        assert m.backward(params, inputs, cache)[0].E.dtype == np.float32


def test_training_finds_an_embedding():
    rng = np.random.default_rng(0)
    i, truth = rng.integers(4, size=300), np.array([1.0, -2, 0.5, 3])
    from symback.training import train_from_file

    circuit = sb.circuit("i: int; b: param[4]; y: target; f = b[i]; l: loss = (f - y)**2/2")
    data = {"i": i.astype(float), "y": truth[i]}
    found = train_from_file(circuit, data, optimiser="lbfgs", validation=0.0, quiet=True)
    assert np.allclose(found.params.b, truth, atol=1e-6)
    with pytest.raises(SymbackError, match="i is 10 in sample 0"):
        train_from_file(circuit, {"i": i + 7.0, "y": truth[i]}, quiet=True)


def test_a_derivation_has_the_sums_of_segments():
    c = sb.circuit("i: int[m]; v: param[m]; w: param[n]; f = dot(segment_sum(v, i, n), w)")
    assert sb.circuit(c.source.replace("v, i, n", "v, i, num_segments=n")) == c
    derivation = c.partial("f", "v")
    assert "each part gets the row at its index" in str(derivation)
    assert "f_1 = segment_sum(v, i, n)" in str(derivation)
    shown = str(derivation.at(i=[1, 0, 1], v=[1, 2, 3], w=[5, 7]))
    assert "f_1 = [2, 4]" in shown and "[7, 5, 7]" in shown
    latex = sb.circuit("w: param[n]; f = dot(w, zeros(n) + w)").derive("f").to_latex()
    assert r"\operatorname{segment\_sum}" in derivation.to_latex()
    assert "zeros" not in latex.replace(r"\operatorname{zeros}", "")


def test_a_derivation_has_the_rows_and_where_they_are_added():
    derivation = sb.circuit(ROWS[0]).partial("f", "E")
    assert "each row gets the sum over its indices" in str(derivation)
    shown = str(derivation.at(i=1, E=[[1, 2], [3, 4]], u=[5, 6]))
    assert "39" in shown and "[[0, 0], [5, 6]]" in shown
    with pytest.raises(SymbackError, match="'i' is an index: give whole numbers from 0 to 1"):
        derivation.at(i=2, E=[[1, 2], [3, 4]], u=[5, 6])


def test_an_index_from_data_chooses_in_a_list():
    module = sb.circuit("f = [x, 2*x, x**2][i]", loss=None).compile()
    inputs = module.Inputs(x=np.full(3, 3.0), i=np.array([0, 1, 2]))
    value, cache = module.forward(module.Params(), inputs)
    assert value.tolist() == [3.0, 6.0, 9.0]
    assert module.backward(module.Params(), inputs, cache)[1].x.tolist() == [1.0, 2.0, 6.0]


@pytest.mark.parametrize("target", TARGETS)
def test_sums_of_segments_and_the_rows_that_their_slopes_are(target):
    text = "i: int[3]; V: param[3, 2]; w: input[4, 2]; f = sum(segment_sum(V, i, 4)*w)"
    m = sb.circuit(text, loss=None).compile(target=target)
    params = m.Params(np.array([[1.0, 2], [3, 4], [5, 6]]))
    w = np.arange(8.0).reshape(4, 2)
    value, cache = m.forward(params, m.Inputs(np.array([3, 0, 3]), w))
    assert value == 3 * 0 + 4 * 1 + (1 + 5) * 6 + (2 + 6) * 7  # by hand; rows 1 and 2 have no part
    bars, of_inputs = m.backward(params, m.Inputs(np.array([3, 0, 3]), w), cache)
    assert bars.V.tolist() == [[6, 7], [0, 1], [6, 7]]
    assert of_inputs.w.tolist() == [[3, 4], [0, 0], [0, 0], [6, 8]]
    for index, why in (([0, 4, 1], "i is 4"), ([0.5, 0, 0], "i is 0.5"), ([-1, 0, 0], "i is -1")):
        with pytest.raises(ValueError, match=f"{why}.*expected a whole number from 0 to 3"):
            m.forward(params, m.Inputs(np.array(index, float), w))


REFUSED = [
    ("i: int[m]; v: param[k]; f = sum(segment_sum(v, i, 3))", "a value for each index"),
    ("i: int[m]; f = sum(segment_sum(2, i, 3))", "write v*ones(…) for the same one"),
    ("i: int[m]; v: param[m]; f = sum(segment_sum(v, 2*i, 3))", "i is a leaf, i: int[m]"),
    ("i: int[m]; v: param[m]; f = sum(segment_sum(v, i))", "one number of segments"),
    ("i: int[m]; v: param[m]; f = sum(segment_sum(v, i, 3, num_segments=3))", "one number of"),
    ("i: int[m]; v: param[m]; f = sum(segment_sum(v, i, 2.5))", "a size is a whole number"),
    ("i: int; E: param[v, d]; f = sum(E[:, i])", "stands alone and first"),
    ("x: input[3]; a = x[0]*2; E: param[4]; f = E[a]", "'a' is computed"),
    ("x: input[3]; a = x[0]*2; E: param[4]; f = take(E, a)", "i is a leaf"),
    ("i: param; E: param[4]; f = E[i]", "the index 'i' is a parameter"),
    ("i: int; e: param; f = e[i]", "index in [ ] needs arrays"),
]


@pytest.mark.parametrize(("text", "why"), REFUSED)
def test_what_is_refused(text, why):
    with pytest.raises(SymbackError) as caught:
        sb.circuit(text)
    assert why in str(caught.value)


@pytest.mark.parametrize("rows, is_named", [("2", False), ("k", True)])
def test_sizes_have_a_name_where_an_index_needs_them(rows, is_named, tmp_path):
    """Where they have none, a checker finds no name that is not used."""
    c = sb.circuit(f"i: int; W: param[{rows}, 3]; f: output = sum(W[i]**2)", loss=None)
    path = tmp_path / "rows.py"
    c.generate(path)
    assert ("    sizes = _sizes((" in path.read_text(encoding="utf-8")) == is_named
