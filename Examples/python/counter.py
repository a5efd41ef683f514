#!/usr/bin/env python3
"""A grow-only counter: each node adds to an entry of its own, and of two states of an entry the higher one is newer."""

from node import Node

node = Node()
sums = {}


@node.on("add")
def add(request):
    sums[node.id] = sums.get(node.id, 0) + request["body"]["delta"]
    node.reply(request, {"type": "add_ok"})


@node.on("read")
def read(request):
    node.reply(request, {"type": "read_ok", "value": sum(sums.values())})


@node.every(0.5)
def tell():
    for peer in node.peers:
        node.send(peer, {"type": "merge", "sums": sums})


@node.on("merge")
def merge(message):
    for name, total in message["body"]["sums"].items():
        sums[name] = max(sums.get(name, 0), total)


node.run()
