"""Breast cancer: is a biopsy's cell sample malignant, by thirty measurements of its nuclei?"""

from collections.abc import Sequence
from itertools import chain
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, TypeAdapter

from models._contract import Policy, Probabilities, Probability, Strict

NAME = "breast_cancer"

# Upper bounds lie well above the largest value in the data: they catch a wrong unit, not a rare
# patient.
Length = Annotated[float, Field(ge=0, le=1_000, description="Pixels of the digitised image.")]
Area = Annotated[
    float, Field(ge=0, le=100_000, description="Square pixels of the digitised image.")
]
Ratio = Annotated[float, Field(ge=0, le=10, description="Without unit.")]
Spread = Annotated[float, Field(ge=0, le=100, description="Grey levels, standard deviation.")]


class Biopsy(Strict):
    """Mean, standard error and worst (mean of the three largest) of ten measurements."""

    mean_radius: Length
    mean_texture: Spread
    mean_perimeter: Length
    mean_area: Area
    mean_smoothness: Ratio
    mean_compactness: Ratio
    mean_concavity: Ratio
    mean_concave_points: Ratio
    mean_symmetry: Ratio
    mean_fractal_dimension: Ratio
    radius_error: Length
    texture_error: Spread
    perimeter_error: Length
    area_error: Area
    smoothness_error: Ratio
    compactness_error: Ratio
    concavity_error: Ratio
    concave_points_error: Ratio
    symmetry_error: Ratio
    fractal_dimension_error: Ratio
    worst_radius: Length
    worst_texture: Spread
    worst_perimeter: Length
    worst_area: Area
    worst_smoothness: Ratio
    worst_compactness: Ratio
    worst_concavity: Ratio
    worst_concave_points: Ratio
    worst_symmetry: Ratio
    worst_fractal_dimension: Ratio


class Diagnosis(Strict):
    """How likely the sample is malignant, and the label at the artifact's threshold."""

    malignant_probability: Probability
    benign_probability: Probability
    label: Literal["malignant", "benign"]


ROW = Biopsy
PREDICTION = Diagnosis
EXAMPLE = [
    Biopsy(
        mean_radius=17.9,
        mean_texture=21.2,
        mean_perimeter=118.0,
        mean_area=990.0,
        mean_smoothness=0.105,
        mean_compactness=0.16,
        mean_concavity=0.18,
        mean_concave_points=0.095,
        mean_symmetry=0.19,
        mean_fractal_dimension=0.062,
        radius_error=0.65,
        texture_error=1.2,
        perimeter_error=4.6,
        area_error=75.0,
        smoothness_error=0.0067,
        compactness_error=0.033,
        concavity_error=0.042,
        concave_points_error=0.015,
        symmetry_error=0.02,
        fractal_dimension_error=0.004,
        worst_radius=21.5,
        worst_texture=29.0,
        worst_perimeter=144.0,
        worst_area=1450.0,
        worst_smoothness=0.145,
        worst_compactness=0.37,
        worst_concavity=0.45,
        worst_concave_points=0.18,
        worst_symmetry=0.31,
        worst_fractal_dimension=0.09,
    ),
    Biopsy(
        mean_radius=12.2,
        mean_texture=17.5,
        mean_perimeter=78.0,
        mean_area=460.0,
        mean_smoothness=0.092,
        mean_compactness=0.08,
        mean_concavity=0.045,
        mean_concave_points=0.025,
        mean_symmetry=0.174,
        mean_fractal_dimension=0.0625,
        radius_error=0.28,
        texture_error=1.2,
        perimeter_error=2.0,
        area_error=21.0,
        smoothness_error=0.0072,
        compactness_error=0.021,
        concavity_error=0.026,
        concave_points_error=0.01,
        symmetry_error=0.02,
        fractal_dimension_error=0.0036,
        worst_radius=13.4,
        worst_texture=23.5,
        worst_perimeter=87.0,
        worst_area=555.0,
        worst_smoothness=0.125,
        worst_compactness=0.18,
        worst_concavity=0.165,
        worst_concave_points=0.075,
        worst_symmetry=0.27,
        worst_fractal_dimension=0.079,
    ),
]

WIDTH = len(Biopsy.model_fields)
_validate = TypeAdapter(list[Diagnosis]).validate_python


def features(rows: Sequence[Biopsy], /) -> npt.NDArray[np.float64]:
    """Thirty columns in the order of the fields, shape (rows, 30)."""
    # pydantic fills in a row in the order of its fields, whatever the order they were sent in.
    values = chain.from_iterable([row.__dict__.values() for row in rows])
    return np.fromiter(values, np.float64, WIDTH * len(rows)).reshape(len(rows), WIDTH)


def predictions(
    rows: Sequence[Biopsy], probabilities: Probabilities, policy: Policy, /
) -> list[Diagnosis]:
    """Column 0 is malignant, as in scikit-learn's data set; the threshold applies to it."""
    return _validate(
        [
            {
                "malignant_probability": malignant,
                "benign_probability": benign,
                "label": "malignant" if malignant >= policy.threshold else "benign",
            }
            for malignant, benign in probabilities.tolist()
        ]
    )
