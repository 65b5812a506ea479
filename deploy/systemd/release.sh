#!/usr/bin/env bash
# Bring one image to the two containers of this machine, one after the other, and go back when one does not serve:
#   release.sh IMAGE@sha256:DIGEST
# Exit code 0: both serve the new image. 1: it does not serve, and the old one is back. 2: wrong use.
# Run it as root. SMOKE, if set, is a command that gets the address of a container and says whether it answers right.
set -euo pipefail

folder=${TABENTO_ETC:-/etc/tabento}
instances=(3001 3002)
say() { printf 'release: %s\n' "$*" >&2; }

image=${1:-}
[[ $# -eq 1 && $image =~ ^[^@[:space:]]+@sha256:[0-9a-f]{64}$ ]] || { sed -n '2,5s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }

ready() {
  for _ in $(seq 90); do
    curl --silent --fail --max-time 2 --output /dev/null "http://127.0.0.1:$1/readyz" && return 0
    sleep 1
  done
  return 1
}

# `restart` ends when the old container has ended, with all that it had in flight answered.
start() {
  systemctl restart "tabento@$1" && ready "$1" || return 1
  [ -z "${SMOKE:-}" ] || $SMOKE "http://127.0.0.1:$1"
}

# What can not be had is no reason to stop what serves; and nobody waits for it with one container less.
docker image inspect "$image" >/dev/null 2>&1 || docker pull --quiet "$image" >&2 ||
  { say "$image can not be had: nothing was changed"; exit 1; }

# The newest first: it does not serve, and those before it are stopped only when it does again.
back() {
  for each in "$@"; do
    [ -e "$folder/$each.env.before" ] || { say "there was nothing before it to go back to"; continue; }
    cp "$folder/$each.env.before" "$folder/$each.env"
    systemctl restart "tabento@$each" || true
    ready "$each" || { say "AND $each DOES NOT COME BACK: look at once"; return; }
  done
}

changed=()
trap 'say "told to stop: back"; back "${changed[@]}"; exit 1' HUP INT TERM
for instance in "${instances[@]}"; do
  file=$folder/$instance.env
  [ -e "$file" ] && cp "$file" "$file.before"
  printf 'IMAGE=%s\n' "$image" >"$file"
  changed=("$instance" "${changed[@]}")
  if start "$instance"; then
    say "$instance serves $image"
    continue
  fi
  say "$instance does not serve $image: back"
  back "${changed[@]}"
  exit 1
done
