#!/usr/bin/env bash
# uuid7 0.1.0 beside lastuuid 0.5.0 (PyPI): two nodes make ids of version 7, one with each package, in turn, 10 ms apart. Guessed: the ids sort by time, and
# each package reads the other's time. Seen: every id of uuid7 sorts after every id of lastuuid; both say version 7, but uuid7's follow an
# older draft, which counts seconds where RFC 9562 counts milliseconds. Read as the RFC says, an id of today is of the year 2203, and the
# other way round of 1983; neither package refuses it. A log that is merged by id has all of one node's entries before the other's.
# Bears on us: ids of unique-ids are compared for equality alone (Sources/Checkers); no order of ours comes from an id.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m pip install -q --disable-pip-version-check --no-compile --root-user-action=ignore --no-deps --target "$dir/p" uuid7==0.1.0 lastuuid==0.5.0
PYTHONPATH="$dir/p" python3 - <<'PY'
import time, uuid
from lastuuid import uuid7, uuid7_to_datetime
from uuid_extensions import uuid7 as older, uuid_to_datetime

made = []
for _ in range(3):
    for name, make in ("uuid7", older), ("lastuuid", uuid7):
        made.append((uuid.UUID(str(make())), name))
        time.sleep(0.01)
order = [name for _, name in sorted(made)]
now, sample, ours = time.gmtime().tm_year, made[0][0], made[1][0]
ahead, behind = uuid7_to_datetime(sample).year - now, now - uuid_to_datetime(ours).year
print("made in turn, sorted:", order, "- versions:", {id.version for id, _ in made})
print("read by the other package, uuid7's are", ahead, "years ahead and lastuuid's", behind, "years behind")
assert order == ["lastuuid"] * 3 + ["uuid7"] * 3 and {id.version for id, _ in made} == {7}
assert ahead > 100 and behind > 20
PY
