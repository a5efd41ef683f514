#!/usr/bin/env bash
# Cheshire 5.11.0 and Clojure 1.11.1 (Debian 12): {"a b": 1, "c d": 2} is parsed with keys as keywords, as Maelstrom parses every body, printed with pr-str
# and read back with clojure.edn, as Jepsen keeps and reads its histories. Guessed: the same map, or an error. Seen: another map of as many
# entries, {:a b, 1 :c, d 2}, and no error. A key with a semicolon turns the rest of its line into a comment.
# Bears on us: the history writes the keys of JSON objects as strings whenever they are no plain keywords, and `check` reads them back the same.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq libclojure-java=1.11.1-2 libspec-alpha-clojure=0.3.218-1 libcore-specs-alpha-clojure=0.2.62-1 \
  libcheshire-clojure=5.11.0-2 \
  libtigris-clojure=0.1.2-1 libjackson2-core-java=2.14.1-2~deb12u1 libjackson2-dataformat-smile=2.7.8-5+deb12u1 \
  libjackson2-dataformat-cbor=2.7.8-5 2>/dev/null
for package in *.deb; do dpkg -x "$package" .; done
command -v java >/dev/null || { echo "needs java (Debian: default-jre-headless)" >&2; exit 2; }
cat > keys.clj <<'CLJ'
(require '[cheshire.core :as json] '[clojure.edn :as edn])
(let [body (json/parse-string "{\"a b\": 1, \"c d\": 2}" true)
      printed (pr-str body)
      read-back (edn/read-string printed)]
  (println "printed:" printed "- entries read back:" (pr-str (vec read-back)))
  (assert (= "{:a b 1, :c d 2}" printed))
  (assert (= [[:a 'b] [1 :c] ['d 2]] (vec read-back)))
  (assert (not= body read-back)))
CLJ
java -cp "$(ls usr/share/java/*.jar | tr '\n' ':')" clojure.main keys.clj
