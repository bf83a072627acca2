"""The price of a call and its Greeks: its slopes, and Γ, which is the slope of Δ."""

from pathlib import Path

import symback as sb

call = sb.circuit(Path(__file__).with_name("call.circuit").read_text(encoding="utf-8"), loss=None)
delta = sb.Circuit.from_sympy(call.gradient(expand=True)["spot"], name="delta", loss=None)
of_call, of_delta = call.compile(), delta.compile()

print("spot   price      Δ       Γ       vega      Θ      ρ")
for spot in (38.0, 40.0, 42.0, 44.0):
    at = {"spot": spot, "strike": 40.0, "rate": 0.1, "volatility": 0.2, "time": 0.5}
    price, cache = of_call.forward(of_call.Params(), of_call.Inputs(**at))
    _, slopes = of_call.backward(of_call.Params(), of_call.Inputs(**at), cache)
    _, cache = of_delta.forward(of_delta.Params(), of_delta.Inputs(**at))
    _, second = of_delta.backward(of_delta.Params(), of_delta.Inputs(**at), cache)
    print(
        f"{spot:4.0f} {price:8.4f} {slopes.spot:8.4f} {second.spot:7.4f} {slopes.volatility:9.4f}"
        f" {-slopes.time:8.4f} {slopes.rate:8.4f}"
    )
