#!/usr/bin/env bash
# edn_format 0.8.0 (PyPI) beside Clojure 1.11.1 (Debian 12): Clojure prints the characters 8 and 12 as \backspace and \formfeed. Guessed: edn_format reads
# them back, or raises. Seen: it reads the letters b and f, each followed by a
# symbol of the rest of the name, so that the vector has five elements where three were written.
# Bears on us: `check` reads Clojure's names of characters.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq libclojure-java=1.11.1-2 libspec-alpha-clojure=0.3.218-1 libcore-specs-alpha-clojure=0.2.62-1 2>/dev/null
for package in *.deb; do dpkg -x "$package" .; done
command -v java >/dev/null || { echo "needs java (Debian: default-jre-headless)" >&2; exit 2; }
printed=$(java -cp "$(ls usr/share/java/*.jar | tr '\n' ':')" clojure.main -e '(pr [(char 8) (char 12) (char 10)])')
python3 -m venv v && v/bin/pip install -q --disable-pip-version-check edn_format==0.8.0 ply==3.11 pyRFC3339==2.1.1
v/bin/python - "$printed" <<'PY'
import sys, edn_format

read = list(edn_format.loads(sys.argv[1]))
print("Clojure prints", sys.argv[1], "- edn_format reads", read)
assert sys.argv[1] == r"[\backspace \formfeed \newline]"
assert len(read) == 5 and (read[0], read[2], read[4]) == ("b", "f", "\n")
PY
