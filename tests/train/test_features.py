import numpy as np
import pytest

from models import breast_cancer, loan_default, sentiment

OTHER = {
    "business_age": "existing", "area": "rural", "revolving_credit": "no", "low_doc": "yes",
    "state": "WY", "naics_sector": "11", "lender_state": "unknown", "is_franchise": True,
    "text": "Something else.",
}  # fmt: skip
FIELDS = [
    (model, name)
    for model in (breast_cancer, loan_default, sentiment)
    for name in model.ROW.model_fields
]


@pytest.mark.parametrize(("model", "name"), FIELDS, ids=lambda each: getattr(each, "NAME", each))
def test_every_field_of_a_request_reaches_the_model(model, name):
    """A field that is asked for, validated and then left out would be a lie."""
    row = model.EXAMPLE[0]
    other = OTHER[name] if name in OTHER else getattr(row, name) + 1
    changed = model.ROW.model_validate(row.model_dump() | {name: other})

    assert not np.array_equal(model.features([row]), model.features([changed]))
