"""The rates of an enzyme with and without puromycin: parameters looked up by the state."""

import numpy as np
from scipy.optimize import minimize

import symback as sb

CIRCUIT = """
# Rates of an enzyme in two states: each state has its own parameters, at a whole number from data.
state: int
concentration: input
rate: target
Vmax: param[2]
K: param[2]
v: output = Vmax[state]*concentration/(K[state] + concentration)
l: loss = (v - rate)**2/2
"""
STATES = ("treated", "untreated")
RATES = {
    # concentration, rates of both states
    0.02: ((76, 47), (67, 51)),
    0.06: ((97, 107), (84, 86)),
    0.11: ((123, 139), (98, 115)),
    0.22: ((159, 152), (131, 124)),
    0.56: ((191, 201), (144, 158)),
    1.10: ((207, 200), (160,)),
}


def main():
    rows = [
        (state, concentration, rate)
        for concentration, both in RATES.items()
        for state, rates in enumerate(both)
        for rate in rates
    ]
    module = sb.circuit(CIRCUIT).compile()
    states, concentrations, rates = map(np.array, zip(*rows, strict=True))
    inputs = module.Inputs(state=states, concentration=concentrations, rate=rates.astype(float))
    start = module.ravel(module.Params(Vmax=np.full(2, 200.0), K=np.full(2, 0.1)))
    found = minimize(
        module.objective, start, args=(inputs,), jac=True, method="BFGS", options={"gtol": 1e-7}
    )
    params = module.unravel(found.x)
    for name, most, half in zip(STATES, params.Vmax, params.K, strict=True):
        print(f"{name:9}  Vmax {most:.2f}  K {half:.5f}")
    print(f"residual sum of squares {2 * len(rows) * found.fun:.1f}")


if __name__ == "__main__":
    main()
