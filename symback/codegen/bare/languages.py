"""The languages of bare code: one row of a table for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from symback.errors import Unsupported, clip, nearest

if TYPE_CHECKING:
    from symback.circuits.circuit import Circuit
    from symback.codegen.bare.matrices import BareParts


@dataclass(frozen=True, slots=True)
class Language:
    """How a language writes bare functions, and the format of its files."""

    write: Callable[[BareParts], str]
    form: str  # a format of `symback.codegen.marks`


def _numpy(functions: BareParts) -> str:
    from symback.codegen.numpy.bare import numpy_code  # start-up stays fast

    return numpy_code(functions)


def _c(functions: BareParts) -> str:
    from symback.codegen.c.bare import c_code  # start-up stays fast

    return c_code(functions)


def _javascript(functions: BareParts) -> str:
    from symback.codegen.javascript.bare import javascript_code  # start-up stays fast

    return javascript_code(functions)


def _rust(functions: BareParts) -> str:
    from symback.codegen.rust.bare import rust_code  # start-up stays fast

    return rust_code(functions)


def _jax(functions: BareParts) -> str:
    from symback.codegen.jax.words import jax_code  # start-up stays fast

    return jax_code(functions)


def _torch(functions: BareParts) -> str:
    from symback.codegen.torch.words import torch_code  # start-up stays fast

    return torch_code(functions)


LANGUAGES: Mapping[str, Language] = {
    "numpy": Language(_numpy, "python"),
    "c": Language(_c, "c"),
    "jax": Language(_jax, "python"),
    "torch": Language(_torch, "python"),
    "javascript": Language(_javascript, "javascript"),
    "rust": Language(_rust, "rust"),
}
"""The languages by name."""


def language_named(name: str) -> Language:
    """The language of that name; Unsupported where there is none."""
    if name not in LANGUAGES:
        hint = nearest(name, LANGUAGES) or f"; choose from {', '.join(LANGUAGES)}"
        raise Unsupported(f"no language '{clip(name, 40)}'{hint}")
    return LANGUAGES[name]


def bare_code(
    circuit: Circuit,
    language: str = "numpy",
    *,
    only: Sequence[str] = (),
    of: str | None = None,
    wrt: Sequence[str] = (),
    name: str | None = None,
) -> str:
    """The text of the functions and of the kernels that they call.

    >>> import symback as sb
    >>> print(bare_code(sb.circuit("f = w*x"), "javascript", only=["value"]))
    // f = w·x
    function f(w, x) {
      const f = w * x;
      return f;
    }
    <BLANKLINE>
    """
    from symback.codegen.bare.matrices import bare_parts  # start-up stays fast

    found = language_named(language)
    return found.write(bare_parts(circuit, only, of=of, wrt=wrt, name=name))


__all__ = ["LANGUAGES", "bare_code", "language_named"]
