"""Celery with Redis as its broker and for results, against a server on 127.0.0.1: `celery_jobs.py PORT`.

Many tasks, several workers, retries, groups, chains, countdowns; every result is checked. What Celery does by
scripts (EVALSHA) is left out: chords, which count their parts so, and the queues that expire, which remote control and gossip
between workers use.
"""

import os
import subprocess
import sys
import time

import redis
from celery import Celery, chain, group
from celery.exceptions import MaxRetriesExceededError

PORT = int(sys.argv[1] if __name__ == "__main__" else os.environ["CELERY_JOBS_PORT"])
TASKS, WORKERS = 200, 2
URL = f"redis://127.0.0.1:{PORT}"

app = Celery("celery_jobs", broker=f"{URL}/0", backend=f"{URL}/1")
app.conf.update(
    broker_connection_retry_on_startup=True,
    broker_transport_options={"visibility_timeout": 3600},
    result_expires=600,
    task_acks_late=True,
    task_default_retry_delay=0,
    worker_enable_remote_control=False,
    worker_prefetch_multiplier=2,
)


@app.task
def square(n):
    redis.Redis("127.0.0.1", PORT, db=2).incr("ran")
    return n * n


@app.task
def add(a, b):
    return a + b


@app.task
def fail(n):
    raise ValueError(f"task {n} fails")


@app.task(bind=True, max_retries=5)
def unsteady(self, n):
    """Succeeds at the third try."""
    if self.request.retries < 2:
        raise self.retry(exc=ConnectionError("not yet"), countdown=0)
    return n


@app.task(bind=True, max_retries=1)
def hopeless(self):
    raise self.retry(exc=KeyError("at every try"), countdown=0)


def main():
    r = redis.Redis("127.0.0.1", PORT, socket_timeout=30)
    r.flushall()
    environment = dict(os.environ, PYTHONPATH=os.path.dirname(os.path.abspath(__file__)))
    environment["CELERY_JOBS_PORT"] = str(PORT)
    worker = [sys.executable, "-B", "-m", "celery", "-A", "celery_jobs", "worker", "-l", "ERROR"]
    worker += ["--pool", "threads", "-c", "4", "--without-gossip", "--without-mingle"]
    workers = [
        subprocess.Popen(worker + ["-n", f"worker{i}@here"], env=environment) for i in range(WORKERS)
    ]
    try:
        results = [square.delay(n) for n in range(TASKS)]
        assert [result.get(timeout=60) for result in results] == [n * n for n in range(TASKS)]
        # What was delivered is acknowledged and gone: nothing was done twice.
        assert int(redis.Redis("127.0.0.1", PORT, db=2).get("ran")) == TASKS

        assert group(square.s(n) for n in range(20))().get(timeout=60) == [n * n for n in range(20)]
        assert chain(add.s(1, 2), add.s(4), square.s())().get(timeout=60) == 49
        assert [unsteady.delay(n).get(timeout=60) for n in range(5)] == list(range(5))
        raises(ValueError, "task 3 fails", fail.delay(3).get, timeout=60)
        raises((KeyError, MaxRetriesExceededError), "at every try", hopeless.delay().get, timeout=60)

        # Later is not now.
        started = time.monotonic()
        assert add.apply_async((1, 1), countdown=1).get(timeout=60) == 2
        assert time.monotonic() - started > 0.9
        later = add.apply_async((1, 1), countdown=3600)
        wait(lambda: r.hlen("unacked") == 1, "a worker that holds it for later")
        # Results are forgotten when asked to.
        results[0].forget()
        assert not r.exists("celery-task-meta-" + results[0].id)
        wait(lambda: r.llen("celery") == 0, "an empty queue")
    finally:
        for process in workers:
            process.terminate()
        for process in workers:
            process.wait(60)
    # What a worker held for later is in the queue again, and in nobody's hands.
    assert (r.llen("celery"), r.hlen("unacked"), later.state) == (1, 0, "PENDING")


def raises(error, text, call, *args, **options):
    try:
        call(*args, **options)
    except error as e:
        assert text in str(e), f"{e!r} does not say {text!r}"
    else:
        raise AssertionError(f"{text!r} was not raised")


def wait(done, what):
    end = time.monotonic() + 60
    while not done():
        assert time.monotonic() < end, f"waited too long for {what}"
        time.sleep(0.05)


if __name__ == "__main__":
    main()
