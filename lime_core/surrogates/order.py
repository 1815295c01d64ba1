"""What is certain about who is among the K largest scores: for any one K right with a chance of 95 %.

Scores are estimates with a joint covariance. Let T be the K scores that are truly the largest. With a chance of 95 % no
score outside of T looks surely larger than one in T, where "surely" is a one-sided test at the level 5 % / (K(S − K)),
as there are K(S − K) such pairs (Bonferroni). While that holds, whatever surely beats at least S − K others is in T:
at most S − K − 1 of these are outside. And whatever is surely beaten by at least K others is outside: at most K − 1 of
these are inside. So for any one K, all that is said of who is among the K largest is right with a chance of 95 %. This
is the idea of rank confidence sets ([1]_, [2]_), with only the comparisons that one K needs: 3.5 standard errors at
S = 50 and K = 5, instead of the 4.3 for all pairs and every K at once.

By size, |βᵢ| is above |βⱼ| for sure when βᵢ − βⱼ and βᵢ + βⱼ surely have the sign of the estimate of βᵢ: twice as many
tests. Whether a score has a sign at all adds S tests.

References
----------
.. [1] Mogstad, Romano, Shaikh and Wilhelm, "Inference for Ranks with Applications to Mobility across Neighbourhoods and
   Academic Achievement across Countries", Review of Economic Studies 91, 2024.
.. [2] Bazylik, Mogstad, Romano, Shaikh and Wilhelm, "Finite- and Large-Sample Inference for Ranks Using Multinomial
   Data with an Application to Ranking Political Parties", 2021.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

Floats = NDArray[np.float64]
Ranks = NDArray[np.int32]

ORDER_ERROR = 0.05  # chance that anything said of the K strongest of a class is wrong
_ROUNDING = 1e-9  # of the largest score: smaller differences are not told apart
_ENDLESS = 1e9  # degrees of freedom of a normal distribution
_NEVER_SURE = 1.6  # standard errors: a single test at 5 % needs 1.64
_NO_CHANCE = 1e-12  # smaller chances count as 0: stricter tests, which only very many looks ask for, gain nothing


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """Which ranks the scores of S superpixels can have; 1 is the strongest.

    A score is among the K strongest for sure when its worst rank is at most K; it is not when its best rank is above K.
    The bounds are to be compared with one K; all of them together are no joint confidence set of the ranks.

    Attributes
    ----------
    best_by_value, worst_by_value : ndarray of int32, shape (S,)
        Bounds of the rank by value, the largest first.
    best_by_size, worst_by_size : ndarray of int32, shape (S,)
        Bounds of the rank by size, whatever the sign.
    signs : ndarray of int32, shape (S,)
        1 for scores surely above 0, -1 for those surely below, 0 where that is open.
    """

    best_by_value: Ranks
    worst_by_value: Ranks
    best_by_size: Ranks
    worst_by_size: Ranks
    signs: Ranks

    @classmethod
    def unknown(cls, superpixels: int) -> Order:
        """Return the order of scores of which nothing is certain."""
        first, last = np.ones(superpixels, np.int32), np.full(superpixels, superpixels, np.int32)
        return cls(first, last, first, last, np.zeros(superpixels, np.int32))


@dataclass(frozen=True, slots=True, eq=False)
class Estimates:
    """Scores with their joint uncertainty.

    Attributes
    ----------
    scores : ndarray of float64, shape (S,)
        Estimates β.
    covariance : ndarray of float64, shape (S, S)
        Their joint covariance.
    degrees : ndarray of float64, shape (S,)
        Degrees of freedom of each variance, NaN or infinite for a normal distribution. A difference or a sum has half
        of the smaller ones: superpixels are shown or hidden, and in half of the samples their shares in it cancel.
    moved : ndarray of float64, shape (S,), or None
        Standard deviations of a further error whose correlations are not known; the worst is assumed.
    """

    scores: Floats
    covariance: Floats
    degrees: Floats
    moved: Floats | None = None

    def order(self, error: float = ORDER_ERROR) -> Order:
        """Return which ranks the scores can have; for any one K that errs with a chance of at most `error`."""
        count = len(self.scores)
        if count < 2:
            return Order.unknown(count)
        least = _ROUNDING * float(np.abs(self.scores).max())
        kept = np.arange(1, count)  # K
        pairs = kept * (count - kept)
        by_value = self._chances_by_value(-least)
        values = _ranks(by_value, error / (pairs + count))
        sizes = _ranks(self._chances_by_size(by_value, -least), error / (2 * pairs))
        signs = np.where(self._chances_of_no_sign(least) < error / (pairs.max() + count), np.sign(self.scores), 0)
        return Order(*values, *sizes, signs.astype(np.int32))

    def chances_by_size(self, slack: float = 0.0) -> Floats:
        """Return at [i, j] the chance of such estimates if |βᵢ| + slack were not above |βⱼ|, float64 ``(S, S)``.

        Chances above 5 % count as 1, and those below 1e-12 as 0.
        """
        return self._chances_by_size(self._chances_by_value(slack), slack)

    def _chances_by_size(self, by_value: Floats, slack: float) -> Floats:
        # Turned so that the estimate of i is positive, |βᵢ| − |βⱼ| is at least the smaller of βᵢ − βⱼ and βᵢ + βⱼ.
        down = (self.scores < 0)[:, None]
        sums = self.scores[:, None] + self.scores
        chances = self._chances(np.where(down, -sums, sums) + slack, self._variances(1))
        return np.maximum(chances, np.where(down, by_value.T, by_value), out=chances)

    def _chances_by_value(self, slack: float) -> Floats:
        return self._chances(self.scores[:, None] - self.scores + slack, self._variances(-1))

    def _chances_of_no_sign(self, least: float) -> Floats:
        errors = np.sqrt(np.maximum(np.diagonal(self.covariance), 0.0) + self._extra**2)
        excess = np.maximum(np.abs(self.scores) - least, 0.0)
        chances: Floats = stdtr(self._known_degrees, -excess / np.maximum(errors, 1e-300))
        return np.where(excess > 0, 2 * chances, 1.0)

    @property
    def _extra(self) -> Floats:
        return np.zeros(len(self.scores)) if self.moved is None else self.moved

    @property
    def _known_degrees(self) -> Floats:
        return np.where(np.isfinite(self.degrees), np.minimum(self.degrees, _ENDLESS), _ENDLESS)

    def _variances(self, sign: int) -> Floats:
        """Return the variances of all sums (1) or differences (-1), float64 ``(S, S)``."""
        variances, extra = np.diagonal(self.covariance), self._extra
        result: Floats = variances[:, None] + variances
        result += sign * 2 * self.covariance
        np.maximum(result, 0.0, out=result)
        result += (extra[:, None] + extra) ** 2
        return result

    def _chances(self, contrasts: Floats, variances: Floats) -> Floats:
        """Return the one-sided chance of such contrasts if they were truly 0; 1 above 5 %, and on the diagonal."""
        errors = np.maximum(np.sqrt(variances, out=variances), 1e-300)
        tested = np.divide(contrasts, errors, out=contrasts)
        degrees = self._known_degrees
        clear = tested > -stdtrit(degrees.min() / 2, _NO_CHANCE)
        result = np.where(clear, 0.0, 1.0)
        rows, columns = np.nonzero((tested > _NEVER_SURE) & ~clear)
        result[rows, columns] = stdtr(np.minimum(degrees[rows], degrees[columns]) / 2, -tested[rows, columns])
        np.fill_diagonal(result, 1.0)
        return result


def _ranks(chances: Floats, levels: Floats) -> tuple[Ranks, Ranks]:
    """Return best and worst ranks.

    Parameters
    ----------
    chances : ndarray of float64, shape (S, S)
        At [i, j] that of such estimates if i were not stronger than j.
    levels : ndarray of float64, shape (S - 1,)
        For K = 1..S-1 the level below which one surely is.
    """
    count = len(chances)
    # For each K: the (S − K)-th clearest of those that i beats, and the K-th clearest of those that beat it.
    sure = np.sort(chances, axis=1)[:, count - 2 :: -1] < levels
    beaten = np.sort(chances.T, axis=1)[:, : count - 1] < levels
    # From this K on it is among the K strongest whatever K is; up to that K it is not, whatever K is.
    worst = 1 + np.where(sure.all(axis=1), 0, count - 1 - np.argmin(sure[:, ::-1], axis=1))
    best = 1 + np.where(beaten.all(axis=1), count - 1, np.argmin(beaten, axis=1))
    return best.astype(np.int32), worst.astype(np.int32)
