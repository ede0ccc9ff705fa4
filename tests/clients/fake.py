"""redis-py against `danio-server --fake`, which this program starts: python fake.py <program> <port>"""

import subprocess
import sys
import time

import redis


class Fake:
    """A fake server, for the length of a `with` block. What a test's fixture would be."""

    def __init__(self, program, port, *options):
        self.command = [program, "--port", str(port), "--bind", "127.0.0.1", "--fake", *options]
        self.port = port

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL)
        self.control = redis.Redis(port=self.port, decode_responses=True)
        for _ in range(2000):
            try:
                self.control.ping()
                return self
            except redis.ConnectionError:
                time.sleep(0.01)
        raise RuntimeError("the fake does not answer")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def __call__(self, *words):
        """Steers it: fake("ADVANCE", 60000)"""
        return self.control.execute_command("FAKE", *words)


def main(program, port):
    with Fake(program, port, "--fake-clock", "1700000000000", "--fake-version", "redis-7.0") as fake:
        client = redis.Redis(port=port, decode_responses=True, retry=None)

        # Time passes when the test says so.
        client.set("session", "ann", ex=3600)
        assert client.time() == (1700000000, 0)
        fake("ADVANCE", 3599 * 1000)
        assert client.ttl("session") == 1
        fake("ADVANCE", 1000)
        assert client.get("session") is None
        assert client.xadd("stream", {"f": "v"}) == "1700003600000-0"

        # Things go wrong when the test says so.
        fake("FAULT", "ADD", "LOADING", "ON", "GET", "KEY", "user:*", "TIMES", 1)
        try:
            client.get("user:1")
            raise AssertionError("the fault did not strike")
        except redis.exceptions.BusyLoadingError:
            pass
        assert client.get("user:1") is None
        # redis-py's incr is INCRBY.
        fake("FAULT", "ADD", "DISCONNECT", "ON", "INCRBY", "TIMES", 1)
        try:
            client.incr("n")
            raise AssertionError("the fault did not strike")
        except redis.ConnectionError:
            pass
        assert client.incr("n") == 1
        fake("FAULT", "ADD", "READONLY")
        try:
            client.set("k", "v")
            raise AssertionError("the fault did not strike")
        except redis.exceptions.ReadOnlyError:
            pass
        fake("FAULT", "CLEAR")

        # A client that tries again after a time-out.
        fake("FAULT", "ADD", "DELAY", 300, "ON", "GET", "TIMES", 1)
        impatient = redis.Redis(port=port, socket_timeout=0.1, retry=None)
        try:
            impatient.get("k")
            raise AssertionError("it was not delayed")
        except redis.TimeoutError:
            pass

        # What was sent.
        log = fake("LOG", "INCRBY")
        assert [words for _, _, _, words in log] == [["INCRBY", "n", "1"]] * 2, log

        # A fixture, and back to it.
        client.set("fixture", "1", ex=60)
        fake("CHECKPOINT")
        client.flushall()
        fake("ADVANCE", 100 * 1000)
        fake("RESTORE")
        assert client.ttl("fixture") == 60

        # A version that is older than the code.
        try:
            client.execute_command("HGETDEL", "h", "FIELDS", 1, "f")
            raise AssertionError("Redis 7.0 has no HGETDEL")
        except redis.ResponseError as error:
            assert "unknown command" in str(error)
        assert client.info("server")["redis_version"].startswith("7.0.")
    print("ok")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
