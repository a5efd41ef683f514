#!/usr/bin/env bash
# hdrhistogram 0.10.8 (PyPI): a histogram made for 1 to 3,600,000. Guessed: record_value(4,000,000) returns False and counts nothing. Seen: it
# is counted, and the maximum reads 4,001,791; only from 4,194,304 (the next power of two) on a value is refused. And a histogram whose
# lowest discernible value is 1,000 tells 511 from 999, by its unit of 512, and calls the least of 1 and 1,500 zero.
# Bears on us: a histogram's range is no guard. What must not be counted has to be refused before it is recorded.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v" && "$dir/v/bin/pip" install -q --disable-pip-version-check hdrhistogram==0.10.8 pbr==7.1.3
"$dir/v/bin/python" - <<'PY'
from hdrh.histogram import HdrHistogram

histogram = HdrHistogram(1, 3_600_000, 3)
taken = histogram.record_value(4_000_000)
print("4,000,000 taken:", taken, "- count", histogram.get_total_count(), "- maximum", histogram.get_max_value())
assert taken and histogram.get_total_count() == 1 and histogram.get_max_value() == 4_001_791
refused = histogram.record_value(4_194_304)
print("4,194,304 taken:", refused)
assert not refused

coarse = HdrHistogram(1_000, 3_600_000_000, 3)
for value in (1, 1_500):
    coarse.record_value(value)
print("lowest discernible 1,000: minimum of 1 and 1,500 is", coarse.get_min_value())
assert coarse.get_min_value() == 0
PY
