"""Groups of superpixels that the network sees alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEWEST_MEMBERS: Final = 5
MOST_FITTED: Final = 12_000  # patches, of some 2,000 pictures
MOST_SCORED: Final = 1500  # patches that silhouettes are averaged over
NUMBERS: Final = (2, 3, 4, 6, 8, 12, 16, 24)  # of groups that are tried
BESIDE: Final = 0.5
ALIKE: Final = 0.5  # mean cosine of the patches of a part
FEWEST_TOGETHER: Final = 3  # pictures
PATCHES_A_GROUP: Final = 15  # at least, on average


def grouped(descriptions: NDArray[np.float32], seed: int) -> NDArray[np.intp]:
    """Return a group for each patch.

    First HDBSCAN [1]_ finds what lies densely together, in groups of at least `FEWEST_MEMBERS`: the same thing again
    and again. What it calls noise, about half of all patches of photographs, is then shared out by k-means, with the
    number of groups among `NUMBERS` whose mean silhouette [2]_ is highest. Both are fitted to at most `MOST_FITTED`
    patches; each further one goes to the group of the fitted patch that is nearest. So what is in few of many more
    pictures is not found: of eight patches at least `FEWEST_MEMBERS` must be among those fitted.

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
    beside: NDArray[np.intp] = nearest.kneighbors(descriptions, return_distance=False)[:, 0]
    return groups[beside]


def means_of(descriptions: NDArray[np.float32], parts: NDArray[np.intp]) -> NDArray[np.float32]:
    """Return the mean description of each part, of unit length, float32 ``(parts, D)``."""
    means = np.array([descriptions[parts == part].mean(axis=0) for part in range(int(parts.max()) + 1)])
    lengths = np.linalg.norm(means, axis=1, keepdims=True)
    unit: NDArray[np.float32] = (means / np.maximum(lengths, 1e-12)).astype(np.float32)
    return unit


def likeness_of(descriptions: NDArray[np.float32], parts: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the mean cosine between two patches of each part, float64 ``(parts,)``; 0 for a single one."""
    found = []
    for part in range(int(parts.max()) + 1):
        inside = descriptions[parts == part]
        pairs = len(inside) * (len(inside) - 1)
        found.append((float(np.square(inside.sum(axis=0)).sum()) - len(inside)) / pairs if pairs else 0.0)
    return np.array(found)


def joined(
    parts: NDArray[np.intp], likeness: NDArray[np.float64], pictures: NDArray[Any], boxes: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Join groups that are parts of one thing, and return the new group of each patch.

    Two groups are joined if they lie beside each other in at least `BESIDE` of the pictures that hold the rarer of
    them, and in at least `FEWEST_TOGETHER`, and the patches of each look alike: groups of all sorts of things lie
    beside everything.

    Parameters
    ----------
    parts : ndarray of int, shape (n,)
        From `grouped`.
    likeness : ndarray of float, shape (parts,)
        From `likeness_of`.
    pictures : ndarray of str, shape (n,)
    boxes : ndarray of int, shape (n, 4)
        Top, left, bottom and right.
    """
    from scipy.sparse.csgraph import connected_components

    count = int(parts.max()) + 1
    held = np.array([len(set(pictures[parts == part])) for part in range(count)])
    together = np.zeros((count, count), int)
    order = np.argsort(pictures.astype(str), kind="stable")
    first = np.flatnonzero(pictures[order][1:] != pictures[order][:-1]) + 1
    for rows in np.split(order, first):
        top, left, bottom, right = boxes[rows].T
        beside = (top[:, None] <= bottom) & (left[:, None] <= right)
        beside &= beside.T
        one, other = np.nonzero(beside)
        pairs = np.unique(np.stack([parts[rows[one]], parts[rows[other]]], axis=1), axis=0)
        together[pairs[:, 0], pairs[:, 1]] += 1
    enough = np.maximum(BESIDE * np.minimum(held[:, None], held), FEWEST_TOGETHER)
    alike = likeness >= ALIKE
    _, labels = connected_components((together >= enough) & alike & alike[:, None], directed=False)
    numbers: NDArray[np.intp] = labels[parts].astype(np.intp)
    return numbers


def _fitted(descriptions: NDArray[np.float32], seed: int) -> NDArray[np.intp]:
    groups = np.full(len(descriptions), -1, np.intp)
    if len(descriptions) > FEWEST_MEMBERS:
        from sklearn.cluster import HDBSCAN

        groups = np.asarray(HDBSCAN(FEWEST_MEMBERS, copy=True).fit_predict(descriptions), np.intp)
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
    for number in (each for each in NUMBERS if each < distinct and each * PATCHES_A_GROUP <= len(descriptions)):
        groups: Any = KMeans(number, n_init=3, random_state=seed).fit_predict(descriptions)
        scored = _scored(groups, seed)
        labels = len(np.unique(groups[scored]))
        if not 1 < labels < len(scored):
            continue
        score = silhouette_score(descriptions[scored], groups[scored])
        if score > best:
            best, found = score, groups.astype(np.intp)
    return found


def _scored(groups: NDArray[np.intp], seed: int) -> NDArray[np.intp]:
    """Return the patches that silhouettes are averaged over: at random, and two of each group, however small it is."""
    order = np.random.default_rng([seed, 12]).permutation(len(groups))
    few = [order[groups[order] == number][:2] for number in np.unique(groups)]
    return np.unique(np.concatenate([order[:MOST_SCORED], *few]))
