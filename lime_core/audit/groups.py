"""Groups of superpixels that the network sees alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEWEST_MEMBERS: Final = 5
MOST_FITTED: Final = 4000
MOST_SCORED: Final = 1500  # patches that silhouettes are averaged over
NUMBERS: Final = (4, 6, 8, 12, 16, 24)  # of groups that are tried


def grouped(descriptions: NDArray[np.float32], seed: int) -> NDArray[np.intp]:
    """Return a group for each patch.

    First HDBSCAN [1]_ finds what lies densely together, in groups of at least `FEWEST_MEMBERS`: the same thing again
    and again. What it calls noise, about half of all patches of photographs, is then shared out by k-means, with the
    number of groups among `NUMBERS` whose mean silhouette [2]_ is highest. Both are fitted to at most `MOST_FITTED`
    patches; each further one goes to the group of the fitted patch that is nearest.

    Parameters
    ----------
    descriptions : ndarray of float32, shape (n, D)
    seed : int

    Returns
    -------
    groups : ndarray of int, shape (n,)
        0, 1, ...; those of HDBSCAN first.

    References
    ----------
    .. [1] R. Campello, D. Moulavi, J. Sander. Density-based clustering based on hierarchical density estimates.
       PAKDD 2013.
    .. [2] P. Rousseeuw. Silhouettes. J. Comput. Appl. Math. 1987.
    """
    rng = np.random.default_rng(seed)
    fitted = np.sort(rng.permutation(len(descriptions))[:MOST_FITTED])
    groups = _fitted(descriptions[fitted], seed)
    if len(fitted) == len(descriptions):
        return groups
    from sklearn.neighbors import NearestNeighbors

    nearest = NearestNeighbors(n_neighbors=1).fit(descriptions[fitted])
    return groups[nearest.kneighbors(descriptions, return_distance=False)[:, 0]]


def _fitted(descriptions: NDArray[np.float32], seed: int) -> NDArray[np.intp]:
    groups = np.full(len(descriptions), -1, np.intp)
    if len(descriptions) > FEWEST_MEMBERS:
        from sklearn.cluster import HDBSCAN

        groups = HDBSCAN(FEWEST_MEMBERS, copy=True).fit_predict(descriptions).astype(np.intp)
    rest = groups < 0
    if rest.any():
        groups[rest] = groups.max() + 1 + _shared_out(descriptions[rest], seed)
    return groups


def _shared_out(descriptions: NDArray[np.float32], seed: int) -> NDArray[np.intp]:
    """Return the groups of k-means."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

    best, found = -np.inf, np.zeros(len(descriptions), np.intp)
    distinct = len(np.unique(descriptions, axis=0))
    for number in (each for each in NUMBERS if each < distinct):
        groups: Any = KMeans(number, n_init=3, random_state=seed).fit_predict(descriptions)
        sample = min(MOST_SCORED, len(descriptions))
        score = silhouette_score(descriptions, groups, sample_size=sample, random_state=seed)
        if score > best:
            best, found = score, groups.astype(np.intp)
    return found
