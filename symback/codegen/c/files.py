"""What the files of any C module hold: functions for each type of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from symback.codegen.c.signature import Signature
from symback.codegen.header import Head, Header

DEFINES = """\
{stem}.h says what each function does. C99 and its library, nothing else. For speed compile
with -O3 -march=native -fopenmp-simd -fno-math-errno -fno-trapping-math -fno-thread-jumps; with
-ffp-contract=off a line rounds the same everywhere; -ffast-math would take away what keeps the
digits."""
LOADS = """\
It compiles {stem}.c at the first call and keeps the result in the user's cache. Needs NumPy ≥ 2
and a C compiler: that which CC names, or cc, gcc or clang."""


@dataclass(frozen=True, slots=True)
class Real:
    """A type of the caller's numbers, and how names of functions over it end."""

    name: str
    suffix: str


REALS = (Real("double", ""), Real("float", "_f32"))


@dataclass(frozen=True, slots=True)
class CFunction:
    """A function as templates print it; its lines are without indentation."""

    signature: Signature
    sentence: str
    lines: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Variant:
    """The functions for one type of the caller's numbers."""

    real: Real
    functions: Sequence[CFunction]
    value_and_grad: CFunction | None = None  # these two have templates of their own
    sgd: CFunction | None = None

    @property
    def declared(self) -> list[CFunction]:
        """All functions, as the header lists them."""
        return [*self.functions, *(f for f in (self.value_and_grad, self.sgd) if f)]


@dataclass(frozen=True, slots=True, kw_only=True)
class CFiles:
    """What the three templates of a C module fill in, and `m`, which NumPy modules have too."""

    stem: str
    prefix: str
    heads: Mapping[str, Head]  # by what the files end with
    structure_template: str  # of the structures for one type
    variants: Sequence[Variant]
    kernels: Sequence[str]
    level: str  # how far the compiler is to optimise
    includes: Sequence[str] = ("math.h",)
    blocks: str = ""  # the macro of their size, where a function sums in blocks
    products: bool = False  # whether there are products of matrices
    fixed: Sequence[tuple[str, int, str, int]] = ()  # macro, value, a leaf and its axis

    @property
    def caller(self) -> str:
        """The extension that calls functions, the same for all modules."""
        return Path(__file__).with_name("caller.c").read_text(encoding="utf-8")

    @property
    def loaded(self) -> list[str]:
        """The functions that the loader calls, as it lists them."""
        called = [f for v in self.variants for f in v.declared if f is not v.value_and_grad]
        return [function.signature.loaded for function in called]


def heads_of(
    header: Header, stem: str, more: str, about: Sequence[str], python: Sequence[str]
) -> dict[str, Head]:
    """The heads of three files: the header says what is true `about` functions, Python its own."""
    declares = Head(header, ".", header.formulas, about, "   ", is_certified=False)
    defines = Head(header, ".", (), DEFINES.format(stem=stem).splitlines(), "   ")
    loads = header.head(more, [*python, *LOADS.format(stem=stem).splitlines()])
    return {".h": declares, ".c": defines, ".py": loads}


__all__ = ["REALS", "CFiles", "CFunction", "Real", "Variant", "heads_of"]
