"""NumPy's words in JAX, and the kernels that it has."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from typing import ClassVar

from symback.codegen.bare.matrices import BareParts, MatrixWords
from symback.codegen.frameworks.bare import framework_code
from symback.codegen.frameworks.kernels import ArrayLanguage
from symback.codegen.frameworks.sources import Sources
from symback.codegen.frameworks.words import Words, listed
from symback.codegen.kernels.reader import Kernel

_OF_JAX = re.compile(r"\bjax\.(?!numpy)")
_SAME = (
    "exp log log1p expm1 sqrt sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arctanh"
    " hypot abs sign rint copysign minimum maximum isinf isnan isfinite"
)


class JaxWords(Words):
    """NumPy's names are those of jax.numpy."""

    prefix: ClassVar = "jnp"
    reserved: ClassVar = frozenset({"jax", "jnp"})
    scans: ClassVar = True
    argument: ClassVar = "jnp.asarray({0}, jnp.result_type({0}, float))"
    matrix: ClassVar = MatrixWords(
        array="jnp.asarray({0}, jnp.result_type({0}, float))",
        units="jnp.eye({count}, dtype=jnp.result_type({like}))",
        one="jax.vmap({row})({units})",
        several="jax.vmap({row})({units})",
        joined="jnp.concatenate",
    )
    carries: ClassVar = True

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """What is 0 where a tangent is as a product with that tangent, which JAX carries back."""
        if ast.unparse(node.func) == "np.where" and len(node.args) == 3:
            condition, first, product = node.args
            name = _compared_with_zero(condition)
            rate = _rate(product, name) if name in self.tangents and _is_zero(first) else None
            if rate is not None:
                return ast.parse(f"_carried({self.text(rate)}, {name})", mode="eval").body
        return super().visit_Call(node)

    def number(self, value: str, like: str) -> str:
        return f"jnp.asarray({value}, {like}.dtype)"

    def called(self, name: str, arguments: Sequence[str], named: dict[str, str]) -> str:
        if name in ("sinh", "cosh"):
            return f"_{name}({arguments[0]})"
        return f"jnp.{name}({listed(arguments, named)})"

    def method(self, owner: str, name: str, arguments: Sequence[str], named: dict[str, str]) -> str:
        return f"({owner}).{name}({listed(arguments, named)})"


def _compared_with_zero(condition: ast.expr) -> str:
    """The name of what is asked to be 0."""
    match condition:
        case ast.Compare(ast.Name(name), [ast.Eq()], [zero]) if _is_zero(zero):
            return name
    return ""


def _is_zero(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value == 0


def _rate(product: ast.expr, name: str) -> ast.expr | None:
    """What a product that is linear in a name has beside it."""
    match product:
        case ast.Name(found) if found == name:
            return ast.Constant(1.0)
        case ast.UnaryOp(ast.USub(), operand):
            rate = _rate(operand, name)
            return None if rate is None else ast.UnaryOp(ast.USub(), rate)
        case ast.BinOp(left, ast.Mult() | ast.Div() as op, right):
            if (rate := _rate(left, name)) is not None and not _reads(right, name):
                alone = _is_one(rate) and isinstance(op, ast.Mult)
                return right if alone else ast.BinOp(rate, op, right)
            rate = _rate(right, name) if isinstance(op, ast.Mult) else None
            if rate is None or _reads(left, name):
                return None
            return left if _is_one(rate) else ast.BinOp(left, op, rate)
        case ast.Call(function, [condition, first, other]) if ast.unparse(function) == "np.where":
            if _reads(condition, name) and _compared_with_zero(condition) != name:
                return None
            if _compared_with_zero(condition) == name:
                return _rate(other, name) if _is_zero(first) else None
            one, two = (v if _is_zero(v) else _rate(v, name) for v in (first, other))
            if one is None or two is None:
                return None
            return ast.Call(function, [condition, one, two], [])
    return None


def _is_one(rate: ast.expr) -> bool:
    return isinstance(rate, ast.Constant) and rate.value == 1


def _reads(part: ast.expr, name: str) -> bool:
    return any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(part))


class JaxKernels(ArrayLanguage):
    """How kernels of numbers are written."""

    module: ClassVar = "jnp"
    functions: ClassVar = {
        **{name: f"jnp.{name}" for name in _SAME.split()},
        "sinh": "_sinh",
        "cosh": "_cosh",
    }

    def repeated(
        self, counter: str, steps: range, carried: Sequence[str], lines: Sequence[str]
    ) -> list[str]:
        """A long series is one loop of XLA, which is compiled as quickly as one of its steps."""
        if len(steps) <= LONGEST_WRITTEN_OUT:
            return super().repeated(counter, steps, carried, lines)
        step, names = f"_step_of_{carried[0]}", ", ".join(carried) + "," * (len(carried) == 1)
        typed = ", ".join(f"{name}: Array" for name in (counter, *carried))
        counts = f"range({steps.start}, {steps.stop}, {steps.step})"
        return [
            f"def {step}({typed}) -> Any:",
            *lines,
            f"    return ({names})",
            f"{names} = _repeated({step}, {counts}, ({names}))",
        ]

    def function(self, kernel: Kernel, body: list[str]) -> str:
        """A kernel with a long series is compiled as a whole, also where nothing else is."""
        text = super().function(kernel, body)
        return f"@jax.jit\n{text}" if any("_repeated(" in line for line in body) else text


LONGEST_WRITTEN_OUT = 8
"""Steps of a series in a kernel that are traced each by itself."""

BY_HAND = {
    "_sinh": '''\
def _sinh(z: Array) -> Array:
    """sinh(z); jnp.sinh loses digits as |z| grows."""
    half = jnp.exp(0.5 * jnp.abs(z))
    far = jnp.copysign(0.5 * half * half, z)
    return jnp.where(jnp.abs(z) > 20.0, far, jnp.sinh(jnp.clip(z, -20.0, 20.0)))''',
    "_cosh": '''\
def _cosh(z: Array) -> Array:
    """cosh(z); jnp.cosh loses digits as |z| grows."""
    half = jnp.exp(0.5 * jnp.abs(z))
    return jnp.where(jnp.abs(z) > 20.0, 0.5 * half * half, jnp.cosh(jnp.clip(z, -20.0, 20.0)))''',
    "_scaled": '''\
def _scaled(like: Array, value: float) -> float:
    """A number near the ends of float64 at that place among those of the array's dtype."""
    if jnp.finfo(jnp.result_type(like, float)).bits == 64:
        return value
    return math.copysign(abs(value) ** (38 / 308), value)''',
    "_scan": '''\
def _scan(turn: Any, start: Any, entries: Any, count: int, backwards: bool = False) -> Any:
    """The values after all turns, and those of each; the first are of the turn's type and shape."""
    one = jax.tree.map(lambda all_: jax.ShapeDtypeStruct(all_.shape[1:], all_.dtype), entries)
    after, _ = jax.eval_shape(turn, start, one)
    dtypes = [jnp.result_type(a, b) for a, b in zip(start, after, strict=True)]
    start = tuple(
        jnp.broadcast_to(value, made.shape).astype(dtype)
        for value, made, dtype in zip(start, after, dtypes, strict=True)
    )

    def of_type(carry: Any, entry: Any) -> Any:
        after, left = turn(carry, entry)
        return tuple(v.astype(dtype) for v, dtype in zip(after, dtypes, strict=True)), left

    return jax.lax.scan(of_type, start, entries, length=count, reverse=backwards)''',
    "_repeated": '''\
def _repeated(step: Any, counts: range, carried: Any) -> Any:
    """What is carried along a series, after all of its steps."""
    count = jax.ShapeDtypeStruct((), jnp.result_type(float, *carried))
    made = jax.eval_shape(step, count, *carried)
    dtype = jnp.result_type(count.dtype, *made)
    shape = jnp.broadcast_shapes(*(jnp.shape(value) for value in (*carried, *made)))

    def of_type(values: Any) -> Any:
        return tuple(jnp.broadcast_to(jnp.asarray(v, dtype), shape) for v in values)

    def at(place: Array, carried: Any) -> Any:
        return of_type(step((counts.start + counts.step * place).astype(dtype), *carried))

    return jax.lax.fori_loop(0, len(counts), at, of_type(carried))''',
    "_sigma": '''\
def _sigma(z: Array) -> Array:
    """σ(z) = 1/(1 + exp(-z)); where exp overflows the share of exp(z) is all that is left."""
    return jnp.where(z < -80.0, jnp.exp(z), jax.nn.sigmoid(z))''',
    "_scatter": '''\
def _scatter(part: Array, shape: Any, index: Any) -> Array:
    """Zeros of a shape, with a part at an index."""
    return jnp.zeros(shape, jnp.asarray(part).dtype).at[index].set(part)''',
    "_cholesky": '''\
def _cholesky(a: Array) -> Array:
    """The lower factors over the last two axes; not finite where a matrix has none."""
    return jnp.linalg.cholesky(a, symmetrize_input=False)''',
    "_take": '''\
def _take(array: Array, index: Array) -> Array:
    """The rows of an array at whole numbers, for as many samples as there are indices."""
    return array[index.astype(int)]''',
    "_take_each": '''\
def _take_each(array: Array, index: Array) -> Array:
    """The rows of each sample's array at the sample's indices, or at those that all share."""
    rows = jnp.arange(len(array)).reshape(-1, *[1] * max(index.ndim - 1, 0))
    return array[rows, index.astype(int)]''',
    "_segment_sum": '''\
def _segment_sum(values: Array, index: Array, shape: Any) -> Array:
    """Zeros of a shape, to whose rows at the indices the values are added."""
    values = jnp.broadcast_to(values, (*index.shape, *shape[1:]))
    return jnp.zeros(shape, values.dtype).at[index.astype(int)].add(values)''',
    "_segment_sum_each": '''\
def _segment_sum_each(values: Array, index: Array, shape: Any) -> Array:
    """The same for each sample, whose number the shape begins with."""
    rows = jnp.arange(shape[0]).reshape(-1, *[1] * max(index.ndim - 1, 0))
    return jnp.zeros(shape, values.dtype).at[rows, index.astype(int)].add(values)''',
    "_take_along": '''\
def _take_along(array: Array, index: Array, axis: int) -> Array:
    """The elements of an array whose places along an axis are the indices."""
    shape = list(jnp.broadcast_shapes(array.shape[: axis], index.shape[: axis]))
    rest = array.shape[array.ndim + axis :]
    array = jnp.broadcast_to(array, (*shape, *rest))
    index = jnp.broadcast_to(index, (*shape, *index.shape[index.ndim + axis :]))
    return jnp.take_along_axis(array, index.astype(int), axis)''',
    "_add_along": '''\
def _add_along(values: Array, index: Array, shape: Any, axis: int) -> Array:
    """Zeros of a shape, to whose elements at the indices along an axis the values are added."""
    places = list(jnp.ogrid[tuple(slice(n) for n in index.shape[index.ndim - len(shape) :])])
    places[axis] = index.astype(int)
    values = jnp.broadcast_to(values, index.shape)
    return jnp.zeros(shape, values.dtype).at[tuple(places)].add(values)''',
    "_windows": '''\
def _windows(x: Array, sizes: Any, steps: Any) -> Array:
    """The parts of a size that begin every few elements along the last axes."""
    count = len(sizes)
    index: list[Any] = [...]
    for k, (n, size, step) in enumerate(zip(x.shape[-count:], sizes, steps, strict=True)):
        place = jnp.arange(0, n - size + 1, step)[:, None] + jnp.arange(size)
        shape = [1] * (2 * count)
        shape[k], shape[count + k] = place.shape
        index.append(place.reshape(shape))
    return x[tuple(index)]''',
    "_fold": '''\
def _fold(windows: Array, shape: Any, steps: Any) -> Array:
    """The elements of windows added up in their places in an array of a shape."""
    whole = jnp.zeros(shape, windows.dtype)
    _, back = jax.vjp(lambda x: _windows(x, windows.shape[-len(steps) :], steps), whole)
    return back(windows)[0]''',
    "_inv": '''\
def _inv(a: Array) -> Array:
    """The inverses over the last two axes; not finite where a matrix has none."""
    return jnp.linalg.inv(a)''',
    "_solve": '''\
def _solve(a: Array, b: Array) -> Array:
    """A⁻¹·b over the last axes; not finite where a matrix has no inverse."""
    return jnp.linalg.solve(a, b)''',
}
"""What JAX has another way for, or NumPy by methods that write."""

WORDS, KERNELS = JaxWords(), JaxKernels()
SOURCES = Sources(WORDS, KERNELS, BY_HAND)


def jax_code(functions: BareParts) -> str:
    """Bare functions, and the kernels that they call."""
    code = framework_code(functions, WORDS, kernel_sources, ["import jax.numpy as jnp"])
    both = "import jax\nimport jax.numpy"
    return code.replace("import jax.numpy", both, 1) if _OF_JAX.search(code) else code


def kernel_sources(lines: Iterable[str]) -> list[str]:
    """The source of every kernel that the lines call, and of those that the kernels call."""
    return SOURCES.called(lines)


__all__ = ["BY_HAND", "SOURCES", "WORDS", "jax_code", "kernel_sources"]
