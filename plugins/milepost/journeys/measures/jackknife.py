"""Jackknife: how far a figure could be off, by leaving out one group of persons after another."""

from __future__ import annotations

from typing import Any

import ibis.expr.types as ir
import numpy as np
from scipy import stats

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
GROUPS = len(ALPHABET)
"""64 groups, by the first character of `person`, which is random: no group has anything in common but chance."""
_SCALE = GROUPS / (GROUPS - 1)
_T = float(stats.t.ppf(0.975, GROUPS - 1))

Array = np.ndarray[Any, np.dtype[np.float64]]


def group_of(person: ir.StringValue) -> ir.StringValue:
    """The character that names a person's group; `number_of` makes its number of it."""
    return person.substr(0, 1)


def number_of(character: str) -> int:
    """0 to 63, for any character, since imports may bring ids of other alphabets."""
    found = ALPHABET.find(character)
    return found if found >= 0 else ord(character) % GROUPS


def left_out(by_group: Array) -> Array:
    """(64, ...) replicates of a sum, of what each group adds to it: the sum without it, scaled up."""
    return np.asarray((by_group.sum(axis=0) - by_group) * _SCALE)


def interval(estimate: Array, replicates: Array) -> tuple[Array, Array]:
    """95 % intervals: low (not below 0) and high.

    Args:
        estimate: any shape. replicates: (64, same shape), each already scaled to the whole.
    Source: delete-a-group jackknife, variance (G-1)/G times the squared distances from the estimate; Student's t with
        63 degrees of freedom. Kott, "The Delete-a-Group Jackknife", Journal of Official Statistics 17 (2001).

    Example:
        64 people, one in each group, buy once each. How many buy is as uncertain as chance has it.

        >>> import numpy as np
        >>> from milepost.journeys.measures.jackknife import interval, left_out
        >>> each = np.ones((64, 1))
        >>> low, high = interval(each.sum(axis=0), left_out(each))
        >>> float(low[0]), float(high[0])
        (64.0, 64.0)
        >>> each = np.repeat([[0.0], [2.0]], 32, axis=0)
        >>> low, high = interval(each.sum(axis=0), left_out(each))
        >>> round(float(low[0]), 1), round(float(high[0]), 1)
        (47.9, 80.1)
    """
    spread = np.sqrt(((replicates - estimate) ** 2).sum(axis=0) / _SCALE)
    return np.maximum(estimate - _T * spread, 0.0), estimate + _T * spread
