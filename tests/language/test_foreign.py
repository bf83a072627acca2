"""Functions of other libraries: a hint means the same, or the letters differ by a slip."""

import builtins
import cmath
import math
import operator
import re
import statistics
from inspect import signature
from types import ModuleType

import numpy as np
import pytest
import scipy.spatial
import scipy.special
import scipy.stats
import sympy as sp

import symback as sb
from symback import errors
from symback.language import words
from symback.language.arrays import CALLS
from symback.language.foreign import (
    CONDITIONS,
    FORMULAS,
    LACKING,
    NORMAL,
    SAME,
    elsewhere,
    function_hint,
)
from symback.operations.elementwise import SPELLINGS

KNOWN = [*SPELLINGS, *CALLS, *words.names(), "where"]
LIBRARIES = {
    "math": math,
    "cmath": cmath,
    "numpy": np,
    "numpy.linalg": np.linalg,
    "numpy.fft": np.fft,
    "scipy.special": scipy.special,
    "sympy": sp,
    "sympy.functions": sp.functions,
    "statistics": statistics,
    "operator": operator,
    "builtins": builtins,
}
OTHERS = """
absolute addmm aminmax angle bernoulli bilinear bmm bucketize cdist celu clamp copysign
cosine_similarity cumprod dist elu erfinv expand exp2 frac gelu geqrf ger glu hardshrink heaviside
huber_loss i0 igamma inverse kron leaky_relu lerp lgamma log10 log2 logcumsumexp logit lstsq
matrix_exp mish mm mode mse_loss multinomial mv mvlgamma neg nll_loss normalize pinverse poisson
polar polygamma prelu quantile relu6 rrelu rsqrt scatter selu sgn softmin softshrink softsign
square symeig tanhshrink threshold topk trunc xlogy squared_difference stop_gradient vmap jit grad
ABS AVERAGE BETADIST CEILING COMBIN CORREL COT DEGREES FACT FLOOR FORECAST GAMMA GAMMALN GEOMEAN
IFERROR INT LARGE LOG10 MDETERM MEDIAN MINVERSE MMULT MOD NORMSDIST POWER PRODUCT QUOTIENT RADIANS
ROUND SKEW SLOPE SMALL STDEV SUMIF SUMPRODUCT SUMSQ TRUNC VAR VLOOKUP WEIBULL XOR
dnorm pnorm qnorm rnorm dbinom dgamma plogis qlogis rowSums crossprod sapply trigamma choose pmin
signif rev sind cosd nthroot realsqrt expm sqrtm logm cumtrapz polyval interp1 spline quad sech
csch asech gammainc betainc psi besselj airy cross orth pinv normest mldivide rdivide
logcos tanh2 sin2 cost err loss act map mix rate norm_cdf norm_ppf expit logexp
""".split()
"""Names of PyTorch, TensorFlow, JAX, spreadsheets, R and MATLAB, and what people call their own."""


def names_of_libraries() -> list[str]:
    found = {
        name
        for library in LIBRARIES.values()
        for name, value in vars(library).items()
        if not isinstance(value, ModuleType)  # which ones are there depends on what was imported
    }
    return sorted({n for n in found if not n.startswith("_")} | set(OTHERS))


@pytest.mark.slow
def test_no_hint_of_another_function_but_for_one_that_means_the_same():
    """Whatever name of a library is typed, a hint has it in the table or changes case only."""
    asked = 0
    for name in names_of_libraries():
        hint = function_hint(name, KNOWN)
        if name in {*KNOWN, *words.ALIASES} or "did you mean" not in hint:
            continue
        asked += 1
        target = re.search("'(.*)'", hint)[1]
        same = name.lower().replace("_", "") == target.replace("_", "")
        assert same or SAME.get(name, SAME.get(name.lower())) == target, f"{name}{hint}"
    assert asked > 30


def test_tables_name_nothing_of_ours_and_nothing_twice():
    tables = [SAME, FORMULAS, CONDITIONS, NORMAL, LACKING]
    names = [name for table in tables for name in table]
    assert len(names) == len(set(names))
    assert not set(names) & set(KNOWN)
    assert set(SAME.values()) <= set(KNOWN)


POINTS = [(0.3, 0.7, 0.2), (0.9, 1.4, 1.1), (1.7, 2.2, 0.4)]


def peers_of(name: str) -> list:
    """What libraries call by that name, numbers only."""
    found = [
        getattr(library, name)
        for library in (math, np, scipy.special)
        if callable(getattr(library, name, None))
    ]
    if isinstance(getattr(sp, name, None), sp.FunctionClass):
        head = getattr(sp, name)
        found.append(lambda *args: float(head(*map(sp.Float, args)).evalf()))
    return found


def value_of(formula: str, point: tuple[float, ...]) -> float:
    names = [n for n in "uvw" if re.search(rf"\b{n}\b", formula)]
    circuit = sb.circuit(f"f = {formula}", inputs=names, loss=None)
    module = circuit.compile(stable=False)
    inputs = module.Inputs(**dict(zip(names, point, strict=False)))
    return float(module.forward(module.Params(), inputs)[0])


def formula_of(name: str) -> str:
    """What the tables say to write for name(u), name(u, v), …"""
    if name in FORMULAS:
        return FORMULAS[name]
    op = SPELLINGS.get(SAME[name])
    return f"{SAME[name]}({'u' if op is None or op.arity[0] == 1 else 'u, v'})"


OVER_ARRAYS = (
    r"@|\[[\d:v]|\.T|\b(mean|sum|norm|softmax|det|dot|eye|inv|where\(u\)|concat|mse|einsum"
    r"|cross_entropy|segment_sum|max\(u\)|cumsum|diag|transpose|flip|stack)"
)
ELEMENTWISE = {
    name: formula_of(name)
    for name in (*SAME, *FORMULAS)
    if not re.search(OVER_ARRAYS, formula_of(name)) and name not in ("amax", "amin")
}


@pytest.mark.parametrize("name", [n for n in ELEMENTWISE if peers_of(n)])
def test_hints_have_the_value_of_the_function_of_that_name(name):
    formula = ELEMENTWISE[name]
    count = len({n for n in "uvw" if re.search(rf"\b{n}\b", formula)})
    compared = 0
    for peer in peers_of(name):
        for point in POINTS:
            try:
                wanted = float(peer(*point[:count]))
            except (ValueError, TypeError):  # outside the domain, or of whole numbers only
                continue
            if math.isfinite(wanted):
                assert value_of(formula, point) == pytest.approx(wanted, rel=1e-12, abs=0), (
                    name,
                    point,
                )
                compared += 1
    assert compared, name


VECTORS = {
    "average": np.average,
    "fmean": np.mean,
    "fsum": math.fsum,
    "ptp": np.ptp,
    "rms_norm": lambda u: u / np.sqrt(np.mean(u**2)),
    "zscore": scipy.stats.zscore,
    "softmin": lambda u: scipy.special.softmax(-u),
    "amax": np.amax,
    "amin": np.amin,
    "norm2": np.linalg.norm,
    "logcumsumexp": lambda u: np.log(np.cumsum(np.exp(u))),
    "dot_self": lambda u: u @ u,
    "rev": lambda u: u[::-1],
    "vector_norm": np.linalg.norm,
}

MATRICES = {
    "cdist": lambda u, v: scipy.spatial.distance.cdist(u, v),
    "kl_divergence": lambda u, v: np.sum(scipy.special.rel_entr(u, v)),
    "crossprod": lambda u: u.T @ u,
    "tcrossprod": lambda u: u @ u.T,
    "cho_solve": lambda u, v: np.linalg.solve(u @ u.T, v),
    "solve_upper": lambda u, v: np.linalg.solve(np.triu(u), v),
    "solve_lower": lambda u, v: np.linalg.solve(np.tril(u), v),
    "fliplr": lambda u: np.fliplr(u),
    "flipud": lambda u: np.flipud(u),
    "rowsums": lambda u: u.sum(axis=1),
    "colmeans": lambda u: u.mean(axis=0),
    "permute": lambda u: np.transpose(u),
    "column_stack": lambda u, v: np.stack([u, v], axis=1),
    "diagonal": lambda u: np.diag(u),
    "to_vector": lambda u: u.T.ravel(),
    "addmm": lambda u, v, w: u + v @ w,
}


@pytest.mark.parametrize("name", MATRICES)
def test_hints_over_matrices(name):
    count = len(signature(MATRICES[name]).parameters)
    names = "uvw"[:count]
    formula = FORMULAS.get(name) or f"{SAME[name]}({', '.join(names)})"
    text = "".join(f"{n}: input[3, 3]; " for n in names) + f"f: output = {formula}"
    module = sb.circuit(text, loss=None).compile()
    rng = np.random.default_rng(1)
    given = {n: rng.uniform(0.5, 1.5, (3, 3)) + 2 * np.eye(3) for n in names}
    found = module.forward(module.Params(), module.Inputs(**given))[0]
    np.testing.assert_allclose(found, MATRICES[name](*given.values()), rtol=1e-12)


def test_sums_at_whole_numbers_are_those_of_numpy():
    rng = np.random.default_rng(4)
    u, w, v = rng.normal(size=(4, 2)), rng.normal(size=(5, 2)), np.array([0, 3, 3, 1, 0])
    added = u.copy()
    np.add.at(added, v, w)
    formula = FORMULAS["index_add"].partition(" with ")[0]
    text = f"u: param[n, d]; v: int[5]; w: param[5, d]; z: output = {formula}"
    module = sb.circuit(text, loss=None).compile()
    value, cache = module.forward(module.Params(u, w), module.Inputs(v))
    np.testing.assert_allclose(value, added, rtol=1e-14)
    of_params, _ = module.backward(module.Params(u, w), module.Inputs(v), cache, u)
    np.testing.assert_allclose(of_params.w, u[v], rtol=1e-14)
    formula = FORMULAS["bincount"].partition(" with ")[0].replace("w", "4")
    module = sb.circuit(f"v: param[5]; u: int[5]; z: output = {formula}", loss=None).compile()
    value, _ = module.forward(module.Params(w[:, 0]), module.Inputs(v))
    np.testing.assert_allclose(value, np.bincount(v, w[:, 0], 4), rtol=1e-14)


OF_SPECTRA = {
    "svd": lambda u: [np.sum(np.linalg.svd(u)[1] ** 2), np.sum(np.log(np.linalg.svd(u)[1]))],
}


@pytest.mark.parametrize("name", OF_SPECTRA)
def test_sums_over_spectra_are_written_by_matrices(name):
    first, second = re.findall(r"as ([^,]+(?:\([^)]*\)\S*)?)", FORMULAS[name])[:2]
    text = f"u: input[3, 3]; z: output = [{first}, {second}]"
    module = sb.circuit(text, loss=None).compile()
    a = np.random.default_rng(5).normal(size=(3, 3))
    u = a @ a.T + np.eye(3)
    value, _ = module.forward(module.Params(), module.Inputs(u))
    np.testing.assert_allclose(value, OF_SPECTRA[name](u), rtol=1e-12)


OF_STANS = {
    "log_mix": lambda u, v, w: math.log(u * math.exp(v) + (1 - u) * math.exp(w)),
    "log1m": lambda u: math.log(1 - u),
    "cloglog": lambda u: math.log(-math.log(1 - u)),
    "inv_cloglog": lambda u: 1 - math.exp(-math.exp(u)),
    "fdim": lambda u, v: max(u - v, 0.0),
    "lchoose": lambda u, v: math.log(scipy.special.binom(u, v)),
    "lfactorial": lambda u: math.lgamma(u + 1),
    "normal_lpdf": scipy.stats.norm.logpdf,
    "squareplus": lambda u: (u + math.sqrt(u * u + 4)) / 2,
    "bce_with_logits": lambda u, v: math.log(1 + math.exp(u)) - u * v,
    "gaussian_nll_loss": lambda u, v, w: (math.log(w) + (u - v) ** 2 / w) / 2,
    "poisson_nll_loss": lambda u, v: math.exp(u) - v * u,
    "soft_margin_loss": lambda u, v: math.log(1 + math.exp(-u * v)),
}


@pytest.mark.parametrize("name", OF_STANS)
def test_hints_have_the_textbook_value(name):
    point = (0.3, 0.2, 0.7)
    count = OF_STANS[name].__code__.co_argcount if name != "normal_lpdf" else 3
    wanted = float(OF_STANS[name](*point[:count]))
    assert value_of(FORMULAS[name], point) == pytest.approx(wanted, rel=1e-12, abs=0)


OF_SCIPY = {
    **dict.fromkeys(("quantile", "icdf"), "ppf"),
    **dict.fromkeys(("logprob", "lognormal_pdf", "lpdf"), "logpdf"),
    "lcdf": "logcdf",
    "lccdf": "logsf",
}


@pytest.mark.parametrize("name", NORMAL)
def test_methods_of_distributions_lead_to_the_normal_one(name):
    called = name.removeprefix("std_normal_").removeprefix("norm_").replace("log_", "log")
    called = OF_SCIPY.get(called, called)
    wanted = float(getattr(scipy.stats.norm, called)(0.3))
    assert value_of(NORMAL[name], (0.3,)) == pytest.approx(wanted, rel=1e-12, abs=0)


PAIRS = {
    "cov": lambda u, v: np.cov(u, v)[0, 1],
    "corr": lambda u, v: np.corrcoef(u, v)[0, 1],
    "trapz": lambda u, v: np.trapezoid(u, v),
    "mae": lambda u, v: np.mean(np.abs(u - v)),
    "squared_distance": lambda u, v: np.sum((u - v) ** 2),
    "cosine_similarity": lambda u, v: u @ v / np.linalg.norm(u) / np.linalg.norm(v),
}


@pytest.mark.parametrize("name", PAIRS)
def test_hints_over_two_arrays(name):
    size = "n" if re.search(r"\bn\b", FORMULAS[name]) else 3
    text = f"u: input[{size}]; v: input[{size}]; f: output = {FORMULAS[name]}"
    module = sb.circuit(text, loss=None).compile()
    u, v = np.array([0.3, -1.2, 2.5]), np.array([0.1, 0.4, 0.9])
    found = module.forward(module.Params(), module.Inputs(u=u, v=v))[0]
    np.testing.assert_allclose(found, PAIRS[name](u, v), rtol=1e-12)


@pytest.mark.parametrize("name", VECTORS)
def test_hints_over_arrays_have_the_value_of_the_function_of_that_name(name):
    formula = FORMULAS[name] if name in FORMULAS else f"{SAME[name]}(u)"
    circuit = sb.circuit(f"u: input[4]; f: output = {formula}", loss=None)
    module = circuit.compile()
    u = np.array([0.3, -1.2, 2.5, 0.9])
    found = module.forward(module.Params(), module.Inputs(u=u))[0]
    np.testing.assert_allclose(found, VECTORS[name](u), rtol=1e-12)


SLIPS = {
    "sinn": "sin",
    "tahn": "tanh",
    "sigmiod": "sigmoid",
    "exo": "exp",
    "softmx": "softmax",
    "Log": "log",
    "layernorm": "layer_norm",
    "LogSumExp": "logsumexp",
    "hypott": "hypot",
    "binary_crossentropy": "binary_cross_entropy",
    "sen": "sin",
    "tr": "trace",
    "log_e": "log",
}


@pytest.mark.parametrize("typed", SLIPS)
def test_slips_are_named(typed):
    with pytest.raises(errors.UnknownName, match=f"did you mean '{SLIPS[typed]}'"):
        sb.circuit(f"f = {typed}(x)")


MISLED = {
    "lg": "log10(u)",
    "sqr": "u**2",
    "sigm": "'sigma'",
    "phi": "exp(-u**2/2)/sqrt(2*pi)",
    "seq": "no function of that meaning",
    "log1p_exp": "'softplus'",
    "kl": "sum(rel_entr(u, v))",
    "xor": "a function is one line, as in xor(u) = u**2",
    "zeta": "no function of that meaning",
    "airy": "no function of that meaning",
    "w": "write w*(…) for a product",
}


@pytest.mark.parametrize("name", MISLED)
def test_known_functions_are_not_corrected_into_others(name):
    with pytest.raises(errors.UnknownName) as caught:
        sb.circuit(f"f = {name}(x)")
    message = str(caught.value)
    assert MISLED[name] in message and len(message) <= 200
    assert name in ("sigm", "log1p_exp") or "did you mean" not in message


def test_sympy_and_text_give_the_same_hints():
    x = sp.Symbol("x")
    for head in (sp.DiracDelta,):
        with pytest.raises(errors.Unsupported, match=re.escape(elsewhere(head.__name__))):
            sb.Circuit.from_sympy(head(x))


def test_branches_of_lambert_w_are_named():
    with pytest.raises(errors.CircuitSyntaxError, match=r"lambertwm1\(x\)"):
        sb.circuit("f = lambertw(x, -1)")


def test_stan_s_words_are_read():
    """Each as one of ours, which has tests of its own."""
    pairs = {"inv_logit": "sigma", "Phi": "ndtr", "inv_Phi": "ndtri", "log_inv_logit": "logsigmoid"}
    for word, own in pairs.items():
        assert sb.circuit(f"f = {word}(x)") == sb.circuit(f"f = {own}(x)")
