"""Circuits as estimators of scikit-learn; needs the extra `sklearn`.

The fit is `symback.training.loop.train`: estimators bind features to inputs and interpret
the output.
"""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from typing import Any, Self

import numpy as np

from symback.errors import SymbackError, TrainingError
from symback.estimator.base import (
    CircuitEstimator,
    LabelError,
    compiled,
    parsed,
    target_of,
)
from symback.estimator.classes import Reading, reading_of
from symback.estimator.features import assign_features
from symback.training.loop import Result
from symback.training.sources.dtypes import Array
from symback.training.sources.messages import quoted

# isort: split
# after the module that says in one sentence where it is absent
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets

LINEAR = """\
x: input[d]; y: target
w: param[d]; b: param
f: output = dot(w, x) + b
l: loss = (f - y)**2/2
"""
LINEAR_OF_SEVERAL = """\
x: input[d]; y: target[k]
W: param[k, d]; b: param[k]
f: output = W @ x + b
l: loss = sum((f - y)**2)/2
"""
SOFTMAX = """\
x: input[d]; y: target
W: param[k, d]; b: param[k]
logits: output = W @ x + b
l: loss = cross_entropy(logits, y)
"""


class CircuitRegressor(RegressorMixin, CircuitEstimator):
    """A circuit with one target as a regressor of scikit-learn.

    `circuit` is circuit text, or a Circuit; without one it is a linear model of all features. An
    input x[d] takes all features; inputs that are numbers take those of their names where X is a
    table with names, else the features in order. A target y[k] takes the columns of y. The other
    parameters are those of `symback.training.settings.Settings`; `validation_fraction` of the rows
    are held out where `patience` is to end a fit. Features are taken as they are: with a
    StandardScaler in front most circuits learn faster. `score` is R²; a ConvergenceWarning reports
    a fit that is worse than the mean of y.

    Fitted attributes: `module_` (the generated module), `params_` (its Params), `history_` (epoch,
    step and losses), `circuit_` (the text), `n_features_in_`, `feature_names_in_`. Raises a
    SymbackError for settings, circuits and data that do not fit.

    >>> import numpy as np
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> line = CircuitRegressor(optimiser="lbfgs", random_state=0).fit(X, [1, 3, 5, 7])
    >>> line.predict([[4.0]]).round(3), line.params_.w.round(3)
    (array([9.]), array([2.]))
    >>> bump = CircuitRegressor("f = exp(-w*x**2)", optimiser="lbfgs", random_state=0)
    >>> print(bump.fit(X, np.exp(-X[:, 0]**2)).params_.w.round(2))
    1.0
    """

    def fit(self, X: Any, y: Any) -> Self:
        """Fit the parameters, from their initial values."""
        matrix, answers = self._validated(X, y, first=True, multi_output=True, y_numeric=True)
        self._begin_with(answers)
        return self._learn(matrix, self._shaped(answers))

    def partial_fit(self, X: Any, y: Any) -> Self:
        """Continue for one epoch of these rows, with the parameters and the optimiser's state."""
        self._refuse_fixed_epochs()
        first = not self.__sklearn_is_fitted__()
        matrix, answers = self._validated(X, y, first=first, multi_output=True, y_numeric=True)
        if first:
            self._begin_with(answers)
        return self._learn(matrix, self._shaped(answers), epochs=1)

    def predict(self, X: Any) -> Array:
        """The circuit's output for each row, in the shape that y had."""
        values = self._outputs(X)
        return values.reshape(-1) if self._flat else values.reshape(len(values), -1)

    def _begin_with(self, answers: Array) -> None:
        several = answers.ndim > 1 and answers.shape[1] > 1
        self._begin(self._own_text(LINEAR_OF_SEVERAL if several else LINEAR))
        circuit = parsed(self.circuit_)
        output, target = circuit.output, circuit[target_of(self.module_).name]
        if output.shape != target.shape:
            raise TrainingError(
                f"the output {quoted(output.name)} is {_shown(output.shape)}, but the target "
                f"{quoted(target.name)} is {_shown(target.shape)}; declare another output"
            )
        self._flat = answers.ndim == 1 or (self.circuit is not None and not target.shape)

    def _shaped(self, answers: Array) -> Array:
        """The answers in the shape of the target."""
        target = target_of(self.module_)
        if not target.shape:
            one: Array = column_or_1d(answers, warn=self._flat)
            return one
        columns = answers.reshape(len(answers), -1)
        return assign_features([target], columns, sizes=self._sizes)[target.name]

    def _doubts(self, result: Result) -> tuple[str, ...]:
        r2 = result.scores[0].r2
        if r2 is None or r2 >= 0:
            return result.notes
        return (
            *result.notes,
            f"R² is {r2:.3g}, worse than of the mean of y; standardise X and y, give more epochs "
            "or a larger learning rate, or use optimiser='lbfgs'",
        )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        with suppress(SymbackError):  # of a circuit that fit will refuse
            self._refuse_other_kinds()
            target = target_of(compiled(self._own_text(LINEAR_OF_SEVERAL)))
            tags.target_tags.multi_output = bool(target.shape)
        return tags


class CircuitClassifier(ClassifierMixin, CircuitEstimator):
    """A circuit with one target as a classifier of scikit-learn.

    As CircuitRegressor, but the output stands for classes: a number is the probability of the
    second of two classes, an array has an entry for each. They are logits where the
    circuit takes sigma, softmax or a cross-entropy of them. The target gets 0 or 1, the index
    of a class, or, where it is an array, 1 at the class and 0 elsewhere. Without a circuit it is
    softmax regression. `score` is the accuracy; `classes_` are the labels.

    >>> X = [[0.0], [1.0], [2.0], [3.0], [4.0], [5.0]]
    >>> y = ["no", "no", "yes", "no", "yes", "yes"]
    >>> neuron = CircuitClassifier(
    ...     "net = w*x + b; f: output = sigma(net); l: loss = softplus(net) - y*net",
    ...     optimiser="lbfgs",
    ...     random_state=0,
    ... )
    >>> neuron.fit(X, y).predict([[0.5], [4.5]])
    array(['no', 'yes'], dtype='<U3')
    >>> neuron.predict_proba([[2.5]]).round(3)
    array([[0.5, 0.5]])
    """

    def fit(self, X: Any, y: Any) -> Self:
        """Fit the parameters, from their initial values."""
        matrix, labels = self._validated(X, y, first=True)
        check_classification_targets(labels)
        self._begin_with(np.unique(labels))
        return self._learn(matrix, self._encoded(labels))

    def partial_fit(self, X: Any, y: Any, classes: Any = None) -> Self:
        """Continue for one epoch of these rows; the first call needs all `classes`."""
        self._refuse_fixed_epochs()
        first = not self.__sklearn_is_fitted__()
        matrix, labels = self._validated(X, y, first=first)
        check_classification_targets(labels)
        if first:
            if classes is None:
                raise LabelError("classes must be passed on the first call to partial_fit")
            self._begin_with(np.unique(classes))
        elif classes is not None and not np.array_equal(self.classes_, np.unique(classes)):
            raise LabelError("classes are not those of the first call to partial_fit; fit anew")
        return self._learn(matrix, self._encoded(labels), epochs=1)

    def predict(self, X: Any) -> Array:
        """The likeliest class of each row."""
        values = self._outputs(X)
        labels: Array = self.classes_[_reading(self.circuit_).best(values)]
        return labels

    def predict_proba(self, X: Any) -> Array:
        """The probability of each class, a column for each of `classes_`."""
        values = self._outputs(X)
        return _reading(self.circuit_).probabilities(values)

    def _begin_with(self, labels: Array) -> None:
        text, count = self._own_text(SOFTMAX), len(labels)
        size = _reading(text).count
        if size is None and count > 2:  # in the words that scikit-learn's checks look for
            raise LabelError(
                "Only binary classification is supported by a circuit whose output is a number; "
                f"y has {count} classes"
            )
        wanted = 2 if size is None else int(size) if size.is_Integer else count
        if wanted != count:
            raise LabelError(
                f"the circuit has {wanted} classes, but y has {count} class"
                f"{'es' * (count > 1)}; give as many, or a circuit with a named size"
            )
        self._begin(text, {str(size): count} if size is not None and size.is_Symbol else {})
        self.classes_ = labels

    def _encoded(self, labels: Array) -> Array:
        """The labels as the target takes them."""
        known = self.classes_
        codes = np.minimum(np.searchsorted(known, labels), len(known) - 1)
        other = labels[known[codes] != labels]
        if other.size:
            raise LabelError(f"y has the label {other[0]!r:.30}, which is not one of the classes")
        return _reading(self.circuit_).encoded(codes, len(known))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        with suppress(SymbackError):  # of a circuit that fit will refuse
            self._refuse_other_kinds()
            tags.classifier_tags.multi_class = _reading(self._own_text(SOFTMAX)).count is not None
        return tags


@lru_cache(maxsize=32)
def _reading(text: str) -> Reading:
    """The meaning of the circuit's output as classes."""
    circuit = parsed(text)
    return reading_of(circuit, circuit[target_of(compiled(text)).name])


def _shown(shape: Any) -> str:
    return f"an array {list(shape)}" if shape else "a number"


__all__ = ["CircuitClassifier", "CircuitRegressor"]
