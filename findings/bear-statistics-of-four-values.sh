#!/usr/bin/env bash
# bear 0.8.2 (Debian 12; the statistics of Erlang's folsom): get_statistics([10, 20, 30, 40]). Guessed: minimum 10, maximum 40. Seen: minimum, maximum, mean
# and all percentiles are 0.0, and so is the count n: fewer than five values count as none. With a fifth value all is there.
# A phase of a test with four slow operations reports a maximal latency of 0.
# Bears on us: the workbench gives quantiles from the first value on, and none where there is none.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq erlang-bear=0.8.2+dfsg-3 2>/dev/null
dpkg -x erlang-bear_*.deb .
command -v erl >/dev/null || { echo "needs erl (Debian: erlang-base)" >&2; exit 2; }
seen=$(erl -noshell -pa usr/lib/erlang/lib/bear-0.8.2/ebin -eval '
  Of = fun(Values) -> S = bear:get_statistics(Values), [proplists:get_value(K, S) || K <- [n, min, max, median]] end,
  io:format("four: ~w five: ~w", [Of([10, 20, 30, 40]), Of([10, 20, 30, 40, 50])]), halt().')
echo "count, minimum, maximum, median of $seen"
[ "$seen" = "four: [0,0.0,0.0,0.0] five: [5,10,50,30]" ]
