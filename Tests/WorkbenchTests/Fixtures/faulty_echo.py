#!/usr/bin/env python3
"""Echo that breaks the one rule named by its argument, and is a good node otherwise.

Node n0 misbehaves from its third request on (`refuses`: from the first), so that the bench sees it answer well too.
"""

import os
import signal
import sys

sys.dont_write_bytecode = True

from maelstrom_node import Node

fault = sys.argv[1]
node = Node()
requests = 0


def answer(request, payload):
    node.reply(request, {"type": "echo_ok", "echo": payload})


def misbehave(request):
    """Breaks the rule; says whether the request was answered with that."""
    body = request["body"]
    if fault == "not-json":
        node.print_line("Hello, I am a line for people")
    elif fault == "not-an-object":
        node.print_line("[1, 2, 3]")
    elif fault == "no-body":
        node.print_line('{"src": "%s", "dest": "%s"}' % (node.name, request["src"]))
    elif fault == "unknown-destination":
        node.send("n99", {"type": "hello"})
    elif fault == "false-src":
        node.send_as("n1", request["src"], {"type": "hello"})
    elif fault == "unasked-reply":
        node.send(request["src"], {"type": "echo_ok", "echo": 1, "in_reply_to": 987654321})
    elif fault == "answers-twice":
        answer(request, body["echo"])
    elif fault == "wrong-shape":
        node.reply(request, {"type": "echo_ok"})
        return True
    elif fault == "wrong-type":
        node.reply(request, {"type": "read_ok", "messages": []})
        return True
    elif fault == "refuses":
        node.reply(request, {"type": "error", "code": 11, "text": "not now"})
        return True
    elif fault == "wrong-echo":
        answer(request, "something else")
        return True
    elif fault == "huge-line":
        node.print_line('{"src": "n0", "dest": "c0", "body": {"pad": "' + "x" * (17 << 20) + '"}}')
    elif fault == "huge-error-line":
        node.log("x" * (17 << 20))
    elif fault == "dies":
        node.log("about to divide by zero")
        sys.exit(3)
    elif fault == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    return False


@node.on("echo")
def echo(request):
    global requests
    requests += 1
    if node.name == "n0" and (requests >= 3 or fault == "refuses") and misbehave(request):
        return
    answer(request, request["body"]["echo"])


if fault == "dies-at-start":
    node.log("no configuration found")
    sys.exit(4)
if fault == "refuses-init":
    node.initialize = lambda request: node.reply(
        request, {"type": "error", "code": 13, "text": "not today"})
if fault == "ignores-init":
    node.initialize = lambda request: None
node.run()
