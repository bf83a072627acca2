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
#   ruff: noqa:B018,E402,F821
# ---

# %% [markdown]
# # Find the wrong edge
#
# Below are five derivations. In each, somebody has made a mistake. A gradient that is wrong as a
# whole says little about where; but a gradient is made of **edges**, and each edge can be measured
# alone: hold everything else still, move one operand a little, and look at what the node does.
#
# You look for the mistake by numbers. The solutions are at the end.

# %%
from itertools import pairwise

import numpy as np

# %load_ext symback

# %% [markdown]
# ## The tool
#
# A circuit is a table of small functions, each of which reads values by name. `v.x3` is the value
# of the node x3.


# %%
class Values(dict):
    """The values of nodes: v.x3 is v["x3"]."""

    __getattr__ = dict.__getitem__


def forward(nodes, leaves):
    """The value of every node, in the order of the table."""
    values = Values(leaves)
    for name, function in nodes.items():
        values[name] = function(values)
    return values


# %% [markdown]
# The **analytic** partial of an edge is what somebody claims. The **numeric** one is measured by
# central differences, $\frac{g(u + h) - g(u - h)}{2h}$, with the other operands held still.


# %%
def measure(nodes, values, node, operand, h=1e-5):
    """∂node/∂operand of one edge, by numbers."""
    up = Values(values, **{operand: values[operand] + h})
    down = Values(values, **{operand: values[operand] - h})
    return (nodes[node](up) - nodes[node](down)) / (2 * h)


def compare(nodes, claims, leaves):
    """A table of all edges: claimed, measured, and their difference."""
    values = forward(nodes, leaves)
    print(f"{'edge':>12} {'claimed':>10} {'measured':>10} {'difference':>11}")
    for (node, operand), claim in claims.items():
        claimed, measured = claim(values), measure(nodes, values, node, operand)
        edge = f"{node} → {operand}"
        print(f"{edge:>12} {claimed:10.5f} {measured:10.5f} {claimed - measured:11.1e}")


# %% [markdown]
# Central differences are not exact: their error is about $h^2$. So differences of 1e-10 mean
# *right*, and those of 0.1 mean *wrong*. A circuit whose edges are all right shows it:


# %%
def sigma(u):
    return 1 / (1 + np.exp(-u))


right_nodes = {
    "net": lambda v: v.w * v.x,
    "f": lambda v: sigma(v.net),
}
right_claims = {
    ("f", "net"): lambda v: v.f * (1 - v.f),
    ("net", "w"): lambda v: v.x,
    ("net", "x"): lambda v: v.w,
}
compare(right_nodes, right_claims, {"w": 2.0, "x": 0.3})

# %% [markdown]
# ## Puzzle 1: weights
#
# The circuit $f = x_1 - x_2$, $x_2 = w_3 x_3 + w_4 x_4$, and the local partials that somebody wrote
# down:
#
# | edge | claimed |
# |---|---|
# | $\partial f/\partial x_1$ | $1$ |
# | $\partial f/\partial x_2$ | $-1$ |
# | $\partial x_2/\partial w_3$ | $x_3$ |
# | $\partial x_2/\partial x_3$ | $x_3$ |
# | $\partial x_2/\partial w_4$ | $x_4$ |
# | $\partial x_2/\partial x_4$ | $w_4$ |

# %%
nodes_1 = {
    "x2": lambda v: v.w3 * v.x3 + v.w4 * v.x4,
    "f": lambda v: v.x1 - v.x2,
}
claims_1 = {
    ("f", "x1"): lambda v: 1,
    ("f", "x2"): lambda v: -1,
    ("x2", "w3"): lambda v: v.x3,
    ("x2", "x3"): lambda v: v.x3,
    ("x2", "w4"): lambda v: v.x4,
    ("x2", "x4"): lambda v: v.w4,
}
leaves_1 = {"x1": 1.0, "x3": 0.5, "x4": -1.5, "w3": 2.0, "w4": 0.8}

# %% [markdown]
# Your turn: call `compare(nodes_1, claims_1, leaves_1)` and name the wrong edge.

# %%
answer_1 = None  # such as ("f", "x1")

# %% [markdown]
# ## Puzzle 2: an activation
#
# $f = x_1 - x_2$, $x_2 = \sigma(net)$, $net = w x$. This time the mistake is not a letter. Try to
# see it in the claims first, then measure.

# %%
nodes_2 = {
    "net": lambda v: v.w * v.x,
    "x2": lambda v: sigma(v.net),
    "f": lambda v: v.x1 - v.x2,
}
claims_2 = {
    ("f", "x1"): lambda v: 1,
    ("f", "x2"): lambda v: -1,
    ("x2", "net"): lambda v: v.net * (1 - v.net),
    ("net", "w"): lambda v: v.x,
    ("net", "x"): lambda v: v.w,
}
leaves_2 = {"x1": 1.0, "w": 0.7, "x": 0.4}

# %%
answer_2 = None

# %% [markdown]
# ## Puzzle 3: a loss
#
# $f = \tanh(w x)$ and $\ell = (f - y)^2/2$. With this gradient training runs *away* from the
# target.

# %%
nodes_3 = {
    "net": lambda v: v.w * v.x,
    "f": lambda v: np.tanh(v.net),
    "l": lambda v: (v.f - v.y) ** 2 / 2,
}
claims_3 = {
    ("l", "f"): lambda v: v.y - v.f,
    ("l", "y"): lambda v: v.y - v.f,
    ("f", "net"): lambda v: 1 - v.f**2,
    ("net", "w"): lambda v: v.x,
    ("net", "x"): lambda v: v.w,
}
leaves_3 = {"w": 0.5, "x": 1.2, "y": -0.3}

# %%
answer_3 = None

# %% [markdown]
# ## Puzzle 4: a mistake that hides
#
# $q = a/b$ and $f = q + b$. Measured at $a = 3$, $b = 1$ every edge is right:

# %%
nodes_4 = {
    "q": lambda v: v.a / v.b,
    "f": lambda v: v.q + v.b,
}
claims_4 = {
    ("f", "q"): lambda v: 1,
    ("f", "b"): lambda v: 1,
    ("q", "a"): lambda v: 1 / v.b,
    ("q", "b"): lambda v: -v.a / v.b,
}
compare(nodes_4, claims_4, {"a": 3.0, "b": 1.0})

# %% [markdown]
# And yet one of them is wrong. Which, and at what points does it show?

# %%
answer_4 = None

# %% [markdown]
# ## Puzzle 5: all edges are right
#
# $f = x_1 - x_2$, $x_1 = x_3 + x_5$, $x_2 = \sigma(net)$, $net = w_3 x_3 + w_4 x_4$. Every claim
# about an edge is right, but the derivative $\partial f/\partial x_3$ that was made of them is not:

# %%
nodes_5 = {
    "x1": lambda v: v.x3 + v.x5,
    "net": lambda v: v.w3 * v.x3 + v.w4 * v.x4,
    "x2": lambda v: sigma(v.net),
    "f": lambda v: v.x1 - v.x2,
}
claims_5 = {
    ("f", "x1"): lambda v: 1,
    ("f", "x2"): lambda v: -1,
    ("x2", "net"): lambda v: v.x2 * (1 - v.x2),
    ("net", "x3"): lambda v: v.w3,
    ("x1", "x3"): lambda v: 1,
}
leaves_5 = {"x3": 0.5, "x4": -1.5, "x5": 1.0, "w3": 2.0, "w4": 0.8}


def multiply(claims, values, *path):
    """The product of the claims along a path, such as "f", "x2", "net"."""
    return np.prod([claims[edge](values) for edge in pairwise(path)])


compare(nodes_5, claims_5, leaves_5)
values_5 = forward(nodes_5, leaves_5)
claimed_5 = multiply(claims_5, values_5, "f", "x2", "net", "x3")
print(f"\nclaimed ∂f/∂x3 = {claimed_5:.6f}")

# %% [markdown]
# Measure $\partial f/\partial x_3$ of the whole circuit: move $x_3$ and run `forward` again. What
# is missing?

# %%
answer_5 = None  # such as ("f", "x1", "x3"), a path

# %% [markdown]
# ---
# # Solutions
#
# What `compare` shows by eye can be asked for: the edges whose difference is large.


# %%
def wrong_edges(nodes, claims, leaves):
    """The edges whose claim differs from what is measured."""
    values = forward(nodes, leaves)
    return [
        edge
        for edge, claim in claims.items()
        if not np.isclose(claim(values), measure(nodes, values, *edge), rtol=1e-6, atol=1e-8)
    ]


assert wrong_edges(right_nodes, right_claims, {"w": 2.0, "x": 0.3}) == []

# %% [markdown]
# ### 1
#
# $\partial x_2/\partial x_3 = w_3$, not $x_3$: the partial of a product by one factor is the
# *other*.

# %%
compare(nodes_1, claims_1, leaves_1)
assert wrong_edges(nodes_1, claims_1, leaves_1) == [("x2", "x3")]
assert answer_1 in (None, ("x2", "x3"))

# %% [markdown]
# ### 2
#
# $\sigma' = \sigma(1 - \sigma)$, and $\sigma$ is the **value** of the node, $x_2$, not its operand.

# %%
compare(nodes_2, claims_2, leaves_2)
assert wrong_edges(nodes_2, claims_2, leaves_2) == [("x2", "net")]
assert answer_2 in (None, ("x2", "net"))

# %% [markdown]
# ### 3
#
# $\partial \ell/\partial f = f - y$. A sign at the start of the chain is a sign in every partial.

# %%
compare(nodes_3, claims_3, leaves_3)
assert wrong_edges(nodes_3, claims_3, leaves_3) == [("l", "f")]
assert answer_3 in (None, ("l", "f"))

# %% [markdown]
# ### 4
#
# $\partial q/\partial b = -a/b^2$. At $b = 1$ the square does not show; nor does anything at $a =
# 0$. **Check at points that are not special**, and at several: random numbers are better than 0 and
# 1.

# %%
assert wrong_edges(nodes_4, claims_4, {"a": 3.0, "b": 1.0}) == []
compare(nodes_4, claims_4, {"a": 3.0, "b": 1.7})
rng = np.random.default_rng(0)
for a, b in rng.uniform(0.5, 3.0, size=(20, 2)):
    assert wrong_edges(nodes_4, claims_4, {"a": a, "b": b}) == [("q", "b")]
assert answer_4 in (None, ("q", "b"))

# %% [markdown]
# ### 5
#
# A path is missing: $x_3$ also moves $f$ through $x_1$. Products of **all** paths add up. Edges
# that are right do not make the sum right, so measure the whole gradient too.

# %%
h = 1e-5
up = forward(nodes_5, {**leaves_5, "x3": leaves_5["x3"] + h})
down = forward(nodes_5, {**leaves_5, "x3": leaves_5["x3"] - h})
measured_5 = (up.f - down.f) / (2 * h)
missing = multiply(claims_5, values_5, "f", "x1", "x3")
print(f"claimed {claimed_5:.6f}, measured {measured_5:.6f}, with both {claimed_5 + missing:.6f}")
assert wrong_edges(nodes_5, claims_5, leaves_5) == []
assert not np.isclose(claimed_5, measured_5)
assert np.isclose(claimed_5 + missing, measured_5)
assert answer_5 in (None, ("f", "x1", "x3"))

# %% [markdown]
# ## What symback says
#
# The circuit of puzzle 5, every edge with its local partial, and both paths:

# %% magic_args="puzzle --no-loss" language="circuit"
# f   = x1 − x2
# x1  = x3 + x5
# x2  = σ(net)
# net = w3x3 + w4x4

# %%
derivation = puzzle.partial("f", "x3").at(**leaves_5)
derivation

# %%
_, partials = derivation.evaluated()
assert np.isclose(partials["x3"], measured_5)

# %% [markdown]
# The same idea finds mistakes in code. Here is a generated module in which one line was changed:
# `x3_bar` got the wrong weight. `check_module` compares it with SymPy's derivatives, at points of
# many magnitudes, and names what is wrong.

# %%
from symback.check import check_module
from symback.codegen.loading import load

source = puzzle.generate()
assert "x3_bar" in source and "w3 * net_bar" in source
changed = load(source.replace("w3 * net_bar", "w4 * net_bar"), "changed")
report = check_module(puzzle, changed, name="the changed module")
print([row.quantity for row in report.rows if not row.passed])
assert not report.passed
assert puzzle.check().passed
