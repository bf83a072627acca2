# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
#   ruff: noqa:B018
# ---

# %% [markdown]
# # A network that reads digits
#
# The same backpropagation as in `lecture.py`, with matrices in place of numbers: a network of one
# hidden layer learns to classify handwritten digits. In this order: the circuit, its derivation,
# the code that is generated from it, a check of that code, and training.
#
# The data are the 1,797 images of scikit-learn's `load_digits`, 8 × 8 pixels each.

# %%
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

import symback as sb

# %% [markdown]
# ## The circuit
#
# One circuit is one sample. Sizes have names: d measures, h hidden neurons, k classes; the data
# will say how many.

# %%
text = Path("../digits_network/network.circuit").read_text(encoding="utf-8")
print(text)
network = sb.circuit(text)
network

# %% [markdown]
# $z$ has one score per class, and softmax makes probabilities of scores. The loss is the
# cross-entropy $E = -\sum_j t_j \log \mathrm{softmax}(z)_j$, where $t$ is 1 for the right class and
# 0 elsewhere. It is large if the network gives the right class a small probability.

# %% [markdown]
# ## The derivation
#
# Back from $E$ to the first matrix of weights, adjoint by adjoint. $\delta_v$ stands for $\partial
# E / \partial v$: how much the loss moves if the elements of $v$ move. Look at the first step: all
# that is left of softmax and logarithm is *probability minus target*.

# %%
network.partial("E", "W1")

# %%
network.gradient("E")

# %% [markdown]
# ## The same by hand
#
# Four lines of NumPy, for one sample and small sizes. They are the four lines of the derivation.


# %%
def by_hand(x, t, W1, b1, W2, b2):
    h1 = np.tanh(W1 @ x + b1)
    z = W2 @ h1 + b2
    probability = np.exp(z - z.max()) / np.exp(z - z.max()).sum()
    dz = probability - t  # δz
    dh1 = W2.T @ dz  # δh1
    dnet = dh1 * (1 - h1 * h1)  # δnet, tanh′ = 1 − tanh²
    return np.outer(dnet, x), dnet, np.outer(dz, h1), dz


# %%
module = network.compile()
rng = np.random.default_rng(0)
params = module.init_params(rng, d=5, h=4, k=3)
x, t = rng.normal(size=5), np.eye(3)[1]
E, gradient = module.value_and_grad(params, module.Inputs(x=x, t=t))
for name, expected in zip(gradient._fields, by_hand(x, t, *params), strict=True):
    assert np.allclose(getattr(gradient, name), expected), name
    print(f"∂E/∂{name}: shape {expected.shape}, as by hand")

# %% [markdown]
# ## The code
#
# What `compile` made is a module of plain NumPy, and `network.generate("network.py")` writes it to
# a file. One call computes a whole batch by products of matrices.

# %%
source = network.generate()
start = source.index("def _loss_and_bars")
print(source[start : source.index("\n\n\n", start)])

# %% [markdown]
# ## The check
#
# Can the code be trusted? At 24 points every entry of every partial is compared with SymPy's own
# derivatives of the formulas, at a precision that is proven to suffice. Every entry gets a row;
# here are the worst.

# %%
report = network.check()
assert report.passed
for row in sorted(report.rows, key=lambda row: -row.worst_share)[:5]:
    print(f"{row.quantity:22} {row.worst_share:.3f} of what rounding allows")

# %% [markdown]
# ## The data
#
# Three quarters of the images to train, the rest to test. The network never sees those while it
# learns. Pixels are shifted and scaled to about −1 … 1.

# %%
pixels, digits = load_digits(return_X_y=True)
order = rng.permutation(len(digits))
train, test = order[:1347], order[1347:]
scaled = (pixels - pixels[train].mean(axis=0)) / 8
print(len(train), "to train,", len(test), "to test")

# %% [markdown]
# One of them, in text. What is it?

# %%
shades = " .:-=+*#%@"
for line in pixels[train[0]].reshape(8, 8):
    print("".join(2 * shades[int(p * 9 / 16)] for p in line))
print("it is a", digits[train[0]])

# %% [markdown]
# ## Training
#
# Mini-batches of 32. Before training the network guesses: about one digit in ten is right.


# %%
def accuracy(params, rows):
    """The share of images whose largest score is that of the right digit."""
    scores, _ = module.forward(params, module.Inputs(x=scaled[rows]))
    return np.mean(scores.argmax(axis=1) == digits[rows])


samples = module.Inputs(x=scaled[train], t=np.eye(10)[digits[train]])
params = module.init_params(rng, d=64, h=64, k=10)
start = accuracy(params, test)
print(f"before training: {start:.3f}")
assert start < 0.4

# %%
curve = []
print("epoch   loss     train    test")
for epoch in range(1, 16):
    params, _ = module.sgd(params, samples, learning_rate=0.2, epochs=1, batch_size=32, rng=rng)
    loss, _ = module.value_and_grad(params, samples)
    curve.append((loss, accuracy(params, train), accuracy(params, test)))
    print(f"{epoch:5}   {loss:.4f}   {curve[-1][1]:.4f}   {curve[-1][2]:.4f}")

# %%
losses, seen, unseen = map(np.array, zip(*curve, strict=True))
assert losses[-1] < losses[0] / 2
assert unseen[-1] > 0.95
print(f"{unseen[-1]:.1%} of the images that it never saw are read correctly")

# %% [markdown]
# On the images that it trained on it is better than on new ones. That gap is what a test set is
# for.

# %%
assert seen[-1] >= unseen[-1]
print(f"train {seen[-1]:.4f}, test {unseen[-1]:.4f}")

# %% [markdown]
# ## Where it errs
#
# Rows are the digits written, columns the digits read.

# %%
scores, _ = module.forward(params, module.Inputs(x=scaled[test]))
confusion = np.zeros((10, 10), int)
np.add.at(confusion, (digits[test], scores.argmax(axis=1)), 1)
print(confusion)
assert confusion.sum() == len(test)

# %% [markdown]
# ## Questions
#
# 1. Replace `tanh` by `relu` in the text of the circuit and run everything again. Which line of the
#    derivation changes?
# 2. Leave out the hidden layer: `z: output = W2 @ x + b2`. How much accuracy does it cost?
# 3. Train with 100 images only. What happens to the two accuracies?
