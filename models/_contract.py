"""What every model module promises, and the strict base its schemas stand on."""

from collections.abc import Sequence
from typing import Annotated, Any, Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
from annotated_types import Len
from pydantic import BaseModel, ConfigDict, Field

MAX_ROWS = 512

Probability = Annotated[float, Field(ge=0, le=1)]
Probabilities = npt.NDArray[np.float64]


class Strict(BaseModel):
    """A frozen value that refuses coercion, unknown fields, NaN and infinity."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
    )


RowT = TypeVar("RowT", bound=Strict)
PredictionT = TypeVar("PredictionT", bound=Strict)


class Policy(Strict):
    """What training decided and serving applies: it travels in the artifact, not in the code.

    `threshold` is the probability of the positive class from which on the decision is positive.
    `training_range` gives, for a numeric field, its 0.1 % and 99.9 % quantiles in the training
    rows.
    """

    threshold: Probability = 0.5
    training_range: dict[str, tuple[float, float]] = {}


class Rows(Strict, Generic[RowT]):
    """The body of a prediction request."""

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """Name the schema after its row: OpenAPI allows no brackets in a name."""
        return f"{params[0].__name__}Rows"

    rows: Annotated[list[RowT], Len(1, MAX_ROWS)]


class Predictions(Strict, Generic[PredictionT]):
    """The body of a prediction response: one prediction a row, in the order asked."""

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """Name the schema after its prediction, as in `Rows`."""
        return f"{params[0].__name__}Answer"

    model: Annotated[str, Field(description="Which model answered.")]
    version: Annotated[str, Field(description="Which version of it, as in the model store.")]
    request_id: Annotated[str, Field(description="The same as in the X-Request-ID header.")]
    predictions: list[PredictionT]


class Contract(Protocol[RowT, PredictionT]):
    """A model module: the module itself is the interface, there is nothing to register."""

    @property
    def NAME(self) -> str:
        """One word everywhere: file, store tag, route, metric label, recipe, test."""
        ...

    @property
    def ROW(self) -> type[RowT]: ...

    @property
    def PREDICTION(self) -> type[PredictionT]: ...

    @property
    def EXAMPLE(self) -> list[RowT]: ...

    def features(self, rows: Sequence[RowT], /) -> Any:
        """Turn rows into what the preprocessor or, without one, the estimator takes."""
        ...

    def predictions(
        self, rows: Sequence[RowT], probabilities: Probabilities, policy: Policy, /
    ) -> list[PredictionT]:
        """Turn `probabilities`, shape (rows, 2), columns as in `classes_`, into answers."""
        ...


AnyContract = Contract[Any, Any]
