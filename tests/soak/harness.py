"""What the soaks have in common: a scheduler in a directory of its own, and its control socket."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime

HERE = os.path.dirname(os.path.abspath(__file__))


def program():
    """The program: $RSCHED, else the release build, else the other one."""
    target = os.environ.get("CARGO_TARGET_DIR", os.path.join(HERE, "../../target"))
    places = [os.environ.get("RSCHED"), f"{target}/release/rsched", f"{target}/debug/rsched"]
    found = next((place for place in places if place and os.path.exists(place)), None)
    if found is None:
        sys.exit("there is no rsched: cargo build --release makes it")
    return os.path.abspath(found)


class Scheduler:
    """One that runs, with every line of its log."""

    def __init__(self, toml):
        self.directory = tempfile.TemporaryDirectory(prefix="rsched-soak-")
        self.write(toml)
        self.events = []
        # Its pipes are in memory, as in /run: a disk finds names for new ones the more slowly, the more were removed
        # lately (ext4 without a journal).
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.runtime = tempfile.TemporaryDirectory(prefix="rsched-soak-", dir=memory)
        self.process = subprocess.Popen(
            [program(), "run", "jobs.toml", "--state-dir", "s", "--log-format", "json"],
            cwd=self.directory.name,
            env=dict(os.environ, RUNTIME_DIRECTORY=self.runtime.name), stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        self.started = threading.Event()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        if not self.started.wait(30):
            sys.exit("it did not start")
        self.socket = os.path.join(self.runtime.name, "control.sock")

    def path(self, name):
        return os.path.join(self.directory.name, name)

    def write(self, toml):
        with open(self.path("jobs.toml.new"), "w") as file:
            file.write(toml)
        os.rename(self.path("jobs.toml.new"), self.path("jobs.toml"))

    def _read(self):
        for line in self.process.stderr:
            try:
                line = json.loads(line)
            except ValueError:
                print("not JSON:", line, end="")
                continue
            if line.get("event") == "scheduler_started":
                self.started.set()
            self.events.append(line)

    def connect(self, patience=30):
        """A connection, kept open."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(patience)
        connection.connect(self.socket)
        return connection

    def memory(self):
        """Resident, in KiB."""
        with open(f"/proc/{self.process.pid}/status") as status:
            line = next(line for line in status if line.startswith("VmRSS:"))
        return int(line.split()[1])

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def stop(self):
        self.process.terminate()
        code = self.process.wait(60)
        self.reader.join(10)
        return code

    def delays(self, since, until):
        """How long after their fire times runs started that were due in between, in milliseconds."""
        delays = []
        for line in self.events:
            if line.get("event") != "job_started":
                continue
            due = datetime.fromisoformat(line["fire_time"]).timestamp()
            if since <= due < until:
                delays.append((datetime.fromisoformat(line["time"]).timestamp() - due) * 1000)
        return sorted(delays)


def ask(connection, method, path):
    """One request on an open connection; its status."""
    connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        piece = connection.recv(65536)
        if not piece:
            return 0
        answer += piece
    head, body = answer.split(b"\r\n\r\n", 1)
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    while len(body) < length:
        body += connection.recv(65536)
    return int(head.split(b" ", 2)[1])


def percentile(sorted_values, share):
    if not sorted_values:
        return float("nan")
    return sorted_values[min(len(sorted_values) - 1, int(len(sorted_values) * share))]


def wait_for_second():
    time.sleep(1 - time.time() % 1)
