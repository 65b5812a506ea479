"""The manifests are valid, and say what the service needs."""

import os
from typing import Any

import kubernetes_validate
import pytest
import yaml

from settings import Settings
from tests.deploy.conftest import (
    ENVIRONMENTS,
    KUBERNETES,
    ROOT,
    environment_of,
    pod_of,
    render,
)

VERSIONS = ("1.30", "1.34", "1.37")
# Kinds of the Prometheus Operator: Kubernetes itself knows nothing of them.
OTHERS = {"ServiceMonitor", "PrometheusRule"}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_resource_is_valid(resources, version):
    for kind, resource in resources.items():
        if kind not in OTHERS:
            kubernetes_validate.validate(resource, version, strict=True)


def test_a_wrong_name_or_type_would_be_seen():
    """The tool that the test above trusts does what it is trusted with."""
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}}
    wrong: list[dict[str, Any]] = [{"prots": []}, {"ports": [{"port": "eighty"}]}]
    for spec in wrong:
        with pytest.raises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(service | {"spec": spec}, VERSIONS[-1], strict=True)


def test_what_is_written_down_is_a_setting_that_starts(resources, monkeypatch):
    for name, value in environment_of(resources).items():
        monkeypatch.setenv(name, value)

    assert Settings().workers == 1


def test_the_names_that_kubernetes_makes_of_the_service_are_kept_out(resources, monkeypatch):
    """Without this no pod starts: TABENTO_PORT is an unknown setting."""
    name = resources["Service"]["metadata"]["name"]
    monkeypatch.setenv(f"{name.upper()}_PORT", "tcp://10.0.0.1:80")

    with pytest.raises(ValueError, match="unknown setting TABENTO_PORT"):
        Settings()
    assert pod_of(resources)["enableServiceLinks"] is False


def test_a_pod_is_killed_only_after_its_longest_stop(resources, monkeypatch):
    for name, value in environment_of(resources).items():
        monkeypatch.setenv(name, value)
    (container,) = pod_of(resources)["containers"]
    longest = (
        container["lifecycle"]["preStop"]["sleep"]["seconds"]
        + Settings().drain_s
        + Settings().timeout_s
    )

    assert pod_of(resources)["terminationGracePeriodSeconds"] > longest


def test_readiness_is_asked_for_what_is_right_and_liveness_for_what_is_alive(resources):
    (container,) = pod_of(resources)["containers"]
    paths = {
        kind: container[f"{kind}Probe"]["httpGet"]["path"]
        for kind in ("startup", "liveness", "readiness")
    }

    assert paths == {"startup": "/readyz", "liveness": "/livez", "readiness": "/readyz"}


def test_no_pod_goes_before_the_next_is_ready(resources):
    strategy = resources["Deployment"]["spec"]["strategy"]["rollingUpdate"]

    assert (strategy["maxUnavailable"], strategy["maxSurge"]) == (0, 1)
    # Else every `apply` would undo what the autoscaler did.
    assert "replicas" not in resources["Deployment"]["spec"]


def test_a_pod_may_do_as_little_as_the_restricted_standard_asks(resources):
    pod = pod_of(resources)
    (container,) = pod["containers"]
    security = container["securityContext"]

    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 1034
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert security["readOnlyRootFilesystem"] is True
    assert security["allowPrivilegeEscalation"] is False
    assert pod["automountServiceAccountToken"] is False


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_its_namespace_lets_no_pod_in_that_asks_for_more(name):
    folder = KUBERNETES / "overlays" / name
    namespace = yaml.safe_load((folder / "namespace.yaml").read_text())
    kubernetes_validate.validate(namespace, VERSIONS[-1], strict=True)
    labels = namespace["metadata"]["labels"]

    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    assert namespace["metadata"]["name"] == render(folder)["Deployment"]["metadata"]["namespace"]


def test_what_is_written_to_is_in_memory(resources):
    volumes = {each["name"]: each for each in pod_of(resources)["volumes"]}

    assert volumes["tmp"]["emptyDir"]["medium"] == "Memory"
    assert environment_of(resources)["BENTOML_HOME"].startswith("/tmp/")  # noqa: S108


def test_everything_selects_the_same_pods(resources):
    labels = resources["Deployment"]["spec"]["template"]["metadata"]["labels"]
    selectors = [
        resources["Deployment"]["spec"]["selector"]["matchLabels"],
        resources["Service"]["spec"]["selector"],
        resources["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
        resources["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
    ]

    assert all(selector and selector.items() <= labels.items() for selector in selectors)
    assert resources["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]["name"] == "tabento"


def test_nothing_goes_out(resources):
    policy = resources["NetworkPolicy"]["spec"]

    assert set(policy["policyTypes"]) == {"Ingress", "Egress"}
    assert not policy.get("egress")


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_callers_need_a_key_wherever_it_is_deployed(name):
    resources = render(KUBERNETES / "overlays" / name)
    file = environment_of(resources)["TABENTO_API_KEYS_FILE"]
    (container,) = pod_of(resources)["containers"]
    (mount,) = (each for each in container["volumeMounts"] if each["name"] == "keys")

    assert file.startswith(mount["mountPath"] + "/")
    # A file mounted alone never changes, and keys are to be changed without a restart.
    assert "subPath" not in mount


def test_there_is_always_one_to_spare(resources):
    fewest = resources["HorizontalPodAutoscaler"]["spec"]["minReplicas"]

    assert fewest > resources["PodDisruptionBudget"]["spec"]["maxUnavailable"]


def test_by_processor_time_it_scales_before_two_thirds_of_a_core_and_kserve_at_the_same(resources):
    (metric,) = resources["HorizontalPodAutoscaler"]["spec"]["metrics"]
    wanted = metric["containerResource"]["target"]["averageUtilization"]
    kserve = yaml.safe_load((KUBERNETES / "kserve" / "inference-service.yaml").read_text())

    assert wanted < 100 * 2 / 3
    assert kserve["spec"]["predictor"]["scaleTarget"] == wanted


def test_by_requests_in_flight_it_is_valid_as_well(tmp_path):
    folder = KUBERNETES / "overlays" / "staging"
    (tmp_path / "kustomization.yaml").write_text(
        yaml.safe_dump(
            {
                "resources": [_from(tmp_path, folder)],
                "components": [_from(tmp_path, KUBERNETES / "components" / "in-flight")],
            }
        )
    )
    autoscaler = render(tmp_path)["HorizontalPodAutoscaler"]
    kubernetes_validate.validate(autoscaler, VERSIONS[-1], strict=True)
    (metric,) = autoscaler["spec"]["metrics"]

    assert metric["pods"]["metric"]["name"] == "tabento_requests_in_flight"


def _from(here, there):
    """Kustomize takes relative folders only."""
    return os.path.relpath(there, here.resolve())


def test_the_scrape_finds_the_service(production):
    monitor, service = production["ServiceMonitor"]["spec"], production["Service"]
    (endpoint,) = monitor["endpoints"]

    assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert endpoint["port"] in {each["name"] for each in service["spec"]["ports"]}
    assert endpoint["path"] == "/metrics"


def test_the_alerts_are_those_of_prometheus(production):
    """Written by `python deploy/kubernetes/rules.py`."""
    rules = ROOT / "deploy" / "prometheus" / "rules.yml"
    if not rules.exists():
        pytest.skip("deploy/prometheus/rules.yml is not there")
    groups = yaml.safe_load(rules.read_text())["groups"]

    assert production["PrometheusRule"]["spec"]["groups"] == groups


def test_kserve_runs_the_same_pod():
    resource = yaml.safe_load((KUBERNETES / "kserve" / "inference-service.yaml").read_text())
    predictor = resource["spec"]["predictor"]
    own = {"minReplicas", "maxReplicas", "scaleMetric", "scaleTarget", "timeout"}
    pod = {key: value for key, value in predictor.items() if key not in own}
    ours = pod_of(render(KUBERNETES / "base"))
    (container,), (other,) = pod["containers"], ours["containers"]
    named = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": pod}
    kubernetes_validate.validate(named, VERSIONS[-1], strict=True)

    for key in ("securityContext", "terminationGracePeriodSeconds", "enableServiceLinks"):
        assert pod[key] == ours[key]
    for key in ("lifecycle", "securityContext", "resources"):
        assert container[key] == other[key]
