"""A node in Python: reads messages, hands each to the function for its type, and runs timers. No threads."""

import json
import os
import select
import time


class Node:
    def __init__(self):
        self.id = None
        self.peers = []
        self._functions = {}
        self._timers = []

    def on(self, type):
        """The function that follows takes messages of this type."""

        def register(function):
            self._functions[type] = function
            return function

        return register

    def every(self, seconds):
        """The function that follows runs every so many seconds, once the node is initialized."""

        def register(function):
            self._timers.append([None, seconds, function])
            return function

        return register

    def send(self, destination, body):
        print(json.dumps({"src": self.id, "dest": destination, "body": body}), flush=True)

    def reply(self, request, body):
        self.send(request["src"], {**body, "in_reply_to": request["body"]["msg_id"]})

    def run(self):
        rest = b""
        while True:
            due = min((timer[0] for timer in self._timers if timer[0]), default=None)
            wait = None if due is None else max(0, due - time.monotonic())
            if select.select([0], [], [], wait)[0]:
                data = os.read(0, 1 << 16)
                if not data:
                    return
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    self._take(json.loads(line))
            now = time.monotonic()
            for timer in self._timers:
                if timer[0] and timer[0] <= now:
                    timer[0] = now + timer[1]
                    timer[2]()

    def _take(self, message):
        body = message["body"]
        if body["type"] == "init":
            self.id = body["node_id"]
            self.peers = [name for name in body["node_ids"] if name != self.id]
            self.reply(message, {"type": "init_ok"})
            for timer in self._timers:
                timer[0] = time.monotonic() + timer[1]
        elif body["type"] in self._functions:
            function = self._functions[body["type"]]
            function(message)
