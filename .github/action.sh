#!/usr/bin/env bash
# What action.yml does: gets a workbench, runs the test, and tells the workflow how it ended. It runs outside of GitHub, too:
#
#   INPUT_BIN=./echo.py INPUT_WORKLOAD=echo INPUT_WORKBENCH=bin/workbench .github/action.sh
#
# Exit status: that of "workbench test". 0 valid, 1 invalid, 2 unknown or a command line that can't be used.
set -euo pipefail

bin=${INPUT_BIN:?say which program runs a node: bin}
workload=${INPUT_WORKLOAD:?say which workload: workload}
output=${GITHUB_OUTPUT:-/dev/null}
summary=${GITHUB_STEP_SUMMARY:-/dev/null}
temporary=${RUNNER_TEMP:-$(mktemp -d)}

# A path without a slash would be looked for on the PATH.
case $bin in */*) ;; *) bin=./$bin ;; esac
[ -f "$bin" ] || { echo "::error::there is no file '$bin'; build your node in a step before this one" >&2; exit 2; }
[ -x "$bin" ] || { echo "::error::'$bin' can't be executed; run chmod +x on it and commit that" >&2; exit 2; }

# Gets the release's tarball, and checks it against the list of checksums beside it. Prints the workbench's path.
download() {
  local system machine file place releases
  # Where a runner puts an action: …/_actions/OWNER/REPOSITORY/REF.
  place=${GITHUB_ACTION_PATH:-}
  place=${place##*/_actions/}
  local owner=${place%%/*} rest=${place#*/}
  local repository=${rest%%/*} reference=${rest#*/}
  reference=${INPUT_VERSION:-$reference}
  if [ -z "$owner" ] || [ "$owner" = "$place" ]; then
    echo "::error::this is no released action: say which workbench to use: workbench" >&2
    return 2
  fi
  system=$(uname -s | tr '[:upper:]' '[:lower:]')
  machine=$(uname -m)
  file=glomers-$system-$machine.tar.gz
  releases=${GITHUB_SERVER_URL:-https://github.com}/$owner/$repository/releases
  case $reference in
  v*.*.*) releases=$releases/download/$reference ;;
  *) releases=$releases/latest/download ;;
  esac
  cd "$temporary"
  curl --fail --silent --show-error --location --retry 3 -O "$releases/$file" -O "$releases/SHA256SUMS" ||
    { echo "::error::$releases has no $file; build the workbench yourself and name it: workbench" >&2; return 2; }
  grep " $file\$" SHA256SUMS | sha256sum --check --quiet >&2 ||
    { echo "::error::the checksum of $file is not the one that was published" >&2; return 2; }
  tar -xzf "$file"
  echo "$temporary/glomers-$system-$machine/bin/workbench"
}

workbench=${INPUT_WORKBENCH:-}
if [ -z "$workbench" ]; then workbench=$(download); fi
case $workbench in */*) ;; *) workbench=$(command -v "$workbench") ;; esac

# Words as a shell would make of them, without a shell that could do more.
options=()
if [ -n "${INPUT_OPTIONS:-}" ]; then
  words=$(printf '%s\n' "$INPUT_OPTIONS" | xargs -n 1 printf '%s\n') ||
    { echo "::error::the options can't be split into words: is there a quote without its end?" >&2; exit 2; }
  while IFS= read -r word; do options+=("$word"); done <<<"$words"
fi

store=${INPUT_STORE:-$temporary/workbench-store}
status=0
"$workbench" test -w "$workload" --bin "$bin" --store "$store" ${options[@]+"${options[@]}"} || status=$?

case $status in
0) verdict=valid ;;
1) verdict=invalid ;;
*) verdict=unknown ;;
esac
run=
if [ -e "$store/current" ]; then run=$(cd "$store/current" && pwd -P); fi
{
  echo "verdict=$verdict"
  echo "store=$run"
} >>"$output"
{
  echo "### $workload: $verdict"
  echo
  echo '```'
  if [ -n "$run" ] && [ -f "$run/console.txt" ]; then tail -n 40 "$run/console.txt"; fi
  echo '```'
} >>"$summary"
exit "$status"
