"""The common base of the estimators of `symback.estimator.estimators`; needs the extra `sklearn`.

Fitted estimators hold numbers and circuit text, so that they pickle; the module is compiled again
from the text where it is needed.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from functools import lru_cache
from numbers import Integral
from types import ModuleType
from typing import Any, Self

import numpy as np

from symback.circuits.arguments import refuse_other_kind
from symback.circuits.circuit import Circuit
from symback.codegen.extras import imports_of_extra
from symback.codegen.generate import compile_module
from symback.errors import DataError, TrainingError
from symback.estimator.features import assign_features
from symback.language.parse import circuit as parse
from symback.printing.circuit_text import circuit_text
from symback.training.checkpoint import Checkpoint, Record, Saver, TrainingPoint
from symback.training.engine.gradients import ParameterVector
from symback.training.feed.columns import Leaf, leaves_of_module
from symback.training.loop import Result, train
from symback.training.methods import functions_for
from symback.training.progress import progress_on
from symback.training.settings import FULL_BATCH, LearningRate, Settings
from symback.training.sources.dtypes import DTYPES, Array
from symback.training.sources.messages import quoted

with imports_of_extra("symback.estimator needs scikit-learn: pip install 'symback[sklearn]'"):
    from sklearn.base import BaseEstimator
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.utils import check_random_state
    from sklearn.utils.validation import check_is_fitted

try:
    from sklearn.utils.validation import validate_data
except ImportError:  # before scikit-learn 1.6 it was a method

    def validate_data(estimator: Any, *args: Any, **options: Any) -> Any:
        return estimator._validate_data(*args, **options)


LEARNING_RATE = 0.01
BATCH_SIZE = 32
MOST_SEED = 2**31 - 1
KEPT = 32  # circuits whose modules are kept


class MaskedValues(DataError, ValueError):
    """Values that are masked: scikit-learn would take what lies below for data."""


class LabelError(DataError, ValueError):
    """Labels that the circuit, or the first call, does not have; scikit-learn's own ValueError."""


KINDS = {
    "optimiser": "str",
    "schedule": "str",
    "options": "Mapping[str, float] | None",
    "sizes": "Mapping[str, int] | None",
    "dtype": "str",
    "target": "str",
}
"""Parameters of estimators that are no numbers, with the annotations of their kinds."""


class CircuitEstimator(BaseEstimator):
    """A circuit that is trained by `fit`. The parameters are settings of `symback train`.

    They are many, and none is grouped with another: scikit-learn reads the names of parameters
    from the signature of `__init__`, and its searches set them one by one.
    """

    def __init__(
        self,
        circuit: str | Circuit | None = None,
        *,
        optimiser: str = "adam",
        epochs: int = 100,
        batch_size: int | None = None,
        learning_rate: LearningRate | None = None,
        schedule: str = "constant",
        weight_decay: float | None = None,
        clip: float | None = None,
        options: Mapping[str, float] | None = None,
        sizes: Mapping[str, int] | None = None,
        validation_fraction: float = 0.0,
        patience: int | None = None,
        dtype: str = "float64",
        target: str = "numpy",
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        self.circuit = circuit
        self.optimiser = optimiser
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.weight_decay = weight_decay
        self.clip = clip
        self.options = options
        self.sizes = sizes
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.dtype = dtype
        self.target = target
        self.random_state = random_state
        self.verbose = verbose

    history_: tuple[Record, ...]  # set by a fit, as all below
    _values: dict[str, Any]
    _point: tuple[TrainingPoint, str]  # and the optimiser whose state it holds

    @property
    def module_(self) -> ModuleType:
        """The generated module of the circuit that was fitted."""
        return compiled(self.circuit_, self.target)

    @property
    def params_(self) -> Any:
        """The parameters that were learned, as the module's Params."""
        return self.module_.Params(**self._values)

    # -- learning ------------------------------------------------------------------------------

    def _begin(self, text: str, sizes: Mapping[str, int] | None = None) -> None:
        """Forget what was learned; `text` is the circuit that will be fitted."""
        for name in ("_values", "_point", "history_"):
            self.__dict__.pop(name, None)
        self.circuit_: str = text
        given, sizes = _plain(self.sizes or {}), sizes or {}
        if other := next((n for n in sizes if given.get(n, sizes[n]) != sizes[n]), None):
            raise LabelError(
                f"the size {other} is {given[other]}, but there are {sizes[other]} classes"
            )
        self._sizes = {**given, **sizes}
        self._refuse_unknown_sizes()
        self._refuse_output_of_target()
        state = self.random_state
        fixed = isinstance(state, Integral)
        self._seed = int(state if fixed else check_random_state(state).randint(MOST_SEED))

    def _learn(self, matrix: Array, answers: Array, epochs: int | None = None) -> Self:
        """Train on the rows: from the start after `_begin`, else so many `epochs` more."""
        more = self.__sklearn_is_fitted__()
        columns = {**self._inputs(matrix), target_of(self.module_).name: answers}
        settings = self._settings(epochs, self._point[0].epoch if more else 0)
        keeper = _Keeper(self._start_of_next_epoch(settings) if more else None)
        functions = functions_for(parsed(self.circuit_), settings.optimiser)
        result = train(
            compiled(self.circuit_, self.target, functions),
            columns,
            settings,
            initial=self.params_ if more else None,
            progress=progress_on(quiet=not self.verbose),
            saver=keeper,
            target=self.target,
        )
        self._keep(result, keeper, more)
        if not more:
            doubts = (*self._doubts(result), *(result.doubts if epochs is None else ()))
            for note in doubts:
                warnings.warn(note, ConvergenceWarning, stacklevel=3)
        if result.interrupted:
            raise KeyboardInterrupt  # a search over many fits has to end as well
        return self

    def _keep(self, result: Result, keeper: _Keeper, more: bool) -> None:
        assert keeper.last is not None
        self._values = {name: np.copy(value)[()] for name, value in result.params._asdict().items()}
        self._point = keeper.last.point, self.optimiser
        before = self.history_ if more else ()
        self.history_ = (*before, *result.history[1 if more else 0 :])

    def _doubts(self, result: Result) -> tuple[str, ...]:
        """Warnings about a fit."""
        return result.notes

    def _settings(self, epochs: int | None, done: int) -> Settings:
        """The settings of a fit, or of some epochs after those that are done."""
        rate, size = self.learning_rate, self.batch_size
        if self.optimiser not in FULL_BATCH:
            rate = LEARNING_RATE if rate is None else rate
            size = BATCH_SIZE if size is None else size
        if self.patience is not None and not self.validation_fraction:
            raise TrainingError(
                "patience needs rows that are held out; set validation_fraction above 0"
            )
        chosen = {
            "batch_size": size,
            "learning_rate": rate,
            "schedule": self.schedule,
            "weight_decay": self.weight_decay,
            "clip": self.clip,
            "options": self.options or {},
            "dtype": self.dtype,
            "optimiser": self.optimiser,
            "seed": self._seed,
            "sizes": self._sizes,
            "epochs": self.epochs if epochs is None else done + epochs,
            "validation": self.validation_fraction,
            "patience": self.patience,
        }
        return Settings(**{name: _plain(value) for name, value in chosen.items()})

    def _start_of_next_epoch(self, settings: Settings) -> Checkpoint:
        """Where the run of another epoch begins: parameters and state of the last one."""
        point, optimiser = self._point
        if optimiser != settings.optimiser:
            raise TrainingError(
                f"the fit began with {optimiser}, whose state {settings.optimiser!r:.20} does not "
                "have; fit anew"
            )
        theta = (
            ParameterVector(self.module_, self.params_).flatten(self.params_).astype(settings.dtype)
        )
        state = point.state  # of methods over all rows in float64 always
        if not settings.full_batch:
            state = tuple(slot.astype(settings.dtype) for slot in point.state)
        point = TrainingPoint(theta, state, point.epoch, 0, point.step)
        return Checkpoint(point, self.history_[-1:], {})

    def _refuse_fixed_epochs(self) -> None:
        """Refuse settings that need the number of epochs, or rows that are held out."""
        self._refuse_other_kinds()
        if self.patience is not None or self.validation_fraction:
            raise TrainingError(
                "partial_fit holds out no rows; leave validation_fraction and patience out"
            )
        settings = Settings(
            learning_rate=_plain(self.learning_rate),
            schedule=self.schedule,
            options=_plain(self.options or {}),
            optimiser=self.optimiser,
        )
        if settings.depends_on_epochs:
            raise TrainingError(
                f"the schedule {self.schedule} needs the number of steps, which partial_fit does "
                "not know; give it, as in options={'steps': 1000}"
            )

    # -- features and outputs ------------------------------------------------------------------

    def _inputs(self, matrix: Array) -> dict[str, Array]:
        """The features as the circuit takes them."""
        leaves = [leaf for leaf in leaves_of_module(self.module_) if leaf.role == "input"]
        names = getattr(self, "feature_names_in_", None)
        chosen = None if names is None else [str(name) for name in names]
        return assign_features(leaves, matrix, names=chosen, sizes=self._sizes)

    def _outputs(self, X: Any) -> Array:
        """The circuit's output for each row of X; DataError where one is not finite."""
        check_is_fitted(self)
        _refuse_masked(X=X)
        matrix = validate_data(self, X, dtype=self.dtype, reset=False)
        module = self.module_
        with np.errstate(all="ignore"):  # finiteness is tested, not warned about
            values = np.asarray(module.forward(self.params_, self._module_inputs(matrix))[0])
        if values.ndim == len(parsed(self.circuit_).output.shape):  # no input reaches it
            values = np.repeat(values[None], len(matrix), axis=0)
        bad = ~np.isfinite(values.reshape(len(matrix), -1)).all(axis=1)
        if bad.any():
            raise DataError(
                f"the output is not finite in row {int(bad.argmax())} of X; the row lies outside "
                "the circuit's domain"
            )
        return values

    def _module_inputs(self, matrix: Array) -> Any:
        return self.module_.Inputs(**self._inputs(matrix))

    def _refuse_unknown_sizes(self) -> None:
        shapes = getattr(self.module_, "SHAPES", {})
        known = {*self._sizes, *(n for x in leaves_of_module(self.module_) for n in x.shape)}
        for name in self.module_.Params._fields:
            for size in shapes.get(name, ()):
                if isinstance(size, str) and size not in known:
                    raise TrainingError(
                        f"the data do not determine the size {quoted(size)} of {quoted(name)}; "
                        f"give it, as in sizes={{'{size}': 32}}"
                    )

    def _refuse_output_of_target(self) -> None:
        """An output that reads the target cannot predict it."""
        circuit = parsed(self.circuit_)
        reached = {circuit.output.name}
        for node in reversed(circuit.nodes):  # in topological order
            if node.name in reached:
                reached.update(node.operands)
        if read := next((t.name for t in circuit.targets if t.name in reached), None):
            raise TrainingError(
                f"the output {quoted(circuit.output.name)} reads the target {quoted(read)}; "
                "declare the prediction as the output, and this as the loss"
            )

    def _own_text(self, default: str) -> str:
        """The circuit as text."""
        if self.circuit is None:
            return default
        return circuit_text(self.circuit) if isinstance(self.circuit, Circuit) else self.circuit

    def _refuse_other_kinds(self) -> None:
        """TrainingError for a parameter of another kind, which scikit-learn sets unseen."""
        if not isinstance(self.circuit, Circuit):
            refuse_other_kind("circuit", self.circuit, "str | None", TrainingError)
        for name, annotation in KINDS.items():
            refuse_other_kind(name, getattr(self, name), annotation, TrainingError)

    def _validated(self, X: Any, y: Any, *, first: bool, **options: Any) -> tuple[Array, Array]:
        """X and y as arrays; unless it is the `first` call, X must have the features of the fit."""
        self._refuse_other_kinds()
        if self.dtype not in DTYPES:
            raise TrainingError(f"dtype is {self.dtype!r:.30}; it must be float64 or float32")
        _refuse_masked(X=X, y=y)
        matrix, answers = validate_data(self, X, y, dtype=self.dtype, reset=first, **options)
        return matrix, answers

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_values")


def _refuse_masked(**given: Any) -> None:
    for name, values in given.items():
        if np.ma.is_masked(values):
            raise MaskedValues(f"{name} has masked values; fill them in or leave their rows out")


class _Keeper(Saver):
    """Keeps the last checkpoint of a run in memory, and returns the one to continue from."""

    def __init__(self, start: Checkpoint | None) -> None:
        super().__init__(None)
        self.start, self.last = start, start

    def save(self, checkpoint: Checkpoint) -> None:
        self.last = checkpoint

    def checkpoint_to_resume(self, identity: Any, files_of: Any) -> Checkpoint | None:
        return self.start


@lru_cache(maxsize=KEPT)
def parsed(text: str) -> Circuit:
    """The circuit of a text."""
    return parse(text)


@lru_cache(maxsize=KEPT)
def compiled(text: str, target: str = "numpy", functions: tuple[str, ...] = ()) -> ModuleType:
    """The module of a text, with functions that plain ones lack."""
    return compile_module(parsed(text), target, functions=functions)


def target_of(module: ModuleType) -> Leaf:
    """The one target of a circuit; TrainingError where it has another number of them."""
    targets = [leaf for leaf in leaves_of_module(module) if leaf.role == "target"]
    if len(targets) != 1:
        raise TrainingError(
            f"the circuit has {len(targets) or 'no'} target{'s' * (len(targets) != 1)}; "
            "an estimator needs one, for y"
        )
    return targets[0]


def _plain(value: Any) -> Any:
    """NumPy's numbers, as grids of settings have them, as Python's; also those of a mapping."""
    if isinstance(value, Mapping):
        return {name: _plain(entry) for name, entry in value.items()}
    return value.item() if isinstance(value, np.generic) else value
