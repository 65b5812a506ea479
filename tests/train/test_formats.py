"""ONNX's libraries are not here: `make track` makes an environment that has them."""

import contextlib

import numpy as np
import pytest

from train.damage import BITS, NOTICED, damage
from train.formats import FORMATS, NoFormatError, predict, whole_model

EXACT = [form for form in FORMATS if form.name != "ONNX"]
COMPRESSED = next(form for form in FORMATS if "compressed" in form.name)
ASKED = 40


@pytest.fixture
def stored(outcome):
    """One object, as others would store it, and what it is to be asked."""
    runner = outcome.runner
    return (
        whole_model(runner.estimator),
        runner.contract.features(outcome.parts["test"].rows[:ASKED]),
        runner.probabilities(outcome.parts["test"].rows[:ASKED]),
    )


def test_one_object_answers_as_the_service_does(stored):
    model, features, served = stored

    assert np.array_equal(predict(model)(features), served)


@pytest.mark.parametrize("form", EXACT, ids=lambda form: form.name)
def test_what_was_written_is_read_with_the_same_answers(form, stored, tmp_path):
    model, features, _ = stored
    path = tmp_path / "model"
    with contextlib.suppress(NoFormatError):
        form.write(model, features, path)
        assert np.array_equal(form.read(path)(features), predict(model)(features))


def test_each_model_has_its_library_s_own_format(stored, tmp_path):
    model, features, _ = stored
    own = {"skops", "CatBoost .cbm"}
    able = set()
    for form in EXACT:
        try:
            form.write(model, features, tmp_path / "model")
        except NoFormatError:
            continue
        able.add(form.name)

    assert len(able & own) == 1


@pytest.mark.slow
def test_a_checksum_in_the_file_notices_every_flipped_bit(phrases, tmp_path):
    """What has none mostly reads on, and may answer otherwise."""
    model = whole_model(phrases.runner.estimator)
    features = phrases.runner.contract.features(phrases.parts["test"].rows[:ASKED])
    path = tmp_path / "model"
    COMPRESSED.write(model, features, path)
    found = damage(path, COMPRESSED, features, COMPRESSED.read(path)(features))

    assert found == {NOTICED: BITS}
