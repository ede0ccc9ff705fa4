//! A client that speaks bytes, for tests of the server.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use danio::command::Instance;
use danio::network::{Server, ServerOptions};
use danio::{Config, Engine};

/// A server with two workers on a free port of this machine.
pub(crate) struct Fixture {
    pub engine: Engine,
    pub server: Server,
}

impl Fixture {
    pub(crate) fn new() -> Fixture {
        Fixture::with(&[])
    }

    /// With these parameters.
    pub(crate) fn with(parameters: &[(&str, &str)]) -> Fixture {
        Fixture::of(Config::new(), parameters)
    }

    /// Of an engine of this kind, with these parameters.
    pub(crate) fn of(config: Config, parameters: &[(&str, &str)]) -> Fixture {
        let engine = Engine::open(config).expect("an engine");
        for (name, value) in parameters {
            let words: Vec<&[u8]> = value.split(' ').map(str::as_bytes).collect();
            Instance::of(&engine).parameters.load(name.as_bytes(), &words).expect("a parameter");
        }
        let address = ([127, 0, 0, 1], 0).into();
        let server = ServerOptions::new().tcp(address).workers(2).serve(&engine).expect("a server");
        Fixture { engine, server }
    }

    pub(crate) fn connect(&self) -> Wire {
        Wire::connect(self.server.local_addrs()[0].port())
    }
}

/// One connection.
pub(crate) struct Wire {
    stream: TcpStream,
}

impl Wire {
    pub(crate) fn connect(port: u16) -> Wire {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time limit");
        stream.set_nodelay(true).expect("no delay");
        Wire { stream }
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).expect("the server takes it");
    }

    /// Sends as much as the server takes before it hangs up.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// Sends a command given as words.
    pub(crate) fn command(&mut self, words: &[&str]) {
        let mut bytes = format!("*{}\r\n", words.len());
        for word in words {
            bytes.push_str(&format!("${}\r\n{word}\r\n", word.len()));
        }
        self.send(bytes);
    }

    /// Asserts that exactly these bytes come.
    #[track_caller]
    pub(crate) fn expect(&mut self, expected: impl AsRef<[u8]>) {
        let expected = expected.as_ref();
        let mut got = vec![0; expected.len()];
        let mut filled = 0;
        while filled < got.len() {
            match self.stream.read(&mut got[filled..]) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(error) => panic!("{error} after {:?}", String::from_utf8_lossy(&got[..filled])),
            }
        }
        if got[..filled] != *expected {
            let text = |bytes: &[u8]| bytes[..bytes.len().min(2000)].escape_ascii().to_string();
            panic!("came:   {}\nwanted: {}", text(&got[..filled]), text(expected));
        }
    }

    /// Sends a command and asserts the reply.
    #[track_caller]
    pub(crate) fn call(&mut self, words: &[&str], reply: &str) {
        self.command(words);
        self.expect(reply);
    }

    /// Sends a command and gives its bulk reply.
    pub(crate) fn text(&mut self, words: &[&str]) -> String {
        self.command(words);
        let header = self.line();
        let length: usize =
            header.strip_prefix('$').and_then(|n| n.parse().ok()).expect("a bulk reply");
        let mut bytes = vec![0; length + 2];
        self.stream.read_exact(&mut bytes).expect("the bulk");
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    }

    /// Reads up to a line's end.
    pub(crate) fn line(&mut self) -> String {
        let mut line = Vec::new();
        let mut byte = [0];
        while !line.ends_with(b"\r\n") {
            self.stream.read_exact(&mut byte).expect("a line");
            line.push(byte[0]);
        }
        String::from_utf8_lossy(&line[..line.len() - 2]).into_owned()
    }

    /// Asserts that the server hangs up and says nothing before.
    #[track_caller]
    pub(crate) fn expect_end(&mut self) {
        let mut rest = Vec::new();
        match self.stream.read_to_end(&mut rest) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            Err(error) => panic!("{error}"),
        }
        assert_eq!(rest.escape_ascii().to_string(), "");
    }

    /// Whether nothing comes for a while.
    pub(crate) fn is_quiet(&mut self, time: Duration) -> bool {
        self.stream.set_read_timeout(Some(time)).expect("a time limit");
        let quiet = self.stream.peek(&mut [0]).is_err();
        self.stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time limit");
        quiet
    }
}
