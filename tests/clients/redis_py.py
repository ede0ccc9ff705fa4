"""redis-py against a server on 127.0.0.1: `redis_py.py PORT`. Ends with status 0 if all holds."""

import asyncio
import datetime
import sys
import threading
import time

import redis
import redis.asyncio
from redis.backoff import NoBackoff
from redis.retry import Retry

PORT = int(sys.argv[1])


def connect(**options):
    options = {"protocol": 2, "retry": Retry(NoBackoff(), 0), "socket_timeout": 30} | options
    return redis.Redis("127.0.0.1", PORT, **options)


def raises(error, text, call, *args, **options):
    try:
        call(*args, **options)
    except error as e:
        assert text in str(e), f"{e!r} does not say {text!r}"
    else:
        raise AssertionError(f"{text!r} was not raised")


def strings(r):
    assert r.set("name", "Ada") is True
    assert r.get("name") == b"Ada"
    assert r.get("missing") is None
    assert r.set("name", "Bob", nx=True) is None
    assert r.set("name", "Bob", xx=True, get=True) == b"Ada"
    assert r.set("blob", bytes(range(256)))
    assert r.get("blob") == bytes(range(256))
    assert r.append("name", "by") == 5 and r.strlen("name") == 5
    assert r.getrange("name", 1, -2) == b"obb"
    assert r.setrange("name", 7, "!") == 8 and r.get("name") == b"Bobby\0\0!"
    assert r.incr("n") == 1 and r.incrby("n", 41) == 42 and r.decr("n", 2) == 40
    assert r.incrbyfloat("f", 10.5) == 10.5 and r.get("f") == b"10.5"
    assert r.mset({"a": 1, "b": 2}) is True
    assert r.mget("a", "missing", "b") == [b"1", None, b"2"]
    assert r.msetnx({"b": 3, "c": 4}) in (0, False)
    assert r.getdel("a") == b"1" and r.exists("a") == 0
    assert r.set("text1", "ohmytext") and r.set("text2", "mynewtext")
    assert r.lcs("text1", "text2") == b"mytext" and r.lcs("text1", "text2", len=True) == 6


def expiry(r):
    assert r.set("session", "x", ex=datetime.timedelta(hours=1))
    assert 3590 <= r.ttl("session") <= 3600 and r.pttl("session") > 3_590_000
    assert r.expire("session", 10, gt=True) in (0, False)
    assert r.expire("session", 7200, gt=True) in (1, True)
    assert abs(r.expiretime("session") - time.time() - 7200) < 10
    assert r.persist("session") and r.ttl("session") == -1 and r.ttl("missing") == -2
    assert r.getex("session", px=20) == b"x"
    time.sleep(0.06)
    assert r.get("session") is None
    assert r.setex("s", 100, "v") and r.psetex("p", 100_000, "v")


def keys(r):
    for i in range(500):
        r.set(f"user:{i}", i)
    assert len(set(r.scan_iter("user:*", count=50))) == 500
    assert set(r.scan_iter("user:1?", _type="string")) == {b"user:1%d" % i for i in range(10)}
    assert len(r.keys("user:*")) == 500
    assert r.type("user:1") == b"string"
    assert r.rename("user:1", "renamed") and r.get("renamed") == b"1"
    raises(redis.ResponseError, "no such key", r.rename, "user:1", "again")
    assert r.copy("renamed", "copied") and r.copy("renamed", "copied") is False
    assert r.copy("renamed", "copied", replace=True)
    assert r.move("copied", 1) and r.exists("copied") == 0
    assert r.delete("user:2", "user:3", "missing") == 2 and r.unlink("user:4") == 1
    assert r.touch("user:5", "missing") == 1
    assert r.object("encoding", "user:5") == b"int" and r.object("refcount", "user:5") >= 1
    assert r.randomkey() is not None
    before = r.dbsize()
    assert before > 490 and r.swapdb(0, 1) and r.dbsize() == 1 and r.swapdb(0, 1)
    assert r.flushdb(asynchronous=True) and r.dbsize() == 0 and before > 0


def pipelines(r):
    pipe = r.pipeline(transaction=False)
    for i in range(1000):
        pipe.set(f"p{i}", i).get(f"p{i}")
    assert pipe.execute() == [x for i in range(1000) for x in (True, b"%d" % i)]
    pipe.set("p", "text").incr("p").get("p")
    _, error, after = pipe.execute(raise_on_error=False)
    assert isinstance(error, redis.ResponseError) and "not an integer" in str(error) and after == b"text"


def errors(r):
    r.set("word", "abc")
    raises(redis.ResponseError, "value is not an integer or out of range", r.incr, "word")
    raises(redis.ResponseError, "unknown command", r.execute_command, "NOSUCH", "x")
    raises(redis.ResponseError, "wrong number of arguments for 'get' command", r.execute_command, "GET")
    raises(redis.ResponseError, "syntax error", r.execute_command, "SET", "a", "b", "WRONG")
    assert r.get("word") == b"abc"


def server(r):
    assert r.ping() is True and r.echo("hello") == b"hello"
    info = r.info()
    assert int(info["redis_version"].split(".")[0]) >= 7, info["redis_version"]
    assert info["connected_clients"] >= 1 and "uptime_in_seconds" in info
    r.set("k", "v", ex=100)
    space = r.info("keyspace")["db0"]
    assert space["keys"] >= 1 and space["expires"] >= 1
    assert r.config_get("databases") == {"databases": "16"}
    assert r.config_set("timeout", 0) and r.config_resetstat()
    seconds, micros = r.time()
    assert abs(seconds - time.time()) < 10 and 0 <= micros < 1_000_000
    assert r.client_setname("tester") and r.client_getname() in (b"tester", "tester")
    me = r.client_info()
    assert me["name"] == "tester" and int(me["id"]) == r.client_id()
    assert any(client["name"] == "tester" for client in r.client_list())
    commands = r.command()
    assert commands["get"]["arity"] == 2 and "readonly" in commands["get"]["flags"], commands["get"]
    assert r.command_count() == len(commands)
    assert r.command_getkeys("MSET", "a", 1, "b", 2) in ([b"a", b"b"], ["a", "b"])
    assert r.execute_command("OBJECT", "HELP")


def killing(r):
    victim = connect(single_connection_client=True)
    assert r.client_kill_filter(_id=victim.client_id()) == 1
    raises(redis.ConnectionError, "", victim.ping)


def large(r):
    value = b"v" * 10_000_000
    assert r.set("large", value) and r.get("large") == value
    assert r.getrange("large", 9_999_998, -1) == b"vv"


def threads(r):
    def add():
        for _ in range(500):
            r.incr("counter")

    workers = [threading.Thread(target=add) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert r.get("counter") == b"4000"


def text_replies(protocol):
    r = connect(protocol=protocol, decode_responses=True, db=2)
    assert r.set("name", "Zoë") and r.get("name") == "Zoë"
    assert r.keys("*") == ["name"]
    assert r.execute_command("HELLO", str(protocol))
    r.close()


async def asynchronous(protocol):
    r = redis.asyncio.Redis(host="127.0.0.1", port=PORT, protocol=protocol)
    await r.set("shared", 0)
    for _ in range(4):
        await asyncio.gather(*(r.incr("shared") for _ in range(50)))
    assert await r.get("shared") == b"200"
    assert {key async for key in r.scan_iter("share*")} == {b"shared"}
    async with r.pipeline(transaction=False) as pipe:
        assert await pipe.set("x", 1).get("x").execute() == [True, b"1"]
    await r.aclose()


def main():
    for protocol in (2, 3):
        r = connect(protocol=protocol)
        for test in (strings, expiry, keys, pipelines, errors, server, killing, large, threads):
            r.flushall()
            test(r)
            print(f"RESP{protocol} {test.__name__} ok")
        r.flushall()
        text_replies(protocol)
        asyncio.run(asynchronous(protocol))
    # As an application writes it, with nothing said about versions.
    plain = redis.from_url(f"redis://127.0.0.1:{PORT}/0")
    assert plain.set("greeting", "hello") and plain.get("greeting") == b"hello"
    print("redis-py", redis.__version__, "ok")


main()
