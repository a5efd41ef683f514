#!/usr/bin/env python3
"""An echo node that ends for nobody: not on signals, not at the end of stdin. It starts a process in a session of its own."""
import json
import signal
import subprocess
import sys
import time

for number in [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]:
    signal.signal(number, signal.SIG_IGN)
null = subprocess.DEVNULL
sleeper = [sys.executable, "-c", "import time; time.sleep(1000)", *sys.argv[1:]]
subprocess.Popen(sleeper, stdin=null, stdout=null, stderr=null, start_new_session=True)
for line in sys.stdin:
    message = json.loads(line)
    body = message["body"]
    answer = {"type": body["type"] + "_ok", "in_reply_to": body["msg_id"]}
    if body["type"] == "echo":
        answer["echo"] = body["echo"]
        print("echo", file=sys.stderr, flush=True)
    print(json.dumps({"src": message["dest"], "dest": message["src"], "body": answer}), flush=True)
while True:
    time.sleep(1)
