"""Formulas of arrays as people write them for NumPy, JAX and PyTorch; each is Python as well."""

SHAPES = {
    "x": (3, 4),
    "y": (3, 4),
    "r": (4,),
    "u": (3,),
    "v": (3,),
    "A": (3, 3),
    "p": (3, 1, 4),
    "t": (2, 3, 4),
    "w": (2, 4, 5),
    "k": (2, 3, 4, 2),
    "zeroed": (4,),
    "s": (),
}
"""The leaves; an element of `zeroed` is 0."""

TEXTS = """
t.T
t.mT
t[..., 0]
t[0, ...]
t[..., None, 1:3]
k[:, ::2, -1]
k[..., 1, :]
x[::-1]*x
x[:, ::-1]
zeroed[3:0:-2]
x[1, 2:4]
x[2][1] + x[0, -1]
x[[0, 2, 2]]
x[[-1]]
r[[3, 0, 0, 1]]
x[:, None] - y[None]
p - x
p*x[:1].T[:1]
flip(x)
flip(x, 0)
flip(t, axis=(0, -1))
roll(x, 1)
roll(x, 5)
roll(x, -1, axis=1)
roll(t, 2, 0)
tile(r, 2)
tile(x, (3, 2))
tile(x, (2, 1, 1))
repeat(x, 2)
repeat(x, 2, axis=1)
repeat(t, 3, 0)
squeeze(p)
squeeze(p, 1)
squeeze(x[:1], axis=0)
expand_dims(x, 0)
expand_dims(x, axis=-1)
expand_dims(s, 0)
moveaxis(t, 0, -1)
moveaxis(k, 2, 1)
swapaxes(t, -1, 0)
transpose(t, (2, 0, 1))
diff(r)
diff(x, axis=0)
diff(t)
cross(u, v)
cross(A, A.T)
hstack([u, v])
hstack((x, y))
vstack([u, v])
vstack((x, y))
concat([u, v])
concat((x, y), axis=1)
concat([x, y[:2]], axis=0)
stack([x, y], axis=1)
stack((u, v), axis=-1)
tensordot(t, swapaxes(t, 0, 2), axes=1)
tensordot(t, transpose(k, (1, 2, 0, 3)))
tensordot(x, y, axes=([1], [1]))
tensordot(t, k, axes=([2, 0], [2, 0]))
tensordot(t, x, ((1, -1), (0, 1)))
tensordot(x, A, axes=(0, 1))
tensordot(u, v, axes=0)
pad(r, (1, 2))
pad(x, 1)
pad(x, ((1, 0), (0, 2)))
pad(r, ((1, 2),))
pad(x, ((1, 2),))
pad(t, ((0, 0), (1, 0), (2, 1)))
reshape(t, (-1, 4))
ravel(t)
einsum('ii', A)
einsum('ii->i', A)
einsum('ij,j', x, r)
einsum('i,ij,j->', u, x, r)
einsum('...i,i', t, r)
einsum('...i,...i', t, x)
einsum('...i,...j->...ij', t, x)
einsum('i...,i...->...', t, t)
einsum('bij,bjk->bik', t, w)
t @ r
t @ w
u @ t
k[:, 0] @ A[:2, :2]
sum(t, axis=(0, -1))
sum(t, (0, 2), keepdims=True)
mean(t, axis=-2)
max(t, axis=(1, 2))
min(x, axis=-1, keepdims=True)
prod(x, axis=0)
prod(zeroed)
cumprod(zeroed)
cumsum(x)
cumsum(t, axis=1)
cumprod(x, axis=-1)
var(x, axis=0, ddof=1)
std(t, axis=(0, -1), keepdims=True)
norm(t, axis=-1, keepdims=True)
softmax(t, axis=1)
log_softmax(t, axis=0)[1]
logsumexp(t, axis=(0, 2), keepdims=True)
where(x > r, x*r, 0)
where(x > 0, s, x**2)
where(s > 0, x, -x)
tril(A, -1) + triu(A, 1)
kron(x, A)
(x - mean(x, axis=0))/(std(x, axis=0) + 0.001)
exp(-sum((x[:, None] - y[None])**2, axis=2)/2)
softmax(t @ t.mT/sqrt(4)) @ t
"""
