#!/usr/bin/env bash
# Cheshire 5.11.0 (Debian 12): a JSON text that ends in the middle. Guessed: parse-string throws, as it does for an object. Seen: for an array it
# returns, and its first elements can be used; the exception comes when somebody walks to the end, wherever that is.
# parse-string-strict throws at once. A reader of cut-off files that only catches around the parse goes on with half an array.
# Bears on us: a JSON history that is cut off is refused as a whole, with the offset.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq libclojure-java=1.11.1-2 libspec-alpha-clojure=0.3.218-1 libcore-specs-alpha-clojure=0.2.62-1 \
  libcheshire-clojure=5.11.0-2 \
  libtigris-clojure=0.1.2-1 libjackson2-core-java=2.14.1-2~deb12u1 libjackson2-dataformat-smile=2.7.8-5+deb12u1 \
  libjackson2-dataformat-cbor=2.7.8-5 2>/dev/null
for package in *.deb; do dpkg -x "$package" .; done
command -v java >/dev/null || { echo "needs java (Debian: default-jre-headless)" >&2; exit 2; }
cat > cut.clj <<'CLJ'
(require '[cheshire.core :as json])
(defn outcome [f] (try (f) (catch Exception e (symbol (.getSimpleName (class e))))))
(let [text (str "[" (apply str (repeat 100 "1, ")) "1")
      parsed (outcome #(json/parse-string text))]
  (println "first:" (first parsed) "- count:" (outcome #(count parsed)) "- strict:" (outcome #(json/parse-string-strict text))
           "- object:" (outcome #(json/parse-string "{\"a\": 1")))
  (assert (= 1 (first parsed)))
  (assert (= 'JsonEOFException (outcome #(count parsed)) (outcome #(json/parse-string-strict text)) (outcome #(json/parse-string "{\"a\": 1")))))
CLJ
java -cp "$(ls usr/share/java/*.jar | tr '\n' ':')" clojure.main cut.clj
