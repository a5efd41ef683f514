"""The least that a Maelstrom node needs in Python: lines of JSON in, lines of JSON out."""

import json
import sys


class Node:
    def __init__(self):
        self.name = None
        self.peers = []
        self.handlers = {}

    def on(self, kind):
        """Registers what answers messages of a type: a function of the whole message."""

        def register(handler):
            self.handlers[kind] = handler
            return handler

        return register

    def send(self, destination, body):
        self.send_as(self.name, destination, body)

    def send_as(self, source, destination, body):
        self.print_line(json.dumps({"src": source, "dest": destination, "body": body}))

    def print_line(self, line):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    def reply(self, request, body):
        self.send(request["src"], {**body, "in_reply_to": request["body"]["msg_id"]})

    def log(self, text):
        sys.stderr.write(text + "\n")
        sys.stderr.flush()

    def initialize(self, request):
        self.reply(request, {"type": "init_ok"})

    def run(self):
        for line in sys.stdin:
            message = json.loads(line)
            body = message["body"]
            if body["type"] == "init":
                self.name = body["node_id"]
                self.peers = [node for node in body["node_ids"] if node != self.name]
                self.initialize(message)
            elif body["type"] in self.handlers:
                self.handlers[body["type"]](message)
            elif "msg_id" in body:
                text = "this node knows no " + body["type"]
                self.reply(message, {"type": "error", "code": 10, "text": text})
