"""A generated module beside the truth: the comparison, its report and its certificate."""

from symback.check.check import check_file, check_module

__all__ = ["check_file", "check_module"]
