#!/bin/sh
# PyTorch 2.13.0: forward-mode AD inside forward-mode AD is 0 through a torch.autograd.Function, silently.
#
# f(x) = x**3 as a Function with setup_context and a right jvp, at x = 2: f'' = 12. Forward over reverse gives 12,
# forward over forward 0, and no error or warning says so. Plain operations give 12 both ways.
#
# Seen: plain 12.0, Function 0.0, forward over reverse 12.0
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q torch==2.13.0
cat > "$folder/seen.py" <<'PROGRAM'
import torch


class Cube(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x):
        return x**3

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)

    @staticmethod
    def backward(ctx, bar):
        (x,) = ctx.saved_tensors
        return 3 * x**2 * bar

    @staticmethod
    def jvp(ctx, dot):
        (x,) = ctx.saved_tensors
        return 3 * x**2 * dot


def slope(f):
    return lambda x: torch.func.jvp(f, (x,), (torch.ones_like(x),))[1]


x = torch.tensor(2.0, dtype=torch.float64)
plain = float(slope(slope(lambda x: x**3))(x))
function = float(slope(slope(Cube.apply))(x))
reverse = float(slope(torch.func.grad(Cube.apply))(x))
print(f"torch {torch.__version__}: plain {plain}, Function {function}, forward over reverse {reverse}")
assert (plain, function, reverse) == (12.0, 0.0, 12.0), "this has changed"
PROGRAM
"$folder/venv/bin/python" "$folder/seen.py"
