"""Formulas that lose digits or overflow as they are typed, rewritten to equal ones that do not.

`stable` takes a circuit to one with the same names and, in exact arithmetic, the same values.
What is rewritten, and to what, is the table of `symback.stable.rules`; every rewriting is proven
at points when it is made (`symback.stable.proof`).
"""

from symback.stable.rewrite import Rewrite, stable
from symback.stable.rules import RULES, Rule

__all__ = ["RULES", "Rewrite", "Rule", "stable"]
