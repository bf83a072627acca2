"""How to train: every choice of a run, checked when it is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from math import isfinite
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from symback.errors import TrainingError, clip, nearest
from symback.training.feed.constants import numbers_of

if TYPE_CHECKING:
    from symback.autodiff.updates import Update, UpdateSetting
    from symback.training.schedules import Schedule

LearningRate = float | Callable[[int], float]

LBFGS = "lbfgs"
NEWTON_CG = "newton-cg"
GAUSS_NEWTON = "gauss-newton"
LEARNING_RATE = 0.1
EPOCHS = 20
BATCH_SIZE = 128
VALIDATION = 0.2
LEAST = 5e-324  # number > 0
ITERATIONS = 20  # of a method over all rows, in an epoch

_DEFAULT: Any = None  # given for a number that __post_init__ puts in

FULL_BATCH: Mapping[str, Mapping[str, float]] = {
    LBFGS: {"ftol": 0.0, "gtol": 0.0, "memory": 10, "max_iterations": 15_000},
    NEWTON_CG: {"ftol": 0.0, "gtol": 0.0, "cg_iterations": 200, "max_iterations": 5_000},
    GAUSS_NEWTON: {"ftol": 0.0, "gtol": 0.0, "max_iterations": 5_000},
}
"""The methods over all rows, with their options and defaults; the whole ones are counts from 1."""

NEEDED: Mapping[str, tuple[str, ...]] = {
    NEWTON_CG: ("hessp",),
    GAUSS_NEWTON: ("residuals", "jacobian"),
}
"""The functions that methods need of a module, beside value_and_grad."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How to train.

    `learning_rate` is η, or a function t ↦ η_t of the step, counted from 0. `optimiser` names a
    rule of `symback.autodiff.updates.RULES`, or a method of FULL_BATCH, whose epoch is ITERATIONS
    iterations over all rows. `options` are settings of the rule and of the schedule by name, as in
    {"beta1": 0.95}, or those of the method. `epochs` is EPOCHS where None is given, and for a
    method what `max_iterations` takes; `batch_size` is BATCH_SIZE, and remains None for a method:
    all rows.
    `validation`, the share of the rows that are held out, is VALIDATION.
    `clip` bounds the norm of a gradient, `weight_decay` is λ (adamw has its own,
    0.01). With `patience`, a run ends when that many epochs have not lowered the validation loss,
    and keeps the best parameters. `shards` are parts of the rows whose gradients are made apart and
    added in their order; with `local_steps` k > 1 each makes k steps alone, and then they are
    averaged. `sizes` gives the sizes that the data do not determine, such as the width of a hidden
    layer; `constants` the values of what the circuit declares as const without one.
    """

    epochs: int = _DEFAULT
    batch_size: int | None = None
    learning_rate: LearningRate | None = None
    validation: float = _DEFAULT
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
    constants: Mapping[str, Any] = field(default_factory=dict)
    holds_out_by_default: bool = field(default=False, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name in ("optimiser", "schedule", "dtype"):
            if not isinstance(getattr(self, name), str):
                raise TrainingError(f"{name} is {getattr(self, name)!r:.30}; it must be a name")
        if not isinstance(self.standardise, bool):
            shown = f"{self.standardise!r:.30}"
            raise TrainingError(f"standardise is {shown}; it must be True or False")
        for name in ("options", "sizes", "constants"):
            given = getattr(self, name)
            if not isinstance(given, Mapping):
                raise TrainingError(f"{name} is {given!r:.30}; it must map names to numbers")
        for name, least in WHOLE.items():
            if getattr(self, name) is not None or name not in OPTIONAL:
                self._set(name, _whole(name, getattr(self, name), least))
        self._set("sizes", {n: _whole(f"the size {n}", s, 1) for n, s in self.sizes.items()})
        self._set("constants", numbers_of(self.constants))
        self._check_numbers()
        if self.dtype not in ("float64", "float32"):
            raise TrainingError(f"dtype is {self.dtype!r:.30}; it must be float64 or float32")
        self._check_optimiser()
        self._fill()
        if self.patience is not None and self.validation == 0:
            raise TrainingError("patience needs rows that are held out; set validation above 0")
        self.scheduled(1)  # refuses what it cannot take

    def _check_numbers(self) -> None:
        for name, least, words in (
            ("learning_rate", LEAST, "finite and > 0"),
            ("clip", LEAST, "finite and > 0"),
            ("weight_decay", 0.0, "finite and ≥ 0"),
            ("validation", 0.0, "≥ 0 and < 1"),
        ):
            value = getattr(self, name)
            if value is None or (name == "learning_rate" and callable(value)):
                continue
            if not (_is_finite(value) and value >= least) or (name == "validation" and value >= 1):
                raise TrainingError(f"{name} is {value!r:.30}; it must be {words}")
            self._set(name, float(value))

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _fill(self) -> None:
        """Put the defaults where None is given."""
        if self.epochs is None:
            iterations = int(self.method.get("max_iterations", 0))
            self._set("epochs", -(-iterations // ITERATIONS) if self.full_batch else EPOCHS)
        if self.batch_size is None and not self.full_batch:
            self._set("batch_size", BATCH_SIZE)
        if self.validation is None:
            self._set("validation", VALIDATION)
            self._set("holds_out_by_default", True)

    def _check_optimiser(self) -> None:
        from symback.autodiff.updates import RULES

        known = (*RULES, *FULL_BATCH)
        if self.optimiser not in known:
            hint = nearest(str(self.optimiser), known) or f"; choose from {', '.join(known)}"
            raise TrainingError(f"no optimiser '{clip(str(self.optimiser), 40)}'{hint}")
        if self.full_batch:
            self._check_full_batch()
        names = (*self._options_of_rule(), *self._options_of_schedule())
        for name in self.options:
            if name not in names:
                hint = nearest(str(name), names) or (
                    f"; there are {', '.join(names)}" if names else ""
                )
                schedule = f" with the schedule {clip(self.schedule, 40)}"
                whose = self.optimiser + schedule * (not self.full_batch)
                raise TrainingError(f"{whose} has no option '{clip(str(name), 40)}'{hint}")
        for name, setting in self._options_of_rule().items():
            value = self.options.get(name, setting.default)
            if not (_is_finite(value) and setting.least <= (value or 0.0) < setting.bound):
                raise TrainingError(f"{name} is {value!r:.30}; it must hold {setting.range}")
            if self.full_batch and isinstance(setting.default, int):
                _whole(name, _plain(value), 1)
        self._set("options", {n: _plain(value) for n, value in self.options.items()})

    def _options_of_rule(self) -> dict[str, UpdateSetting]:
        from symback.autodiff.updates import RULES, UpdateSetting

        if self.full_batch:
            options = FULL_BATCH[self.optimiser].items()
            return {n: UpdateSetting(n, "", d, float(isinstance(d, int))) for n, d in options}
        own = {"eta", "t", "decay"}  # which have a setting of their own here
        return {s.name: s for s in RULES[self.optimiser].settings if s.name not in own}

    def _options_of_schedule(self) -> tuple[str, ...]:
        from symback.training.schedules import RULES

        known = self.schedule in RULES and not callable(self.eta) and not self.full_batch
        rule = RULES.get(self.schedule)
        return (*rule.needs, *rule.takes, "warmup") if known and rule is not None else ()

    def _check_full_batch(self) -> None:
        for name, given in (
            ("learning_rate", self.learning_rate is not None),
            ("schedule", self.schedule != "constant"),
            ("batch_size", self.batch_size is not None),
            ("weight_decay", self.weight_decay is not None),
            ("clip", self.clip is not None),
            ("local_steps", self.local_steps != 1),
        ):
            if given:
                why = "it finds its step lengths on all rows"
                raise TrainingError(f"{self.optimiser} takes no {name}: {why}; leave it out")

    @property
    def full_batch(self) -> bool:
        """Whether the optimiser is a method over all rows."""
        return self.optimiser in FULL_BATCH

    @property
    def method(self) -> dict[str, float]:
        """The options of a method over all rows: what is given, or their defaults."""
        return {**FULL_BATCH[self.optimiser], **self.options} if self.full_batch else {}

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
        found = {f.name: getattr(self, f.name) for f in fields(self) if f.init}
        rate = self.eta
        found["learning_rate"] = "a function of the step" if callable(rate) else float(rate)
        if self.full_batch:
            found["learning_rate"] = None
        for name in ("options", "sizes", "constants"):
            found[name] = dict(found[name])
        return found


WHOLE: Mapping[str, int] = {
    "epochs": 1,
    "batch_size": 1,
    "seed": 0,
    "shards": 1,
    "local_steps": 1,
    "patience": 1,
}
"""The settings that are whole numbers, and the least of each."""

OPTIONAL = ("epochs", "batch_size", "patience")  # those of them that may be None


def _whole(name: str, value: object, least: int) -> int:
    """The value as an int; TrainingError unless it is a whole number from `least` on."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise TrainingError(f"{name} is {value!r:.30}; it must be a whole number ≥ {least}")
    return int(value)


def _plain(value: Any) -> Any:
    """A number as Python has it; a whole one, which counts steps, as an int."""
    if not _is_finite(value):
        return value
    return int(value) if value == int(value) else float(value)


def _is_finite(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    try:
        return isfinite(value)
    except OverflowError:  # of a whole number beyond all floats
        return False
