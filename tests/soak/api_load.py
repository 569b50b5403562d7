#!/usr/bin/env python3
"""What clients can do to the starts of jobs: nothing.

    tests/soak/api_load.py [SECONDS]      (of each phase, 15; exit code 1 if the starts of one were later)

Two hundred jobs run every second. First nobody asks; then 2,000 requests come a second; then 60 clients that send a
byte a second, 500 that connect and wait, bodies of 1 GiB, garbage. For each, how long after their fire times the runs
started, in milliseconds. A phase is wrong if its median is 5 ms, or its 99th percentile 20 ms, above that of
the first.
"""

import multiprocessing
import os
import socket
import sys
import time

from harness import Scheduler, ask, percentile, wait_for_second

SECONDS = int(sys.argv[1]) if len(sys.argv) > 1 else 15
JOBS, RATE, CLIENTS = 200, 2_000, 4


def toml():
    text = "[scheduler]\nallow = ['same_job']\nstore = 'memory'\n[executors.default]\nmax_workers = 1000\n[defaults]\nmax_instances = 20\n"
    for job in range(JOBS):
        text += f"[jobs.j{job}]\ncron = {{ second = '*' }}\ncommand = ['/bin/true']\n"
    return text


def connection_to(path):
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(30)
    connection.connect(path)
    return connection


def requests(path, until, counted):
    connection = connection_to(path)
    done, began = 0, time.time()
    while time.time() < until:
        ask(connection, "GET", f"/scheduler/jobs/j{done % JOBS}")
        done += 1
        ahead = done / (RATE / CLIENTS) - (time.time() - began)
        if ahead > 0.002:
            time.sleep(ahead)
    counted.put(done)


def slowly(path, until, counted):
    """Sixty clients, a byte a second each."""
    text = b"GET /scheduler/jobs HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 1000
    clients = [connection_to(path) for _ in range(60)]
    for at in range(len(text)):
        if time.time() >= until:
            break
        for index, client in enumerate(clients):
            try:
                client.send(text[at:at + 1])
            except OSError:
                # It lost its patience, as it should.
                client.close()
                clients[index] = connection_to(path)
        time.sleep(1)
    counted.put(len(clients))


def waiting(path, until, counted):
    clients = []
    while len(clients) < 500:
        try:
            clients.append(connection_to(path))
        except OSError:
            time.sleep(0.01)
    time.sleep(max(0, until - time.time()))
    counted.put(len(clients))


def bodies(path, until, counted):
    done, piece = 0, b" " * 65536
    while time.time() < until:
        client = connection_to(path)
        try:
            client.sendall(b"POST /scheduler/jobs HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n40000000\r\n")
            for _ in range(16384):
                client.sendall(piece)
        except OSError:
            pass
        client.close()
        done += 1
        # What comes in faster is the work of two processors.
        time.sleep(0.05)
    counted.put(done)


def garbage(path, until, counted):
    done = 0
    while time.time() < until:
        client = connection_to(path)
        try:
            client.sendall(os.urandom(4096))
            client.recv(4096)
        except OSError:
            pass
        client.close()
        done += 1
    counted.put(done)


def nicely(work, path, until, counted):
    os.nice(19)
    work(path, until, counted)


scheduler = Scheduler(toml())
time.sleep(3)
phases, wrong = [], False
print(f"{'':24} starts    median      p99      max  done", flush=True)
for name, work, workers in [("nobody asks", None, 0), ("2,000 requests a second", requests, CLIENTS),
                            ("a byte a second", slowly, 1), ("connect and wait", waiting, 1),
                            ("bodies of 1 GiB", bodies, 2), ("garbage", garbage, 2)]:
    wait_for_second()
    since = time.time()
    until, counted = since + SECONDS, multiprocessing.Queue()
    # Clients have machines of their own: what they need of this one's processors is not what is measured.
    processes = [multiprocessing.Process(target=nicely, args=(work, scheduler.socket, until, counted)) for _ in range(workers)]
    for process in processes:
        process.start()
    time.sleep(max(0, until - time.time()))
    done = sum(counted.get(timeout=60) for _ in processes)
    for process in processes:
        process.join()
    time.sleep(2)
    delays = scheduler.delays(since, until - 1)
    row = (percentile(delays, 0.5), percentile(delays, 0.99), delays[-1] if delays else float("nan"))
    phases.append(row)
    print(f"{name:24} {len(delays):6} {row[0]:9.2f} {row[1]:8.2f} {row[2]:8.2f}  {done}", flush=True)
    missing = abs(len(delays) - JOBS * (SECONDS - 1)) > JOBS
    if missing or row[0] > phases[0][0] + 5 or row[1] > phases[0][1] + 20:
        wrong = True
        print("^ wrong")
    if name.startswith("2,000") and done < 0.9 * RATE * SECONDS:
        print(f"^ only {done / SECONDS:.0f} a second were asked and answered")
print(f"memory {scheduler.memory()} KiB, descriptors {scheduler.descriptors()}")
if scheduler.stop() != 0 or wrong:
    sys.exit(1)
