#!/usr/bin/env bash
# Erlang/OTP 25.2.3 (Debian 12): three nodes a, b and c are connected, and the link between a and b is cut, as a nemesis does that makes a partial partition.
# Guessed: c stays connected to both. Seen: within seconds c is connected to neither: since OTP 25 `global` breaks connections of its own accord until
# no node sees two others that don't see each other. A test of "a and b can't talk, c can talk with both" tests another partition than it says.
# With -kernel prevent_overlapping_partitions false c keeps both.
# Bears on us: nodes under the workbench have no connections of their own, so that the network that the nemesis makes is the one that there is.
set -euo pipefail
dir=$(mktemp -d); trap 'kill "${nodes[@]}" "${epmd:-}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$dir"' EXIT
nodes=()
cd "$dir"
apt-get download -qq erlang-base=1:25.2.3+dfsg-1+deb12u4 2>/dev/null
dpkg -x erlang-base_*.deb .
free() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
export HOME=$dir ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT=$(free) ROOTDIR=$dir/usr/lib/erlang EMU=beam PROGNAME=erl
export BINDIR; BINDIR=$(dirname "$(find "$ROOTDIR" -name erlexec)")
"$BINDIR/epmd" >/dev/null 2>&1 &
epmd=$!
erl() { exec "$BINDIR/erlexec" -boot no_dot_erlang -noshell -start_epmd false -setcookie finding -kernel inet_dist_use_interface '{127,0,0,1}' "$@"; }
left() {
  for name in a b; do
    erl -name "$name@127.0.0.1" -kernel prevent_overlapping_partitions "$1" logger_level none -eval 'timer:sleep(60000), halt().' </dev/null >/dev/null 2>&1 &
    nodes+=($!)
  done
  (erl -name c@127.0.0.1 -kernel prevent_overlapping_partitions "$1" logger_level none -eval '
    A = list_to_atom("a@127.0.0.1"), B = list_to_atom("b@127.0.0.1"),
    Until = fun(Again, Holds) -> case Holds() of true -> ok; false -> timer:sleep(100), Again(Again, Holds) end end,
    [Until(Until, fun() -> net_adm:ping(Node) =:= pong end) || Node <- [A, B]],
    Until(Until, fun() -> lists:member(B, erpc:call(A, erlang, nodes, [])) end),
    timer:sleep(1000),
    Before = length(nodes()),
    true = erpc:call(A, erlang, disconnect_node, [B]),
    timer:sleep(3000),
    io:format("~w before, ~w after", [Before, length(nodes())]), halt().' </dev/null)
  kill "${nodes[@]}"; wait "${nodes[@]}" 2>/dev/null || true; nodes=()
}
usual=$(left true); off=$(left false)
echo "nodes that c is connected to: $usual; with prevent_overlapping_partitions false: $off"
[[ $usual =~ ^2\ before,\ [01]\ after$ ]] && [ "$off" = "2 before, 2 after" ]
