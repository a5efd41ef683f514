#!/usr/bin/env bash
# data.fressian 1.0.0 with Clojure 1.11.1 (Debian 12), the format of Jepsen's test.fressian: an operation with a value of vectors is written and read back with
# the library's own handlers. Guessed: the same value. Seen: = says that it is, and yet a set of the one doesn't contain the other, and get of
# a micro-operation's first element is nil: vectors come back as Java's Arrays$ArrayList, which is equal, hashes otherwise and isn't
# associative. A checker that groups operations by value, or looks them up, finds nothing, and nothing is raised.
# (Jepsen has a reader of its own that makes vectors of them.)
# Bears on us: runs are kept as EDN and JSON lines, and `check` reads those of Jepsen's files that are EDN or JSON.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq libclojure-java=1.11.1-2 libspec-alpha-clojure=0.3.218-1 libcore-specs-alpha-clojure=0.2.62-1 \
  libdata-fressian-clojure=1.0.0-3 libfressian-java=0.6.6-3 2>/dev/null
for package in *.deb; do dpkg -x "$package" .; done
command -v java >/dev/null || { echo "needs java (Debian: default-jre-headless)" >&2; exit 2; }
cat > again.clj <<'CLJ'
(require '[clojure.data.fressian :as fressian])
(let [operation {:process 0 :value [[:append 3 1]]}
      again (fressian/read (fressian/write operation))
      first-of #(get (first (:value %)) 0)]
  (println "equal:" (= operation again) "- in a set of it:" (contains? #{operation} again)
           "- get:" (pr-str (first-of operation) (first-of again)) "- class:" (.getName (class (:value again))))
  (assert (= operation again))
  (assert (not (contains? #{operation} again)))
  (assert (= [:append nil] [(first-of operation) (first-of again)])))
CLJ
java -cp "$(ls usr/share/java/*.jar | tr '\n' ':')" clojure.main again.clj
