"""Cholesky's factor, solutions and inverses in strict arithmetic: the same bits on every machine.

A BLAS picks its order of summation by processor, so it has no place here. Every inner loop adds
scaled rows to a row, element by element: the compiler may do that in wide registers without changing
a bit, and four rows are added per pass so that the sum stays in its register.

Source: Golub & Van Loan (2013), "Matrix Computations", sections 3.1 and 4.2.
"""

import math

from numeric.arrays import Floats
from numeric.jit import kernel


@kernel
def cholesky(matrix: Floats) -> int:
    """Turn the upper triangle of a symmetric (D, D) matrix into U with UᵀU = matrix, in place.

    Returns −1, or the row whose pivot is not positive: there the matrix is not positive definite, and
    the factor is unfinished. The strict lower triangle is neither read nor written.

    >>> a = np.array([[4.0, 2.0], [2.0, 5.0]])
    >>> cholesky(a), a.tolist()
    (-1, [[2.0, 1.0], [2.0, 2.0]])
    """
    size = len(matrix)
    for i in range(size):
        row = matrix[i, i:]
        whole = i // 4 * 4
        for k in range(0, whole, 4):
            a, b, c, d = matrix[k, i:], matrix[k + 1, i:], matrix[k + 2, i:], matrix[k + 3, i:]
            s, t, u, v = a[0], b[0], c[0], d[0]
            for j in range(size - i):
                row[j] = (((row[j] - s * a[j]) - t * b[j]) - u * c[j]) - v * d[j]
        for k in range(whole, i):
            a = matrix[k, i:]
            s = a[0]
            for j in range(size - i):
                row[j] -= s * a[j]
        if not row[0] > 0.0:
            return i
        root = math.sqrt(row[0])
        for j in range(size - i):
            row[j] /= root
    return -1


@kernel
def solve(upper: Floats, right: Floats) -> None:
    """Replace right (D,) by the solution z of UᵀU z = right; U is the upper triangle of ``upper``.

    >>> z = np.array([6.0, 7.0])
    >>> solve(np.array([[2.0, 1.0], [0.0, 2.0]]), z)
    >>> z
    array([1., 1.])
    """
    size = len(upper)
    for i in range(size):
        right[i] /= upper[i, i]
        for j in range(i + 1, size):
            right[j] -= right[i] * upper[i, j]
    for i in range(size - 1, -1, -1):
        total = right[i]
        for j in range(i + 1, size):
            total -= upper[i, j] * right[j]
        right[i] = total / upper[i, i]


@kernel
def inverse(upper: Floats, out: Floats) -> None:
    """Write the inverse of UᵀU into the lower triangle of out (D, D), diagonal included; 0 above it.

    >>> out = np.empty((2, 2))
    >>> inverse(np.array([[2.0, 1.0], [0.0, 2.0]]), out)
    >>> out.tolist()
    [[0.3125, 0.0], [-0.125, 0.25]]
    """
    size = len(upper)
    for i in range(size):  # first G, the inverse of Uᵀ: lower triangular, each row from those above
        row = out[i]
        row[:] = 0.0
        row[i] = 1.0
        whole = i // 4 * 4
        for k in range(0, whole, 4):
            a, b, c, d = out[k], out[k + 1], out[k + 2], out[k + 3]
            s, t, u, v = upper[k, i], upper[k + 1, i], upper[k + 2, i], upper[k + 3, i]
            for j in range(k + 4):
                row[j] = (((row[j] - s * a[j]) - t * b[j]) - u * c[j]) - v * d[j]
        for k in range(whole, i):
            a, s = out[k], upper[k, i]
            for j in range(k + 1):
                row[j] -= s * a[j]
        pivot = upper[i, i]
        for j in range(i + 1):
            row[j] /= pivot
    for i in range(size):  # then GᵀG: its row i needs no row of G above i, so it may stand in row i
        row = out[i]
        s = row[i]
        for j in range(i + 1):
            row[j] *= s
        whole = i + 1 + (size - i - 1) // 4 * 4
        for k in range(i + 1, whole, 4):
            a, b, c, d = out[k], out[k + 1], out[k + 2], out[k + 3]
            s, t, u, v = a[i], b[i], c[i], d[i]
            for j in range(i + 1):
                row[j] = (((row[j] + s * a[j]) + t * b[j]) + u * c[j]) + v * d[j]
        for k in range(whole, size):
            a = out[k]
            s = a[i]
            for j in range(i + 1):
                row[j] += s * a[j]
