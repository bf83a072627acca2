"""Rosenbrock's function of 1,000 numbers: Newton's method with a sparse Hessian, and SciPy's."""

from pathlib import Path

import numpy as np

import symback as sb

try:
    from scipy.optimize import minimize
    from scipy.sparse import eye_array
    from scipy.sparse.linalg import spsolve
except ImportError:
    raise SystemExit("sparse Hessians need SciPy: pip install scipy") from None

CIRCUIT = Path(__file__).with_name("rosenbrock.circuit")
SIZE = 1000


def newton(bound, x):
    """Newton steps, shortened by a multiple of the identity in the Hessian until f falls."""
    damping, steps = 1.0, 0
    value, gradient = bound.objective(x)
    while abs(gradient).max() > 1e-9 and steps < 500:
        hessian = bound.hessian(x) + damping * eye_array(len(x), format="csr")
        trial = x + spsolve(hessian, -gradient)
        found = bound.objective(trial)
        steps += 1
        if found[0] < value:
            x, (value, gradient), damping = trial, found, damping / 10
        else:
            damping *= 10
    print(f"Newton: {steps} steps, {abs(x - 1).max():.0e} from the minimum")


def main():
    functions = ("hessian", "hessp", "sparsity", "bind")
    module = sb.circuit(CIRCUIT.read_text(encoding="utf-8")).compile(functions=functions)
    print(f"{module.sparsity(n=SIZE).hessian.nnz} of {SIZE**2} second partials can be other than 0")
    bound, start = module.bind(module.Inputs()), np.full(SIZE, 0.5)
    newton(bound, start)
    second = {"trust-ncg": {"hessp": bound.hessp}, "trust-constr": {"hess": bound.hessian}}
    for method, given in second.items():
        found = minimize(bound.objective, start, jac=True, method=method, **given)
        print(f"{method}: {found.nit} steps, {abs(found.x - 1).max():.0e} from the minimum")


if __name__ == "__main__":
    main()
