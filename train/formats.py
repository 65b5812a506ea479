"""The ways to write a fitted model down, and how each reads it again.

Pickle and joblib stand here to be compared with: nothing that is served is ever read by them.
"""

import importlib
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from catboost import CatBoostClassifier
from sklearn.pipeline import make_pipeline

from models._contract import Probabilities
from serving.estimator import TRUSTED, CatBoostEstimator, Estimator, SklearnEstimator

COMPRESSION = 3
NO_ONNX = "needs onnx, onnxruntime and skl2onnx: `make track`, then .track/bin/python -m train"

Predict = Callable[[Any], Probabilities]


class NoFormatError(ValueError):
    """This model cannot be written so; the text says why."""


@dataclass(frozen=True)
class Format:
    """`write` takes the model, features to ask it about, and a path; `read` gives its answers.

    `write` raises `NoFormatError` where the format does not do for this model.
    """

    name: str
    write: Callable[[Any, Any, Path], None]
    read: Callable[[Path], Predict]


def whole_model(estimator: Estimator) -> Any:
    """What others would store: one object, preprocessor and all."""
    if isinstance(estimator, SklearnEstimator):
        return make_pipeline(estimator.preprocessor, estimator.model)
    if isinstance(estimator, CatBoostEstimator):
        return estimator.model
    msg = f"no whole model is known of {estimator.kind}"
    raise NoFormatError(msg)


def predict(model: Any) -> Predict:
    """Ask a model of either library, CatBoost as the service does."""
    if isinstance(model, CatBoostClassifier):
        return CatBoostEstimator(model).predict_proba
    return lambda features: np.asarray(model.predict_proba(features))


def _pickled(model: Any, _: Any, path: Path) -> None:
    path.write_bytes(pickle.dumps(model))


def _unpickled(path: Path) -> Predict:
    return predict(pickle.loads(path.read_bytes()))  # noqa: S301 - written a moment ago, to compare


def _joblib(model: Any, _: Any, path: Path) -> None:
    joblib.dump(model, path)


def _joblib_compressed(model: Any, _: Any, path: Path) -> None:
    joblib.dump(model, path, compress=COMPRESSION)


def _from_joblib(path: Path) -> Predict:
    return predict(joblib.load(path))


def _skops(model: Any, _: Any, path: Path) -> None:
    from skops.io import dump  # noqa: PLC0415 - a second of imports

    if isinstance(model, CatBoostClassifier):
        msg = "skops writes scikit-learn's models; CatBoost has a format of its own"
        raise NoFormatError(msg)
    dump(model, path)


def _from_skops(path: Path) -> Predict:
    from skops.io import load  # noqa: PLC0415 - a second of imports

    return predict(load(path, trusted=list(TRUSTED)))


def _cbm(model: Any, _: Any, path: Path) -> None:
    if not isinstance(model, CatBoostClassifier):
        msg = "CatBoost's own format"
        raise NoFormatError(msg)
    model.save_model(str(path), format="cbm")


def _from_cbm(path: Path) -> Predict:
    return predict(CatBoostClassifier().load_model(str(path), format="cbm"))


def _onnx(model: Any, features: Any, path: Path) -> None:
    """Whatever the converter objects to is why there is no file."""
    try:
        importlib.import_module("onnxruntime")
        write = _catboost_onnx if isinstance(model, CatBoostClassifier) else _sklearn_onnx
        content = write(model, features, path)
    except ModuleNotFoundError as error:
        raise NoFormatError(NO_ONNX) from error
    except Exception as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        msg = f"it does not convert: {lines[0].rpartition('.cpp:')[2].lstrip('0123456789: ')}"
        raise NoFormatError(msg) from error
    path.write_bytes(content)


def _catboost_onnx(model: Any, _: Any, path: Path) -> bytes:
    model.save_model(str(path), format="onnx")
    return path.read_bytes()


def _sklearn_onnx(model: Any, features: Any, _: Path) -> bytes:
    converter = importlib.import_module("skl2onnx")
    types = importlib.import_module("skl2onnx.common.data_types")
    table = isinstance(features, np.ndarray)
    asked = types.FloatTensorType([None, features.shape[1]]) if table else types.StringTensorType()
    options = {id(model): {"zipmap": False}}
    found = converter.convert_sklearn(model, initial_types=[("rows", asked)], options=options)
    content: bytes = found.SerializeToString()
    return content


def _from_onnx(path: Path) -> Predict:
    runtime = importlib.import_module("onnxruntime")
    session = runtime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])

    def answer(features: Any) -> Probabilities:
        asked = features.astype(np.float32) if isinstance(features, np.ndarray) else features
        found = session.run(None, {session.get_inputs()[0].name: asked})
        return np.asarray(found[1], dtype=np.float64)

    return answer


FORMATS = (
    Format("pickle", _pickled, _unpickled),
    Format("joblib", _joblib, _from_joblib),
    Format(f"joblib, compressed {COMPRESSION}", _joblib_compressed, _from_joblib),
    Format("skops", _skops, _from_skops),
    Format("CatBoost .cbm", _cbm, _from_cbm),
    Format("ONNX", _onnx, _from_onnx),
)
