#!/usr/bin/env bash
# PropEr 1.2 with Erlang/OTP 25.2.3 (Debian 12), its test of concurrent commands (run_parallel_commands) over a register whose reads come from a copy that never
# gets the writes. Guessed: a read of the old value that begins 0.2 s after the write was answered is refused, wherever it is asked. Seen: it is refused
# only in the process that wrote. Where another process reads, the run is ok: what is looked for is any interleaving that keeps each
# process's order, and none of the calls' times are kept. So it tests sequential consistency, not linearizability, and a store that answers
# from a lagging replica passes.
# Bears on us: lin-kv is judged by when operations began and ended; a read that begins after the write and shows the old value is
# `nonlinearizable`, whoever reads (docs/WORKLOADS.md).
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq erlang-base=1:25.2.3+dfsg-1+deb12u4 erlang-proper=1.2+git988ea0ed9f+dfsg-2.1 erlang-proper-dev=1.2+git988ea0ed9f+dfsg-2.1 2>/dev/null
for package in *.deb; do dpkg -x "$package" .; done
cat > stale.erl <<'ERL'
-module(stale).
-include_lib("proper/include/proper.hrl").
-behaviour(proper_statem).
-export([initial_state/0, command/1, precondition/2, postcondition/3, next_state/3, write/1, read/0, pause/0, main/0]).

begin_again() -> catch ets:delete(register), ets:new(register, [named_table, public]), ets:insert(register, [{original, 0}, {copy, 0}]).
write(Value) -> ets:insert(register, {original, Value}), ok.
read() -> [{copy, Value}] = ets:lookup(register, copy), Value.
pause() -> timer:sleep(200), ok.

initial_state() -> 0.
command(_) -> oneof([{call, stale, write, [1]}, {call, stale, read, []}, {call, stale, pause, []}]).
precondition(_, _) -> true.
postcondition(Value, {call, _, read, []}, Result) -> Result =:= Value;
postcondition(_, _, Result) -> Result =:= ok.
next_state(_, _, {call, _, write, [Value]}) -> Value;
next_state(Value, _, _) -> Value.

main() ->
    Call = fun(Number, Name, Arguments) -> {set, {var, Number}, {call, stale, Name, Arguments}} end,
    Write = Call(1, write, [1]), Pause = Call(2, pause, []), Read = Call(3, read, []),
    Parallel = fun(Processes) ->
        begin_again(),
        {_, _, Result} = proper_statem:run_parallel_commands(stale, {[{init, 0}], Processes}),
        Result
    end,
    begin_again(),
    {_, _, Sequential} = proper_statem:run_commands(stale, [{init, 0}, Write, Pause, Read]),
    Same = Parallel([[Write, Pause, Read], []]),
    Other = Parallel([[Write], [Pause, Read]]),
    io:format("one after the other: ~p - same process: ~p - another process: ~p~n", [Sequential, Same, Other]),
    {postcondition, false} = Sequential, no_possible_interleaving = Same, ok = Other,
    halt().
ERL
export HOME=$dir ROOTDIR=$dir/usr/lib/erlang EMU=beam PROGNAME=erl ERL_LIBS=$dir/usr/lib/erlang/lib
export BINDIR; BINDIR=$(dirname "$(find "$ROOTDIR" -name erlexec)")
"$BINDIR/erlexec" -boot no_dot_erlang -noshell -eval '{ok, stale} = compile:file("stale"), stale:main().' </dev/null
