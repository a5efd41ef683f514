#!/usr/bin/env escript
%%! -noinput
%% A broadcast node: every 200 ms each node sends each other one what that has not confirmed. A process reads, one serves.
-mode(compile).

main(_) ->
    Server = self(),
    Port = open_port({fd, 0, 1}, [binary, {line, 65536}]),
    loop(Port, Server, <<>>, [], #{}, <<>>).

member(Line, Name) ->
    Pattern = ["\"", Name, "\":\\s*(?:\"([^\"]*)\"|\\[([^\\]]*)\\]|([-0-9]+))"],
    case re:run(Line, Pattern, [{capture, all_but_first, binary}]) of
        {match, Found} -> lists:last(Found);
        nomatch -> <<>>
    end.

items(Text) ->
    [Word || Word <- re:split(Text, "[\",\\s]+"), Word =/= <<>>].

joined(Items) -> lists:join(",", Items).

send(Port, Me, Dest, Body) ->
    port_command(Port, ["{\"src\":\"", Me, "\",\"dest\":\"", Dest, "\",\"body\":{", Body, "}}\n"]).

add(Value, Values, Missing) ->
    case lists:member(Value, Values) of
        true -> {Values, Missing};
        false -> {[Value | Values], maps:map(fun(_, List) -> [Value | List] end, Missing)}
    end.

add_all(Told, Values, Missing) ->
    lists:foldl(fun(Value, {Vs, Ms}) -> add(Value, Vs, Ms) end, {Values, Missing}, Told).

loop(Port, Server, Me, Values, Missing, Begun) ->
    receive
        {Port, {data, {noeol, Part}}} -> loop(Port, Server, Me, Values, Missing, <<Begun/binary, Part/binary>>);
        {Port, {data, {eol, Part}}} ->
            {Me1, Values1, Missing1} = handle(Port, <<Begun/binary, Part/binary>>, Me, Values, Missing),
            loop(Port, Server, Me1, Values1, Missing1, <<>>);
        gossip ->
            erlang:send_after(200, self(), gossip),
            [send(Port, Me, Node, ["\"type\":\"gossip\",\"values\":[", joined(List), "]"])
             || {Node, List} <- lists:sort(maps:to_list(Missing)), List =/= []],
            loop(Port, Server, Me, Values, Missing, Begun);
        {'EXIT', Port, _} -> ok
    end.

handle(Port, Line, Me, Values, Missing) ->
    Src = member(Line, "src"),
    [_, Body] = re:split(Line, "\"body\"", [{parts, 2}]),
    Type = member(Body, "type"),
    Reply = fun(From, More) ->
        send(Port, From, Src, ["\"type\":\"", Type, "_ok\",\"in_reply_to\":", member(Body, "msg_id"), More])
    end,
    Told = items(member(Body, "values")),
    case Type of
        <<"init">> ->
            Name = member(Body, "node_id"),
            erlang:send_after(200, self(), gossip),
            Reply(Name, ""),
            {Name, Values, maps:from_list([{Node, []} || Node <- items(member(Body, "node_ids")), Node =/= Name])};
        <<"topology">> -> Reply(Me, ""), {Me, Values, Missing};
        <<"broadcast">> ->
            {Values1, Missing1} = add(member(Body, "message"), Values, Missing),
            Reply(Me, ""),
            {Me, Values1, Missing1};
        <<"read">> -> Reply(Me, [",\"messages\":[", joined(Values), "]"]), {Me, Values, Missing};
        <<"gossip">> ->
            {Values1, Missing1} = add_all(Told, Values, Missing),
            send(Port, Me, Src, ["\"type\":\"got\",\"values\":[", joined(Told), "]"]),
            {Me, Values1, Missing1};
        <<"got">> -> {Me, Values, maps:update_with(Src, fun(List) -> List -- Told end, Missing)}
    end.
