"""Formulas of arrays as people write them: NumPy's values, and the gradients that JAX has."""

import re

import numpy as np
import pytest

import symback as sb
from symback import errors
from tests.cases.array_words import SHAPES, TEXTS
from tests.cases.one_in import one_in

ALL = TEXTS.strip().splitlines()
NUMPYS = """
flip roll tile repeat squeeze expand_dims moveaxis swapaxes transpose diff cross hstack vstack
tensordot pad reshape ravel einsum sum mean max min prod cumsum cumprod var std where tril triu kron
exp sqrt stack
""".split()


def words(numpy) -> dict:
    """The words of the formulas, by NumPy or a library that has its words."""

    def softmax(a, axis=-1):
        return numpy.exp(a) / numpy.exp(a).sum(axis=axis, keepdims=True)

    return {
        **{name: getattr(numpy, name) for name in NUMPYS},
        "concat": numpy.concatenate,
        "norm": lambda a, **over: numpy.sqrt(numpy.sum(a**2, **over)),
        "softmax": softmax,
        "log_softmax": lambda a, axis=-1: numpy.log(softmax(a, axis)),
        "logsumexp": lambda a, **over: numpy.log(numpy.sum(numpy.exp(a), **over)),
    }


def evaluated(numpy, given: dict, texts: list[str]) -> list:
    """What Python makes of each formula; x[[0, 2]] of JAX takes an array."""
    arrays = [re.sub(r"\[(\[[-\d, ]+\])\]", r"[array(\1)]", text) for text in texts]
    names = {**words(numpy), **given, "array": numpy.array}
    return [numpy.ravel(eval(text, names)) for text in arrays]


def drawn() -> dict:
    rng = np.random.default_rng(7)
    found = {name: rng.normal(size=shape) for name, shape in SHAPES.items()}
    found["zeroed"][1] = 0
    return found


def in_one(texts: list[str]):
    """A module of formulas, whose output is a row of all their elements, and its arguments."""
    used = {name for text in texts for name in re.findall(r"\w+", text)}
    shapes = {name: shape for name, shape in SHAPES.items() if name in used}
    leaves = [f"{name}: param{list(shape) or ''}" for name, shape in shapes.items()]
    nodes = [f"z{i}: output = {text}" for i, text in enumerate(texts)]
    module = sb.circuit("\n".join([*leaves, *nodes]), loss=None).compile()
    given = drawn()
    return module, module.Params(**{name: given[name] for name in shapes}), module.Inputs()


@pytest.mark.parametrize("start", one_in(6, range(6)))
def test_values_are_numpys(start):
    texts = ALL[start::6]
    module, *arguments = in_one(texts)
    found, _ = module.forward(*arguments)
    assert len(ALL) > 90 and len(texts) > 14
    np.testing.assert_allclose(found, np.concatenate(evaluated(np, drawn(), texts)), 1e-12, 1e-12)


@pytest.mark.slow
def test_gradients_are_those_of_jax():
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    module, *arguments = in_one(ALL)
    found, cache = module.forward(*arguments)
    seed = np.random.default_rng(8).normal(size=found.shape)
    of_params, _ = module.backward(*arguments, cache, seed)
    _, back = jax.vjp(
        lambda given: jax.numpy.concatenate(evaluated(jax.numpy, given, ALL)), drawn()
    )
    (expected,) = back(jax.numpy.asarray(seed))
    for name in SHAPES:
        wanted = np.asarray(expected[name])
        np.testing.assert_allclose(
            getattr(of_params, name), wanted, 1e-10, 1e-10 * np.max(np.abs(wanted)), err_msg=name
        )


PYTORCHS = {
    "sum(x, dim=1)": "sum(x, axis=1)",
    "mean(x, dim=-1, keepdim=True)": "mean(x, axis=-1, keepdims=True)",
    "softmax(x, dim=0)": "softmax(x, axis=0)",
    "unsqueeze(x, 0)": "expand_dims(x, 0)",
    "unsqueeze(x, dim=-1)": "x[:, :, None]",
    "movedim(x, 0, 1)": "x.T",
    "concat((x, y), dim=1)": "concat(x, y, axis=1)",
}
LISTS = {
    "pad(x, [(1, 0), (0, 2)])": "pad(x, ((1, 0), (0, 2)))",
    "pad(x, [(1, 2)])": "pad(x, ((1, 2), (1, 2)))",
    "tensordot(x, y, axes=[(0, 1), (0, 1)])": "tensordot(x, y, axes=([0, 1], [0, 1]))",
    "reshape(x, [4, 3])": "reshape(x, (4, 3))",
    "transpose(x, [1, 0])": "transpose(x, (1, 0))",
    "zeros([3, 4]) + x": "zeros(3, 4) + x",
    "flip(x, [0, 1])": "flip(x, (0, 1))",
}
"""Lists, of tuples too, mean what tuples mean, as in NumPy."""


@pytest.mark.parametrize("text", [*PYTORCHS, *LISTS])
def test_spellings_of_peers_are_read(text):
    read, plain = (
        sb.circuit(f"x: param[3, 4]; y: param[3, 4]\nf: output = {t}; g: output = y[0]", loss=None)
        for t in (text, {**PYTORCHS, **LISTS}[text])
    )
    assert read == plain


REFUSED = {
    "np.sum(x)": "write sum(…) without 'np.'",
    "np.linalg.norm(x)": "write norm(…) without 'np.linalg.'",
    "torch.nn.functional.relu(x)": "write relu(…) without 'torch.nn.functional.'",
    "linalg.norm(x, axis=1)": "write norm(…) without 'linalg.'",
    "x.sum(axis=(0, 1))": "write sum(x, axis=(0, 1)) for x.sum(axis=(0, 1))",
    "x.reshape(-1)": "write reshape(x, -1) for x.reshape(-1)",
    "(x + 1).mean()": "write mean(…) for ….mean()",
    "x[0].sum()": "write sum(…) for ….sum()",
    "sum(x)/x.shape[0]": "write a size by its name, such as n where x: input[n] declares it",
    "x[[1, 2], :]": "a list of rows stands alone in an index: write W.T[[0, 2]].T for columns",
    "x[[0.5]]": "a whole number stands here",
    "x[[5]]": "index 5 is outside [3, 4]",
    "x[[0, [1]]]": "an index is a whole number, a part, or one list of whole numbers",
    "x[..., ...]": "... stands once in an index",
    "x[0, 1, 2, ...]": "3 indices for [3, 4]",
    "sin(...)": "'...' stands only in an index, as in x[..., 0]",
    "roll(x, 0.5)": "roll takes a whole number, and an axis whose size is a number",
    "roll(x, 1, axis=2)": "[3, 4] has no axis 2",
    "tile(x, 0)": "tile takes a whole number from 1",
    "repeat(x, -1)": "repeat takes a whole number from 1",
    "squeeze(x, 0)": "squeeze takes axes of one element, and the array is [3, 4]",
    "expand_dims(x, 3)": "[3, 4] has no place for an axis 3",
    "expand_dims(x)": "[3, 4] has no place for an axis None",
    "moveaxis(x, 0, 2)": "[3, 4] has no axis 2",
    "diff(x[0, 0])": "diff takes an array, not a number",
    "cross(x[0], x[1])": "cross takes two arrays of vectors of 3, not [4] and [4]",
    "hstack([x, x[0]])": "arrays of different numbers of axes can't be joined",
    "tensordot(x, y, axes=1)": "tensordot: [3, 4] and [3, 4] don't share 1 axes",
    "tensordot(x, y, axes=((0), (1)))": "tensordot",
    "tensordot(x, y, axes=([1], [0]))": "axis 1 has 4 elements, axis 0 3",
    "tensordot(x, y, axes=([1, 1], [1, 1]))": "tensordot: an axis is named twice",
    "tensordot(x, y, axes=([1], [1, 0]))": "or two lists as long as each other",
    "tensordot(x, y, axes=([7], [1]))": "[3, 4] has no axis 7",
    "pad(x, ((1, 0), (0, -2)))": "pad takes a whole number from 0, two, or two for each axis",
    "pad(x, ((1, 0), (0, 2), (0, 0)))": "pad: 3 pairs of widths for [3, 4]",
    "pad(x, ((1, 0), (3,)))": "pad takes a whole number from 0, two, or two for each axis",
    "pad(x, (1, 2))": "pad of several widths means every axis in NumPy and the last in PyTorch",
    "[(x[0, 0], 1), (2, 3)]": "(a, b) is not an expression",
    "pad(x[0], -1)": "pad takes a whole number from 0, two, or two for each axis",
    "einsum('abc', x)": "einsum: 'abc' names 3 axes of [3, 4]",
    "einsum('...ijk', x)": "einsum",
    "einsum('i...i...', x)": "einsum: subscripts are letters, as in ij,jk->ik or ...i,ij->...j",
    "sin('ij', x)": "sin takes 1 argument, 2 given",
    "sin('ij')": "a text in quotes stands only in einsum",
    "sum(x, dims=1)": "the option 'dims' is not an option of sum",
    "take_along_axis(x, 2*y, axis=1)": "takes whole numbers from data: i is a leaf",
    "take_along_axis(x, y)": "take_along_axis takes an axis, as in take_along_axis(A, i, axis=1)",
    "take_along_axis(x, y[0], axis=1)": "takes whole numbers from data",
    "gather(x, 1, y)": "write take_along_axis(u, w, axis=v)",
    "take_along_dim(x, y, 1)": "did you mean 'take_along_axis'",
    "sort(x)": "symback has no function of that meaning",
}


@pytest.mark.parametrize("text", REFUSED)
def test_refused_with_the_spelling_to_write(text):
    with pytest.raises(errors.SymbackError) as error:
        sb.circuit(f"x: param[3, 4]; y: param[3, 4]\nf: output = {text}", loss=None)
    assert REFUSED[text] in str(error.value)
    assert "line 2" in str(error.value)


def test_the_words_are_names_for_data_too():
    made = sb.circuit("flip: param[3]; pad: input[3]; f = sum(flip*pad)", loss=None)
    assert made.params == ("flip",)
