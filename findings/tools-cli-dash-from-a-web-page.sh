#!/usr/bin/env bash
# clojure/tools.cli 1.0.194 (Debian 12), with which Maelstrom reads its command line: an option whose first hyphen has become an en dash, as web pages and
# word processors make it, and as several published command lines of Gossip Glomers 6c have it. Guessed: an unknown option, an error.
# Seen: no error; the word and its value are positional arguments, which Maelstrom passes on to the nodes, and the option has its default.
# A run "with --nemesis partition" so copied has no partition.
# Bears on us: the workbench takes such words as Maelstrom does, and says so in a note (Tests/WorkbenchTests/WebCommandTests.swift).
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq libclojure-java=1.11.1-2 libspec-alpha-clojure=0.3.218-1 libcore-specs-alpha-clojure=0.2.62-1 libtools-cli-clojure=1.0.194-2 2>/dev/null
for package in *.deb; do dpkg -x "$package" .; done
command -v java >/dev/null || { echo "needs java (Debian: default-jre-headless)" >&2; exit 2; }
cat > dash.clj <<'CLJ'
(require '[clojure.tools.cli :as cli])
(let [options [[nil "--nemesis FAULT" "a fault"]]
      copied (cli/parse-opts ["\u2013-nemesis" "partition"] options)
      typed (cli/parse-opts ["--nemesis" "partition"] options)
      unknown (cli/parse-opts ["--nemesys" "partition"] options)]
  (println "copied:" (pr-str (:options copied)) (count (:arguments copied)) "arguments, errors" (pr-str (:errors copied)))
  (println "typed:" (pr-str (:options typed)) "- misspelt, errors:" (count (:errors unknown)))
  (assert (and (= {} (:options copied)) (= 2 (count (:arguments copied))) (nil? (:errors copied))))
  (assert (and (= {:nemesis "partition"} (:options typed)) (= 1 (count (:errors unknown))))))
CLJ
java -cp "$(ls usr/share/java/*.jar | tr '\n' ':')" clojure.main dash.clj
