"""NumPy's words in PyTorch, and the kernels that it has."""

from __future__ import annotations

import ast
import re
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import ClassVar

from symback.codegen.bare.matrices import BareParts, MatrixWords
from symback.codegen.frameworks.bare import framework_code
from symback.codegen.frameworks.kernels import ArrayLanguage
from symback.codegen.frameworks.sources import Sources
from symback.codegen.frameworks.words import Words, listed, shown_slice

_SAME = (
    "exp log log1p expm1 sqrt sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arctanh"
    " arccosh arctan2 hypot abs copysign isinf isnan isfinite floor ceil log2 log10 logaddexp"
    " where zeros_like ones_like broadcast_to stack einsum tril triu broadcast_shapes"
    " outer cumsum cumprod prod"
)
_RENAMED = {"keepdims": "keepdim", "axis": "dim", "axis1": "dim1", "axis2": "dim2"}
_FUNCTIONS = {
    **{name: name for name in _SAME.split()},
    "rint": "round",
    "mod": "remainder",
    "concatenate": "cat",
    "vecdot": "linalg.vecdot",
    "diagonal": "diagonal",
    "linalg.inv": "linalg.inv",
    "linalg.solve": "linalg.solve",
    "linalg.cholesky": "linalg.cholesky",
    "linalg.det": "linalg.det",
    "linalg.slogdet": "linalg.slogdet",
    "linalg.eigvalsh": "linalg.eigvalsh",
    "linalg.eigh": "linalg.eigh",
    "finfo": "finfo",
    "full_like": "full_like",
}
_METHODS = {"max": "amax", "min": "amin", "astype": "to", "transpose": "permute"}


class TorchWords(Words):
    """NumPy's names, where PyTorch has others."""

    prefix: ClassVar = "torch"
    reserved: ClassVar = frozenset({"torch"})
    argument: ClassVar = "_tensor({0})"
    matrix: ClassVar = MatrixWords(
        array="_tensor({})",
        units="torch.eye({count}, dtype={first}.dtype, device={first}.device)",
        one="torch.vmap({row})({units})",
        several="torch.vmap({row})({units})",
        joined="torch.cat",
    )
    copy: ClassVar = ".clone()"
    asked: ClassVar = "_asked"

    def number(self, value: str, like: str) -> str:
        return f"torch.as_tensor({value}, dtype={like}.dtype, device={like}.device)"

    def called(self, name: str, arguments: Sequence[str], named: dict[str, str]) -> str:
        named = {_RENAMED.get(k, k): v for k, v in named.items() if k != "optimize"}
        if name in ("maximum", "minimum"):
            return self._extreme(name, arguments)
        if name in _TEMPLATES:
            return _TEMPLATES[name].format(*arguments, **named)
        if name in ("eye", "ones", "zeros", "full"):
            like = named["dtype"].removesuffix(".dtype")
            return f"torch.{name}({listed(arguments, {**named, 'device': f'{like}.device'})})"
        if name not in _FUNCTIONS:
            raise self.refuse(name)
        return f"torch.{_FUNCTIONS[name]}({listed(self._tensors(name, arguments), named)})"

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        """1/x in one kernel, for which PyTorch's operator takes two."""
        self.generic_visit(node)
        if isinstance(node.op, ast.Div) and ast.unparse(node.left) in ("1", "1.0"):
            right = ast.unparse(node.right)
            if not self.is_number(right):
                return _parsed(f"torch.reciprocal({right})")
        return node

    def fused(self, text: str, ranks: Mapping[str, int], known: Mapping[str, str]) -> str:
        """A line in fewer kernels: products that are added to others, layers, σ' beside σ.

        `ranks` are those of tensors without a batch axis, -1 of the others.
        """
        if (found := _SLOPE.fullmatch(text)) and (value := known.get(f"_sigma({found[1]})")):
            return f"{value} * torch.sigmoid(-{found[1]})"
        if (found := _LAYER.fullmatch(text)) and (ranks.get(found[2]), ranks.get(found[3])) == (
            2,
            1,
        ):
            return f"torch.nn.functional.linear({found[1]}, {found[2]}, {found[3]})"
        return ast.unparse(_Added(ranks).visit(ast.parse(text, mode="eval")))

    def is_number(self, text: str) -> bool:
        """Whether it is a number of Python, made of numbers and sizes."""
        names = {n.id for n in ast.walk(_parsed(text)) if isinstance(n, ast.Name)}
        return names <= {*self.sizes, "math", "max", "min"}

    def _tensors(self, name: str, arguments: Sequence[str]) -> Sequence[str]:
        """The arguments of a function that takes no numbers beside tensors."""
        other = next((a for a in arguments if not self.is_number(a)), "")
        if name == "where" and self.is_number(arguments[0]) and other:
            return [f"torch.full_like({other}, {arguments[0]}, dtype=torch.bool)", *arguments[1:]]
        if name not in _OF_TENSORS or not other:
            return arguments
        return [f"torch.full_like({other}, {a})" if self.is_number(a) else a for a in arguments]

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        """Tensors have no part that goes backwards; coefficients are not tensors."""
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        steps = [p.step for p in parts if isinstance(p, ast.Slice) and p.step is not None]
        found = super().visit_Subscript(node)
        if not any(ast.unparse(step).startswith("-") for step in steps):
            return found
        value = ast.unparse(node.value)
        if value in ("np.s_", "coefficients"):
            return found
        index = ", ".join(shown_slice(part) for part in parts)
        return _parsed(f"_entries_at({self.text(node.value)}, ({index},))")

    def _extreme(self, name: str, arguments: Sequence[str]) -> str:
        """A function of arrays; where one is a number, the function that holds it."""
        numbers = [a for a in arguments if self.is_number(a)]
        if len(numbers) != 1:
            return f"torch.{name}({', '.join(arguments)})"
        other = next(a for a in arguments if a is not numbers[0])
        side = "min" if name == "maximum" else "max"
        return f"torch.clamp({other}, {side}={numbers[0]})"

    def method(self, owner: str, name: str, arguments: Sequence[str], named: dict[str, str]) -> str:
        named = {_RENAMED.get(k, k): v for k, v in named.items()}
        name = _METHODS.get(name, name)
        if name in ("amax", "amin") and not arguments and not named:
            return f"({owner}).{name}()"
        return f"({owner}).{name}({listed(arguments, named)})"


class _Added(ast.NodeTransformer):
    """A sum with a product of tensors is one kernel."""

    def __init__(self, tensors: Container[str]) -> None:
        self._tensors = tensors

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        match node:
            case ast.BinOp(
                left=rest,
                op=ast.Add() | ast.Sub(),
                right=ast.BinOp(ast.Name(a), ast.Mult(), ast.Name(b)),
            ) if a in self._tensors and b in self._tensors and self._is_tensor(rest):
                sign = ", value=-1" if isinstance(node.op, ast.Sub) else ""
                return _parsed(f"torch.addcmul({ast.unparse(rest)}, {a}, {b}{sign})")
        return node

    def _is_tensor(self, node: ast.expr) -> bool:
        """Whether it is one by its form: a name of one, or an operation with one."""
        match node:
            case ast.Name(name):
                return name in self._tensors
            case ast.BinOp(left, _, right):
                return self._is_tensor(left) or self._is_tensor(right)
            case ast.UnaryOp(_, operand):
                return self._is_tensor(operand)
            case ast.Call(ast.Attribute(ast.Name("torch"), "addcmul")):
                return True
        return False


def _parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


_SLOPE = re.compile(r"_sigma_slope\((\w+)\)")
_LAYER = re.compile(r"(\w+) @ (\w+)\.T \+ (\w+)")
_OF_TENSORS = ("hypot", "arctan2", "copysign", "logaddexp")
_TEMPLATES = {
    "sign": "_sign({0})",
    "cbrt": "_cbrt({0})",
    "tensordot": "_tensordot({0}, {1}, {2})",
    "dot": "_dot({0}, {1})",
    "vdot": "(({0}) * ({1})).sum()",
    "shape": "({0}).shape",
    "asarray": "{0}",
    "expand_dims": "({0}).unsqueeze({1})",
    "array": "_array({0}, {1})",
    "trace": "torch.diagonal({0}, dim1=-2, dim2=-1).sum(dim=-1)",
    "flip": "torch.flip({0}, ({1},))",
    "broadcast_arrays": "_tensors({0})",
}


class TorchKernels(ArrayLanguage):
    """How kernels of numbers are written."""

    module: ClassVar = "torch"
    converted: ClassVar = "_tensors"
    functions: ClassVar = {
        **{name: f"torch.{name}" for name in _SAME.split()},
        "rint": "torch.round",
        "sign": "_sign",
        "minimum": "torch.minimum",
        "maximum": "torch.maximum",
        "minimum number": "torch.clamp({0}, max={1})",
        "maximum number": "torch.clamp({0}, min={1})",
        "hypot number": "torch.hypot({0}, torch.full_like({0}, {1}))",
    }


BY_HAND = {
    "_scaled": '''\
def _scaled(like: Any, value: float) -> float:
    """A number near the ends of float64 at that place among those of the tensor's dtype."""
    if torch.finfo(like.dtype).bits == 64:
        return value
    return math.copysign(abs(value) ** (38 / 308), value)''',
    "_tensor": '''\
def _tensor(value: Any) -> Any:
    """The value as a tensor of floats; numbers of Python and whole ones keep their digits."""
    found = torch.as_tensor(value, dtype=None if hasattr(value, "dtype") else torch.float64)
    return found if found.is_floating_point() else found.double()''',
    "_tensors": '''\
def _tensors(*values: Any) -> list[Any]:
    """All as tensors of the dtype of those that are some."""
    like = next(v for v in values if isinstance(v, torch.Tensor))
    kind = {"dtype": like.dtype, "device": like.device}
    return [v if isinstance(v, torch.Tensor) else torch.full((), v, **kind) for v in values]''',
    "_sigma": '''\
def _sigma(z: Any) -> Any:
    """σ(z) = 1/(1 + exp(-z))."""
    return torch.sigmoid(z)''',
    "_sigma_slope": '''\
def _sigma_slope(z: Any) -> Any:
    """σ'(z) = s - s² with s = σ(-|z|), which is 1/2 at most: no digits cancel."""
    s = torch.sigmoid(torch.abs(z).neg_())
    return torch.addcmul(s, s, s, value=-1)''',
    "_tanh_slope": '''\
def _tanh_slope(z: Any) -> Any:
    """tanh'(z) = 4(s - s²) with s = σ(-2|z|), which is 1/2 at most: no digits cancel."""
    s = torch.sigmoid(torch.abs(z).mul_(-2.0))
    return torch.addcmul(s, s, s, value=-1).mul_(4.0)''',
    "_below_largest": '''\
def _below_largest(z: Any, axes: Any = -1) -> Any:
    """z - max z along axes, and max z; entries that are an infinite max are 0."""
    largest = z.amax(dim=axes, keepdim=True)
    return (z - largest).masked_fill(z == largest, 0.0), largest''',
    "_weighted": '''\
def _weighted(t: Any, logs: Any) -> Any:
    """-Σ t·log along the last axis, where a weight of 0 leaves out an infinite log."""
    return -(t * torch.masked_fill(logs, (t == 0.0) & torch.isinf(logs), 0.0)).sum(dim=-1)''',
    "_sign": '''\
def _sign(z: Any) -> Any:
    """-1, 0 or 1, and NaN of NaN, of which torch.sign is 0."""
    return torch.where(torch.isnan(z), z, torch.sign(z))''',
    "_cbrt": '''\
def _cbrt(z: Any) -> Any:
    """The real cube root; a step of Newton's method after the power."""
    root = torch.sign(z) * torch.abs(z) ** (1.0 / 3.0)
    better = root - (root - z / (root * root)) / 3.0
    return torch.where(torch.isfinite(better), better, z + root)''',
    "_dot": '''\
def _dot(a: Any, b: Any) -> Any:
    """Σ a·b over the samples, of numbers too."""
    return torch.dot(a, b) if a.dim() == b.dim() == 1 else (a * b).sum()''',
    "_tensordot": '''\
def _tensordot(a: Any, b: Any, axes: Any) -> Any:
    """Σ over pairs of axes, those of a and those of b."""
    return torch.tensordot(a, b, dims=axes)''',
    "_array": '''\
def _array(values: Any, dtype: Any) -> Any:
    """Numbers as a tensor."""
    return torch.tensor(values, dtype=dtype)''',
    "_one_hot": '''\
def _one_hot(t: Any, z: Any) -> Any:
    """1 at the index t of the last axis, else 0; in the dtype of z."""
    met = torch.arange(z.shape[-1], device=z.device) == t[..., None]
    return torch.broadcast_to(met, torch.broadcast_shapes(met.shape, z.shape)).to(z.dtype)''',
    "_entries_at": '''\
def _entries_at(whole: Any, index: Any) -> Any:
    """What stands at an index, whose slices may go backwards."""
    known = sum(part is not None and part is not ... for part in index)
    rest = [slice(None)] * (whole.dim() - known)
    spread = [part for p in index for part in (rest if p is ... else [p])]
    ahead: list[Any] = []
    turned, source, axis = [], 0, 0
    for part in spread:
        if isinstance(part, slice) and (part.step or 1) < 0:
            turned.append((axis, list(range(whole.shape[source])[part])))
            part = slice(None)
        ahead.append(part)
        source += part is not None
        axis += part is None or isinstance(part, slice)
    found = whole[tuple(ahead)]
    for axis, places in turned:
        found = found.index_select(axis, torch.tensor(places, device=whole.device))
    return found''',
    "_scatter": '''\
def _scatter(part: Any, shape: Any, index: Any) -> Any:
    """Zeros of a shape, with a part at an index."""
    shape = tuple(shape)
    places = _entries_at(torch.arange(math.prod(shape), device=part.device).reshape(shape), index)
    whole = torch.zeros(math.prod(shape), dtype=part.dtype, device=part.device)
    flat = torch.broadcast_to(part, places.shape).reshape(-1)
    return torch.index_add(whole, 0, places.reshape(-1), flat).reshape(shape)''',
    "_windows": '''\
def _windows(x: Any, sizes: Any, steps: Any) -> Any:
    """The parts of a size that begin every few elements along the last axes."""
    first = x.dim() - len(sizes)
    for k, (size, step) in enumerate(zip(sizes, steps, strict=True)):
        x = x.unfold(first + k, size, step)
    return x''',
    "_fold": '''\
def _fold(windows: Any, shape: Any, steps: Any) -> Any:
    """The elements of windows added up in their places in an array of a shape."""
    shape, sizes = tuple(shape), windows.shape[-len(steps) :]
    places = torch.arange(math.prod(shape), device=windows.device).reshape(shape)
    places = _windows(places, sizes, steps).reshape(-1)
    whole = torch.zeros(math.prod(shape), dtype=windows.dtype, device=windows.device)
    return torch.index_add(whole, 0, places, windows.reshape(-1)).reshape(shape)''',
    "_cholesky": '''\
def _cholesky(a: Any) -> Any:
    """The lower factors over the last two axes; not finite where a matrix has none."""
    return torch.linalg.cholesky_ex(a)[0]''',
    "_take": '''\
def _take(array: Any, index: Any) -> Any:
    """The rows of an array at whole numbers, for as many samples as there are indices."""
    return array[index.long()]''',
    "_take_each": '''\
def _take_each(array: Any, index: Any) -> Any:
    """The rows of each sample's array at the sample's indices, or at those that all share."""
    rows = torch.arange(len(array), device=array.device)
    return array[rows.reshape(-1, *[1] * max(index.ndim - 1, 0)), index.long()]''',
    "_segment_sum": '''\
def _segment_sum(values: Any, index: Any, shape: Any) -> Any:
    """Zeros of a shape, to whose rows at the indices the values are added."""
    values = values.expand((*index.shape, *shape[1:]))
    whole = torch.zeros(tuple(shape), dtype=values.dtype, device=values.device)
    return whole.index_put((index.long(),), values, accumulate=True)''',
    "_segment_sum_each": '''\
def _segment_sum_each(values: Any, index: Any, shape: Any) -> Any:
    """The same for each sample, whose number the shape begins with."""
    rows = torch.arange(shape[0], device=index.device)
    rows = rows.reshape(-1, *[1] * max(index.ndim - 1, 0))
    whole = torch.zeros(tuple(shape), dtype=values.dtype, device=values.device)
    return whole.index_put((rows, index.long()), values, accumulate=True)''',
    "_take_along": '''\
def _take_along(array: Any, index: Any, axis: int) -> Any:
    """The elements of an array whose places along an axis are the indices."""
    return torch.take_along_dim(array, index.long(), axis)''',
    "_add_along": '''\
def _add_along(values: Any, index: Any, shape: Any, axis: int) -> Any:
    """Zeros of a shape, to whose elements at the indices along an axis the values are added."""
    places = [
        torch.arange(n, device=index.device).reshape(n, *[1] * k)
        for k, n in zip(range(len(shape) - 1, -1, -1), index.shape[-len(shape) :], strict=True)
    ]
    places[axis] = index.long()
    whole = torch.zeros(tuple(shape), dtype=values.dtype, device=values.device)
    return whole.index_put(tuple(places), values.expand(index.shape), accumulate=True)''',
    "_inv": '''\
def _inv(a: Any) -> Any:
    """The inverses over the last two axes; not finite where a matrix has none."""
    return torch.linalg.inv_ex(a)[0]''',
    "_solve": '''\
def _solve(a: Any, b: Any) -> Any:
    """A⁻¹·b over the last axes; not finite where a matrix has no inverse."""
    return torch.linalg.solve_ex(a, b)[0]''',
}
"""What PyTorch has another way for, or NumPy by methods that write."""

WORDS, KERNELS = TorchWords(), TorchKernels()
SOURCES = Sources(WORDS, KERNELS, BY_HAND)


def torch_code(functions: BareParts) -> str:
    """Bare functions, and the kernels that they call."""
    return framework_code(functions, WORDS, kernel_sources, ["import torch"])


def kernel_sources(lines: Iterable[str]) -> list[str]:
    """The source of every kernel that the lines call, and of those that the kernels call."""
    return SOURCES.called(lines)


__all__ = ["BY_HAND", "SOURCES", "WORDS", "kernel_sources", "torch_code"]
