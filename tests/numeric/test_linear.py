"""Cholesky, solutions and inverses, beside the library's."""

import numpy as np
import pytest

from numeric.linear import cholesky, inverse, solve


def positive_definite(size: int) -> np.ndarray:
    rows = np.random.default_rng(size).normal(size=(2 * size, size))
    return rows.T @ rows + np.eye(size)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 8, 33, pytest.param(357, marks=pytest.mark.compiled)])
def test_factor_solution_and_inverse_agree_with_numpy(size: int) -> None:
    """UᵀU is the matrix, the solution solves, the inverse inverts, to 1e-9, also between multiples of 4."""
    matrix = positive_definite(size)
    upper, right, out = matrix.copy(), np.arange(float(size)), np.full((size, size), np.nan)

    assert cholesky(upper) == -1
    solve(upper, right)
    inverse(upper, out)

    factor = np.triu(upper)
    np.testing.assert_allclose(factor.T @ factor, matrix, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(matrix @ right, np.arange(float(size)), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(np.tril(out), np.tril(np.linalg.inv(matrix)), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("row", [0, 1, 4, 6])
@pytest.mark.parametrize("pivot", [0.0, -1.0, np.nan])
def test_the_row_that_is_not_positive_is_named(row: int, pivot: float) -> None:
    """A matrix that is not positive definite says where."""
    matrix = np.eye(8)
    matrix[row, row] = pivot

    assert cholesky(matrix) == row


def test_the_lower_triangle_is_not_looked_at() -> None:
    """Only the upper triangle is read and written."""
    matrix = positive_definite(6)
    upper = np.triu(matrix) + np.tril(np.full((6, 6), 7.0), -1)

    cholesky(upper)
    cholesky(matrix)

    assert (np.triu(upper) == np.triu(matrix)).all()
    assert (upper[np.tril_indices(6, -1)] == 7.0).all()
