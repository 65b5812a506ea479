from statistics import NormalDist

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from monitoring.divergence import psi, smoothed
from monitoring.drift import false_alarms, report
from monitoring.series import DriftSeries, drift_families
from monitoring.tally import Tally
from tests.monitoring.conftest import parcels, scores, seen


@pytest.fixture
def registry():
    return CollectorRegistry()


@pytest.fixture
def series(registry, parcel_reference):
    return DriftSeries(drift_families(registry), "parcels", "v1", parcel_reference)


@pytest.fixture
def counts(parcel_reference):
    heavy = [row.model_copy(update={"weight_kg": row.weight_kg * 2}) for row in parcels(600, 3)]
    return Tally(parcel_reference).count(heavy, scores(600))


def samples(registry, name, **labels):
    """The values of one metric by bin."""
    return {
        sample.labels.get("bin"): sample.value
        for metric in registry.collect()
        for sample in metric.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    }


def test_every_series_is_there_at_zero_before_the_first_row(registry, series, parcel_reference):
    for name, feature in parcel_reference.features.items():
        found = samples(registry, "model_feature_bin_total", feature=name)

        assert found == dict.fromkeys(feature.bins, 0)


def test_reference_shares_are_there_and_none_is_zero(registry, series, parcel_reference):
    for name in parcel_reference.features:
        found = samples(registry, "model_feature_bin_reference_ratio", feature=name)

        assert sum(found.values()) == pytest.approx(1)
        assert min(found.values()) > 0


def test_psi_from_prometheus_is_the_one_reported(registry, series, counts, parcel_reference):
    """The recording rules work on these two metrics alone."""
    series.add(counts)
    series.add(counts)
    reported = report(parcel_reference, seen(2 * counts))

    for name in ("weight_kg", "carrier", "lane"):
        live = samples(registry, "model_feature_bin_total", feature=name)
        known = samples(registry, "model_feature_bin_reference_ratio", feature=name)
        q = smoothed(np.array([live[bin_] for bin_ in known]))
        found = psi(np.array([*known.values()]), q)

        assert found == pytest.approx(reported.features[name].psi, abs=0.003)


def test_so_is_the_mean_of_the_scores(registry, series, counts, parcel_reference):
    series.add(counts)
    (total,) = samples(registry, "model_score_sum_total").values()
    (squares,) = samples(registry, "model_score_squares_total").values()
    rows = sum(samples(registry, "model_score_bin_total").values())
    prediction = report(parcel_reference, seen(counts)).prediction

    assert total / rows == pytest.approx(prediction.mean)
    assert squares / rows - (total / rows) ** 2 == pytest.approx(prediction.deviation**2)
    known = samples(registry, "model_score_reference", statistic="mean")
    assert known == {None: pytest.approx(parcel_reference.score.mean)}


def test_unseen_categories_and_missed_rows_are_counted(registry, series, parcel_reference):
    flown = [row.model_copy(update={"carrier": "air"}) for row in parcels(10)]
    series.add(Tally(parcel_reference).count(flown, scores(10)))
    series.add(Tally(parcel_reference).missed(3))

    assert samples(registry, "model_feature_unseen_total", feature="carrier") == {None: 10}
    assert samples(registry, "model_drift_missed_rows_total") == {None: 3}


def test_rows_add_nothing_to_the_number_of_series(registry, series, counts):
    def number():
        return sum(len(metric.samples) for metric in registry.collect())

    before = number()
    series.add(counts)

    assert number() == before


def test_what_the_noise_floor_is_made_of_is_told(registry, series, parcel_reference):
    level = false_alarms(parcel_reference)
    for name, feature in parcel_reference.features.items():
        rows = samples(registry, "model_feature_reference_rows", feature=name)
        assert rows == {None: feature.rows}

    for test, chance in (("psi", level), ("mean", level / 2)):
        (limit,) = samples(registry, "model_drift_limit", test=test).values()
        assert NormalDist().cdf(limit) == pytest.approx(1 - chance)


def test_scored_rows_are_counted_with_their_sums(registry, series, counts):
    series.add(counts)

    assert samples(registry, "model_score_rows_total") == {None: 600}
