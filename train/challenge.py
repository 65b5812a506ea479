"""A new model against the one it would replace, on rows that neither has learned."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import bentoml
import numpy as np

from models._contract import AnyContract, Strict
from serving import artifact
from serving.artifact import Artifact, ArtifactError
from train.bootstrap import Measured, draw
from train.latest import current
from train.learned import FILE, unseen
from train.part import FEWEST_OF_EACH, Floats, Part
from train.ranking import HIGHER_IS_BETTER

JUDGED = ("roc_auc", "brier", "calibration_error")


class Challenge(Strict):
    """`leads`: the new model's metrics minus the stored one's; `note`: why there are none."""

    stored: str
    rows: int
    leads: dict[str, Measured]
    failures: list[str]
    note: str = ""


@dataclass(frozen=True)
class Champion:
    """The stored model that would be replaced; without `artifact` it can not be asked."""

    tag: str
    synthetic: bool
    learned: bytes
    artifact: Artifact | None = None
    note: str = ""


def champion(contract: AnyContract) -> Champion | None:
    """The model that is served now, if there is one."""
    tag = current(contract.NAME)
    if tag is None:
        return None
    stored = bentoml.models.get(tag)
    marks = Path(stored.path) / FILE
    known = Champion(
        tag=tag,
        synthetic=stored.info.labels.get("synthetic") == "true",
        learned=marks.read_bytes() if marks.exists() else b"",
    )
    try:
        return replace(known, artifact=artifact.read(contract, stored))
    except ArtifactError as error:
        return replace(known, note=str(error))


def challenge(
    champion: Champion, field: str, part: Part, scores: Floats, *, synthetic: bool
) -> Challenge:
    """Refuse what is demonstrably worse, and made-up rows in place of real ones."""
    if synthetic and not champion.synthetic:
        line = (
            f"{champion.tag} has learned real data; a model of synthetic data does not replace it"
        )
        return _none(champion, failures=[line])
    if champion.artifact is None:
        return _none(champion, note=f"not compared with the stored model: {champion.note}")
    rows = np.flatnonzero(unseen(part, champion.learned))
    fair = part.take(rows)
    if min(fair.positive.sum(), (~fair.positive).sum()) < FEWEST_OF_EACH:
        note = f"not compared with {champion.tag}: it has learned nearly all rows held out here"
        return _none(champion, note=note)
    answers = champion.artifact.runner.predict(fair.rows)
    theirs = np.array([getattr(answer, field) for answer in answers])
    found = draw(fair, scores[rows]).minus(draw(fair, theirs))
    return Challenge(
        stored=champion.tag, rows=len(fair), leads=found, failures=_worse(found, champion.tag)
    )


def _none(champion: Champion, *, failures: list[str] | None = None, note: str = "") -> Challenge:
    return Challenge(stored=champion.tag, rows=0, leads={}, failures=failures or [], note=note)


def _worse(found: Mapping[str, Measured], tag: str) -> list[str]:
    """What the whole interval says: a difference that may be chance refuses nothing."""
    lines = []
    for name in JUDGED:
        low, high = found[name].interval
        worse = high < 0 if name in HIGHER_IS_BETTER else low > 0
        if worse:
            lines.append(
                f"{name} is {found[name].value:+.4f} against {tag} on the same held-out rows, "
                f"95 % interval {low:+.4f} to {high:+.4f}"
            )
    return lines
