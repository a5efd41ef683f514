#!/usr/bin/env bash
# tdigest 0.5.2.2 (PyPI) beside fastdigest 0.12.0: the latencies 5, 5, 5 and 1,000 ms. Guessed: every percentile lies between 5 and 1,000. Seen: tdigest's
# first percentile is -721.35 and its 25th -243.75, while percentile(0) is 5; the median is 253.75 though three of four are 5. fastdigest says
# 5 to all three. One outlier among few values is what a partition looks like.
# Bears on us: quantiles are values that were measured, never something between two of them (Sources/Lab/Quantiles.swift).
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v" && "$dir/v/bin/pip" install -q --disable-pip-version-check tdigest==0.5.2.2 accumulation_tree==0.6.4 pyudorandom==1.0.0 fastdigest==0.12.0
"$dir/v/bin/python" - <<'PY'
from fastdigest import TDigest as Fast
from tdigest import TDigest

latencies = [5, 5, 5, 1000]
digest = TDigest()
digest.batch_update(latencies)
fast = Fast.from_values(latencies)
points = 0, 1, 25, 50
seen = [round(digest.percentile(point), 2) for point in points]
print("percentiles", points, "of", latencies, "- tdigest:", seen, "- fastdigest:", [fast.percentile(point) for point in points])
assert seen == [5, -721.35, -243.75, 253.75]
assert [fast.percentile(point) for point in points] == [5, 5, 5, 5]
PY
