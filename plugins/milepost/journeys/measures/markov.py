"""Markov: what would be lost without each state of a chain, exactly. Plain algebra; knows no journey and no engine."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import linalg, sparse
from threadpoolctl import threadpool_limits

EXACT_STATES = 800
"""Up to so many states every replicate is solved anew; above, see `Chain.replicates`."""
_FEW_STATES = 64
_ROUNDS = 200
_CLOSE = 1e-12

Array = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Chain:
    """How often each step was made, over many paths.

    starts: (n,) paths that begin in each state.
    steps: (n, n) sparse; from a state (row) to the next (column).
    won: (n,) what was gained right after each state: conversions, or their value.
    ends: (n,) paths that end in each state, converted or not.

    Example:
        One path x → y that converts, one path x that does not. Without x or y nothing converts: each loses all.

        >>> import numpy as np
        >>> from scipy import sparse
        >>> from milepost.journeys.measures.markov import Chain
        >>> steps = sparse.csr_array(np.array([[0, 1], [0, 0]]))
        >>> chain = Chain(np.array([2, 0]), steps, won=np.array([0, 1]), ends=np.array([1, 1]))
        >>> chain.losses().tolist()
        [0.5, 0.5]
    """

    starts: Array
    steps: Any
    won: Array
    ends: Array

    def rate(self) -> float:
        """What is gained per path, by the chain; equal to all that was won over all paths."""
        system, gain, start = self._system()
        return float(start @ np.linalg.solve(system.toarray(), gain)) if len(start) else 0.0

    def losses(self) -> Array:
        """(n,) how much of the rate is lost when a state is removed: who would enter it is gone.

        With N = (I - Q)^-1, b = N c and the start row s, removing state i loses (s N)_i / N_ii * b_i.

        Source: docs/journeys, "Markov"; first-passage identities of absorbing chains (Kemeny, Snell: Finite Markov
        Chains, 1960).
        """
        # A small system is solved sooner by one core than by several that wait for one another.
        with threadpool_limits(1 if _FEW_STATES < len(self.starts) <= EXACT_STATES else None):
            return self._losses()

    def _losses(self) -> Array:
        system, gain, start = self._system()
        inverse = linalg.inv(system.toarray(), check_finite=False)
        return np.asarray((start @ inverse) / inverse.diagonal() * (inverse @ gain))

    def replicates(self, left_out: list[Chain]) -> Array:
        """(groups, n) `losses` with each of `left_out` taken from the counts.

        Up to EXACT_STATES exact. Above, the ways in and on (s N and N c) are exact too, refined from the whole
        chain's inverse until they change by less than 1e-12; of how often a state is come back to (N_ii), the returns
        over one other state are each replicate's own, and the rarer ones over more are the whole chain's.
        """
        rest = [self._without(part) for part in left_out]
        if len(self.starts) <= EXACT_STATES:
            # Several small systems at once are faster than each with all cores, which then wait for one another.
            with threadpool_limits(1), ThreadPoolExecutor(os.cpu_count()) as pool:
                return np.array(list(pool.map(Chain._losses, rest)))
        system, _, _ = self._system()
        inverse = linalg.inv(system.toarray(), check_finite=False)
        systems, gains, starts = zip(*(part._system() for part in rest), strict=True)
        onward = _refined(inverse, systems, np.column_stack(gains))
        inward = _refined(inverse.T, [one.T.tocsr() for one in systems], np.column_stack(starts))
        near = system.multiply(system.T).sum(axis=1)
        returns = [inverse.diagonal() + one.multiply(one.T).sum(axis=1) - near for one in systems]
        return np.asarray(inward.T / np.array(returns) * onward.T)

    def _system(self) -> tuple[Any, Array, Array]:
        """I - Q, the gain after each state, and the share of paths that start in each.

        Steps from a state to itself change nothing (who stays has not gone anywhere), and are left out.
        """
        elsewhere = self.steps - sparse.diags_array(self.steps.diagonal())
        totals = np.asarray(elsewhere.sum(axis=1)).ravel() + self.ends
        # A state that is never met has no row; nothing enters it either.
        per = 1 / np.where(totals > 0, totals, 1)
        system = sparse.eye_array(len(per), format="csr") - sparse.diags_array(per) @ elsewhere
        return system.tocsr(), self.won * per, self.starts / max(self.starts.sum(), 1e-300)

    def _without(self, part: Chain) -> Chain:
        return Chain(self.starts - part.starts, self.steps - part.steps, self.won - part.won, self.ends - part.ends)


def _refined(inverse: Array, systems: Any, wanted: Array) -> Array:
    """The solution x of each system x = wanted, a column each, from the inverse of one that is near all of them."""
    found = inverse @ wanted
    for _ in range(_ROUNDS):
        missing = wanted - np.column_stack([one @ found[:, number] for number, one in enumerate(systems)])
        change = inverse @ missing
        found += change
        if np.abs(change).max() <= _CLOSE * np.abs(found).max():
            return found
    # Too far from the whole: each is solved by itself.
    return np.column_stack([np.linalg.solve(one.toarray(), wanted[:, n]) for n, one in enumerate(systems)])
