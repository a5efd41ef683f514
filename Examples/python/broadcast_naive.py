#!/usr/bin/env python3
from node import Node

node = Node()
values = []


@node.on("topology")
def topology(request):
    node.reply(request, {"type": "topology_ok"})


@node.on("broadcast")
def broadcast(request):
    value = request["body"]["message"]
    values.append(value)
    for peer in node.peers:
        node.send(peer, {"type": "gossip", "values": [value]})
    node.reply(request, {"type": "broadcast_ok"})


@node.on("gossip")
def gossip(message):
    values.extend(message["body"]["values"])


@node.on("read")
def read(request):
    node.reply(request, {"type": "read_ok", "messages": values})


node.run()
