"""What users hold: circuits, derivations, gradients and updates with their methods.

Each class adds methods to the data class of the same name, and each method is one call of a
function below. Those are imported when they are called: what draws a circuit need not load what
generates modules, and `symback` starts fast. The module is long because it has all that users
call, each with its docstring.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property, lru_cache, partial
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Literal, Self, overload

from sympy import Expr, ImmutableMatrix

from symback.autodiff import closed_forms, updates
from symback.circuits import circuit as circuits
from symback.circuits.arguments import checked
from symback.circuits.assembly import AUTOMATIC, Automatic
from symback.circuits.circuit import Node
from symback.circuits.program import Program
from symback.derivation import record
from symback.derivation.record import Detail
from symback.errors import CheckFailed, CircuitError, LikelyMeantOtherwise, SymbackError
from symback.language import parse

if TYPE_CHECKING:
    from symback.autodiff.gates import Gates
    from symback.autodiff.reverse import Edge
    from symback.check.report import Report
    from symback.derivation.latex.documents import Style
    from symback.derivation.practice.quiz import Quiz
    from symback.derivation.steps import View
    from symback.derivation.text.detail import Shown


class Circuit(circuits.Circuit):
    """Named nodes in topological order; one is the output, one may be the loss.

    >>> import symback as sb
    >>> c = sb.circuit("f = x1 - sigma(w3*x3 + w4*x4)")
    >>> print(*c.params, "|", *c.inputs, "|", c.output, "|", c.loss)
    w3 w4 | x1 x3 x4 | f | l
    """

    @classmethod
    def of(cls, data: circuits.Circuit) -> Self:
        """The circuit with the methods of this class."""
        return cls(**_fields_of(data))

    @classmethod
    @checked()
    def from_sympy(
        cls,
        expr: Expr | Iterable[Expr] | Mapping[str, Expr] | Iterable[tuple[str, Expr]],
        name: str | None = None,
        *,
        params: Iterable[str] | None = None,
        inputs: Iterable[str] | None = None,
        outputs: Iterable[str] | None = None,
        loss: str | Automatic | None = AUTOMATIC,
    ) -> Self:
        """A circuit from a SymPy expression, or from names with their expressions.

        Without a name the output is f, or g where the expression reads an f. A list of
        expressions or a SymPy Matrix is an array. Of expressions with names the outputs are those
        that no other uses; `outputs` names and orders others.

        >>> import symback as sb, sympy
        >>> x, w = sympy.symbols("x w")
        >>> sb.Circuit.from_sympy(sympy.exp(w*x)).output.expr
        exp(w*x)
        >>> print(*sb.Circuit.from_sympy({"g": w*x, "h": w + x}).outputs)
        g h
        """
        from symback.sympy_io.from_sympy import read

        found = read(expr, name, params=params, inputs=inputs, outputs=outputs, loss=loss)
        return cls.of(found)

    def __getitem__(self, name: str | Node) -> Node:
        """The node of a name: of one that was typed, of a gate or a size that results speak of.

        `in`, iteration and the lists of nodes have what was typed only.

        >>> import symback as sb
        >>> c = sb.circuit("f = x1 - sigma(w3*x3 + w4*x4)")
        >>> print(c["f"].expr, "|", c["net"].expr)
        x1 - sigma(w3*x3 + w4*x4) | w3*x3 + w4*x4
        """
        from symback.autodiff.gates import gates, typed_gates

        key = str(name)
        if key in self._by_name:
            return self._by_name[key]
        for found in (self.gates, typed_gates(self)):
            if key in found or not self.gates.rewrites:
                return found[key]
        return gates(self, opaque=[n.name for n in self.computed])[key]

    @cached_property
    def gates(self) -> Gates:
        """The circuit of gates that closed forms are over, and that modules compute.

        Its nodes are each one sum, product, power or function; those without a name of their own
        have one here, such as net, the net input of an activation, or f_1, a part of f.

        >>> import symback as sb
        >>> for node in sb.circuit("f = x1 - sigma(w3*x3 + w4*x4)", loss=None).gates.computed:
        ...     print(node, "=", node.expr)
        net = w3*x3 + w4*x4
        f_1 = sigma(net)
        f = -f_1 + x1
        """
        from symback.autodiff.gates import gates

        return gates(self)

    @property
    def source(self) -> str:
        """The circuit as text, every role declared; `symback.circuit` reads it back equal."""
        from symback.printing.circuit_text import circuit_text

        return circuit_text(self)

    def unrolled(self) -> Circuit:
        """The circuit with its loops written out, a node each turn; itself where it has none.

        Unsupported where only data know the number of turns.

        >>> import symback as sb
        >>> c = sb.circuit("x: input[9, n]; a[0] = zeros(n)\\nfor t in range(9):\\n"
        ...                "    a[t + 1] = a[t]*x[t]\\nf = sum(a[9])")
        >>> len(c.computed), len(c.unrolled().computed)
        (4, 11)
        """
        from symback.circuits.loops import unrolled

        found = unrolled(self)
        return self if found is self else type(self).of(found)

    @checked()
    def gradient(self, of: str | None = None, *, expand: bool = False) -> Gradient:
        """Closed forms of all partials of a node (of the output where none is named).

        >>> import symback as sb
        >>> sb.circuit("f = w*x").gradient()["w"]
        x
        """
        return Gradient.of_node(self, of, expand=expand)

    @checked()
    def jacobian(
        self,
        of: str | Iterable[str] | None = None,
        wrt: str | Iterable[str] | None = None,
        *,
        expand: bool = False,
    ) -> ImmutableMatrix:
        """∂of/∂wrt as a SymPy matrix: a row for each node, a column for each name.

        Without `of` the rows are those of the outputs, without `wrt` the columns are the
        parameters, or the inputs of a circuit that has none. Entries are over node names, with
        `expand=True` over leaves. Arrays whose sizes are numbers have their entries, row by row:

        >>> import symback as sb
        >>> sb.circuit("f = w*x + b").jacobian()
        Matrix([[x, 1]])
        >>> sb.circuit("x: param[2]; f: output = sin(x)*x[0]; loss: none").jacobian()
        Matrix([
        [x_0*cos(x_0) + sin(x_0),            0],
        [               sin(x_1), x_0*cos(x_1)]])
        """
        from symback.autodiff.matrices import jacobian
        from symback.truth.entrywise import entries_of_jacobian

        circuit, rows, columns = entries_of_jacobian(self, of, wrt)
        return jacobian(circuit, rows, columns, expand=expand)

    @checked()
    def hessian(
        self,
        of: str | None = None,
        wrt: str | Iterable[str] | None = None,
        *,
        expand: bool = False,
    ) -> ImmutableMatrix:
        """The second partials of a node (of the output where none is named) as a SymPy matrix.

        >>> import symback as sb
        >>> sb.circuit("f = exp(w*x)").hessian()
        Matrix([[x**2*exp(w*x)]])
        """
        from symback.autodiff.matrices import hessian
        from symback.truth.entrywise import entries_of_hessian

        circuit, node, columns = entries_of_hessian(self, of, wrt)
        return hessian(circuit, node, columns, expand=expand)

    @checked()
    def derive(
        self,
        of: str | Iterable[str] | None = None,
        wrt: str | Iterable[str] | None = None,
        *,
        view: View = "paths",
        order: int = 1,
        jacobian: bool = False,
    ) -> Derivation:
        """The derivation of all partials of a node, or of those by the names `wrt`.

        The view is "paths", or "accumulation", adjoint by adjoint as the code computes them. With
        order=2 it is that of the Hessian, by the second chain rule. With jacobian=True, or of
        several nodes, it is that of the Jacobian, row by row.

        >>> import symback as sb
        >>> sb.circuit("f = w*x**2").derive(wrt=["w", "x"], order=2).matrix
        Matrix([
        [  0, 2*x],
        [2*x, 2*w]])
        """
        from symback.derivation.matrices import derivation_of

        found = derivation_of(self, of, wrt, view=view, order=order, jacobian=jacobian)
        return Derivation.from_record(found)

    @checked()
    def partial(self, of: str, wrt: str | None = None) -> Derivation:
        """The derivation of one partial; `c.partial("w3")` is the partial of the output."""
        return self.derive(of, wrt) if wrt is not None else self.derive(None, of)

    @checked()
    def draw(
        self,
        at: Mapping[str, Any] | None = None,
        view: str = "gates",
        *,
        of: str | None = None,
        tangents: Mapping[str, float] | None = None,
        path: str | os.PathLike[str] | None = None,
        force: bool = False,
    ) -> str:
        """The circuit as SVG, inputs on the left, in the view "gates" or "neurons".

        `at` gives numbers for leaves: wires then show values above and gradients below; of several
        outputs local partials stand below, of arrays nothing. What leads to the output is drawn, or
        to the node `of`, such as the loss. Where `tangents` says
        how fast leaves move, wires show tangents (forward mode) in place of gradients. Notebooks
        show the picture. With a path it is written there too, as SVG, PNG, PDF, TikZ or Graphviz
        text by the path's ending; PNG and PDF need the extra `plots`.

        >>> import symback as sb
        >>> sb.circuit("f = x1 - sigma(w3*x3 + w4*x4)").draw(view="neurons")[:4]
        '<svg'
        """
        from symback.derivation.picture.svg import draw

        if path is not None:
            from symback.derivation.picture.formats import write_picture

            write_picture(self, path, at, view, of, tangents, force=force)
        return draw(self, at, view, of, tangents)

    @checked()
    def to_dot(
        self,
        at: Mapping[str, Any] | None = None,
        view: str = "gates",
        of: str | None = None,
        tangents: Mapping[str, float] | None = None,
    ) -> str:
        """The picture that `draw` makes, as text in Graphviz's language.

        >>> import symback as sb
        >>> print(sb.circuit("f = w*x").to_dot().splitlines()[0])
        digraph "f" {
        """
        from symback.derivation.picture.dot import to_dot

        return to_dot(self, at, view, of, tangents)

    @checked()
    def generate(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        target: str = "numpy",
        functions: str | Iterable[str] = (),
        force: bool = False,
        **options: Any,
    ) -> str:
        """The text of a standalone module; with a path it is written there safely as well.

        The target "c" gives C99; its header and a loader for Python are written beside it. Other
        targets are "jax", "torch", "javascript" and "rust".
        `functions` adds some: "jvp", "hessp", "residuals", "jacobian", "hessian", "covariance".
        """
        from symback.codegen.generate import generate

        return generate(self, path, target=target, functions=functions, force=force, **options)

    @checked()
    def code(
        self,
        language: str = "numpy",
        *,
        only: str | Iterable[str] = (),
        of: str | None = None,
        wrt: str | Iterable[str] = (),
        name: str | None = None,
    ) -> str:
        """Functions of one sample and the kernels that they call, and nothing else.

        They are `NAME`, the value of a node, and `NAME_gradient`, its partials by the leaves `wrt`;
        by default those of the output by all parameters and inputs. `only` says which of "value",
        "gradient", "value_and_gradient", "vjp" (Jᵀ·v), "jvp" (J·v), "hessp" (H·v), "jacobian" and
        "hessian" are wanted; languages are "numpy", "c", "javascript", "rust", "jax" and "torch".

        >>> import symback as sb
        >>> print(sb.circuit("f = w*x").code("javascript", only="value", name="product"), end="")
        // f = w·x
        function product(w, x) {
          const f = w * x;
          return f;
        }
        """
        from symback.codegen.bare.languages import bare_code

        only, wrt = ((given,) if isinstance(given, str) else tuple(given) for given in (only, wrt))
        return bare_code(self, language, only=only, of=of, wrt=wrt, name=name)

    @checked()
    def compile(
        self,
        *,
        stable: bool = True,
        target: str = "numpy",
        functions: str | Iterable[str] = (),
    ) -> ModuleType:
        """The generated module, imported from memory; debuggers can step into its source.

        With `stable=False` it computes formulas as they are typed, as `as_typed` says. The target
        "c" needs a C compiler. `functions` are those that `generate` adds.

        >>> import symback as sb
        >>> module = sb.circuit("f = w*x + b").compile(functions="jacobian")
        >>> module.jacobian([2.0, 1.0], module.Inputs(x=[3.0, 4.0]))
        array([[3., 1.],
               [4., 1.]])
        """
        from symback.codegen.generate import compile_module

        return compile_module(self if stable else self.as_typed(), target, functions)

    @checked(CheckFailed)
    def check(
        self, *, points: int = 24, seed: int = 0, functions: str | Iterable[str] = ()
    ) -> Report:
        """The generated module against SymPy's numeric evaluation, partial by partial.

        The module has the `functions` that `generate` adds, each of whose entries is compared.
        """
        from symback.check.check import check_circuit

        return check_circuit(self, points=points, seed=seed, functions=functions)

    def __str__(self) -> str:
        return self.source

    def _repr_svg_(self) -> str | None:
        from symback.derivation.notebook import svg_of_circuit

        return svg_of_circuit(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        from symback.derivation.notebook import text_of_circuit

        printer.text(text_of_circuit(self))


class Gradient(closed_forms.Gradient):
    """The partials of one node by all nodes that it depends on, as SymPy expressions.

    By an array it is a matrix expression of the array's shape, a vector being a column.

    Over node names; inner parts without a name of their own stand as they were typed, a net
    input excepted: the circuit gives its formula, as c["net"].expr. A partial too large to write
    out keeps adjoints by name, such as net2_bar for ∂f/∂net2, which is g["net2"].

    >>> import symback as sb
    >>> c = sb.circuit("f = x1 - sigma(w3*x3 + w4*x4)")
    >>> g = c.gradient()
    >>> print(g["w3"], "|", c["net"].expr)
    -x3*(1 - sigma(net))*sigma(net) | w3*x3 + w4*x4
    """

    def _repr_markdown_(self) -> str | None:
        from symback.derivation.notebook import markdown_of_gradient

        return markdown_of_gradient(self)


@dataclass(frozen=True, eq=False)  # equal where the records are
class Derivation(record.Derivation):
    """The derivation of one partial, or of all partials of a node.

    `print(d)` shows it; `d.steps` are its steps, `d.result` the closed form, `d.at(x1=1, …)`
    the same with numbers.

    >>> import symback as sb
    >>> d = sb.circuit("f = x1 - x2, x2 = w3*x3").partial("f", "w3")
    >>> d.result
    -x3
    """

    _shown: int = field(default=0, repr=False)  # where a reader is, and nothing else: it moves

    @classmethod
    def from_record(cls, data: record.Derivation) -> Self:
        """The derivation with the methods of this class."""
        return cls(**_fields_of(data))

    def at(self, /, **values: Any) -> Self:
        """The derivation with numbers: the value of every node and of every asked partial.

        A number for a number; lists, nested lists or NumPy arrays for arrays, which also say
        what their sizes are. Raises DataError or UnknownName where they don't fit the circuit.
        """
        from symback.derivation.derive import of_all_turns
        from symback.derivation.numbers.point import by_entries, read_point

        if self.heads:
            return self.from_record(of_all_turns(self)).at(**values)

        numbers = by_entries(self.entries, values)
        return replace(self, values=read_point(self.walk.circuit, numbers))

    def evaluated(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Values of the nodes and of the asked partials at the point set by `at`.

        Floats, or NumPy arrays of them; nested lists where NumPy is not installed.
        """
        from symback.derivation.numbers.numpy_arrays import as_numpy
        from symback.derivation.numbers.steps import evaluated

        nodes, partials = evaluated(self)
        return as_numpy(nodes), as_numpy(partials)

    def numbers(self) -> dict[int, Any]:
        """The value of each step at the point set by `at`, by the step's number."""
        from symback.derivation.numbers.numpy_arrays import as_numpy
        from symback.derivation.numbers.steps import numbers_of_steps

        return as_numpy(numbers_of_steps(self))

    def accumulation(self) -> Self:
        """The same by adjoints, as the code adds them up, instead of path by path."""
        from symback.derivation.derive import by_adjoints

        return self.from_record(by_adjoints(self))

    @checked()
    def to_text(self, *, ascii: bool = False, detail: Detail = "normal") -> str:
        """Plain text; detail is "brief" (results), "normal" or "full" (every step and why)."""
        from symback.derivation.text.detail import text_in_detail

        return text_in_detail(self, detail, ascii=ascii)

    @property
    def gates(self) -> Gates:
        """The gates that the steps are about, by name: d.gates["net"].expr.

        They are those of the formulas as typed, with the parts that the stable form names.
        """
        return self.walk.circuit

    # -- one step at a time -------------------------------------------------------------------

    @checked()
    def step(self, number: int) -> Shown:
        """Step `number` as text; `next()` goes on behind it.

        >>> import symback as sb
        >>> d = sb.circuit("f = x1 - x2, x2 = w3*x3").partial("f", "w3")
        >>> d.step(4)
        [4] edge       ∂f/∂x2 = −1
                       sum rule: differentiate term by term; from 2
        """
        from symback.derivation.text.detail import step_text

        if not 1 <= number <= len(self.steps):
            raise CircuitError(f"there is no step {number}; there are 1 to {len(self.steps)}")
        object.__setattr__(self, "_shown", number)
        return step_text(self, self.steps[number - 1])

    def next(self) -> Shown:
        """The step behind the one shown last."""
        return self.step(min(self._shown + 1, len(self.steps)))

    def back(self) -> Shown:
        """The step before the one shown last."""
        return self.step(max(self._shown - 1, 1))

    @checked()
    def why(self, number: int | None = None) -> Shown:
        """Why step `number` holds, or the current one, and the steps that it needs."""
        from symback.derivation.text.detail import why_text

        number = max(self._shown, 1) if number is None else number
        self.step(number)
        return why_text(self, self.steps[number - 1])

    @checked()
    def path(self, *names: str) -> Shown:
        """The paths that lead over the names, each with its product of local partials.

        >>> import symback as sb
        >>> sb.circuit("f = x1 - x2, x2 = w3*x3").partial("f", "w3").path("x2", "w3")
        f → x2 → w3
          ∂f/∂x2 · ∂x2/∂w3
          = −1 · x3
        """
        from symback.derivation.text.detail import path_text

        return path_text(self, [str(name) for name in names])

    @checked()
    def paths(self, name: str) -> list[tuple[Edge, ...]] | None:
        """All paths from the node to a name, edge by edge; None where there are too many."""
        from symback.derivation.paths import listed_paths

        return listed_paths(self.walk, name)

    # -- renderings -----------------------------------------------------------------------------

    @checked()
    def to_latex(self, style: Style = "align", *, standalone: bool = False) -> str:
        """LaTeX source: an align environment a section, or a document that compiles by itself.

        style is "align", a document where `standalone` is set; "beamer", slides on which the steps
        appear one by one; or "table", one row a step with its reason.
        """
        from symback.derivation.latex.documents import latex_in_style

        return latex_in_style(self, style, standalone=standalone)

    @checked()
    def quiz(
        self,
        kind: Literal["partials", "rules", "steps"] = "partials",
        blanks: int | None = None,
        seed: int = 0,
        level: int = 1,
    ) -> Quiz:
        """Practice: the derivation with blanks, more of them from level 1 to 3; see `Quiz`.

        Of a Jacobian or Hessian entries are asked for, of arrays the adjoints, edge by edge.
        """
        from symback.derivation.practice.array_quiz import ArrayQuiz
        from symback.derivation.practice.matrix_quiz import MatrixQuiz
        from symback.derivation.practice.quiz import Quiz

        of_arrays = self.circuit.has_arrays and not self.is_matrix
        chosen = MatrixQuiz if self.is_matrix else ArrayQuiz if of_arrays else Quiz
        return chosen(self, kind, blanks, seed, level)

    def to_markdown(self) -> str:
        """Markdown with formulas in LaTeX, for notebooks and web pages."""
        from symback.derivation.latex.sections import to_markdown

        return to_markdown(self)

    def to_json(self) -> str:
        """The steps as JSON."""
        from symback.derivation.json import to_json

        return to_json(self)

    def to_html(self) -> str:
        """One HTML page that needs no network: picture, steps, sliders that recompute all."""
        from symback.derivation.page.html import to_html

        return to_html(self)

    def __str__(self) -> str:
        return self.to_text()

    def _repr_markdown_(self) -> str | None:
        from symback.derivation.notebook import markdown_of_derivation

        return markdown_of_derivation(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        from symback.derivation.notebook import text_of_derivation

        printer.text(text_of_derivation(self))


class Update(updates.Update):
    """A rule, its formulas, and the program that targets print.

    >>> import symback as sb
    >>> print(sb.update("sgd").program)
    (eta, theta, g):
        theta_next = -eta*g + theta
        return theta_next
    """

    @checked()
    def to_text(self, *, ascii: bool = False) -> str:
        """The formulas line by line, the closed form, and what each name is."""
        from symback.derivation.text.updates import to_text

        return to_text(self, ascii=ascii)

    def to_latex(self) -> str:
        """The formulas as one align* environment, to be used with the package amsmath.

        >>> import symback as sb
        >>> print(sb.update("sgd").to_latex(), end="")
        % Stochastic gradient descent
        \\begin{align*}
          g_{t} &= \\frac{1}{b} \\sum_{i=1}^{b} \\nabla l(\\theta_t, x_i, y_i) \\\\
          \\theta_{t+1} &= \\theta_{t} - \\eta_{t} \\, g_{t}
        \\end{align*}
        """
        from symback.derivation.text.updates import to_latex

        return to_latex(self)

    def to_markdown(self) -> str:
        """Title, formulas and what each name is, as notebooks and web pages render it."""
        from symback.derivation.text.updates import to_markdown

        return to_markdown(self)

    def to_json(self) -> str:
        """The rule for other programs: formulas in circuit text and in print, state, settings."""
        from symback.derivation.text.updates import to_json

        return to_json(self)

    @checked()
    def generate(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        target: str = "numpy",
        force: bool = False,
    ) -> str:
        """The text of a standalone module; with a path it is written there safely as well.

        The target "c" gives C99; its header and a loader for Python are written beside it.
        """
        from symback.codegen.generate import generate

        return generate(self, path, target=target, force=force)

    @checked()
    def compile(self, target: str = "numpy") -> ModuleType:
        """The generated module, imported from memory.

        >>> import numpy as np, symback as sb
        >>> sgd = sb.update("sgd").compile()
        >>> theta = np.array([1.0, 2.0])
        >>> sgd.update(theta, np.array([0.5, -1.0]), sgd.init_state(theta), eta=0.5)
        (array([0.75, 2.5 ]), State())
        """
        from symback.codegen.generate import compile_module

        return compile_module(self, target)

    def __str__(self) -> str:
        return self.to_text()

    def _repr_markdown_(self) -> str:
        return self.to_markdown()


@overload
def circuit(
    text: str | Callable[..., Any],
    *,
    params: Iterable[str] | None = None,
    inputs: Iterable[str] | None = None,
    loss: str | Automatic | None = AUTOMATIC,
    notation: str = "text",
) -> Circuit: ...


@overload
def circuit(
    *,
    params: Iterable[str] | None = None,
    inputs: Iterable[str] | None = None,
    loss: str | Automatic | None = AUTOMATIC,
) -> Callable[[Callable[..., Any]], Circuit]: ...


@checked()
def circuit(
    text: Any = ...,
    *,
    params: Iterable[str] | None = None,
    inputs: Iterable[str] | None = None,
    loss: str | Automatic | None = AUTOMATIC,
    notation: str = "text",
) -> Any:
    r"""The circuit that a text describes, circuit text or, with notation="latex", LaTeX.

    `params` and `inputs` override the roles inferred from names, and order them; `loss` names the
    node to minimise or its formula, None for none. Errors are CircuitError and its kin, with line,
    column and cause. Where a name is likely meant as a product, such as wx, the circuit is read as
    typed with a warning, LikelyMeantOtherwise; `circuit.warnings` keeps it.

    A function in place of the text is called once, with operands in place of numbers, and becomes
    the circuit of what it returns; so `circuit` is a decorator, with options or without.

    >>> import symback as sb
    >>> @sb.circuit
    ... def f(x1, w3, x3):
    ...     x2 = sb.sigma(w3*x3)
    ...     return x1 - x2
    >>> print(*f.computed)
    x2 f l

    >>> import symback as sb
    >>> print(sb.circuit("f = x1 − σ(w3x3 + w4x4)", loss=None))
    x1: input
    w3: param
    x3: input
    w4: param
    x4: input
    f: output = x1 - sigma(w3*x3 + w4*x4)
    loss: none
    <BLANKLINE>
    >>> sb.circuit(r"f = x_1 - \sigma(w_3 x_3 + w_4 x_4)", notation="latex").output.expr
    x1 - sigma(w3*x3 + w4*x4)
    """
    options: dict[str, Any] = {"params": params, "inputs": inputs, "loss": loss}
    if text is ...:
        return partial(circuit, **options)
    if isinstance(text, FunctionType):
        from symback.language.tracing import text_of  # most circuits are texts

        text, options = text_of(text, params, inputs, loss), {"loss": loss}
    read = Circuit.of(parse.circuit(text, **options, notation=notation))
    for sentence in read.warnings:
        warnings.warn(sentence, LikelyMeantOtherwise, stacklevel=3)  # `checked` is between
    return read


@checked()
def update(name: str, *, decay: bool = False) -> Update:
    """The update of an optimiser, with weight decay (L2) added to the gradient where asked for.

    θ ← θ - η·m̂/(√v̂ + ε) for adam; the rules are sgd, momentum, nesterov, adagrad, rmsprop, adam
    and adamw, whose decay is its own. Raises UnknownName with the nearest name.

    >>> import symback as sb
    >>> for name, formula in sb.update("adam").formulas.items():
    ...     print(name, "=", formula)
    m_next = beta1*m + g*(1 - beta1)
    v_next = beta2*v + g**2*(1 - beta2)
    m_hat = m_next/(1 - beta1**t)
    v_hat = v_next/(1 - beta2**t)
    theta_next = -eta*m_hat/(epsilon + sqrt(v_hat)) + theta
    """
    return _update(updates.update(name, decay=decay))


@lru_cache(maxsize=16)
def _update(data: updates.Update) -> Update:
    """One object a rule, as below."""
    return Update(data.rule, Circuit.of(data.circuit))


def _fields_of(data: Any) -> dict[str, Any]:
    """The arguments that a data class is made with."""
    return {f.name: getattr(data, f.name) for f in fields(data) if f.init}


__all__ = [
    "Circuit",
    "Derivation",
    "Gradient",
    "Node",
    "Program",
    "SymbackError",
    "Update",
    "circuit",
    "update",
]
