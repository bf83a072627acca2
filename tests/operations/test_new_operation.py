"""The recipe of CONTRIBUTING for an elementwise operation, followed in a copy of the repository.

bell(u) = 1/(1 + u²) gets its meaning, one row, one row of cases and one kernel, and no other line;
then it can be read, derived, generated and checked, and the closing tests pass.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMPILER = next((c for c in (os.environ.get("CC"), "cc", "gcc") if c and shutil.which(c)), "")

# file, the line before which the text is put, and the text
MEANING = (
    "symback/operations/functions.py",
    "class Slope(Elementary):",
    '''class bell(Elementary):
    """bell(u) = 1/(1 + u**2)."""

    @staticmethod
    def elementary(u: Expr) -> Expr:
        return 1 / (1 + u**2)

    @staticmethod
    def derivative(u: Expr) -> Expr:
        return -2 * u * bell(u) ** 2


''',
)
ROW = (
    "symback/operations/elementwise/activations.py",
    '    Op(\n        "sigma",',
    '    Op("bell", bell, "bell′ = −2·u·bell²", partials=lambda v, u: (-2 * u * v**2,)),\n',
)
IMPORT = (
    "symback/operations/elementwise/activations.py",
    "\n    binary_cross_entropy,\n",
    "\n    bell,",
)
CASE = (
    "tests/cases/elementwise.py",
    '    "exp": Case(',
    '    "bell": Case("f = w2*bell(w*x + b)", [(-3,), (0,), (2,)], lambda u: 1 / (1 + u * u)),\n',
)
KERNEL = (
    "symback/codegen/numpy/kernels.py",
    "def _sigma(z):",
    'def _bell(z):\n    """1/(1 + z²)."""\n    return 1.0 / (1.0 + z * z)\n\n\n',
)
RECIPE = [MEANING, IMPORT, ROW, CASE, KERNEL]

USE = """
import sys
from pathlib import Path

import symback as sb
from symback.check.check import check_file
from tests.cases.elementwise import CASES

circuit = sb.circuit(CASES["bell"].circuit)
assert circuit.check().passed
derivation = circuit.derive()
assert derivation.verified and "bell′ = −2·u·bell²" in str(derivation)
assert "_bell(" in derivation.to_html()
for target, suffix, kernel in [line.split() for line in sys.argv[1:]]:
    path = Path(f"bell.{suffix}")
    circuit.generate(path, target=target)
    assert kernel in path.read_text(encoding="utf-8")
    assert check_file(path).passed
"""

CLOSING = [
    "tests/autodiff/test_partials.py",
    "tests/codegen/c/test_c.py",
    "tests/derivation/test_page.py",
]


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A copy in which the recipe was followed."""
    copy = tmp_path_factory.mktemp("repository")
    for folder in ("symback", "templates", "tests"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    for file, before, text in RECIPE:
        path = copy / file
        old = path.read_text(encoding="utf-8")
        assert old.count(before) == 1, (file, before)
        path.write_text(old.replace(before, text + before), encoding="utf-8")
    return copy


def run(repository: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "PYTHONPATH": str(repository),
        "XDG_CACHE_HOME": str(repository / "cache"),
    }
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=repository, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_the_operation_is_read_derived_generated_and_checked(repository):
    targets = ["numpy py _bell(", *(["c c symback_bell("] if COMPILER else [])]
    done = run(repository, "-c", USE, *targets)
    assert done.returncode == 0, done.stderr


def test_the_closing_tests_pass(repository):
    select = ("-k", "bell or complete")
    done = run(repository, "-m", "pytest", "-q", "-p", "no:cacheprovider", *select, *CLOSING)
    assert done.returncode == 0, done.stdout
