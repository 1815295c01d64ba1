"""How well two rankings agree.

scipy.stats takes half a second to import, so it is imported when it is first asked.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def jaccard(one: Sequence[int], other: Sequence[int]) -> float:
    """Return the share of the union of two sets that both hold, 0..1; 1 for two empty sets."""
    union = set(one) | set(other)
    return len(set(one) & set(other)) / len(union) if union else 1.0


def rank_correlation(one: Floats, other: Floats) -> float:
    """Return Spearman's rank correlation, −1..1, equal values sharing their mean rank; NaN where all are equal."""
    from scipy.stats import spearmanr

    constant = np.ptp(one) == 0 or np.ptp(other) == 0
    return np.nan if constant else float(spearmanr(one, other).statistic)


def kendall_tau(one: Floats, other: Floats) -> float:
    """Return Kendall's τ-b, −1..1: the share of pairs in the same order less that of pairs in the other order."""
    from scipy.stats import kendalltau

    return float(kendalltau(one, other).statistic)
