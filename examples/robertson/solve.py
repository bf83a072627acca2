"""Robertson's stiff kinetics by SciPy's implicit solver, with its Jacobian and without."""

from pathlib import Path

from scipy.integrate import solve_ivp

import symback as sb

FOLDER = Path(__file__).parent
module = sb.circuit((FOLDER / "robertson.circuit").read_text(encoding="utf-8")).compile(
    functions=("jacobian", "bind")
)
reactions = module.bind(module.Inputs(k1=0.04, k2=3e7, k3=1e4))
END = 1e11


def rates(t, y):
    return reactions.output(y)


def jacobian(t, y):
    return reactions.jacobian(y)


for name, jac in (("exact", jacobian), ("differences", None)):
    found = solve_ivp(
        rates, (0, END), [1.0, 0.0, 0.0], method="Radau", jac=jac, rtol=1e-7, atol=1e-16
    )
    print(f"Jacobian: {name}")
    for share, value in zip("ABC", found.y[:, -1], strict=True):
        print(f"  {share} = {value:.6e}")
