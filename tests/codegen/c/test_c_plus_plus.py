"""Bare code in C for strict compilers: as C99, where no name hides another, and as C++."""

from __future__ import annotations

import shutil
import subprocess

import pytest

import symback as sb
from symback.codegen.c import kernels
from symback.codegen.c.printer import kernel_sources
from tests.cases.compilers import COMPILER, STRICT, compiles
from tests.cases.loops import NEIGHBOURS

KINDS = ("value", "gradient", "vjp", "jvp", "hessp", "jacobian", "hessian")
CIRCUITS = {
    "neuron": "f = x1 - sigma(w3*x3 + w4*x4)",
    "pairs one by one": "f = logwsumexp(x, a, y, b, z, c)*logwsumexp(1, a, -2, b)",
    "a layer": "x: input[n]; W: param[k, n]; f = max(tanh(W @ x)) + logsumexp(W @ x)",
    "a system": "A: param[n, n]; b: input[n]; f = sum(solve(A, b)**2) + logdet(A @ A.T)",
    "a number and an array carried": NEIGHBOURS["targets"],
    "of the turn before": NEIGHBOURS["of the turn before"],
}


def compiled(code, folder):
    """What compilers say of a file that only they read."""
    file = folder / "bare.c"
    file.write_text(code, encoding="utf-8")
    commands = [[COMPILER, *STRICT, "-Wshadow"]]
    if shutil.which("g++"):
        commands.append(["g++", "-x", "c++", "-Wall", "-Wextra", "-Wshadow", "-Werror"])
    for command in commands:
        run = [*command, "-Wno-unused-function", "-fsyntax-only", str(file)]
        done = subprocess.run(run, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command[0]}: {done.stderr[:2000]}"


@compiles
@pytest.mark.parametrize("name", CIRCUITS)
def test_bare_c_is_c_plus_plus_as_well(name, tmp_path):
    compiled(sb.circuit(CIRCUITS[name]).code("c", only=KINDS), tmp_path)


@compiles
@pytest.mark.slow
def test_kernels_of_numbers_are_c_plus_plus_as_well(tmp_path):
    """All that bare code may call; those of whole rows are for modules."""
    names = sorted(n for n in kernels.names() - kernels.of_arrays() if not n.endswith("_f32"))
    sources = kernel_sources(f"{name}(x)" for name in names)
    alone = [text for text in sources if "SYMBACK_" not in text]
    assert len(alone) > 200
    headers = "".join(f"#include <{h}.h>\n" for h in ("math", "stddef", "stdint", "string"))
    compiled(headers + "\n".join(alone), tmp_path)
