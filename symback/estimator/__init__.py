"""Estimators of scikit-learn around any circuit; needs the extra `sklearn`."""

from symback.estimator.estimators import CircuitClassifier, CircuitRegressor

__all__ = ["CircuitClassifier", "CircuitRegressor"]
