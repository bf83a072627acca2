"""How to train: every choice of a run, checked when it is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from math import isfinite
from typing import TYPE_CHECKING, Any

from symback.errors import TrainingError, clip, nearest

if TYPE_CHECKING:
    from symback.autodiff.updates import Setting, Update
    from symback.training.schedules import Schedule

LearningRate = float | Callable[[int], float]

LBFGS = "lbfgs"
LEARNING_RATE = 0.1
ITERATIONS = 20  # of L-BFGS in an epoch


@dataclass(frozen=True, slots=True)
class Settings:
    """How to train.

    `learning_rate` is η, or a function t ↦ η_t of the step, counted from 0. `optimiser` names a
    rule of `symback.autodiff.updates.RULES`, or "lbfgs", whose epoch is ITERATIONS iterations over
    all rows. `options` are settings of the rule and of the schedule by name, as in {"beta1": 0.95}.
    `clip` bounds the norm of a gradient, `weight_decay` is λ (adamw has its own,
    0.01). With `patience`, a run ends when that many epochs have not lowered the validation loss,
    and keeps the best parameters. `shards` are parts of the rows whose gradients are made apart and
    added in their order; with `local_steps` k > 1 each makes k steps alone, and then they are
    averaged. `sizes` gives the sizes that the data do not determine, such as the width of a hidden
    layer.
    """

    epochs: int = 20
    batch_size: int = 128
    learning_rate: LearningRate | None = None
    validation: float = 0.2
    standardise: bool = False
    seed: int = 0
    optimiser: str = "sgd"
    options: Mapping[str, float] = field(default_factory=dict)
    schedule: str = "constant"
    weight_decay: float | None = None
    clip: float | None = None
    patience: int | None = None
    dtype: str = "float64"
    shards: int = 1
    local_steps: int = 1
    sizes: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, value, least in (
            ("epochs", self.epochs, 1),
            ("batch_size", self.batch_size, 1),
            ("seed", self.seed, 0),
            ("shards", self.shards, 1),
            ("local_steps", self.local_steps, 1),
            ("patience", 1 if self.patience is None else self.patience, 1),
            *((f"the size {name}", size, 1) for name, size in self.sizes.items()),
        ):
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise TrainingError(f"{name} is {value!r:.30}; it must be a whole number ≥ {least}")
        for name, number, above in (
            ("learning_rate", self.eta, 0),
            ("clip", 1.0 if self.clip is None else self.clip, 0),
        ):
            if not callable(number) and not (_is_finite(number) and number > above):
                raise TrainingError(f"{name} is {number!r:.30}; it must be finite and > {above:g}")
        decay = 0.0 if self.weight_decay is None else self.weight_decay
        if not (_is_finite(decay) and decay >= 0):
            raise TrainingError(f"weight_decay is {decay!r:.30}; it must be finite and ≥ 0")
        if not (_is_finite(self.validation) and 0 <= self.validation < 1):
            raise TrainingError(f"validation is {self.validation!r:.30}; it must be ≥ 0 and < 1")
        if self.patience is not None and self.validation == 0:
            raise TrainingError("patience needs rows that are held out; set validation above 0")
        if self.dtype not in ("float64", "float32"):
            raise TrainingError(f"dtype is {self.dtype!r:.30}; it must be float64 or float32")
        self._check_optimiser()

    def _check_optimiser(self) -> None:
        from symback.autodiff.updates import RULES

        known = (*RULES, LBFGS)
        if self.optimiser not in known:
            hint = nearest(self.optimiser, known) or f"; choose from {', '.join(known)}"
            raise TrainingError(f"no optimiser '{clip(str(self.optimiser), 40)}'{hint}")
        if self.optimiser == LBFGS:
            self._check_full_batch()
        names = (*self._options_of_rule(), *self._options_of_schedule())
        for name in self.options:
            if name not in names:
                hint = nearest(name, names) or (f"; there are {', '.join(names)}" if names else "")
                raise TrainingError(
                    f"{self.optimiser} with the schedule {clip(str(self.schedule), 40)} has no "
                    f"option '{clip(name, 40)}'{hint}"
                )
        for name, setting in self._options_of_rule().items():
            value = self.options.get(name, setting.default)
            if not (_is_finite(value) and setting.least <= (value or 0.0) < setting.bound):
                raise TrainingError(f"{name} is {value!r:.30}; it must hold {setting.range}")
        self.scheduled(1)  # refuses what it cannot take

    def _options_of_rule(self) -> dict[str, Setting]:
        from symback.autodiff.updates import RULES

        if self.optimiser == LBFGS:
            return {}
        own = {"eta", "t", "decay"}  # which have a setting of their own here
        return {s.name: s for s in RULES[self.optimiser].settings if s.name not in own}

    def _options_of_schedule(self) -> tuple[str, ...]:
        from symback.training.schedules import RULES

        known = self.schedule in RULES and not callable(self.eta) and self.optimiser != LBFGS
        rule = RULES.get(self.schedule)
        return (*rule.needs, *rule.takes, "warmup") if known and rule is not None else ()

    def _check_full_batch(self) -> None:
        for name, given in (
            ("learning_rate", self.learning_rate is not None),
            ("schedule", self.schedule != "constant"),
            ("weight_decay", self.weight_decay is not None),
            ("clip", self.clip is not None),
            ("local_steps", self.local_steps != 1),
        ):
            if given:
                raise TrainingError(
                    f"lbfgs takes no {name}: its line search "
                    "finds the step lengths on all rows; leave it out"
                )

    @property
    def eta(self) -> LearningRate:
        """η: what is given, or LEARNING_RATE."""
        return LEARNING_RATE if self.learning_rate is None else self.learning_rate

    def scheduled(self, steps: int) -> Callable[[int], float]:
        """t ↦ η_t for a run of so many steps."""
        if callable(self.eta):
            if self.schedule != "constant":
                raise TrainingError("learning_rate is a function already; leave the schedule out")
            return self._called
        return self._schedule(float(self.eta), steps)

    def _called(self, t: int) -> float:
        """η_t by the function that is given; TrainingError unless it is a learning rate."""
        assert callable(self.eta)
        eta = self.eta(t)
        try:
            if 0 <= float(eta) < float("inf"):
                return float(eta)
        except (TypeError, ValueError):
            pass
        raise TrainingError(f"learning_rate({t}) is {eta!r:.30}; it must be finite and ≥ 0")

    def _schedule(self, eta: float, steps: int) -> Schedule:
        """The schedule; a rule that needs the number of steps gets those of the run."""
        from symback.training.schedules import Schedule

        own = self._options_of_schedule()
        chosen: dict[str, Any] = {n: _plain(v) for n, v in self.options.items() if n in own}
        if "steps" in own and "steps" not in chosen:
            chosen["steps"] = max(1, steps - int(chosen.get("warmup", 0)))
        return Schedule(self.schedule, eta, **chosen)

    @property
    def depends_on_epochs(self) -> bool:
        """Whether η_t depends on how many steps the run has."""
        return not callable(self.eta) and self._schedule(float(self.eta), 10**9) != self._schedule(
            float(self.eta), 10**9 + 1
        )

    def update(self) -> tuple[Update, dict[str, float]]:
        """The rule of the optimiser, and the settings to call it with."""
        from symback.autodiff.updates import update

        own = self._options_of_rule()
        chosen = {name: float(value) for name, value in self.options.items() if name in own}
        decay = self.weight_decay
        if decay:
            chosen["decay"] = float(decay)
        elif decay == 0 and self.optimiser == "adamw":
            chosen["decay"] = 0.0
        return update(self.optimiser, decay=bool(decay)), chosen

    def recorded(self) -> dict[str, Any]:
        """The settings as JSON can hold them."""
        found = {f.name: getattr(self, f.name) for f in fields(self)}
        rate = self.eta
        found["learning_rate"] = "a function of the step" if callable(rate) else float(rate)
        found["options"], found["sizes"] = dict(self.options), dict(self.sizes)
        return found


def _plain(value: float) -> float:
    """A whole number as an int, which counts steps."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
