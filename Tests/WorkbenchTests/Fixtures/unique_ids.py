#!/usr/bin/env python3
"""Unique ids, in Python: a name and a counter. With the argument `repeats`, every node counts alike."""

import sys

sys.dont_write_bytecode = True

from maelstrom_node import Node

node = Node()
count = 0
repeats = sys.argv[1:] == ["repeats"]


@node.on("generate")
def generate(request):
    global count
    count += 1
    name = "same" if repeats else node.name
    node.reply(request, {"type": "generate_ok", "id": "%s-%d" % (name, count)})


node.run()
