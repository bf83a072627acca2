"""Circuits that several tests share, as texts with the options of `symback.circuit`."""

import symback as sb

LECTURE = {
    "L1": "f = x1 - x2",
    "L2": "f = x1 - x2, x2 = x3 + x4",
    "L3": "f = x1 - x2, x2 = x3 + x5 + x4",
    "L4": "f = x1 - x2, x2 = w3*x3 + w4*x4",
    "L5": "f = x1 - x2, x2 = sigma(net2), net2 = w3*x3 + w4*x4",
    "L5 flat": "f = x1 - sigma(w3*x3 + w4*x4)",
    "L6a": "f = (x1 + x5) - sigma(w3*x3 + w4*x4)",
    "L6b": "f = x1 - x2, x1 = x3 + x5, x2 = sigma(net2), net2 = w3*x3 + w4*x4",
}

# Every operation once, its operands inside its domain at some of any random numbers.
OPERATIONS = {
    "exp": "f = exp(w*x + b)",
    "log": "f = log(w*x)",
    "log1p": "f = log1p(w*x)",
    "expm1": "f = expm1(w*x)",
    "sqrt": "f = sqrt(w*x + b)",
    "sin": "f = sin(w*x + b)",
    "cos": "f = cos(w*x + b)",
    "tan": "f = tan(w*x)",
    "asin": "f = asin(w*x)",
    "acos": "f = acos(w*x)",
    "atan": "f = atan(w*x + b)",
    "atan2": "f = atan2(w*y1, b*x)",
    "sinh": "f = sinh(w*x)",
    "cosh": "f = cosh(w*x)",
    "tanh": "f = w2*tanh(w*x + b)",
    "asinh": "f = asinh(w*x)",
    "acosh": "f = acosh(w*x)",
    "atanh": "f = atanh(w*x)",
    "abs": "f = w2*abs(w*x + b)",
    "sign": "f = w*sign(x)*x**2",
    "min": "f = min(w1*x1, w2*x2, b)",
    "max": "f = max(w1*x1, w2*x2, b)",
    "hypot": "f = hypot(w1*x1, w2*x2)",
    "erf": "f = erf(w*x)",
    "sigma": "f = w2*sigma(w*x + b)",
    "erfc": "f = w2*erfc(w*x + b)",
    "sinc": "f = w2*sinc(w*x + b)",
    "log1psq": "f = w2*log1psq(w*x + b)",
    "log1mexp": "f = w2*log1mexp(-w**2 - x**2)",
    "logcosh": "f = w2*logcosh(w*x + b)",
    "logaddexp": "f = w2*logaddexp(w*x, b)",
    "binary_cross_entropy": "t: target\nf = w*x + b\nl: loss = binary_cross_entropy(f, t)",
    "sigma_prime": "f = w2*sigma_prime(w*x + b)",
    "tanh_prime": "f = w2*tanh_prime(w*x + b)",
    "softplus": "f = w2*softplus(w*x + b)",
    "relu": "f = w2*relu(w*x + b)",
    "relu_at": "f = w2*relu_at(w*x + b, 1/2)",
    "abs_at": "f = w2*abs_at(w*x + b, 1)",
    "max_at": "f = w2*max_at(w*x, b, 1)",
    "min_at": "f = w2*min_at(w*x, b, 1/4)",
    "silu": "f = w2*silu(w*x + b)",
    "gelu": "f = w2*gelu(w*x + b)",
    "logsigmoid": "f = w2*logsigmoid(w*x + b)",
}

STRUCTURES = {
    "quotient": "f = w*x1/(b + x2)",
    "wide quotient": "f = w1*w2*x1/(x2*x3**2)",
    "powers": "f = w*x**3 + b*x**4 - x**5/7",
    "roots": "f = w*x**1.5 + x**(1/3)/b",
    "general power": "f = (w*x)**b",
    "exponential": "f = 2**(w*x)",
    "constants": "f = pi*w*x + sqrt(2)*b/3 + 0.1*x**2 + 1e-9",
    "normal density": "f = exp(-(x/w)**2/2)/(sqrt(2*pi)*w)",
    "where": "f = where(x > b, w*x, w*b**2)",
    "guarded where": "f = where(x > 0, w*sqrt(x), b*x)",
    "nested where": "f = where((x > 1) & (b < x), w*log(x), where(x < -1, b*x**2, b))",
    "tie": "f = max(w*x, x*w) + min(w*x, b)",
    "wide product": "f = w1*w2*w3*x1*x2*x3*x4",
    "shared parts": "f = sin(w*x + b)*exp(w*x + b), g: output = f + w*x + b",
    "paths": "f = u*v + u, u = w*x + b, v = u**2 - w",
    "two layers": (
        "h1 = tanh(w1*x1 + w2*x2 + b1)\nh2 = tanh(w3*x1 + w4*x2 + b2)\n"
        "f = sigma(w5*h1 + w6*h2 + b3)"
    ),
    "cross-entropy": (
        "x: input; w: param; b: param; y: target\nz = w*x + b\np: output = sigma(z)\n"
        "E: loss = softplus(z) - y*z"
    ),
    "regulariser": (
        "x: input; w: param; b: param; c: param = 0.5; y: target\nf: output = w*x + b\n"
        "E: loss = (f - y)**2/2 + c**2*w**2 + abs(c)"
    ),
    "loss reads the net": (
        "x: input; w: param; y: target\nnet = w*x\nf: output = sigma(net)\n"
        "E: loss = softplus(net) - y*net"
    ),
    "input of the loss": (
        "x: input; s: input; w: param; y: target\nf: output = w*x\nE: loss = s*(f - y)**2"
    ),
    "target t": "x: input; w: param; t: target\nf = w*x\nE: loss = (f - t)**2",
    "Rosenbrock": (
        "w1: param = -1.2; w2: param = 1\nf = (1 - w1)**2 + 100*(w2 - w1**2)**2\nloss: none"
    ),
    "no parameters": "x1: input; x2: input\nf = x1*exp(-x2)",
    "one parameter": "f = w*x",
    "unreached input": "f = w*x1 + sign(x2)",
    "constant value": "w: param; x: input\nf = w*sign(x)\nloss: none",
    "copied output": "x: input; w: param\nf = x + 0*w + w\nloss: none",
    "30 parameters": "f = " + " + ".join(f"w{i}*x{i}" for i in range(30)),
}

ALL = {**LECTURE, **OPERATIONS, **STRUCTURES}


def sample(name: str) -> sb.Circuit:
    """The circuit of that name."""
    return sb.circuit(ALL[name])
