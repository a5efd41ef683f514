#!/usr/bin/env python3
"""Echo, in Python."""

import sys

sys.dont_write_bytecode = True

from maelstrom_node import Node

node = Node()


@node.on("echo")
def echo(request):
    node.log("echoing %s" % request["body"]["echo"])
    node.reply(request, {"type": "echo_ok", "echo": request["body"]["echo"]})


node.run()
