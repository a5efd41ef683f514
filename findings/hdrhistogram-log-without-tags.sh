#!/usr/bin/env bash
# hdrhistogram 0.10.8 (PyPI): intervals of a run are written to a log, tagged by what went on, and read again. Guessed: what was written. Seen: the tags are gone
# (the reader knows them, the writer doesn't write them), so that the intervals of the partition are among the others; the column Interval_Max
# is the maximum rounded down to a whole unit, 0.000000 for 99 ms; and after output_base_time() every reader adds that base to times that were
# written whole, and is in 2077, unless the writer's attribute base_time was set as well.
# Bears on us: results.edn keeps latencies by kind of operation, and faults beside them with their times; no such log is written.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v" && "$dir/v/bin/pip" install -q --disable-pip-version-check hdrhistogram==0.10.8 pbr==7.1.3
"$dir/v/bin/python" - "$dir/log" <<'PY'
import sys
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader, HistogramLogWriter

begin = 1_700_000_000_000
with open(sys.argv[1], "w") as file:
    writer = HistogramLogWriter(file)
    writer.output_log_format_version()
    writer.output_base_time(begin)
    interval = HdrHistogram(1, 3_600_000_000, 3)
    interval.record_value(99_000)
    interval.set_tag("partition")
    interval.set_start_time_stamp(begin)
    interval.set_end_time_stamp(begin + 1_000)
    writer.output_interval_histogram(interval)
line = open(sys.argv[1]).read().splitlines()[-1]
reader = HistogramLogReader(sys.argv[1], HdrHistogram(1, 3_600_000_000, 3))
again = reader.get_next_interval_histogram()
print("written:", line[:36] + "... - tag:", again.get_tag(), "- maximum:", again.get_max_value(), "- begins at", again.get_start_time_stamp())
assert line.startswith("1700000000.000000,1.000000,0.000000,") and again.get_tag() is None
assert again.get_max_value() >= 99_000 and again.get_start_time_stamp() == 2 * begin
PY
