"""Hold the files for the clouds against what the clouds' own client libraries know of their APIs.

Nothing is asked over the network. The libraries do not go together with this project's lock, so
they have a virtual environment of their own: `make tools`, then
`.venv-deploy/bin/python deploy/validate.py`. Prints one line a fault; exit code 1 if there is one.
"""

import enum
import json
import sys
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

DEPLOY = Path(__file__).parent

# File, service and operation, as boto3 would call it with the file's content.
AWS = (
    ("aws/task-definition.json", "ecs", "RegisterTaskDefinition"),
    ("aws/service.json", "ecs", "CreateService"),
    ("aws/target-group.json", "elbv2", "CreateTargetGroup"),
    ("aws/autoscaling.json", "application-autoscaling", "PutScalingPolicy"),
)


def aws_faults(folder: Path) -> Iterator[str]:
    """Wrong names and types, in the words of botocore."""
    from botocore.session import Session
    from botocore.validate import ParamValidator

    for name, service, operation in AWS:
        shape = Session().get_service_model(service).operation_model(operation).input_shape
        content = json.loads((folder / name).read_text(encoding="utf-8"))
        report = ParamValidator().validate(content, shape).generate_report()
        yield from (f"{name}: {line}" for line in report.splitlines())


def cloud_run_faults(folder: Path) -> Iterator[str]:
    """Wrong names and types, by the description that Google gives of its API."""
    import googleapiclient.discovery_cache as cache
    from jsonschema import Draft7Validator

    file = Path(cache.__file__).parent / "documents" / "run.v1.json"
    described = json.loads(file.read_text(encoding="utf-8"))["schemas"]
    schemas = {name: _strict(schema) for name, schema in described.items()}
    name = "google-cloud-run/service.yaml"
    content = yaml.safe_load((folder / name).read_text(encoding="utf-8"))
    whole = {"definitions": schemas, "$ref": "#/definitions/Service"}
    for error in Draft7Validator(whole).iter_errors(content):
        yield f"{name}: {error.json_path}: {error.message}"


def _strict(schema: Any) -> Any:
    """A discovery document's schema as a JSON schema that allows no unknown names."""
    if isinstance(schema, list):
        return [_strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if isinstance(schema.get("$ref"), str):
        return {"$ref": f"#/definitions/{schema['$ref']}"}
    kept = {key: _strict(value) for key, value in schema.items() if key not in _NO_JSON_SCHEMA}
    if kept.get("type") == "object" and "properties" in kept:
        kept.setdefault("additionalProperties", False)
    return kept


# Google's own words that are none of JSON schema's, or mean something else there.
_NO_JSON_SCHEMA = {"id", "enumDescriptions", "deprecated", "readOnly", "format"}


def azure_faults(folder: Path) -> Iterator[str]:
    """Wrong names, types and words, by the models of Azure's management library."""
    from azure.mgmt.appcontainers import models

    name = "azure/container-app.yaml"
    content = yaml.safe_load((folder / name).read_text(encoding="utf-8"))
    faults = _unlike(content, models.ContainerApp, "$", vars(models) | {"_models": models})
    yield from (f"{name}: {fault}" for fault in faults)


def _unlike(value: Any, hint: Any, at: str, names: dict[str, Any]) -> Iterator[str]:
    """What of a value is not as its type hint says."""
    if typing.get_origin(hint) is typing.Union:
        yield from _unlike_all(value, typing.get_args(hint), at, names)
    elif (parts := _parts(value, hint)) is not None:
        for name, part, its in parts:
            yield from _unlike(part, its, at + name, names)
    elif getattr(hint, "_is_model", False) and isinstance(value, dict):
        yield from _unlike_model(value, hint, at, names)
    elif hint is not Any and not _is(value, plain := typing.get_origin(hint) or hint):
        yield f"{at}: {value!r} is no {plain.__name__}"


def _parts(value: Any, hint: Any) -> list[tuple[str, Any, Any]] | None:
    """Name, value and hint of all that is in a list or a mapping; None of what is neither."""
    kind, arguments = typing.get_origin(hint), typing.get_args(hint)
    if kind is list and isinstance(value, list):
        return [(f"[{index}]", each, arguments[0]) for index, each in enumerate(value)]
    if kind is dict and isinstance(value, dict):
        return [(f".{key}", each, arguments[1]) for key, each in value.items()]
    return None


def _unlike_model(
    value: dict[str, Any], model: Any, at: str, names: dict[str, Any]
) -> Iterator[str]:
    hints, fields = typing.get_type_hints(model, localns=names), _fields(model)
    for key, each in value.items():
        if key in fields:
            yield from _unlike(each, hints[fields[key]], f"{at}.{key}", names)
        else:
            yield f"{at}.{key}: {model.__name__} has no such field"


def _unlike_all(
    value: Any, hints: tuple[Any, ...], at: str, names: dict[str, Any]
) -> Iterator[str]:
    # `Union[str, AnEnum]` is how the library says that newer words may come: here they may not.
    words = [hint for hint in hints if isinstance(hint, type) and issubclass(hint, enum.Enum)]
    known = words or [hint for hint in hints if hint is not type(None)]
    faults = [list(_unlike(value, hint, at, names)) for hint in known]
    if all(faults):
        yield from faults[0]


def _fields(model: Any) -> dict[str, str]:
    """Attribute by field: the library calls `minReplicas` `min_replicas`."""
    # The first object of a class is what makes its table of fields.
    return {field._rest_name: name for name, field in model()._attr_to_rest_field.items()}


def _is(value: Any, hint: type) -> bool:
    if issubclass(hint, enum.Enum):
        return value in [member.value for member in hint]
    if hint is float:
        return type(value) in {int, float}
    return type(value) is hint


def main() -> None:
    """See the module."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DEPLOY
    faults = [*aws_faults(folder), *cloud_run_faults(folder), *azure_faults(folder)]
    for fault in faults:
        sys.stdout.write(fault + "\n")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
