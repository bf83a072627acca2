"""symback as a tool of GradBench, whose evals ask tools for values and gradients over JSON.

`python -m tools.gradbench` answers the messages of an eval; `python -m tools.gradbench.beside` runs
GradBench's own evals, and times the tool beside others of a checkout.
"""
