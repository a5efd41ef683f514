#!/usr/bin/env python3
import os

from node import Node

node = Node()
# A number that no other run of this node has drawn.
start = os.urandom(8).hex()
count = 0


@node.on("generate")
def generate(request):
    global count
    count += 1
    node.reply(request, {"type": "generate_ok", "id": f"{node.id}-{start}-{count}"})


node.run()
