#!/usr/bin/env python3
"""Broadcast, in Python, without faults of the network in mind: each new value goes to every peer at once.

The argument makes the node break one promise: see `answer_read` and `learn`.
"""

import sys

sys.dont_write_bytecode = True

from maelstrom_node import Node

node = Node()
values = []
fault = sys.argv[1] if len(sys.argv) > 1 else "none"


def learn(value):
    if fault == "forgetful" and node.name == "n1" and len(values) == 3:
        return False
    if value in values:
        return False
    values.append(value)
    return True


def answer_read():
    if fault == "duplicates":
        return values + values[:1]
    if fault == "phantom" and node.name == "n0":
        return values + [987654321]
    if fault == "vanishing" and node.name == "n0" and len(values) > 20:
        # The first value was shown until now.
        return values[1:]
    return values


@node.on("topology")
def topology(request):
    node.reply(request, {"type": "topology_ok"})


@node.on("broadcast")
def broadcast(request):
    value = request["body"]["message"]
    if learn(value):
        for peer in node.peers:
            node.send(peer, {"type": "gossip", "message": value})
    node.reply(request, {"type": "broadcast_ok"})


@node.on("gossip")
def gossip(message):
    learn(message["body"]["message"])


@node.on("read")
def read(request):
    node.reply(request, {"type": "read_ok", "messages": answer_read()})


node.run()
