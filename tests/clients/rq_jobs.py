"""RQ's own queues and workers against a server on 127.0.0.1: `rq_jobs.py PORT`.

Many jobs, several workers, retries, failures, dependencies; every result is checked. RQ has scripts
(EVALSHA) in two places, for its scheduler and for `unique=True`, which are not used here.
"""

import os
import subprocess
import sys
import time

import redis
from rq import Queue, Retry, Worker
from rq.job import Job, JobStatus
from rq.registry import FailedJobRegistry, FinishedJobRegistry

PORT = int(sys.argv[1])
JOBS, WORKERS, FAILING, UNSTEADY = 300, 3, 10, 10


def connect():
    return redis.Redis("127.0.0.1", PORT, socket_timeout=30)


def square(n):
    # Who worked is counted in the server, so that a job that ran twice shows.
    connect().incr("ran")
    return n * n


def fail(n):
    raise ValueError(f"job {n} fails")


def unsteady(n):
    """Succeeds at the third try."""
    if connect().incr(f"tries:{n}") < 3:
        raise ConnectionError("not yet")
    return n


def total(ids):
    jobs = Job.fetch_many(ids, connection=connect())
    return sum(job.return_value() for job in jobs)


def work():
    """A worker's process: runs jobs until it is told to stop."""
    from rq import SimpleWorker

    worker = SimpleWorker([Queue("urgent", connection=connect()), Queue(connection=connect())], connection=connect())
    worker.work(logging_level="CRITICAL")


def main():
    r = connect()
    r.flushall()
    queue, urgent = Queue(connection=r), Queue("urgent", connection=r)
    squares = [queue.enqueue("rq_jobs.square", n) for n in range(JOBS // 2)]
    squares += queue.enqueue_many(
        [Queue.prepare_data("rq_jobs.square", (n,)) for n in range(JOBS // 2, JOBS)]
    )
    failing = [urgent.enqueue("rq_jobs.fail", n) for n in range(FAILING)]
    retried = [
        queue.enqueue("rq_jobs.unsteady", n, retry=Retry(max=5)) for n in range(UNSTEADY)
    ]
    doomed = queue.enqueue("rq_jobs.fail", "at every try", retry=Retry(max=2))
    after = queue.enqueue("rq_jobs.total", [job.id for job in squares], depends_on=squares)
    assert len(queue) == JOBS + UNSTEADY + 1 and len(urgent) == FAILING
    assert after.get_status() == JobStatus.DEFERRED

    environment = dict(os.environ, PYTHONPATH=os.path.dirname(os.path.abspath(__file__)))
    command = [sys.executable, "-B", os.path.abspath(__file__), str(PORT), "work"]
    workers = [subprocess.Popen(command, env=environment) for _ in range(WORKERS)]
    try:
        wait(lambda: after.get_status() == JobStatus.FINISHED, "the last job")
        wait(lambda: doomed.get_status() == JobStatus.FAILED, "the doomed job")
        wait(lambda: all(job.get_status() == JobStatus.FINISHED for job in retried), "retries")
        assert len(Worker.all(connection=r)) == WORKERS, "all workers are known"
        assert r.info("clients")["blocked_clients"] >= 1, "idle workers wait in BLPOP or its like"

        for n, job in enumerate(squares):
            assert job.return_value(refresh=True) == n * n, (n, job.return_value())
        assert int(r.get("ran")) == JOBS, "each ran once"
        assert after.return_value(refresh=True) == sum(n * n for n in range(JOBS))
        for n, job in enumerate(failing):
            assert job.get_status() == JobStatus.FAILED
            assert f"job {n} fails" in job.latest_result().exc_string
        for n, job in enumerate(retried):
            assert job.return_value(refresh=True) == n and int(r.get(f"tries:{n}")) == 3
        assert len(queue) == len(urgent) == 0
        assert FailedJobRegistry(queue=urgent).count == FAILING
        assert FailedJobRegistry(queue=queue).get_job_ids() == [doomed.id]
        assert FinishedJobRegistry(queue=queue).count == JOBS + UNSTEADY + 1

        # A job that is in nobody's hands is taken back, and another is done at once.
        assert queue.enqueue("rq_jobs.square", 7).latest_result(timeout=20).return_value == 49
        squares[0].delete()
        assert not Job.exists(squares[0].id, connection=r)
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.wait(30)
    wait(lambda: not Worker.all(connection=r), "workers that say that they left")


def wait(done, what):
    end = time.monotonic() + 90
    while not done():
        assert time.monotonic() < end, f"waited too long for {what}"
        time.sleep(0.05)


if __name__ == "__main__":
    work() if sys.argv[2:] == ["work"] else main()
