"""Promote a stored model, roll back to the one before, and show who did so when and why."""

import getpass
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import bentoml
from bentoml.exceptions import NotFound

from train.latest import PROMOTIONS, current, passed, point_latest, promotions, stored


class HistoryError(ValueError):
    """The store does not allow it; the text says why and what to do."""


@dataclass(frozen=True)
class Event:
    """Something that was done to one version; the newest `current` one is what is served."""

    when: datetime
    tag: str
    what: str
    who: str
    why: str
    current: bool


def promote(tag: str, why: str, who: str | None = None) -> str:
    """Let `latest` name this version, and write down who said so and why.

    Raises:
        HistoryError: it is not in the store, or it failed its gate.
    """
    try:
        model = bentoml.models.get(tag)
    except NotFound as err:
        msg = f"{tag} is not in the model store: `bentoml models list` shows what is"
        raise HistoryError(msg) from err
    if model.info.labels.get("gate") != "passed":
        msg = f"{model.tag} failed its gate: only a model that passed can be promoted"
        raise HistoryError(msg)
    entry: dict[str, Any] = {
        "who": who or getpass.getuser(),
        "when": datetime.now(UTC).isoformat(),
        "why": why,
    }
    model.info.metadata[PROMOTIONS] = [*promotions(model), entry]
    model.flush()  # type: ignore[no-untyped-call] # bentoml's has no types
    point_latest(model.tag.name)
    return str(model.tag)


def rollback(name: str, why: str, who: str | None = None) -> str:
    """Promote the newest version that passed and is older than the current one.

    Raises:
        HistoryError: there is none.
    """
    now = current(name)
    good = set(passed(name))
    tags = [str(model.tag) for model in stored(name) if str(model.tag) in good]
    older = tags[tags.index(now) + 1 :] if now else []
    if not older:
        msg = f"{name} has no older version that passed its gate: `bentoml models list` shows all"
        raise HistoryError(msg)
    return promote(older[0], why, who)


def history(name: str) -> Sequence[Event]:
    """Everything done to every stored version, the newest first."""
    now = current(name)
    events = [event for model in stored(name) for event in _events(model, now)]
    return sorted(events, key=lambda event: event.when, reverse=True)


def _events(model: bentoml.Model, now: str | None) -> list[Event]:
    tag, gate = str(model.tag), model.info.labels.get("gate", "no gate")
    trained = Event(model.creation_time, tag, f"trained, gate {gate}", "", "", tag == now)
    return [
        trained,
        *(
            Event(
                datetime.fromisoformat(each["when"]),
                tag,
                "promoted",
                each["who"],
                each["why"],
                tag == now,
            )
            for each in promotions(model)
        ),
    ]
