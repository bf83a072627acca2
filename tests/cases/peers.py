"""The models of examples/ written by hand in JAX: a second opinion on arrays and their gradients.

Each function takes the parameters and the inputs of one sample as dicts of arrays. Shares nothing
with symback: JAX's own derivatives of plain definitions.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)

ROWS = 8  # of an image that the LSTM or the attention reads


def log_softmax(z):
    """Logarithms of probabilities, over the last axis."""
    shifted = z - jnp.max(z, axis=-1, keepdims=True)
    return shifted - jnp.log(jnp.sum(jnp.exp(shifted), axis=-1, keepdims=True))


def layer_norm(x, gain, bias):
    """Rows of mean 0 and variance 1, scaled and shifted."""
    centred = x - jnp.mean(x, axis=-1, keepdims=True)
    variance = jnp.mean(centred**2, axis=-1, keepdims=True)
    return gain * centred / jnp.sqrt(variance + 1e-5) + bias


def class_loss(output):
    """-log of the probability that softmax of the output gives to class y."""
    return lambda params, inputs: -log_softmax(output(params, inputs))[inputs["y"]]


def softmax_regression_net(params, inputs):
    return params["W"] @ inputs["x"] + params["b"]


def softmax_regression_output(params, inputs):
    return jnp.exp(log_softmax(softmax_regression_net(params, inputs)))


def network_output(params, inputs):
    hidden = jnp.tanh(params["W1"] @ inputs["x"] + params["b1"])
    return params["W2"] @ hidden + params["b2"]


def network_loss(params, inputs):
    return -jnp.dot(inputs["t"], log_softmax(network_output(params, inputs)))


def factorisation_output(params, inputs):
    return inputs["A"] - jnp.einsum("ir,rj->ij", params["U"], params["V"])


def factorisation_loss(params, inputs):
    parts = (factorisation_output(params, inputs), params["U"], params["V"])
    return sum(jnp.vdot(part, part) for part in parts) / 2


def joint_densities(params, inputs):
    """The weight of each component times its density at x, component by component."""
    deviations = jnp.exp(params["log_deviations"])
    densities = jnp.exp(-(((inputs["x"] - params["mu"]) / deviations) ** 2) / 2)
    densities = densities / (deviations * jnp.sqrt(2 * jnp.pi))
    weights = jnp.exp(params["logits"]) / jnp.sum(jnp.exp(params["logits"]))
    return weights * jnp.prod(densities, axis=1)


def mixture_output(params, inputs):
    joint = joint_densities(params, inputs)
    return joint / jnp.sum(joint)


def mixture_loss(params, inputs):
    return -jnp.log(jnp.sum(joint_densities(params, inputs)))


def lstm_output(params, inputs):
    def gate(letter, x, h):
        return params["W" + letter] @ x + params["U" + letter] @ h + params["b" + letter]

    def step(state, x):
        h, c = state
        keep, new = jax.nn.sigmoid(gate("f", x, h)), jax.nn.sigmoid(gate("i", x, h))
        c = keep * c + new * jnp.tanh(gate("g", x, h))
        h = jax.nn.sigmoid(gate("o", x, h)) * jnp.tanh(c)
        return (h, c), None

    nothing = jnp.zeros_like(params["bf"])
    (h, _), _ = jax.lax.scan(step, (nothing, nothing), inputs["x"])
    return params["V"] @ h + params["bz"]


def attention_output(params, inputs):
    x = jnp.einsum("td,ed->te", inputs["x"], params["We"]) + params["P"]
    normed = layer_norm(x, params["gain1"], params["bias1"])
    queries, keys, values = (jnp.einsum("te,se->ts", normed, params[w]) for w in ("Wq", "Wk", "Wv"))
    scores = jnp.einsum("is,js->ij", queries, keys) / jnp.sqrt(queries.shape[-1])
    attended = jnp.einsum("ij,js,es->ie", jnp.exp(log_softmax(scores)), values, params["Wo"])
    rows = layer_norm(x + attended, params["gain2"], params["bias2"])
    return params["C"] @ jnp.mean(rows, axis=0) + params["bz"]


class Peer(NamedTuple):
    """A model: shapes by size names and numbers, sizes to test with, and two functions."""

    params: dict[str, tuple[Any, ...]]
    inputs: dict[str, tuple[Any, ...]]
    sizes: dict[str, int]
    output: Callable[[dict, dict], Any]
    loss: Callable[[dict, dict], Any]


GATES = {
    f"{kind}{letter}": {"W": ("n", "d"), "U": ("n", "n"), "b": ("n",)}[kind]
    for letter in "ifog"
    for kind in "WUb"
}

PEERS = {
    "digits_softmax/softmax_regression": Peer(
        {"W": ("k", "d"), "b": ("k",)},
        {"x": ("d",), "y": ()},
        {"d": 7, "k": 4},
        softmax_regression_output,
        class_loss(softmax_regression_net),
    ),
    "digits_network/network": Peer(
        {"W1": ("h", "d"), "b1": ("h",), "W2": ("k", "h"), "b2": ("k",)},
        {"x": ("d",), "t": ("k",)},
        {"d": 7, "h": 6, "k": 4},
        network_output,
        network_loss,
    ),
    "matrix_factorisation/factorisation": Peer(
        {"U": ("m", "r"), "V": ("r", "n")},
        {"A": ("m", "n")},
        {"m": 7, "n": 4, "r": 3},
        factorisation_output,
        factorisation_loss,
    ),
    "gaussian_mixture/mixture": Peer(
        {"logits": ("k",), "mu": ("k", "d"), "log_deviations": ("k", "d")},
        {"x": ("d",)},
        {"d": 3, "k": 4},
        mixture_output,
        mixture_loss,
    ),
    "lstm/lstm": Peer(
        {**GATES, "V": ("k", "n"), "bz": ("k",)},
        {"x": (ROWS, "d"), "y": ()},
        {"d": 6, "n": 7, "k": 4},
        lstm_output,
        class_loss(lstm_output),
    ),
    "attention/attention": Peer(
        {
            **{"We": ("e", "d"), "P": (ROWS, "e"), "gain1": ("e",), "bias1": ("e",)},
            **{"Wq": ("s", "e"), "Wk": ("s", "e"), "Wv": ("s", "e"), "Wo": ("e", "s")},
            **{"gain2": ("e",), "bias2": ("e",), "C": ("k", "e"), "bz": ("k",)},
        },
        {"x": (ROWS, "d"), "y": ()},
        {"d": 6, "e": 7, "s": 3, "k": 4},
        attention_output,
        class_loss(attention_output),
    ),
}
