#!/usr/bin/env python3
"""Writes to a file in four ways for each line that it reads, and says how each ended."""
import errno
import os
import sys

file = os.open(os.path.join(os.environ["TMPDIR"], "file"), os.O_CREAT | os.O_RDWR | os.O_TRUNC)
os.write(file, bytes(100))


def overwrite():
    os.lseek(file, 0, os.SEEK_SET)
    os.write(file, b"12345678")


def append():
    os.lseek(file, 0, os.SEEK_END)
    os.write(file, b"12345678")


def outcome(act):
    try:
        act()
        return "ok"
    except OSError as error:
        return errno.errorcode[error.errno]


for line in sys.stdin:
    ways = {"append": append, "overwrite": overwrite, "place": lambda: os.pwrite(file, b"1234", 50), "sync": lambda: os.fsync(file)}
    print(", ".join(f"{name} {outcome(act)}" for name, act in ways.items()), flush=True)
