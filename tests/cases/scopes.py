"""Circuits with constants, stated derivatives or indices."""

CIRCUITS = {
    "matrix": "A: const[d, d]; x: input[d]; w: param[d]; f = dot(w, A @ x)",
    "number": "c: const; w: param; x: input; f = c*exp(w*x)",
    "no input": "c: const; w: param; f = exp(c*w)",
    "value in the text": "A: const = [[1, 2], [3, 4]]; x: input[2]; w: param[2]; f = dot(w, A @ x)",
    "once": "w: param[d]; x: input[d]; y: target; lam: const; f = dot(w, x);"
    " l: loss = (f - y)**2/2 + once(lam*norm(w)**2/2)",
    "samples": "N: samples; f = w*x; l: loss = (f - y)**2 + w**2/N",
    "stopped": "c: const; f = stop_gradient(c*w)*x + w; l: loss = (f - y)**2 + once(w**2)",
    "stated": "step(u) = heaviside(u); step'(u) = exp(-u**2); f = w*step(a*x + b)",
    "stated by both": "g(u, v) = u*v; g'(u) = 3; g'(v) = u**2; f = w*g(w, x)",
    "stated of arrays": "q(u) = round(u); q'(u) = 1; x: input[d]; w: param[d]; f = sum(q(w*x))",
    "rows": "i: input; W: param[k, d]; x: input[d]; f = dot(W[i], tanh(x))",
    "rows of a const": "A: const[k, d]; i: input; w: param[d]; f = exp(dot(A[i], w))",
    "class": "x: input[d]; W: param[k, d]; t: target; z = W @ x; l: loss = cross_entropy(z, t)",
}
