"""Wrong texts and wrong data of circuits over arrays: what is said, and where."""

import re

import numpy as np
import pytest

import symback as sb
from symback.errors import (
    CircuitError,
    CircuitSyntaxError,
    NameRefused,
    UnknownName,
    Unsupported,
)
from symback.operations.shapes import ShapeError

# declarations | formulas, and below: error, line and column | words
TEXTS = """
x: input[d]; W: param[h, k] | f = W @ x
    ShapeError 2 7 | shapes [h, k] and [d] don't fit, k ≠ d; W is [h, k], x is [d]
x: input[3]; W: param[2, 4] | f = W @ x
    ShapeError 2 7 | shapes [2, 4] and [3] don't fit, 4 ≠ 3; W is [2, 4], x is [3]
a: input[m, n]; b: param[k, n] | f = a @ b
    ShapeError 2 7 | @: shapes [m, n] and [k, n] don't fit, n ≠ k
a: input[n]; b: param[m] | f = a @ b
    ShapeError 2 7 | @: shapes [n] and [m] don't fit, n ≠ m; a is [n], b is [m]
a: input[n]; b: param[m, n] | f = a @ b
    ShapeError 2 7 | @: shapes [n] and [m, n] don't fit, n ≠ m
a: input[n]; b: param[m, n] | f = a.T @ b
    ShapeError 2 9 | @: shapes [n] and [m, n] don't fit, n ≠ m
a: input[n]; W: param[m, n]; V: param[k, n] | f = V @ tanh(W @ a)
    ShapeError 2 7 | shapes [k, n] and [m] don't fit, n ≠ m; V is [k, n], W is [m, n], a is [n]
a: input[m, n]; b: param[n, m] | f = a + b
    ShapeError 2 5 | shapes [m, n] and [n, m] don't fit; a is [m, n], b is [n, m]
a: input[3]; b: param[4] | f = a*b
    ShapeError 2 5 | shapes [3] and [4] don't fit; a is [3], b is [4]
a: input[m, n]; b: param[m] | f = a - b
    ShapeError 2 5 | shapes [m, n] and [m] don't fit
x: input[n]; W: param[m, n]; b: param[k] | h = tanh(W @ x + b); f = sum(h)
    ShapeError 2 12 | [k] and [m] don't fit; W is [m, n], x is [n], b is [k]
x: input[n]; W: param[m, n]; b: param[m]; c: param[k] | f = W @ x + b*tanh(b) + c
    ShapeError 2 7 | W is [m, n], b is [m], c is [k]
a: input[n]; b: param[m] | f = max(a, b)
    ShapeError 2 5 | shapes [n] and [m] don't fit; a is [n], b is [m]
a: input[n]; b: param[m] | f = where(a > b, a, b)
    ShapeError 2 5 | shapes [n] and [m] don't fit
a: input[n]; b: param[m] | f = where(a > 0, a, b)
    ShapeError 2 5 | shapes [n] and [m] don't fit
a: input[n]; b: param[m] | f = 2*exp(a)**b
    ShapeError 2 13 | shapes [n] and [m] don't fit
a: input[n]; b: param[m] | f = dot(a, b)
    ShapeError 2 5 | dot takes two arrays of one shape, not [n] and [m]
a: input[n]; b: param[m] | f = mse(a, b)
    ShapeError 2 5 | mse takes two arrays of one shape, not [n] and [m]
a: input[n]; b: param[m] | f = layer_norm(a, b)
    ShapeError 2 5 | shapes [m] and [n] don't fit; a is [n], b is [m]
a: input[n]; t: target[m] | l: loss = cross_entropy(a, t)
    ShapeError 2 11 | cross_entropy: shapes [n] and [m] don't fit; a is [n], t is [m]
a: input[m, n]; t: target | l: loss = cross_entropy(a, t)
    ShapeError 2 11 | cross_entropy takes a vector, not [m, n]
a: input[n]; t: param | l: loss = cross_entropy(a, t)
    ShapeError 2 11 | a number as second operand is a class, so a target
a: input[n] | f = cross_entropy(a, 1)
    ShapeError 2 5 | a number as second operand is a class, so a target
a: input[n]; t: target[n] | f = cross_entropy(a, t[1:])
    ShapeError 2 5 | shapes [n] and [n - 1] don't fit
a: input[m, n]; b: param[m, k] | f = concat(a, b)
    ShapeError 2 5 | concat: shapes [m, n] and [m, k] don't fit
a: input[m, n]; b: param[m] | f = concat(a, b)
    ShapeError 2 5 | concat: [m, n], [m] can't be joined along axis 0
a: input[n]; b: param[m] | f = concat(a, b, axis=1)
    ShapeError 2 5 | can't be joined along axis 1
a: input[n] | f = concat(a, axis=1)
    ShapeError 2 5 | can't be joined along axis 1
a: input[m, n]; b: param[m] | f = solve(a, b)
    ShapeError 2 5 | solve takes a square matrix, not [m, n]
a: input[n, n]; b: param[m] | f = solve(a, b)
    ShapeError 2 5 | solve: shapes [n, n] and [m] don't fit, n ≠ m
a: input[n, n]; b: param | f = solve(a, b)
    ShapeError 2 5 | solve takes a vector or a matrix, not a number
a: input[m, n] | f = inv(a)
    ShapeError 2 5 | inv takes a square matrix, not [m, n]; a is [m, n]
a: input[n] | f = det(a)
    ShapeError 2 5 | det takes a matrix, not [n]
a: input[m, n] | f = logdet(2*a)
    ShapeError 2 5 | logdet takes a square matrix, not [m, n]
a: input[m, n] | f = trace(a)
    ShapeError 2 5 | trace takes a square matrix, not [m, n]
a: input[m, n] | f = diag(a)
    ShapeError 2 5 | diag takes a square matrix, not [m, n]
a: input[m, n]; b: param[n] | f = outer(a, b)
    ShapeError 2 5 | outer takes a vector, not [m, n]
a: input; b: param[n] | f = a @ b
    ShapeError 2 7 | @ takes arrays, and one of these is a number; write *
a: input[n] | f = a @ a @ a
    ShapeError 2 11 | @ takes arrays, and one of these is a number
a: input; b: param[n] | f = sum(a)*b
    ShapeError 2 5 | sum takes an array, not a number
a: input; b: param[n] | f = softmax(a)*b
    ShapeError 2 5 | softmax takes an array, not a number
a: input; b: param[n] | f = norm(a)*b
    ShapeError 2 5 | norm takes an array, not a number
a: input; b: param[n] | f = max(a)*b
    ShapeError 2 5 | max takes an array, not a number
a: input; b: param; c: param[n] | f = dot(a, b)*c
    ShapeError 2 5 | dot takes arrays, and these are numbers; write *
a: input[n]; b: param[n] | f = a @ b.T
    ShapeError 2 7 | x.T of a vector stands left of @; the product u·vᵀ is outer(u, v)
a: input[n]; b: param[n] | f = a.T @ b.T
    ShapeError 2 9 | x.T of a vector stands left of @
a: input[n]; b: param[n] | f = a.T + b
    ShapeError 2 6 | x.T of a vector stands only beside @
a: input[n]; b: param[n] | f = a.T*b
    ShapeError 2 6 | x.T of a vector stands only beside @
a: input[n]; b: param[n] | f = 2*a.T @ b
    ShapeError 2 5 | x.T of a vector stands only beside @
a: input[n] | f = -a.T
    ShapeError 2 7 | x.T of a vector stands only beside @
a: input[n] | f = a.T**2
    ShapeError 2 8 | x.T of a vector stands only beside @
a: input[n] | f = exp(a.T)
    ShapeError 2 5 | x.T of a vector stands only beside @
a: input[n] | f = sum(a.T)
    ShapeError 2 5 | x.T of a vector stands only beside @
a: input[n] | f = concat(a, a.T)
    ShapeError 2 5 | x.T of a vector stands only beside @
a: input[n] | f = a.T[0]
    ShapeError 2 6 | x.T of a vector stands only beside @
a: input[n]; b: param[n] | f = max(a.T, b)
    ShapeError 2 5 | x.T of a vector stands only beside @
a: input[m, n]; b: input[n] | f = b.T @ a.T + 1
    ShapeError 2 9 | x.T of a vector stands only beside @
a: input[3] | f = a[3]
    ShapeError 2 5 | index 3 is outside [3]; a is [3]
a: input[3] | f = a[-4]
    ShapeError 2 5 | index -4 is outside [3]
a: input[2, 3] | f = a[0, 3]
    ShapeError 2 5 | index 3 is outside [2, 3]
a: input[3] | f = a[1:5]
    ShapeError 2 5 | 1:5 is outside an axis of 3, or empty
a: input[3] | f = a[2:2]
    ShapeError 2 5 | 2:2 is outside an axis of 3, or empty
a: input[n] | f = a[3:1]
    ShapeError 2 5 | the part 3:1 is empty
a: input[n] | f = a[0, 0]
    ShapeError 2 5 | 2 indices for [n]; a is [n]
a: input[n] | f = a[:, :]
    ShapeError 2 5 | 2 indices for [n]
a: input; b: param[n] | f = a[0]*b
    ShapeError 2 5 | an index takes an array, and this is a number
a: input[n] | f = a[0.5]
    CircuitSyntaxError 2 7 | a whole number stands here
a: input[n]; i: param | f = a[i]
    CircuitError 1 14 | the index 'i' is a parameter, but it comes from data; declare i: int
a: input[n] | f = a[n - 1]
    CircuitSyntaxError 2 7 | a whole number stands here
a: input[n] | f = a[0:2:1:]
    CircuitSyntaxError 2 12 | ':'
a: input[n] | f = a[0:8:2]*a[::2]
    ShapeError 2 14 | give the size as a number
a: input[6] | f = a[5:2:2]
    ShapeError 2 5 | the part takes nothing of an axis of 6
a: input[6] | f = a[::0]
    ShapeError 2 5 | the step of a part is not 0
a: input[m, n] | f = reshape(a, m, m)
    ShapeError 2 5 | reshape: [m, n] has not the elements of [m, m]
a: input[m, n] | f = reshape(a, 3, -1)
    ShapeError 2 5 | reshape: [m, n] has no rows of 3
a: input[m, n] | f = reshape(a, -1, -1)
    ShapeError 2 5 | reshape takes sizes, one of which may be -1
a: input[m, n]; b: input[n] | f = stack(a, b)
    ShapeError 2 5 | stack takes arrays of one shape, not [m, n] and [n]
a: input[m, n]; b: input[n] | f = kron(a, b)
    ShapeError 2 5 | kron takes two matrices, not [m, n] and [n]
a: input[n] | f = tril(a)
    ShapeError 2 5 | tril takes a matrix, not [n]
a: input[m, n] | f = triu(a, 0.5)
    ShapeError 2 5 | a diagonal is a whole number
a: input[m, n] | f = vec(a[0])
    ShapeError 2 5 | vec takes a matrix, not [n]
a: input[m, n] | f = einsum("ij,jk", a)
    ShapeError 2 5 | einsum: subscripts for 2 arrays, 1 given
a: input[m, n] | f = einsum("ijk->k", a)
    ShapeError 2 5 | 'ijk' names 3 axes of [m, n]
a: input[m, n] | f = einsum("i,...->i", a, a)
    ShapeError 2 5 | 'i' names 1 axes of [m, n]
a: input[m, n]; b: input[m] | f = einsum("ij,j->i", a, b)
    ShapeError 2 5 | the axis j is n and m
a: input[m, n] | f = einsum("ij->k", a)
    ShapeError 2 5 | the result 'k' takes each axis of an operand once
a: input[m, n] | f = einsum(a, a)
    ShapeError 2 5 | einsum takes subscripts and arrays
a: input[m, n] | f = a*"ij,jk"
    CircuitSyntaxError 2 7 | a formula cannot contain text in quotes
s: input[2, m, n]; b: input[3, n, m] | f = s @ b
    ShapeError 2 7 | shapes [2, m, n] and [3, n, m] don't fit
s: input[2, m, n]; b: input[2, m, n] | f = s @ b
    ShapeError 2 7 | n ≠ m
a: input[n] | f = a[]
    CircuitSyntaxError 2 7 | ']'
a: input[n] | f = a[None, 0, None, 0]
    ShapeError 2 5 | 2 indices for [n]
a: input[m, n] | f = a[:, :, None, 0]
    ShapeError 2 5 | 3 indices for [m, n]
a: input[n] | f = x[0]*a
    UnknownName 2 5 | 'x[0]' is not defined
a: input[n] | f = sum(a, axis=1)
    ShapeError 2 5 | [n] has no axis 1; a is [n]
a: input[m, n] | f = sum(a, 2)
    ShapeError 2 5 | [m, n] has no axis 2
a: input[m, n] | f = mean(a, axis=-3)
    ShapeError 2 5 | [m, n] has no axis -3
a: input[m, n]; b: input[m, n] | f = sum(a, b)
    ShapeError 2 5 | [m, n] has no axis b
a: input[m, n] | f = sum(a, 0, axis=1)
    ShapeError 2 5 | the axis is given twice
a: input[m, n] | f = sum(a, axis=0, axis=1)
    CircuitSyntaxError 2 20 | the option 'axis' is given twice
a: input[m, n] | f = max(a, axis=m)
    CircuitSyntaxError 2 17 | a whole number stands here
a: input[m, n] | f = sum(a, dims=1)
    CircuitSyntaxError 2 12 | the option 'dims' is not an option of sum
a: input[m, n] | f = softmax(a, axis=2)
    ShapeError 2 5 | [m, n] has no axis 2
a: input[m, n] | f = sum(a, axis=(0, -2))
    ShapeError 2 5 | an axis is named twice
a: input[m, n] | f = sum(a, keepdims=1)
    CircuitSyntaxError 2 21 | keepdims is True or False
a: input[m, n] | f = (a, 1)
    CircuitSyntaxError 2 7 | (a, b) is not an expression
a: input[m, n] | f = transpose(a, (0, 0))
    ShapeError 2 5 | the axes of [m, n] are 0, 1
a: input[m] | f = a.mT
    ShapeError 2 6 | .mT takes a matrix, not [m]
a: input[m, n] | f = swapaxes(a, 0, 2)
    ShapeError 2 5 | [m, n] has no axis 2
a: input[m, n] | f = max(a, 0, axis=0)
    CircuitSyntaxError 2 15 | the option 'axis' is not an option of max
a: input[m, n] | f = tanh(a, axis=0)
    CircuitSyntaxError 2 13 | the option 'axis' is not an option of tanh
a: input[n] | f = softmax(a, a)
    CircuitSyntaxError 2 5 | softmax takes 1 argument, 2 given
a: input[n] | f = mean(axis=0)*a
    CircuitSyntaxError 2 5 | mean takes 1 to 2 arguments, 0 given
a: input[n] | f = layer_norm(a, a, a, a)
    CircuitSyntaxError 2 5 | layer_norm takes 1 to 3 arguments, 4 given
a: input[n] | f = concat(axis=0)*a
    CircuitSyntaxError 2 5 | concat takes 1 or more arguments, 0 given
a: input[n] | f = eye(n, n) @ a
    CircuitSyntaxError 2 5 | eye takes 1 argument, 2 given
a: input[n] | f = zeros((n, n), n) + a
    ShapeError 2 5 | a size is a whole number or the name of a size
a: input[n] | f = zeros(0) + a
    ShapeError 2 5 | a size is a whole number or the name of a size
a: input[n] | f = ones(q) + a
    ShapeError 2 5 | a size is a whole number or the name of a size
a: input[n] | f = zeros(a) + a
    ShapeError 2 5 | a size is a whole number or the name of a size
a: input[n] | f = softmx(a)
    UnknownName 2 5 | unknown function 'softmx'; did you mean 'softmax'?
a: input[n] | f = exp @ a
    CircuitSyntaxError 2 5 | 'exp' needs an argument
a: input[n] | f = [1, 2] @ a
    ShapeError 2 12 | shapes [2] and [n] don't fit, 2 ≠ n; a is [n]
a: input[n] | f = [1, [2, a[0]]]
    ShapeError 2 6 | the entries of a list have one shape, not a number, [2]
A: param[h, 2] | f: output = 2*A; g: output = sum(A)
    ShapeError 2 1 | beside other outputs a matrix needs a whole number of rows: declare a number
a: input[n] | f = [a, 1]
    ShapeError 2 6 | the entries of a list have one shape, not [n], a number; concat(…) joins
a: input[n] | f = a.t
    CircuitSyntaxError 2 6 | .T, the transpose
a: input[n] | f = a - a
    CircuitError 2 5 | an array [n] cancels out here; leave it out, or write zeros(…)
a: input[n]; s: param | f = 0*a + s
    CircuitError 2 5 | an array [n] cancels out here
a: input[m, n]; s: param | f = s*(a/a)
    CircuitError 2 5 | an array [m, n] cancels out here
a: input[n]; s: param | f = s*a**0
    CircuitError 2 8 | an array [n] cancels out here
a: input[n]; s: param | f = a - a + s
    CircuitError 2 5 | an array [n] cancels out here
a: input[n]; n: param | f = sum(a)*n
    NameRefused 1 10 | 'n' is both a size and a node
a: input[n] | n = sum(a)
    NameRefused 1 10 | 'n' is both a size and a node
a: input[n] | f = n
    CircuitError 1 1 | 'a' is declared but never used
a: input[n] | sum = 2; f = mean(a)*sum
    NameRefused 2 1 | 'sum' is an operation on arrays
norm: input[n] | f = 2*norm
    NameRefused 1 1 | 'norm' is an operation on arrays
x: input[a, b, c, d, e, g, h] | f = sum(x)
    Unsupported 1 10 | at most 6 axes
x: input[0] | f = sum(x)
    CircuitSyntaxError 1 10 | a size is a name or a whole number from 1
x: input[-1] | f = sum(x)
    CircuitSyntaxError 1 11 | a size is a name or a whole number from 1
x: input[2.5] | f = sum(x)
    CircuitSyntaxError 1 10 | a size is a name or a whole number from 1
x: input[n + 1] | f = sum(x)
    CircuitSyntaxError 1 10 | a size is a name or a whole number from 1
x: input[np] | f = sum(x)
    NameRefused 1 10 | 'np' is a name that the generated module needs
x: input[exp] | f = sum(x)
    NameRefused 1 10 | 'exp' is an operation
x: input[] | f = sum(x)
    CircuitSyntaxError 1 10 | ']'
x: input[n] | f: output[n] = 2*x
    CircuitSyntaxError 2 11 | only inputs, targets, params and consts declare a shape
x: input[n] | l: loss = 2*x
    CircuitError 2 1 | the loss 'l' is an array [n]; a loss is one number, such as its sum or mean
x: input[n]; t: target[n]; w: param | f = w*sum(x)
    CircuitError 1 14 | the target 't' is an array [n], the output 'f' a number; declare a loss
x: input; w: param | f = w[0]*x
    Unsupported 2 5 | an index in [ ] needs arrays, and all names here are numbers; declare shapes
x: input; w: param | f = w @ x
    Unsupported 2 7 | the matrix product @ needs arrays
x: input; w: param | f = w.T*x
    Unsupported 2 6 | the transpose .T needs arrays
x: input; w: param | f = softmax(w)*x
    Unsupported 2 5 | softmax needs arrays
x: input; w: param | f = tanh(w, axis=0)*x
    CircuitSyntaxError 2 5 | tanh takes 1 argument, 2 given
"""

LOOPS = """
for t in range(0):
    h[t] = x
f = h[0]
| CircuitError 2 5 | the loop over 't' is empty

for t in range(2, 1):
    h[t] = x
f = h[0]
| CircuitError 2 5 | the loop over 't' is empty

for t in range(20000):
    h[t] = x
f = h[0]
| CircuitError 2 5 | more than 10,000 turns

for t in range(n):
    h[t] = x
f = h[0]
| CircuitSyntaxError 2 5 | no formula reads the values of its last turn

for t in range(n*n):
    h[t] = x
f = h[0]
| CircuitSyntaxError 2 16 | the bounds of a loop are whole numbers

for t in range(1.5):
    h[t] = x
f = h[0]
| CircuitSyntaxError 2 16 | the bounds of a loop are whole numbers

for t in range(2):
    h = x
f = h
| CircuitSyntaxError 3 5 | in a loop each turn has its own node: h[t] = …

for t in range(2):
    h[t] = h[t - 1]
f = h[1]
| UnknownName 3 12 | 'h' is not defined

h[0] = x
for t in range(1, 3):
    h[t] = h[t] + x
f = h[2]
| CircuitError 4 5 | 'h_1' depends on itself

h[0] = x
for t in range(2):
    h[0] = x + t
f = h[0]
| CircuitError 4 5 | 'h_0' is defined twice

for x in range(2):
    h[x] = 2
f = h[1]
| CircuitError 2 5 | 'x' has a meaning already

for t in range(2):
h[t] = x
f = h[1]
| CircuitSyntaxError 3 1 | below a loop's line stands its block, indented

for t in range(2):
    w: param
    h[t] = x
f = h[1]
| CircuitSyntaxError 3 5 | declare before the loop

for t in range(3): f = x
| CircuitSyntaxError 2 20 | 'f' can't stand here

h[-1] = x
f = h[0]
| CircuitSyntaxError 2 1 | the index of a node counts from 0

h[0] = x
f = h[1]
| UnknownName 3 5 | 'h[1]' is not defined

h[0] = x
f = h
| UnknownName 3 5 | 'h' is not defined

h[0] = x
f = h[0, 1]
| UnknownName 3 5 | 'h' is not defined

for t in range(4):
    h[t] = v[t]*x
f = h[0] + h[1] + h[2] + h[3]
| ShapeError 3 12 | index 3 is outside [3]; v is [3]
"""

KINDS = {
    kind.__name__: kind
    for kind in (
        CircuitError,
        CircuitSyntaxError,
        NameRefused,
        ShapeError,
        UnknownName,
        Unsupported,
    )
}


def wrong_texts():
    found = []
    rows = TEXTS.strip().split("\n")
    for text, said in zip(rows[::2], rows[1::2], strict=True):
        leaves, formulas, error, words = [*text.split(" | "), *said.strip().split(" | ")]
        found.append((f"{leaves}\n{formulas}", *error.split(), words))
    for block in LOOPS.strip().split("\n\n"):
        text, error, words = block.split("| ")
        found.append((f"x: input[n]; v: input[3]\n{text}", *error.split(), words.strip()))
    return found


@pytest.mark.parametrize(("text", "kind", "line", "column", "words"), wrong_texts())
def test_wrong_texts(text, kind, line, column, words):
    with pytest.raises(KINDS[kind]) as caught:
        sb.circuit(text)
    assert type(caught.value) is KINDS[kind]
    assert words in caught.value.message
    assert (caught.value.line, caught.value.column) == (int(line), int(column))
    assert len(str(caught.value)) <= sb.errors.LONGEST_MESSAGE


def test_an_index_into_joined_sizes_is_refused_by_name():
    c = sb.circuit("a: input[m]; b: input[n]\nf = concat(a, b)[2]")
    with pytest.raises(Unsupported, match=r"an axis of m \+ n; name its parts"):
        c.compile()


# -- wrong data ----------------------------------------------------------------------------------

NETWORK = sb.circuit("""
x: input[d]; t: target[k]
W1: param[h, d]; b1: param[h]; W2: param[k, h]; b2: param[k]
z: output = W2 @ tanh(W1 @ x + b1) + b2
E: loss = cross_entropy(z, t)
""").compile()
CLASSES = sb.circuit("""
x: input[d]; s: input; t: target
W: param[k, d]; a: param
z: output = a*s*(W @ x)
E: loss = cross_entropy(z, t)
""").compile()
PARTS = sb.circuit("x: input[3]; v: input[n]; w: param[n]\nf = x[2]*dot(v[1:-1], w[2:])").compile()

PARAMS = NETWORK.Params(np.ones((4, 2)), np.zeros(4), np.ones((5, 4)), np.zeros(5))
X, T = np.arange(6.0).reshape(3, 2), np.eye(5)[:3]
OF_CLASSES = CLASSES.Params(np.ones((5, 2)), 1.0)
ONE = np.ones(3)


def network(x=X, t=T, **params):
    return NETWORK.value_and_grad(PARAMS._replace(**params), NETWORK.Inputs(x, t))


def classes(x=X, s=ONE, t=(0, 1, 4), **params):
    return CLASSES.value_and_grad(OF_CLASSES._replace(**params), CLASSES.Inputs(x, s, t))


def parts(x, v, w):
    return PARTS.forward(PARTS.Params(np.ones(w)), PARTS.Inputs(np.ones(x), np.ones(v)))


def backward(bar):
    inputs = NETWORK.Inputs(X)
    return NETWORK.backward(PARAMS, inputs, NETWORK.forward(PARAMS, inputs)[1], bar)


def test_right_data_are_taken():
    assert np.isfinite(network()[0]) and np.isfinite(classes()[0])
    assert parts((2, 3), (2, 4), 4)[0].tolist() == [2, 2]


DATA = {
    "ragged batch": (lambda: network(t=T[:2]), "t has 2 samples, but x has 3"),
    "ragged rows": (lambda: network(x=[[1, 2], [3]]), "x has rows of different lengths"),
    "no samples": (
        lambda: network(x=X[:0]),
        "x has shape (0, 2); expected (samples, d) with samples ≥ 1",
    ),
    "too many axes": (lambda: network(x=X[None]), "x has shape (1, 3, 2); expected (samples, d)"),
    "too few axes": (lambda: network(x=1.0), "x has shape (); expected (samples, d)"),
    "batch beside one": (lambda: network(x=X[0]), "t has shape (3, 5); expected (k,)"),
    "one beside batch": (lambda: network(t=T[0]), "t has shape (5,); expected (samples, k)"),
    "wrong size": (
        lambda: network(x=X[:, :1]),
        "a sample of x has shape (1,); expected (d,), where d = 2 in W1",
    ),
    "wrong size of a target": (
        lambda: network(t=T[:, :4]),
        "a sample of t has shape (4,); expected (k,), where k = 5 in W2",
    ),
    "transposed parameter": (
        lambda: network(W1=np.ones((2, 4))),
        "b1 has shape (4,); expected (h,), where h = 2 in W1",
    ),
    "wrong parameter": (
        lambda: network(b1=np.zeros(3)),
        "b1 has shape (3,); expected (h,), where h = 4 in W1",
    ),
    "rank of a parameter": (
        lambda: network(b1=np.zeros((4, 1))),
        "b1 has shape (4, 1); expected (h,), where h = 4 in W1",
    ),
    "parameter that is a number": (lambda: classes(a=[1.0]), "a has shape (1,); expected ()"),
    "complex parameter": (lambda: network(b1=np.zeros(4, complex)), "b1 has dtype complex128"),
    "no parameter": (lambda: network(b1=None), "b1 has dtype object; expected a float"),
    "complex": (lambda: network(x=X.astype(complex)), "x has dtype complex128; expected float64"),
    "text": (lambda: network(x=np.array([["a", "b"]] * 3)), "x has dtype <U1; expected float64"),
    "objects": (lambda: network(x=X.astype(object)), "x has dtype object; expected float64"),
    "float16": (lambda: network(x=X.astype(np.float16)), "x has dtype float16; expected float64"),
    "missing target": (lambda: network(t=None), "t is missing; give one value for every sample"),
    "missing input": (lambda: network(x=None), "x is missing"),
    "no distribution": (lambda: network(t=2 * T), "t has a row that does not add up to 1"),
    "NaN in a target": (lambda: network(t=np.nan * T), "t has a row that does not add up to 1"),
    "class instead of distribution": (lambda: network(t=[0, 1, 2]), "t has shape (3,); expected"),
    "no such class": (
        lambda: classes(t=[0, 1, 5]),
        "value that is not a class from 0 to 4",
    ),
    "negative class": (lambda: classes(t=[0, 1, -1]), "t has a value that is not a class"),
    "half a class": (lambda: classes(t=[0, 1, 0.5]), "t has a value that is not a class"),
    "NaN as class": (lambda: classes(t=[0, 1, np.nan]), "t has a value that is not a class"),
    "distribution instead of class": (
        lambda: classes(t=T),
        "t has shape (3, 5); expected (samples,)",
    ),
    "a number for all samples": (lambda: classes(s=1.0), "s has shape (); expected (samples,)"),
    "fixed size": (
        lambda: parts((2, 4), (2, 4), 4),
        "a sample of x has shape (4,); expected (3,)",
    ),
    "too short for its parts": (lambda: parts((2, 3), (2, 2), 2), "n is 2; expected 3 or more"),
    "seed of other samples": (
        lambda: backward(np.ones((2, 5))),
        "output_bar has shape (2, 5), but the output has (3, 5)",
    ),
    "seed of one sample": (
        lambda: backward(np.ones(5)),
        "output_bar has shape (5,), but the output has (3, 5)",
    ),
    "complex seed": (lambda: backward(1j), "output_bar has dtype complex128"),
    "short vector": (
        lambda: NETWORK.unravel(np.ones(3), d=2, h=4, k=5),
        "vector has shape (3,); expected (37,)",
    ),
    "vector of no size": (
        lambda: NETWORK.unravel(np.ones(36), d=2, h=4),
        "vector has shape (36,); expected (37,)",
    ),
    "sizes unknown": (lambda: NETWORK.unravel(np.ones(37)), "the size h is not known; give it"),
}


@pytest.mark.parametrize(("call", "words"), DATA.values(), ids=DATA)
def test_wrong_data(call, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        call()


def test_sizes_of_parameters_are_keywords():
    with pytest.raises(TypeError, match="'h' and 'k'"):
        NETWORK.init_params(d=2)
