#!/usr/bin/env python3
"""Broadcast that survives partitions, in few messages: what a peer has not acknowledged goes with its next batch."""

import sys

from node import Node

node = Node()
values = {}
# By peer: what it has not acknowledged, in order.
missing = {}
period = float(sys.argv[1]) if len(sys.argv) > 1 else 0.1


@node.on("topology")
def topology(request):
    node.reply(request, {"type": "topology_ok"})


@node.on("broadcast")
def broadcast(request):
    value = request["body"]["message"]
    if value not in values:
        values[value] = True
        for peer in node.peers:
            missing.setdefault(peer, {})[value] = True
    node.reply(request, {"type": "broadcast_ok"})


@node.every(period)
def tell():
    for peer, lacks in missing.items():
        if lacks:
            node.send(peer, {"type": "gossip", "values": list(lacks)})


@node.on("gossip")
def gossip(message):
    for value in message["body"]["values"]:
        values[value] = True
    node.send(message["src"], {"type": "gossip_ok", "values": message["body"]["values"]})


@node.on("gossip_ok")
def gossip_ok(message):
    for value in message["body"]["values"]:
        missing.get(message["src"], {}).pop(value, None)


@node.on("read")
def read(request):
    node.reply(request, {"type": "read_ok", "messages": list(values)})


node.run()
