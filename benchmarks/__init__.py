"""How fast symback and its peers are: `python -m benchmarks`.

Works are rows of `works.WORKS`, systems rows of the table beside each work; all systems of a work
get the same arrays, must agree on the gradient, and are then timed in turn (`contest`). The page
that shows the results is docs/speed.md (`page`). `numerics` is a script of its own, about digits.
"""
