"""Training: a circuit and data in, parameters, history and figures out."""

from symback.training.run import summary, train_from_file

__all__ = ["summary", "train_from_file"]
