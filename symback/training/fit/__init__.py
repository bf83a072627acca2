"""Fits: a circuit and data in, estimates with standard errors out; needs the extra `scipy`."""

from symback.training.fit.result import Fit
from symback.training.fit.run import fit

__all__ = ["Fit", "fit"]
