//! Client libraries of other languages against `danio-server`.
//!
//! Each script in `tests/clients/` is a program that takes a port and fails when a promise of
//! its library does not hold; those called `fake` take the server's program besides, start it with `--fake` and steer it. A library that is not installed is skipped, with a message;
//! `DANIO_REQUIRE_CLIENTS=1`, which CI sets, makes that a failure. To see whether a script
//! itself is right, `DANIO_CLIENTS_SERVER=redis` (or `valkey`) runs it against that server.

#[path = "support/server.rs"]
mod support;

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

#[test]
fn redis_py() {
    with_python("import redis", "redis_py.py");
}

#[test]
fn jobs_of_rq() {
    with_python("import rq", "rq_jobs.py");
}

#[test]
fn jobs_of_celery() {
    with_python("import celery, redis, packaging", "celery_jobs.py");
}

#[test]
fn ioredis() {
    let Some(server) = support::under_test() else { return };
    let port = server.address().port().to_string();
    run(&mut node(), &["-e", "require('ioredis')"], "ioredis.js", &[port.into()]);
}

#[test]
fn a_fake_for_redis_py() {
    if let Some(arguments) = fake() {
        run(&mut python(), &["-c", "import redis"], "fake.py", &arguments);
    }
}

#[test]
fn a_fake_for_ioredis() {
    if let Some(arguments) = fake() {
        run(&mut node(), &["-e", "require('ioredis')"], "fake.js", &arguments);
    }
}

/// The server's program and a port, for a script that starts it; nothing if another server is under test.
fn fake() -> Option<[OsString; 2]> {
    match (variable("DANIO_CLIENTS_SERVER"), support::Kind::Danio.program()) {
        (None, Ok(program)) => Some([program.into(), support::free_port().to_string().into()]),
        (None, Err(why)) => {
            eprintln!("skipped: {why}");
            None
        }
        (Some(_), _) => None,
    }
}

fn python() -> Command {
    let mut command = Command::new(variable("DANIO_PYTHON").unwrap_or_else(|| "python3".into()));
    command.arg("-B");
    command
}

fn node() -> Command {
    let mut command = Command::new(variable("DANIO_NODE").unwrap_or_else(|| "node".into()));
    if let Some(modules) = variable("DANIO_NODE_MODULES") {
        command.env("NODE_PATH", modules);
    }
    command
}

/// Runs `tests/clients/<script>` with a fresh server's port.
fn with_python(probe: &str, script: &str) {
    let Some(server) = support::under_test() else { return };
    let port = server.address().port().to_string();
    run(&mut python(), &["-c", probe], script, &[port.into()]);
}

/// Runs `tests/clients/<script>` with its arguments, if `probe` says that the library is there.
fn run(interpreter: &mut Command, probe: &[&str], script: &str, arguments: &[OsString]) {
    let mut test = again(interpreter);
    let probed = again(interpreter).args(probe).output();
    if !probed.as_ref().is_ok_and(|output| output.status.success()) {
        assert!(
            variable("DANIO_REQUIRE_CLIENTS").is_none(),
            "the library for {script} is missing: {probed:?}"
        );
        eprintln!("skipped: the library for {script} is not installed");
        return;
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(script);
    let output = test.arg(path).args(arguments).output().expect("the interpreter ran before");
    assert!(
        output.status.success(),
        "{script}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The same program, arguments and environment.
fn again(command: &Command) -> Command {
    let mut copy = Command::new(command.get_program());
    copy.args(command.get_args());
    copy.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    copy
}

fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}
