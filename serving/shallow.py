"""Boosted trees of little depth, for a few rows: all comparisons of all trees at once.

scikit-learn walks down one tree after the other. When a batch comes, their nodes, scattered over
hundreds of kilobytes, have left the processor's nearest memory, and fetching them costs more than
the walk. Here the limits of all trees lie side by side; which comparisons were true says which leaf
is meant. They are the same comparisons, and the leaves are summed in the same order: the same bits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Word = type[np.unsignedinteger[Any]]

# A tree of so many levels has as many comparisons as these have bits, less one.
_WORDS: dict[int, Word] = {3: np.uint8, 4: np.uint16}
_NO_CHILD = -1


@dataclass(frozen=True)
class Shallow:
    """Trees whose every path was made `depth` long.

    A tree has 2**depth columns: which field is compared with which limit, level by level, and one
    that says nothing. `leaf` tells by their bits how far from its `first` leaf a tree's leaf is.
    """

    fields: npt.NDArray[np.intp]
    limits: npt.NDArray[np.float32]
    leaf: npt.NDArray[np.uint8]
    first: npt.NDArray[np.intp]
    leaves: npt.NDArray[np.float64]
    word: Word

    def sums(self, x: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """Give the sum of each row's leaves."""
        above = x.take(self.fields, axis=1) > self.limits
        bits = np.packbits(above, axis=1).view(self.word)
        found = self.leaves.take(self.leaf.take(bits) + self.first)
        # One after the other, as the sum over trees is made; `sum` adds in another order.
        total: npt.NDArray[np.float64] = np.add.accumulate(found, axis=1)[:, -1]
        return total


def shallow(trees: Sequence[Any], rate: float, start: float) -> Shallow | None:
    """Lay scikit-learn's trees side by side; none where they are too deep for it."""
    depth = max(min(_WORDS), *(tree.max_depth for tree in trees))
    if depth not in _WORDS:
        return None
    fields, limits, values = zip(*(_whole(tree, depth) for tree in trees), strict=True)
    leaves = np.array(values) * rate
    leaves[0] = start + leaves[0]
    first = np.arange(len(trees)) * 2**depth
    word = _WORDS[depth]
    joined = np.concatenate(fields), np.concatenate(limits)
    return Shallow(*joined, _leaf(depth, word), first, leaves.ravel(), word)


def _whole(tree: Any, depth: int) -> tuple[Any, Any, Any]:
    """Fields, limits and leaves' values of a tree; a leaf further up stands for all below."""
    fields, limits = [], []
    at = np.zeros(1, np.intp)
    for _ in range(depth):
        ends = tree.children_left[at] == _NO_CHILD
        fields.append(np.where(ends, 0, tree.feature[at]))
        limits.append(np.where(ends, np.float32(np.inf), _single(tree.threshold[at])))
        below = tree.children_left[at], tree.children_right[at]
        at = np.stack([np.where(ends, at, each) for each in below], axis=1).ravel()
    fields.append(np.zeros(1, np.intp))
    limits.append(np.full(1, np.inf, np.float32))
    return np.concatenate(fields), np.concatenate(limits), tree.value[at, 0, 0]


def _single(limits: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """The largest single-precision numbers that are not above: of such a number, as above both."""
    near = limits.astype(np.float32)
    return np.where(near > limits, np.nextafter(near, np.float32(-np.inf)), near)


def _leaf(depth: int, word: Word) -> npt.NDArray[np.uint8]:
    """For every set of bits, as `packbits` makes them, the leaf at the end of the way down."""
    columns = 2**depth
    codes = np.arange(2**columns).astype(word)
    bits = np.unpackbits(codes.view(np.uint8).reshape(len(codes), -1), axis=1)
    at = np.zeros(len(codes), np.intp)
    for _ in range(depth):
        at = 2 * at + 1 + bits[np.arange(len(codes)), at]
    leaf: npt.NDArray[np.uint8] = (at - (columns - 1)).astype(np.uint8)
    return leaf
