"""The C target: loops over samples of which compilers make vector code.

Functions of <math.h> keep them from that. Where nothing else does, kernels that compute these
without branches take their place, also inside other kernels. Of choices between computed values
compilers make vectors where arithmetic can't trap (-fno-trapping-math) and where they don't copy
what follows a choice to each of its sides (-fno-thread-jumps); neither changes a value.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from symback.codegen.c import kernels

SUFFIX = "_of_many"
"""How the name of a kernel ends that calls no function of the library."""
WITHOUT_BRANCHES = ("exp", "log", "log1p", "expm1", "sinh", "cosh", "pow")
"""Functions of <math.h> that a kernel of their name computes without branches."""
PLAIN = frozenset({"fabs", "sqrt", "copysign", "fma", "memcpy", "UINT64_C", "rint"})
"""What processors do, of many numbers at a time."""
_CALL = re.compile(r"\b([A-Za-z]\w*)\(")
_COMMENT = re.compile(r"(/\*.*?\*/)", re.DOTALL)
_LEFT_OUT = re.compile(r"/\*.*?\*/|^ *#[^\n]*$", re.DOTALL | re.MULTILINE)


def with_vectors(loop: Sequence[str]) -> list[str]:
    """The lines of a loop, with kernels for functions of the library where that lets compilers make
    vector code of it.

    >>> with_vectors(["a[i] = log(b[i]) + symback_sigma(c[i]);"])
    ['a[i] = symback_log(b[i]) + symback_sigma(c[i]);']
    >>> with_vectors(["a[i] = log(b[i]) + sin(b[i]);"])
    ['a[i] = log(b[i]) + sin(b[i]);']
    """
    text = "\n".join(loop)
    called = {*_CALL.findall(_LEFT_OUT.sub("", text))}
    if not called or not all(map(_is_straight, called)):
        return list(loop)
    parts = _COMMENT.split(text)  # code, and every second one a comment
    parts[::2] = (_CALL.sub(lambda found: f"{_of_many(found[1])}(", code) for code in parts[::2])
    return "".join(parts).split("\n")


def source(name: str) -> str:
    """The text of a kernel that calls no function of the library."""
    known = name.removesuffix(SUFFIX)
    text = kernels.source(known)
    start = text.index("static inline")
    code = _CALL.sub(
        lambda found: f"{name if found[1] == known else _of_many(found[1])}(", text[start:]
    )
    return f"/* {known} without functions of the library. */\n{code}"


def of_many(name: str) -> str:
    """What a loop of vector code calls in place of a function; itself where that has none."""
    return _of_many(name) if _is_straight(name) else name


@cache
def _is_straight(name: str) -> bool:
    """Whether a function needs no branch and no call where kernels are those of many numbers."""
    if name in PLAIN or name in WITHOUT_BRANCHES:
        return True
    if name not in kernels.names():
        return False
    code = _code(name)
    return not re.search(r"\bif\b", code) and all(map(_is_straight, _CALL.findall(code)))


@cache
def _of_many(name: str) -> str:
    """What a loop calls in place of a function."""
    if name in WITHOUT_BRANCHES:
        return f"{kernels.PREFIX}{name}"
    if name not in kernels.names() or name.removeprefix(kernels.PREFIX) in WITHOUT_BRANCHES:
        return name
    changed = any(_of_many(called) != called for called in _CALL.findall(_code(name)))
    return f"{name}{SUFFIX}" if changed else name


def _code(name: str) -> str:
    """The body of a kernel; those of the library hold its functions for other processors."""
    if name.removeprefix(kernels.PREFIX) in WITHOUT_BRANCHES:
        return ""
    return _LEFT_OUT.sub("", kernels.source(name)).partition("\n{\n")[2]


__all__ = ["SUFFIX", "WITHOUT_BRANCHES", "of_many", "source", "with_vectors"]
