#!/usr/bin/env bash
# Miller 6.6.0 (Debian 12), JSON lines through `mlr cat`: the numbers 9223372036854775807 and 18446744073709551615 (2^63 - 1 and 2^64 - 1), and 1e400.
# Guessed: they come out as they went in, or as floats. Seen: those that fit neither an integer of 64 bits nor a float come out as strings, in quotes.
# A log of ids so has ids of two types, by their size, after a command that changes nothing.
# Bears on us: in our files numbers of any length stay numbers (Sources/Glomers/JSON.swift, literal); whoever filters messages.jsonl with mlr, and has such ids,
# compares strings with numbers.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq miller=6.6.0-2+b3 2>/dev/null
dpkg -x miller_*.deb .
seen=$(printf '{"id": %s}\n' 9223372036854775807 18446744073709551615 1e400 | usr/bin/mlr --ijsonl --ojsonl cat)
echo "$seen"
[ "$seen" = '{"id": 9223372036854775807}
{"id": "18446744073709551615"}
{"id": "1e400"}' ]
