#!/usr/bin/env python3
"""Efficient broadcast: every node sends its news to one hub once a period, and the hub scatters everybody's."""

import sys

from node import Node

node = Node()
values = {}
# Values that were not acknowledged yet: by peer at the hub, by "hub" at all others.
missing = {}
period = float(sys.argv[1]) if len(sys.argv) > 1 else 0.4


def receivers():
    """Whom this node tells: the first node is the hub, and tells all."""
    hub = min([node.id, *node.peers], key=lambda name: int(name[1:]))
    return node.peers if node.id == hub else [hub]


def learn(news, source):
    for value in news:
        if value not in values:
            values[value] = True
            for peer in receivers():
                if peer != source:
                    missing.setdefault(peer, {})[value] = True


@node.on("topology")
def topology(request):
    node.reply(request, {"type": "topology_ok"})


@node.on("broadcast")
def broadcast(request):
    learn([request["body"]["message"]], None)
    node.reply(request, {"type": "broadcast_ok"})


@node.every(period)
def tell():
    for peer, lacks in missing.items():
        if lacks:
            node.send(peer, {"type": "gossip", "values": list(lacks)})


@node.on("gossip")
def gossip(message):
    learn(message["body"]["values"], message["src"])
    node.send(message["src"], {"type": "gossip_ok", "values": message["body"]["values"]})


@node.on("gossip_ok")
def gossip_ok(message):
    for value in message["body"]["values"]:
        missing.get(message["src"], {}).pop(value, None)


@node.on("read")
def read(request):
    node.reply(request, {"type": "read_ok", "messages": list(values)})


node.run()
