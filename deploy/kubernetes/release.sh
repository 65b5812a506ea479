#!/usr/bin/env bash
# Bring one image to one environment, and go back by itself when it does not serve:
#   deploy/kubernetes/release.sh ENVIRONMENT IMAGE@sha256:DIGEST URL [EXPECTATION]
# ENVIRONMENT is a folder in overlays/, URL where the service answers from here,
# EXPECTATION what `clients.smoke --record` wrote of that image: other models or answers are then a failure.
# Exit code 0: the new image serves. 1: it does not, and the one before serves again. 2: wrong use.
# Needs kubectl with a context that may deploy, and the command of SMOKE (default: python -m clients.smoke).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
usage() { sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }
say() { printf 'release: %s\n' "$*" >&2; }

[ $# -eq 3 ] || [ $# -eq 4 ] || usage
environment=$1 image=$2 url=$3
expect=()
[ $# -eq 3 ] || { [ -s "$4" ] || { say "$4 is no file with something in it"; usage; }; expect=(--expect "$(realpath "$4")"); }
[ -d "$here/overlays/$environment" ] || { say "there is no environment $environment"; usage; }
# A tag may be another image tomorrow: only a digest is the very image that was tested.
[[ $image =~ ^[^@[:space:]]+@sha256:[0-9a-f]{64}$ ]] || { say "$image does not end in its digest"; usage; }

namespace=tabento-$environment
read -ra smoke <<<"${SMOKE:-python -m clients.smoke}"
kube() { kubectl --namespace "$namespace" "$@"; }
revision() {
  kube get deployment/tabento --ignore-not-found \
    --output 'jsonpath={.metadata.annotations.deployment\.kubernetes\.io/revision}'
}

build=$(mktemp -d "$here/.release.XXXXXX")
trap 'rm -rf "$build"' EXIT
cat >"$build/kustomization.yaml" <<EOF
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: ["../overlays/$environment"]
images: [{name: tabento, newName: "${image%@*}", digest: "${image#*@}"}]
EOF

serves() {
  kube rollout status deployment/tabento --timeout=360s && (cd "$here/../.." && "${smoke[@]}" "$url" "${expect[@]}")
}

back() {
  if [ -z "$1" ]; then
    say "there was nothing before it to go back to"
  elif [ "$(revision)" = "$1" ]; then
    say "it is what was there before: nothing to go back to"
  else
    say "back to revision $1"
    kube rollout undo deployment/tabento --to-revision="$1" &&
      kube rollout status deployment/tabento --timeout=360s
  fi
}

go_back() {
  # Not stopped half-way.
  trap '' HUP INT TERM
  back "$before" || say "AND THE ONE BEFORE DOES NOT COME BACK: look at once"
  exit 1
}

before=$(revision)
kubectl kustomize "$build" >"$build/all.yaml"
trap 'say "told to stop"; go_back' HUP INT TERM
if kubectl apply --filename "$build/all.yaml" && serves; then
  say "$image serves in $environment"
  exit 0
fi
say "$image does not serve in $environment"
go_back
