#!/usr/bin/env python3
"""A key-value node, in Python, that keeps nothing: it asks the first node what it is asked, and passes the answer on."""

import sys

sys.dont_write_bytecode = True

from maelstrom_node import Node

node = Node()
count = 0
# Of each request that was passed on, by its number: whose it was.
requests = {}


def ask(request):
    global count
    count += 1
    requests[count] = request
    node.send(min(node.peers + [node.name]), {**request["body"], "msg_id": count})


def answer(reply):
    request = requests.pop(reply["body"].pop("in_reply_to"), None)
    if request:
        reply["body"].pop("msg_id", None)
        node.reply(request, reply["body"])


for kind in ["read", "write", "cas"]:
    node.on(kind)(ask)
for kind in ["read_ok", "write_ok", "cas_ok", "error"]:
    node.on(kind)(answer)

node.run()
