#!/usr/bin/env bash
# core.async 1.5.648 with Clojure 1.11.1 (Debian 12): a node makes a timeout channel of a minute for each of 1,000 requests, and closes one of them, since its
# request was answered. Guessed: 1,000 channels, and the other 999 stay open. Seen: there are far fewer, for calls within some 10 ms get the same
# channel, and closing it fires the timeouts of the others at once: an answered request times out its neighbours.
# Bears on us: a timer of ours has a name of its own, and cancelling it ends no other (Sources/Glomers/Context.swift).
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq libclojure-java=1.11.1-2 libspec-alpha-clojure=0.3.218-1 libcore-specs-alpha-clojure=0.2.62-1 libcore-async-clojure=1.5.648-1 \
  libtools-reader-clojure=1.3.6-1 libtools-analyzer-jvm-clojure=1.2.3-1 libtools-analyzer-clojure=1.1.1-1 libasm-java=9.4-1 \
  libcore-memoize-clojure=1.0.257-1 libcore-cache-clojure=1.0.225-2 libdata-priority-map-clojure=1.1.0-3 2>/dev/null
for package in *.deb; do dpkg -x "$package" .; done
command -v java >/dev/null || { echo "needs java (Debian: default-jre-headless)" >&2; exit 2; }
cat > timeouts.clj <<'CLJ'
(require '[clojure.core.async :as async])
(dotimes [_ 20000] (async/timeout 30000)) ; warms up
(let [timeouts (vec (repeatedly 1000 #(async/timeout 60000)))
      kinds (frequencies timeouts)
      _ (async/close! (key (apply max-key val kinds)))
      fired (count (filter #(nil? (async/alt!! % ([value] value) :default :open)) timeouts))]
  (println "requests: 1000 - channels: far fewer:" (< (count kinds) 500) "- closing one fires more than one:" (> fired 1))
  (assert (< (count kinds) 500))
  (assert (> fired 1))
  (System/exit 0))
CLJ
java -cp "$(ls usr/share/java/*.jar | tr '\n' ':')" clojure.main timeouts.clj
