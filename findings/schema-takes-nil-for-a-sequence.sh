#!/usr/bin/env bash
# prismatic/schema 1.2.0 (Debian 12), with which Maelstrom describes its messages. Guessed: nil fits neither a sequence nor a map. Seen: the
# sequence schema [Any] takes nil, the map schema {Str [Any]} does not.
# Bears on us: Go writes a slice that nobody has made as null. `messages: null` of a broadcast node is an empty list, and `msgs: null` of a
# kafka node, where a map stands, is a malformed reply (Tests/LabTests).
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq libclojure-java=1.11.1-2 libspec-alpha-clojure=0.3.218-1 libcore-specs-alpha-clojure=0.2.62-1 \
  libprismatic-schema-clojure=1.2.0-4 2>/dev/null
for package in *.deb; do dpkg -x "$package" .; done
command -v java >/dev/null || { echo "needs java (Debian: default-jre-headless)" >&2; exit 2; }
cat > nil.clj <<'CLJ'
(require '[schema.core :as s])
(let [sequence (s/check [s/Any] nil) mapping (s/check {s/Str [s/Any]} nil)]
  (println "[Any] and nil:" (pr-str sequence) "- {Str [Any]} and nil:" (pr-str mapping))
  (assert (nil? sequence))
  (assert (some? mapping)))
CLJ
java -cp "$(ls usr/share/java/*.jar | tr '\n' ':')" clojure.main nil.clj
