"""How familiar a text's words are: training and serving ask this with one and the same code."""

import re
from collections import Counter
from collections.abc import Collection, Sequence

# Enough to tell a text's language and subject, and what it costs is bounded.
HEAD_CHARACTERS = 256
# The most frequent ones: they are kept as plain words in `reference.json`.
MOST_WORDS = 20_000

_find = re.compile(r"\w+").findall


def words(text: str) -> set[str]:
    """The different words in the head of a text, in lower case."""
    return set(_find(text[:HEAD_CHARACTERS].lower()))


def unknown_share(found: set[str], known: Collection[str]) -> float:
    """How many of a text's words are not known, from 0 to 1; in a text without words all are."""
    return len(found.difference(known)) / len(found) if found else 1.0


def vocabulary(texts: Sequence[str]) -> tuple[tuple[str, ...], list[float]]:
    """Give the words of `texts`, and for each text how many of its words are in no other text.

    Asked after words of its own a text would always be familiar. A text that is new has no words of
    its own in the vocabulary, and so neither have these.
    """
    found = [words(text) for text in texts]
    texts_with = Counter(word for each in found for word in each)
    most = sorted(texts_with, key=lambda word: (-texts_with[word], word))[:MOST_WORDS]
    elsewhere = {word for word in most if texts_with[word] > 1}
    return tuple(sorted(most)), [unknown_share(each, elsewhere) for each in found]
