"""Functions that other languages and libraries have: how to write them here.

People type what NumPy, SciPy, SymPy, PyTorch, spreadsheets and textbooks call a function. A hint
names another function only where that means the same, or where the letters differ by a slip; it
never turns a known function into one that happens to be spelled alike, such as logit into logistic.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher

from symback.operations.elementwise import SPELLINGS

LONGEST_COMPARED = 64
LONG = 8  # letters of what may have two slips
SHORTEST = 3  # letters of a name that is compared at all


def _names(texts: Mapping[str, str]) -> dict[str, str]:
    """The names of a text, each with what the text stands for."""
    return {name: meaning for meaning, text in texts.items() for name in text.split()}


SAME = _names(
    {
        "acos": "arcosine arccosine",
        "betaln": "lnbeta",
        "binomial": "nchoosek combin",
        "factorial": "fac",
        "loggamma": "gammalog ln_gamma logabsgamma",
        "acosh": "arcosh argcosh",
        "asin": "arcsine",
        "asinh": "arsinh argsinh",
        "atan": "arctangent arctg",
        "atanh": "artanh argtanh",
        "concat": "concatenate cat",
        "cos": "cosine cosinus coseno",
        "cosh": "ch",
        "cholesky": "chol cho_factor cholesky_decompose",
        "det": "determinant mdeterm",
        "eigvalsh": "eigenvalues_sym eigenvalues_symmetric",
        "eigenvectors": "eigenvectors_sym",
        "solve": "mdivide_left",
        "solve_triangular": "triangular_solve trisolve solve_lower mdivide_left_tri_low",
        "cross_entropy": "softmax_cross_entropy",
        "cumsum": "cumulative_sum",
        "diag": "diagonal diag_embed diag_matrix",
        "outer": "outer_product",
        "trace": "tr",
        "transpose": "permute permute_dims",
        "vec": "to_vector",
        "max_pool": "max_pool1d max_pool2d",
        "avg_pool": "avg_pool1d avg_pool2d",
        "besselj": "bessel_first_kind",
        "bessely": "bessel_second_kind",
        "besseli": "modified_bessel_first_kind",
        "besselk": "modified_bessel_second_kind",
        "dot": "inner vdot inner_product sumproduct dot_product",
        "exp": "exponential",
        "eye": "identity munit",
        "inv": "inverse minverse",
        "log": "loge log_e",
        "logcosh": "log_cosh lncosh",
        "logdet": "log_det log_determinant",
        "mse": "mean_squared_error mse_loss",
        "max": "fmax amax pmax reduce_max",
        "mean": "average fmean reduce_mean",
        "min": "fmin amin pmin reduce_min",
        "ndtr": "norm_cdf",
        "logsumexp": "log_sum_exp",
        "norm": "l2norm norm2 vector_norm matrix_norm",
        "segment_sum": "unsorted_segment_sum",
        "sigma": "sigm",
        "sin": "sine sinus sen seno",
        "sinh": "sh",
        "softplus": "log1pexp log1exp log1p_exp",
        "sqrt": "square_root sqroot",
        "ravel": "flatten",
        "repeat": "repeat_interleave",
        "sum": "fsum reduce_sum",
        "take_along_axis": "take_along_dim",
        "tan": "tangent tangens tangente tg",
        "tanh": "th",
        "where": "if iif ifelse if_else piecewise ternary",
    }
)
"""Names that mean the same as one of ours."""

FORMULAS = {
    # roots, powers, logarithms
    **dict.fromkeys(("sqr", "sq", "abs2"), "u**2"),
    **dict.fromkeys(("rec", "recip"), "1/u"),
    "inv_sqrt": "1/sqrt(u)",
    **dict.fromkeys(("nthroot", "root", "real_root", "surd"), "u**(1/v)"),
    "pow10": "10**u",
    "lg": "log10(u)",
    **dict.fromkeys(("lb", "ld"), "log2(u)"),
    "logb": "log(u)/log(v)",
    "log1m": "log1p(-u)",
    "inv_square": "1/u**2",
    "fdim": "max(u - v, 0)",
    "log_mix": "logaddexp(log(u) + v, log1p(-u) + w)",
    **dict.fromkeys(("add", "plus"), "u + v"),
    **dict.fromkeys(("subtract", "sub", "minus"), "u - v"),
    **dict.fromkeys(("multiply", "mul", "times"), "u*v"),
    **dict.fromkeys(("divide", "div", "true_divide"), "u/v"),
    **dict.fromkeys(("negative", "neg"), "-u"),
    **dict.fromkeys(("positive", "pos"), "u"),
    "fma": "u*v + w",
    "lerp": "u + w*(v - u)",
    "logcos": "log(cos(u))",
    "logsin": "log(sin(u))",
    "logtan": "log(tan(u))",
    "logtanh": "log(tanh(u))",
    "logsinh": "log(sinh(u))",
    "logabs": "log(abs(u))",
    # trigonometry
    **dict.fromkeys(("sind", "sindg"), "sin(pi*u/180)"),
    **dict.fromkeys(("cosd", "cosdg"), "cos(pi*u/180)"),
    **dict.fromkeys(("tand", "tandg"), "tan(pi*u/180)"),
    **dict.fromkeys(("cotd", "cotdg"), "1/tan(pi*u/180)"),
    "asind": "180*asin(u)/pi",
    "acosd": "180*acos(u)/pi",
    "atand": "180*atan(u)/pi",
    # probability
    "phi": "exp(-u**2/2)/sqrt(2*pi)",
    "normal_lpdf": "-((u - v)/w)**2/2 - log(w) - log(2*pi)/2",
    **dict.fromkeys(("cloglog", "comp_log_log"), "log(-log1p(-u))"),
    **dict.fromkeys(("inv_cloglog", "icloglog"), "-expm1(-exp(u))"),
    **dict.fromkeys(("kl", "kl_divergence"), "sum(rel_entr(u, v))"),
    # factorials
    "lchoose": "-log1p(u) - betaln(u - v + 1, v + 1)",
    **dict.fromkeys(("lfactorial", "gammaln1p"), "loggamma(u + 1)"),
    **dict.fromkeys(("ff", "falling_factorial"), "gamma(u + 1)/gamma(u - v + 1)"),
    **dict.fromkeys(("mae", "l1_loss"), "mean(abs(u - v))"),
    "rms": "sqrt(mean(u**2))",
    "ptp": "max(u) - min(u)",
    **dict.fromkeys(("trapz", "trapezoid"), "sum((u[1:] + u[:-1])*(v[1:] - v[:-1]))/2"),
    "pinv": "inv(u.T @ u) @ u.T",
    "lstsq": "solve(u.T @ u, u.T @ v)",
    **dict.fromkeys(("embedding", "index_select"), "u[v] with v: int"),
    **dict.fromkeys(("hinge", "hinge_loss"), "max(0, 1 - u*v)"),
    **dict.fromkeys(("bce", "bce_loss", "log_loss", "logloss"), "-(v*log(u) + (1 - v)*log(1 - u))"),
    **dict.fromkeys(
        ("bce_with_logits", "binary_cross_entropy_with_logits", "sigmoid_binary_cross_entropy"),
        "softplus(u) - u*v",
    ),
    "soft_margin_loss": "softplus(-u*v)",
    "poisson_nll_loss": "exp(u) - u*v",
    "gaussian_nll_loss": "(log(w) + (u - v)**2/w)/2",
    "ce_loss": "cross_entropy(u, v)",
    "nll_loss": "-u[v] with v: int",  # of logarithms of shares
    **dict.fromkeys(("smooth_l1", "smooth_l1_loss", "huber_loss"), "huber(1, u - v)"),
    "glu": "u*sigma(v)",
    "rms_norm": "u/sqrt(mean(u**2))",
    "attention": "softmax(u @ v.T/sqrt(d)) @ w",
    "cov": "sum((u - mean(u))*(v - mean(v)))/(n - 1)",
    **dict.fromkeys(
        ("corr", "corrcoef"),
        "dot(u - mean(u), v - mean(v))/(norm(u - mean(u))*norm(v - mean(v)))",
    ),
    **dict.fromkeys(("cdist", "pairwise_distances"), "norm(u[:, None, :] - v[None, :, :], axis=2)"),
    **dict.fromkeys(("pairwise_distance", "distance", "euclidean"), "norm(u - v)"),
    "squared_distance": "sum((u - v)**2)",
    "squared_difference": "(u - v)**2",
    "mahalanobis": "sqrt((u - v) @ w @ (u - v))",
    "zscore": "(u - mean(u))/std(u)",
    **dict.fromkeys(("gmean", "geomean"), "exp(mean(log(u)))"),
    **dict.fromkeys(("hmean", "harmean"), "1/mean(1/u)"),
    **dict.fromkeys(
        ("eig", "eigh", "symeig"),
        "eigvalsh(u) for the eigenvalues of a symmetric u, eigenvectors(u) for the columns",
    ),
    **dict.fromkeys(
        ("svd", "svdvals"),
        "sums of squares of singular values as sum(u**2), of their logs as logdet(u @ u.T)/2",
    ),
    "eigvals": "eigvalsh(u) where u is symmetric",
    "qr": "cholesky(u.T @ u).T for R",
    "lu": "solve(u, v) for the x of u @ x = v",
    **dict.fromkeys(
        ("scatter_add", "index_add", "add_at"),
        "u + segment_sum(w, v, n) with v: int, for u: param[n, d]",
    ),
    "segment_mean": "segment_sum(u, v, w)/segment_sum(ones(m), v, w) with v: int[m]",
    "bincount": "segment_sum(v, u, w) with u: int",
    "gather": "take_along_axis(u, w, axis=v)",
    "matrix_power": "u @ u",
    "cosine_similarity": "dot(u, v)/(norm(u)*norm(v))",
    "variance": "mean((u - mean(u))**2)",
    **dict.fromkeys(("stdev", "sd"), "sqrt(mean((u - mean(u))**2))"),
    # networks
    "softmin": "softmax(-u)",
    **dict.fromkeys(("step", "unit_step"), "where(u > 0, 1, 0)"),
    "ramp": "relu(u)",
    "squareplus": "(u + sqrt(u**2 + 4))/2",
    "relu_squared": "relu(u)**2",
    "linear": "v @ u + w",
    # arrays
    "solve_upper": "solve_triangular(u, v, lower=False)",
    "cho_solve": "solve(u @ u.T, v)",
    "slogdet": "log(abs(det(u))), or logdet(u) where det(u) > 0",
    **dict.fromkeys(("logcumsumexp", "cumlogsumexp"), "log(cumsum(exp(u - max(u)))) + max(u)"),
    "crossprod": "u.T @ u",
    "tcrossprod": "u @ u.T",
    "quad_form": "v.T @ u @ v",
    "dot_self": "sum(u**2)",
    **dict.fromkeys(("addmm", "addmv"), "u + v @ w"),
    "diag_pre_multiply": "u[:, None]*v",
    "diag_post_multiply": "u*v",
    **dict.fromkeys(("rep_vector", "rep_array"), "u*ones(n)"),
    "rep_matrix": "u*ones(m, n)",
    "fliplr": "flip(u, axis=1)",
    "flipud": "flip(u, axis=0)",
    "rev": "flip(u)",
    "column_stack": "stack(u, v, axis=1)",
    **{
        name: f"{of}(u, axis={axis})"
        for name, of, axis in (
            ("rowsums", "sum", 1),
            ("rowmeans", "mean", 1),
            ("colsums", "sum", 0),
            ("colmeans", "mean", 0),
        )
    },
    **dict.fromkeys(("matmul", "mm", "mmult", "matvec", "bmm"), "u @ v"),
    **dict.fromkeys(("sumsq", "sum_of_squares"), "sum(u**2)"),
    **dict.fromkeys(("normalize", "normalise"), "u/norm(u)"),
    **dict.fromkeys(("l1norm", "norm1"), "sum(abs(u))"),
}
"""How to write what has no name here; the arguments are u, v and w."""

NORMAL = {
    "cdf": "ndtr(u)",
    **dict.fromkeys(("logcdf", "log_cdf", "std_normal_lcdf"), "log_ndtr(u)"),
    **dict.fromkeys(("ppf", "icdf", "quantile"), "ndtri(u)"),
    "pdf": "norm_pdf(u)",
    **dict.fromkeys(
        ("logpdf", "log_pdf", "log_prob", "norm_logpdf", "std_normal_lpdf", "log_normal_pdf"),
        "-u**2/2 - log(2*pi)/2",
    ),
    **dict.fromkeys(("sf", "norm_sf"), "ndtr(-u)"),
    **dict.fromkeys(("logsf", "norm_logsf", "std_normal_lccdf"), "log_ndtr(-u)"),
    **dict.fromkeys(("isf", "norm_isf"), "-ndtri(u)"),
}
"""Methods that every distribution has, and how to write those of the normal one."""

BRANCHES = dict.fromkeys(
    ("lambertw", "LambertW"), "; write lambertwm1(x) for lambertw(x, -1), lambertw(x) for branch 0"
)
"""What to say, behind ';', where a function has no argument for a branch."""

CONDITIONS = {
    "and": "a & b",
    "logical_and": "a & b",
    "or": "a | b",
    "logical_or": "a | b",
    "not": "the opposite comparison, such as a <= b for not a > b",
    "logical_not": "the opposite comparison, such as a <= b for not a > b",
    **dict.fromkeys(("lt", "less"), "u < v"),
    **dict.fromkeys(("le", "less_equal"), "u <= v"),
    **dict.fromkeys(("gt", "greater"), "u > v"),
    **dict.fromkeys(("ge", "greater_equal"), "u >= v"),
    **dict.fromkeys(("eq", "equal"), "u == v"),
    **dict.fromkeys(("ne", "not_equal"), "u != v"),
}
"""How to write conditions, which stand only inside where(condition, a, b)."""

LACKING = frozenset(
    # special functions
    "gammasgn factorial2 zeta zetac monomial multinomial dbinom dgamma factorialk "
    "perm degree radian factorint factorrat mvlgamma "
    "gammaincinv gammainccinv betaincc betaincinv betainccinv erfi wofz dawsn fresnel "
    "erf2 erf2inv ndtri_exp bdtr bdtri fdtr fdtri gdtr nbdtr nbdtri pdtr pdtri "
    "exp1 expn expi expint ei e1 li si ci shi chi shichi sici cosint sinint "
    "airy airyai airybi jn yn ive kve kn "
    "i0e i1e k0e k1e ellipk ellipe ellipj agm hyp0f1 hyp1f1 hyp2f1 hyperu "
    "legendre hermite laguerre jacobi chebyshev spence dilog polylog struve kelvin "
    "multigammaln lmgamma logpmf pmf logexpm1 sinhc cosc diric bump rect tri chirp sawtooth "
    # whole numbers, signs, pieces
    "fmod modf divmod around int gcd "
    "isqrt lcm ldexp frexp nextafter ulp copysign signbit spacing isnan isinf isfinite "
    "real imag re im conj conjugate arg angle cis delta diracdelta kroneckerdelta any all "
    "isclose "
    # arrays
    "gradient argmax argmin sort argsort unique median "
    "vars percentile mode fft ifft dct conv convolve correlate "
    "dstack split rot90 scatter index expm logm sqrtm funm matrix_rank rank "
    "linspace arange range len shape size full rand randn random dropout batch_norm "
    "group_norm pool onehot histogram interp "
    "searchsorted interpolate lookup vlookup masked_fill nan_to_num "
    "nansum nanmean nanmax nanmin zeros_like ones_like select cond isin iconcat "
    "imod ipow block_diag matrix_exp chunk bilinear "
    "logspace meshgrid seq nrow ncol length numel sapply lapply block diagflat vander toeplitz "
    # calculus, code, text
    "idiff rad dsolve nsolve rsolve cse deg rel nor use expr long nan inf tau "
    "cost err error loss rnorm runif act activation logic "
    "grad derivative integrate integral quad limit series taylor ode odeint "
    "print float str bool list tuple set dict map filter zip sorted reversed id hash hex oct bin "
    "ord chr type iter next open eval exec input lambda mix fold scan loop while switch case fn "
    # activations and losses with settings or of other meaning
    "crelu rrelu threshold gumbel_softmax "
    "nll ce triplet triplet_margin_loss margin_ranking_loss ctc_loss hinge_embedding_loss "
    "cosine_embedding_loss sparse_plus sparsemax "
    "boxcox1p loglog logistic_cdf".split()
)
"""Known functions that symback doesn't have; none of them is a misspelled name of ours."""

NO_SUCH_FUNCTION = "; symback has no function of that meaning"


def function_hint(name: str, known: Iterable[str]) -> str:
    """What to write in place of a function that is not known, behind ';', or nothing.

    >>> function_hint("sigm", ["sigma"]), function_hint("lg", ["log"])
    ("; did you mean 'sigma'?", '; write log10(u)')
    """
    names = set(known)
    alike = [k for k in names if _plain(k) == _plain(name)]
    if alike:
        return f"; did you mean '{min(alike, key=str.swapcase)}'?"
    found = elsewhere(name)
    if found:
        return found
    slips = {k: _slips(name, k) for k in names}
    most = 2 if len(name) >= LONG else 1
    likely = [k for k, n in slips.items() if n <= most and _digits(k) == _digits(name)]
    turned = [k for k in likely if sorted(k) == sorted(name)]  # tahn is tanh rather than tan
    likely = turned or sorted(likely, key=lambda k: (slips[k], -_likeness(name, k), k))
    return f"; did you mean '{likely[0]}'?" if likely else ""


def elsewhere(name: str) -> str:
    """How to write a function of another library here, behind ';'; nothing where it is unknown."""
    key = name if name in SAME or name in FORMULAS else name.lower()
    if key in SPELLINGS:
        return f"; did you mean '{key}'?"
    if key in SAME:
        return f"; did you mean '{SAME[key]}'?"
    if key in CONDITIONS:
        return f"; write {CONDITIONS[key]}, inside where(condition, a, b)"
    if key in FORMULAS:
        return f"; write {FORMULAS[key]}"
    if key in NORMAL:
        return f"; of the standard normal distribution write {NORMAL[key]}"
    return NO_SUCH_FUNCTION if key in LACKING else ""


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _digits(name: str) -> str:
    return "".join(c for c in name if c.isdigit())


def _likeness(name: str, known: str) -> float:
    return SequenceMatcher(None, name, known).ratio()


def _slips(typed: str, known: str) -> int:
    """Letters left out, added, exchanged or turned round: those of the names, or 3 for more."""
    if min(len(typed), len(known)) < SHORTEST or abs(len(typed) - len(known)) > 2:
        return 3
    a, b = typed[:LONGEST_COMPARED].lower(), known.lower()
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, letter in enumerate(a, 1):
        earlier, before, row = before, row, [i]
        for j, other in enumerate(b, 1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == b[j - 2] and other == a[i - 2]:
                best = min(best, earlier[j - 2] + 1)
            row.append(best)
    return row[-1]


__all__ = [
    "BRANCHES",
    "CONDITIONS",
    "FORMULAS",
    "LACKING",
    "NORMAL",
    "NO_SUCH_FUNCTION",
    "SAME",
    "elsewhere",
    "function_hint",
]
