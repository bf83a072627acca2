# ---
# jupyter:
#   jupytext:
#     custom_cell_magics: circuit
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
#   ruff: noqa:F821,B018
# ---

# %% [markdown]
# # Backpropagation, one edge at a time
#
# A neural network is a circuit: numbers go in on the left, every gate computes one small formula,
# and one number comes out on the right. To train it we ask of every wire: *if the number here moves
# a little, how much does the output move?* The chain rule answers, edge by edge. That is all there
# is to backpropagation, and this notebook does it by hand, by symback and by numbers.
#
# Run the cells in order. Each `assert` is a claim of the text; change the circuits and see which
# hold.

# %%
import numpy as np
import sympy
from IPython.display import SVG

# %load_ext symback

# %% [markdown]
# ## 1. A single neuron
#
# `%%circuit NAME` reads the rest of the cell as a circuit, in the notation of the blackboard.

# %% magic_args="single" language="circuit"
# f = x1 − x2

# %% [markdown]
# If $x_1$ grows by 1, so does $f$. If $x_2$ grows by 1, $f$ falls by 1.

# %%
gradient = single.gradient()
assert gradient["x1"] == 1
assert gradient["x2"] == -1
display(gradient)

# %% [markdown]
# ## 2. Two neurons: the chain rule
#
# Now $x_2$ is not an input any more: another neuron computes it.

# %% magic_args="two" language="circuit"
# f  = x1 − x2
# x2 = x3 + x4

# %% [markdown]
# How does $x_3$ move $f$? Through $x_2$. So multiply what the two edges on the way do.

# %%
two.partial("f", "x3")

# %%
edge_f_x2 = -1  # ∂f/∂x2
edge_x2_x3 = 1  # ∂x2/∂x3
assert two.gradient()["x3"] == edge_f_x2 * edge_x2_x3 == -1

# %% [markdown]
# ## 3. More inputs
#
# A further input of the inner neuron changes nothing: each edge has a local partial of its own, and
# it does not look at its neighbours.

# %% magic_args="three" language="circuit"
# f  = x1 − x2
# x2 = x3 + x5 + x4

# %%
for name in ("x3", "x4", "x5"):
    assert three.gradient()[name] == -1

# %% [markdown]
# ## 4. Weights on the edges
#
# Neurons weigh what they receive. The weights $w_3$ and $w_4$ are what training will change, so
# they are **parameters**. symback distinguishes them from inputs by their names and says so.

# %% magic_args="weighted --no-loss" language="circuit"
# f  = x1 − x2
# x2 = w3x3 + w4x4

# %%
weighted.partial("f", "w3")

# %% [markdown]
# $\partial x_2 / \partial w_3 = x_3$: the larger the input, the more its weight matters. A weight
# on an input that is 0 has no influence, and gets no blame.

# %%
x3, x4, w3, w4 = (weighted[name].symbol for name in ("x3", "x4", "w3", "w4"))
g = weighted.gradient()
assert (g["w3"], g["w4"], g["x3"], g["x4"]) == (-x3, -x4, -w3, -w4)

# %% [markdown]
# ## 5. An activation
#
# The sigmoid $\sigma(u) = 1/(1 + e^{-u})$ bends the sum. Its derivative is worth a sign of its own,
# and it can be written with the value that the forward pass has computed already: $\sigma' =
# \sigma\,(1 - \sigma)$.

# %% magic_args="neuron --no-loss" language="circuit"
# f    = x1 − x2
# x2   = σ(net2)
# net2 = w3x3 + w4x4

# %%
neuron.partial("f", "w3")

# %% [markdown]
# With numbers: values stand above the wires, and below them how much $f$ moves if the number on the
# wire moves.

# %%
point = {"x1": 1.0, "x3": 0.5, "x4": -1.5, "w3": 2.0, "w4": 0.8}
SVG(neuron.draw(at=point))

# %% [markdown]
# Is the formula right? Move $w_3$ a little, up and down, and look at $f$.


# %%
def sigma(u):
    return 1 / (1 + np.exp(-u))


def f(x1, x3, x4, w3, w4):
    return x1 - sigma(w3 * x3 + w4 * x4)


h = 1e-6
measured = (f(**{**point, "w3": 2 + h}) - f(**{**point, "w3": 2 - h})) / (2 * h)
_, partials = neuron.partial("f", "w3").at(**point).evaluated()
print(f"formula {partials['w3']:.9f}, measured {measured:.9f}")
assert abs(partials["w3"] - measured) < 1e-9

# %% [markdown]
# ## 6. Multiple paths
#
# Typed flat, the circuit is one line; symback names the inner parts.

# %% magic_args="flat --no-loss" language="circuit"
# f = (x1 + x5) − σ(w3x3 + w4x4)

# %%
flat.gradient()

# %% [markdown]
# Now let $x_3$ be used twice: by $x_1$ **and** by $net_2$. Two paths lead from $x_3$ to $f$. Each
# path moves $f$ on its own, and small movements add up. So: **multiply along a path, add over the
# paths.**

# %% magic_args="paths --no-loss" language="circuit"
# f    = x1 − x2
# x1   = x3 + x5
# x2   = σ(net2)
# net2 = w3x3 + w4x4

# %%
paths.partial("f", "x3")

# %%
here = {"x3": 0.5, "x4": -1.5, "x5": 1.0, "w3": 2.0, "w4": 0.8}
x2 = sigma(2.0 * 0.5 + 0.8 * -1.5)
over_x2 = -1 * x2 * (1 - x2) * 2.0  # ∂f/∂x2 · ∂x2/∂net2 · ∂net2/∂x3
over_x1 = 1 * 1  # ∂f/∂x1 · ∂x1/∂x3
_, partials = paths.partial("f", "x3").at(**here).evaluated()
assert abs(partials["x3"] - (over_x2 + over_x1)) < 1e-12
SVG(paths.draw(at=here))

# %% [markdown]
# ## 7. A loss
#
# How wrong is the neuron on one example? $\ell(f, x, y) = (f(x) - y)^2/2$. A circuit with
# parameters gets this loss by itself unless you declare another.

# %% magic_args="model" language="circuit"
# f = x1 − σ(w3x3 + w4x4)

# %%
of_loss, of_f = model.gradient("l"), model.gradient("f")
of_loss

# %% [markdown]
# The loss is one more gate at the end of the circuit, so one more factor at the start of every
# chain:
# $$\frac{\partial \ell}{\partial \theta} = (f(x) - y)\,\frac{\partial f}{\partial \theta}$$
# The gradient of the loss is the simple part. The key part is the gradient of the hypothesis $f$.

# %%
error = model["f"].symbol - model["y"].symbol
for name in ("w3", "w4"):
    assert sympy.simplify(of_loss[name] - error * of_f[name]) == 0

# %% [markdown]
# ## 8. Forward and backward
#
# `compile` writes the circuit down as plain NumPy. **forward** goes from left to right and keeps
# what backward will need; **backward** goes from right to left once and has *all* partials, at
# about the price of the forward pass. Here is the code that runs:

# %%
source = model.generate()
start = source.index("def backward")
print(source[start : source.index("\ndef ", start)])

# %%
module = model.compile()
params = module.Params(w3=2.0, w4=0.8)
inputs = module.Inputs(x1=1.0, x3=0.5, x4=-1.5, y=0.0)
value, cache = module.forward(params, inputs)
by_params, by_inputs = module.backward(params, inputs, cache)
print(value, by_params, by_inputs)
_, exact = model.derive("f").at(**point).evaluated()
for name, found in {**by_params._asdict(), **by_inputs._asdict()}.items():
    if name in exact:
        assert abs(found - exact[name]) < 1e-12

# %% [markdown]
# The module against SymPy's own derivatives, at points of many magnitudes:

# %%
report = model.check()
assert report.passed
report

# %% [markdown]
# ## 9. Gradient descent
#
# Data: 1,000 points of a neuron whose weights we pretend not to know, $w_3 = 2$ and $w_4 = 0.8$.
# The empirical error is the mean loss, $E(\theta) = \frac1n \sum_t \ell(\theta, x_t, y_t)$, and its
# gradient is the mean of the gradients. Descent walks against it: $\theta_{t+1} = \theta_t - \eta_t
# \nabla E(\theta_t)$.

# %%
rng = np.random.default_rng(0)
x1, x3, x4 = rng.normal(size=(3, 1000))
data = module.Inputs(x1=x1, x3=x3, x4=x4, y=x1 - sigma(2.0 * x3 + 0.8 * x4))

theta = module.Params(w3=0.0, w4=0.0)
errors = []
for t in range(400):
    E, slope = module.value_and_grad(theta, data)
    errors.append(E)
    eta = 8 / (1 + t / 400)  # the step width may change with t
    theta = module.Params(theta.w3 - eta * slope.w3, theta.w4 - eta * slope.w4)
print(f"w3 = {theta.w3:.4f}, w4 = {theta.w4:.4f}, E = {errors[0]:.1e} → {errors[-1]:.1e}")
assert all(np.diff(errors) <= 0)
assert abs(theta.w3 - 2) < 0.02 and abs(theta.w4 - 0.8) < 0.02

# %% [markdown]
# The module's `sgd` does the same where a batch is all the data.

# %%
again, losses = module.sgd(
    module.Params(0.0, 0.0),
    data,
    learning_rate=lambda t: 8 / (1 + t / 400),
    epochs=400,
    batch_size=1000,
)
assert np.allclose(again, theta) and np.allclose(losses, errors)

# %% [markdown]
# ## 10. Stochastic gradient descent
#
# Why wait for all the data? Take the points as they arrive and step at each: $\theta_{t+1} =
# \theta_t - \eta_t \nabla \ell(\theta_t, x_t, y_t)$. A single gradient is a noisy guess of the
# mean, but there are a thousand steps in the time of one.

# %%
online, losses = module.sgd(
    module.Params(0.0, 0.0), data, learning_rate=1.0, epochs=1, batch_size=1, rng=rng
)
print(f"after one pass: w3 = {online.w3:.3f}, w4 = {online.w4:.3f}, {len(losses)} steps")
assert len(losses) == 1000
assert module.value_and_grad(online, data)[0] < errors[0] / 10

# %% [markdown]
# ## 11. Mini-batches
#
# Between the two: $b$ points at a time, typically $b = 128$. The mean over a batch is less noisy by
# $\sqrt b$, and NumPy computes 128 samples nearly as fast as one. Let us measure the noise.


# %%
def noise(b):
    """How far the gradient of b random points is from that of all, typically."""
    here = module.Params(w3=0.5, w4=0.5)
    whole = np.array(module.value_and_grad(here, data)[1])
    gaps = []
    for _ in range(300):
        rows = rng.integers(1000, size=b)
        batch = module.Inputs(*(column[rows] for column in data))
        gaps.append(np.array(module.value_and_grad(here, batch)[1]) - whole)
    return np.sqrt(np.mean(np.square(gaps)))


ratio = noise(2) / noise(128)
print(f"64 times as many points, noise smaller by {ratio:.1f}; √64 = 8")
assert 6 < ratio < 10

# %%
batched, losses = module.sgd(
    module.Params(0.0, 0.0), data, learning_rate=2.0, epochs=60, batch_size=128, rng=rng
)
print(f"w3 = {batched.w3:.3f}, w4 = {batched.w4:.3f}, {len(losses)} steps")
assert len(losses) == 60 * 8  # 7 batches of 128 and one of 104

# %% [markdown]
# ## 12. Why the gradient?
#
# Stand at $\theta$ and take a small step $\varepsilon$ in a direction $v$. To first order
# $$\ell(x; \theta + \varepsilon v) \approx
# \ell(x; \theta) + \varepsilon\, \nabla \ell(x; \theta) \cdot v .$$
# "To first order" is a claim about the error: make $\varepsilon$ ten times smaller and the error of
# the right-hand side is a *hundred* times smaller.


# %%
def mean_loss(theta):
    return module.value_and_grad(module.Params(*theta), data)[0]


theta = np.array([0.5, 0.5])
nabla = np.array(module.value_and_grad(module.Params(*theta), data)[1])
v = np.array([0.6, -0.8])
gaps = []
for eps in (1e-1, 1e-2, 1e-3):
    exact, linear = mean_loss(theta + eps * v), mean_loss(theta) + eps * nabla @ v
    gaps.append(abs(exact - linear))
    print(f"ε = {eps:.0e}: exact {exact:.10f}, to first order {linear:.10f}, gap {gaps[-1]:.1e}")
assert 80 < gaps[0] / gaps[1] < 125 and 80 < gaps[1] / gaps[2] < 125

# %% [markdown]
# So a small step changes the loss by $\varepsilon\, \nabla\ell \cdot v$. Among all directions of
# length 1 that product is smallest where $v$ points against the gradient. Try a thousand
# directions:

# %%
angles = np.linspace(0, 2 * np.pi, 1000, endpoint=False)
directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
after = np.array([mean_loss(theta + 1e-3 * d) for d in directions])
best = directions[after.argmin()]
against = -nabla / np.linalg.norm(nabla)
print("best of a thousand", best, " against the gradient", against)
assert best @ against > 0.9999

# %% [markdown]
# That is why the step goes along $-\nabla \ell$, and why backpropagation, which finds $\nabla \ell$
# in one sweep, is what makes networks trainable. Next: `network.py` trains one on real data, and
# `wrong_edge.py` lets you find mistakes in derivations.
