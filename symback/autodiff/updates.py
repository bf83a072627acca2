"""Update rules: how an optimiser moves one parameter, as circuit text, and the program of a rule.

A rule is a circuit of one parameter: the vector of parameters takes the place of the samples.
The parameter `theta`, its gradient `g` and the state that is kept for it are inputs; what all
parameters share (`eta`, `beta1`, …) are params. The line `m_next = …` is the state `m` after the
step, `theta_next = …` the parameter. The programs are printed by the same targets as any other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

from sympy import Expr

from symback.autodiff.names import Names
from symback.autodiff.passes import UPDATE_PASSES, optimise
from symback.circuits.circuit import Circuit, Node
from symback.circuits.program import Assign, Program
from symback.errors import UnknownName, clip, nearest
from symback.language.parse import circuit as parse

THETA, GRADIENT, DECAYED, NEXT = "theta", "g", "g_decayed", "_next"


@dataclass(frozen=True, slots=True)
class UpdateSetting:
    """What all parameters share: a number from `least` to below `bound`."""

    name: str
    meaning: str
    default: float | None = None  # None: every call gives it
    least: float = 0.0
    bound: float = math.inf

    @property
    def range(self) -> str:
        """Where its values lie, as in 0 ≤ beta1 < 1."""
        end = "" if self.bound == math.inf else f" < {self.bound:g}"
        return f"{self.least:g} ≤ {self.name}{end}"


@dataclass(frozen=True, slots=True)
class UpdateRule:
    """An optimiser's rule for one parameter; `{g}` in its equations is what it takes for g."""

    name: str
    title: str
    source: str
    form: str
    state: Mapping[str, str] = field(hash=False)  # name → meaning
    settings: tuple[UpdateSetting, ...]
    equations: str
    has_decay: bool = False  # as a part of its equations

    @property
    def text(self) -> str:
        """The rule as circuit text, every role declared."""
        inputs = "; ".join(f"{name}: input" for name in (THETA, GRADIENT, *self.state))
        shared = [f"{s.name}: param" for s in self.settings if s.default is None]
        given = [f"{s.name}: param = {s.default}" for s in self.settings if s.default is not None]
        return "\n".join([inputs, "; ".join(shared), *given, self.equations, "loss: none", ""])


ETA = UpdateSetting("eta", "the learning rate")
T = UpdateSetting("t", "the number of the step, counted from 1", least=1.0)
DECAY = UpdateSetting("decay", "how much of the parameter is added to its gradient")
MU = UpdateSetting("mu", "how much of the momentum is kept", 0.9, bound=1.0)
MOMENTUM = {"m": "the momentum: exponentially decaying sum of the gradients so far"}
MOMENTS = {
    "m": "the first moment: exponential moving average of the gradients",
    "v": "the second moment: exponential moving average of their squares",
}
EPSILON = UpdateSetting("epsilon", "small constant that avoids division by zero", 1e-8)
OF_ADAM = (
    ETA,
    T,
    UpdateSetting("beta1", "how much of the first moment is kept", 0.9, bound=1.0),
    UpdateSetting("beta2", "how much of the second moment is kept", 0.999, bound=1.0),
    EPSILON,
)
_MOMENTS = """\
m_next = beta1*m + (1 - beta1)*{g}
v_next = beta2*v + (1 - beta2)*{g}**2
m_hat = m_next/(1 - beta1**t)
v_hat = v_next/(1 - beta2**t)
"""

RULES: Mapping[str, UpdateRule] = {
    rule.name: rule
    for rule in (
        UpdateRule(
            "sgd",
            "Stochastic gradient descent",
            "H. Robbins, S. Monro (1951): A Stochastic Approximation Method",
            "One step against the gradient.",
            {},
            (ETA,),
            "theta_next = theta - eta*{g}",
        ),
        UpdateRule(
            "momentum",
            "Momentum, the heavy ball",
            "B. T. Polyak (1964): Some Methods of Speeding up the Convergence of Iteration Methods",
            "As in PyTorch: eta multiplies the whole momentum, so that a new eta acts at once; "
            "for a constant eta it is the form of Sutskever et al. (2013), whose v is -eta*m.",
            MOMENTUM,
            (ETA, MU),
            "m_next = mu*m + {g}\ntheta_next = theta - eta*m_next",
        ),
        UpdateRule(
            "nesterov",
            "Nesterov's accelerated gradient",
            "Y. Nesterov (1983): A Method for Solving the Convex Programming Problem with "
            "Convergence Rate O(1/k²)",
            "As in PyTorch: theta is the point that looks ahead, where the gradient is taken; for "
            "a constant eta it is theta + mu*v of Sutskever et al. (2013), whose v is -eta*m.",
            MOMENTUM,
            (ETA, MU),
            "m_next = mu*m + {g}\ntheta_next = theta - eta*(mu*m_next + {g})",
        ),
        UpdateRule(
            "adagrad",
            "Adagrad, adaptive gradients",
            "J. Duchi, E. Hazan, Y. Singer (2011): Adaptive Subgradient Methods for Online "
            "Learning and Stochastic Optimization, the diagonal form of Figure 1",
            "As in PyTorch: epsilon is added to the root.",
            {"v": "the sum of the squares of the gradients so far"},
            (ETA, replace(EPSILON, default=1e-10)),
            "v_next = v + {g}**2\ntheta_next = theta - eta*{g}/(sqrt(v_next) + epsilon)",
        ),
        UpdateRule(
            "rmsprop",
            "RMSProp",
            "T. Tieleman, G. Hinton (2012): Neural Networks for Machine Learning, Lecture 6.5",
            "As in PyTorch, whose alpha is rho: epsilon is added to the root, and the average of "
            "the squares is not corrected for its start at 0.",
            {"v": "the exponential moving average of the squares of the gradients"},
            (
                ETA,
                UpdateSetting("rho", "how much of the average is kept", 0.9, bound=1.0),
                EPSILON,
            ),
            "v_next = rho*v + (1 - rho)*{g}**2\n"
            "theta_next = theta - eta*{g}/(sqrt(v_next) + epsilon)",
        ),
        UpdateRule(
            "adam",
            "Adam",
            "D. P. Kingma, J. Ba (2015): Adam: A Method for Stochastic Optimization, Algorithm 1",
            "With the correction of both moments for their start at 0.",
            MOMENTS,
            OF_ADAM,
            _MOMENTS + "theta_next = theta - eta*m_hat/(sqrt(v_hat) + epsilon)",
        ),
        UpdateRule(
            "adamw",
            "AdamW, Adam with decoupled weight decay",
            "I. Loshchilov, F. Hutter (2019): Decoupled Weight Decay Regularization, Algorithm 2",
            "As in PyTorch: eta stands for the paper's η·α and multiplies the decay too.",
            MOMENTS,
            (*OF_ADAM, UpdateSetting("decay", "how much of the parameter a step takes away", 0.01)),
            _MOMENTS + "theta_next = theta - eta*(m_hat/(sqrt(v_hat) + epsilon) + decay*theta)",
            has_decay=True,
        ),
    )
}
"""The rules by name."""


def rule_named(name: str, *, decay: bool = False) -> UpdateRule:
    """The rule of that name; with `decay` its gradient has the weight decay, decay·theta, added.

    That is the gradient of decay/2·theta² (L2). Where a rule has a decay of its own, as adamw has,
    `decay` adds no other. Raises UnknownName with the nearest name.
    """
    name = str(name)
    if name not in RULES:
        known = ", ".join(RULES)
        hint = nearest(name, RULES) or f"; there are {known}"
        raise UnknownName(f"no update rule '{clip(name, 40)}'{hint}")
    rule = RULES[name]
    if not decay or rule.has_decay:
        return replace(rule, equations=rule.equations.format(g=GRADIENT))
    return replace(
        rule,
        title=f"{rule.title}, with weight decay (L2)",
        settings=(*rule.settings, DECAY),
        equations=f"{DECAYED} = {GRADIENT} + {DECAY.name}*{THETA}\n"
        + rule.equations.format(g=DECAYED),
        has_decay=True,
    )


@dataclass(frozen=True, repr=False)
class Update:
    """A rule, its formulas, and the program that targets print.

    >>> import symback as sb
    >>> print(sb.update("sgd").program)
    (eta, theta, g):
        theta_next = -eta*g + theta
        return theta_next
    """

    rule: UpdateRule
    circuit: Circuit

    def __repr__(self) -> str:
        return f"<update {self.name}: {', '.join(map(str, self.nodes))}>"

    @property
    def name(self) -> str:
        return self.rule.name

    @property
    def text(self) -> str:
        """The rule as circuit text."""
        return self.rule.text

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The computed nodes, one a line of the rule."""
        return self.circuit.computed

    @property
    def formulas(self) -> dict[str, Expr]:
        """The right-hand side of each line in SymPy, by name.

        >>> import symback as sb
        >>> sb.update("momentum").formulas["m_next"]
        g + m*mu
        """
        return {node.name: node.expr for node in self.nodes}

    @cached_property
    def closed(self) -> Expr:
        """theta_next over parameter, gradient, state and settings alone."""
        found: dict[Expr, Expr] = {}
        for node in self.nodes:
            found[node.symbol] = node.formula.xreplace(found)
        return found[self.circuit.output.symbol]

    @cached_property
    def per_element(self) -> tuple[str, ...]:
        """Names of what each parameter has: theta, g, then the state."""
        return (THETA, GRADIENT, *self.rule.state)

    @cached_property
    def program(self) -> Program:
        """Settings, theta, g and state → theta_next and the next state."""
        circuit = self.circuit
        leaves = (*circuit.params, *(circuit[name] for name in self.per_element))
        results = [circuit.output, *(circuit[f"{name}{NEXT}"] for name in self.rule.state)]
        program = Program(
            tuple(n.symbol for n in leaves),
            tuple(Assign(n.symbol, n.formula) for n in self.nodes),
            tuple(n.symbol for n in results),
            frozenset(n.symbol for n in circuit.inputs),
        )
        return optimise(program.check(), Names(circuit), UPDATE_PASSES)


def update(name: str, *, decay: bool = False) -> Update:
    """The update of an optimiser, with weight decay (L2) added to the gradient where asked for.

    Raises UnknownName with the nearest name.
    """
    return _update(rule_named(name, decay=decay))


@lru_cache(maxsize=16)
def _update(rule: UpdateRule) -> Update:
    """One object a rule: short runs ask for it again and again."""
    return Update(rule, parse(rule.text))


__all__ = ["RULES", "Update", "UpdateRule", "UpdateSetting", "rule_named", "update"]
