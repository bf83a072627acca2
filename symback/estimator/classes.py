"""What the output and the target of a circuit say of classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from symback.circuits.circuit import Circuit, Node
from symback.circuits.requirements import EXPONENTIAL, classes, uses_of
from symback.errors import TrainingError
from symback.operations.functions import binary_cross_entropy, logsigmoid, sigma, softplus
from symback.operations.shapes import Size
from symback.stable import stable
from symback.training.sources.dtypes import Array
from symback.training.sources.messages import quoted

LOGISTIC = (sigma, softplus, logsigmoid, binary_cross_entropy)
"""Operations that take the logit of a probability as their first operand."""
SUM = 1e-3  # how far from 1 probabilities may add up to, in float32


@dataclass(frozen=True, slots=True)
class Reading:
    """The meaning of output and target as classes.

    Its output is a number, for the second of two classes, or has an entry for each class; these are
    probabilities, or logits where the circuit takes sigma, softmax or a cross-entropy of them. The
    target is an index, or has an entry for each class.
    """

    output: str
    count: Size | None  # how many classes; None for two, given by one number
    one_hot: bool
    logits: bool

    def encoded(self, codes: Array, count: int) -> Array:
        """The indices of classes as the target takes them."""
        return np.eye(count)[codes] if self.one_hot else codes

    def probabilities(self, values: Array) -> Array:
        """One column a class; TrainingError where the outputs are not classes."""
        from scipy.special import expit, softmax  # slow to import

        if self.count is None:
            likely = expit(values) if self.logits else values
            values = np.stack([1 - likely, likely], axis=1)
        elif self.logits:
            values = softmax(values, axis=1)
        if np.all(values >= 0) and np.all(abs(values.sum(axis=1) - 1) <= SUM):
            return values
        head = "sigma" if self.count is None else "softmax"
        raise TrainingError(
            f"the output {quoted(self.output)} is not a probability; make {head} of it the output, "
            "or take the loss from its logits"
        )

    def best(self, values: Array) -> Array:
        """The index of the likeliest class."""
        whole = self.probabilities(values) if self.count is None else values
        chosen: Array = whole.argmax(axis=1)
        return chosen


def reading_of(circuit: Circuit, target: Node) -> Reading:
    """How output and target encode classes; TrainingError where they do not.

    >>> import symback as sb
    >>> c = sb.circuit("net = w*x + b; f: output = sigma(net); l: loss = softplus(net) - y*net")
    >>> reading_of(c, c["y"])
    Reading(output='f', count=None, one_hot=False, logits=False)
    """
    output = circuit.output
    ranks = len(output.shape), len(target.shape)
    indices = classes(circuit)
    fits = ranks == (0, 0) or (
        ranks[0] == 1
        and (target.name in indices if ranks[1] == 0 else target.shape == output.shape)
    )
    if not fits:
        raise TrainingError(
            f"the output {quoted(output.name)} and the target {quoted(target.name)} do not "
            "encode classes; both are numbers, or the output has an entry for each class"
        )
    heads = EXPONENTIAL if ranks[0] else LOGISTIC
    uses = uses_of(stable(circuit), *heads)  # also of what was typed as log(1 + exp(z))
    logits = any(str(use.args[0]) == output.name for use in uses)
    return Reading(output.name, output.shape[0] if ranks[0] else None, bool(ranks[1]), logits)
