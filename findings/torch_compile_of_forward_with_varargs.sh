#!/bin/sh
# PyTorch 2.13.0: torch.compile hands the context to a forward that takes none, where nothing requires a gradient.
#
# A torch.autograd.Function with setup_context, whose forward takes *given, is compiled. With a tensor that requires a
# gradient the result is right; without one, `given` has the context in front of the tensors, and compiling fails. Where
# forward names its arguments, both work, and so does the Function without torch.compile.
#
# Seen: names, moving [1.0, 2.0], still [1.0, 2.0]; *given, moving [1.0, 2.0], still Unsupported
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q torch==2.13.0
cat > "$folder/seen.py" <<'PROGRAM'
import torch


def product(x, y):
    return x * y


class Named(torch.autograd.Function):
    @staticmethod
    def forward(x, y):
        return product(x, y)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, bar):
        x, y = ctx.saved_tensors
        return y * bar, x * bar


class Given(Named):
    @staticmethod
    def forward(*given):
        return product(*given)


def seen(function, moves):
    torch._dynamo.reset()
    x = torch.tensor([1.0, 2.0], requires_grad=moves)
    try:
        return str(torch.compile(function.apply, fullgraph=True, backend="eager")(x, torch.ones(2)).tolist())
    except Exception as error:
        return type(error).__name__


found = [seen(function, moves) for function in (Named, Given) for moves in (True, False)]
print(f"torch {torch.__version__}: names, moving {found[0]}, still {found[1]}; *given, moving {found[2]}, still {found[3]}")
assert found == ["[1.0, 2.0]"] * 3 + ["Unsupported"], "this has changed"
PROGRAM
"$folder/venv/bin/python" "$folder/seen.py"
