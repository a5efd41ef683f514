#!/usr/bin/env python3
"""Transactions on each node's own copy, told to the others: always available, and only read uncommitted."""

from node import Node

node = Node()
registers = {}


@node.on("txn")
def transact(request):
    answer = []
    writes = []
    for function, key, value in request["body"]["txn"]:
        if function == "r":
            answer.append([function, key, registers.get(key)])
        else:
            registers[key] = value
            writes.append([key, value])
            answer.append([function, key, value])
    node.reply(request, {"type": "txn_ok", "txn": answer})
    if writes:
        for peer in node.peers:
            node.send(peer, {"type": "writes", "writes": writes})


@node.on("writes")
def learn(message):
    for key, value in message["body"]["writes"]:
        registers[key] = value


node.run()
