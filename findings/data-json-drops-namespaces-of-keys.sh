#!/usr/bin/env bash
# data.json 2.4.0 beside Cheshire 5.11.0 (Debian 12): {:client/id 7, :server/id 9} is written as JSON. Guessed: both libraries keep the namespaces, or drop
# them and fail where two keys become one. Seen: Cheshire writes "client/id" and "server/id"; data.json writes {"id":7,"id":9}, two members of
# one name, of which its own reader keeps one. A field is lost between a node that writes with the one and a log that is written with the other.
# Bears on us: of a member that comes twice in a body the last counts, as with Cheshire and so with Maelstrom (Sources/Glomers/JSON.swift).
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq libclojure-java=1.11.1-2 libspec-alpha-clojure=0.3.218-1 libcore-specs-alpha-clojure=0.2.62-1 \
  libdata-json-clojure=2.4.0-2 libcheshire-clojure=5.11.0-2 libtigris-clojure=0.1.2-1 libjackson2-core-java=2.14.1-2~deb12u1 \
  libjackson2-dataformat-smile=2.7.8-5+deb12u1 libjackson2-dataformat-cbor=2.7.8-5 2>/dev/null
for package in *.deb; do dpkg -x "$package" .; done
command -v java >/dev/null || { echo "needs java (Debian: default-jre-headless)" >&2; exit 2; }
cat > keys.clj <<'CLJ'
(require '[clojure.data.json :as data] '[cheshire.core :as cheshire])
(let [body {:client/id 7 :server/id 9}
      written (data/write-str body)]
  (println "Cheshire:" (cheshire/generate-string body) "- data.json:" written "- read again:" (pr-str (data/read-str written)))
  (assert (= "{\"client/id\":7,\"server/id\":9}" (cheshire/generate-string body)))
  (assert (= "{\"id\":7,\"id\":9}" written))
  (assert (= {"id" 9} (data/read-str written))))
CLJ
java -cp "$(ls usr/share/java/*.jar | tr '\n' ':')" clojure.main keys.clj
