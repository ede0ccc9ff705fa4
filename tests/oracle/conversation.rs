//! Scripts of several connections: who sends what, in which order, and all that each is sent.
//!
//! A line is a connection's name and an inline command, or several with ` | ` between them, which are sent
//! at once. The next line waits for the answers, unless the line begins with `~`: fewer come, or they
//! look like messages. `{a}` is the number of connection `a`, which exists from the line that first names
//! it; `sleep` takes milliseconds.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;

use crate::support::Server;

/// For so long nothing may come before a connection counts as quiet.
const QUIET: Duration = Duration::from_millis(80);

struct Connection {
    stream: TcpStream,
    id: u64,
    heard: Vec<u8>,
}

impl Connection {
    fn open(server: &Server) -> Connection {
        let stream = TcpStream::connect(server.address()).expect("a server that was started");
        stream.set_nodelay(true).expect("no delay");
        let mut connection = Connection { stream, id: 0, heard: Vec::new() };
        connection.ask("CLIENT ID");
        let text = String::from_utf8_lossy(&connection.heard).trim().replace(':', "");
        connection.id = text.parse().expect("a number");
        connection.heard.clear();
        connection
    }

    fn say(&mut self, line: &str) {
        // A connection that was ended hears nothing any more; that shows.
        let bytes = line.replace(" | ", "\r\n") + "\r\n";
        let _ = self.stream.write_all(bytes.as_bytes());
    }

    fn ask(&mut self, line: &str) {
        self.say(line);
        self.await_answers(line.matches(" | ").count() + 1);
    }

    /// Takes what comes in one piece; false if nothing does.
    fn hear(&mut self, time: Duration) -> bool {
        self.stream.set_read_timeout(Some(time)).expect("a time limit");
        let mut buffer = vec![0; 1 << 16];
        match self.stream.read(&mut buffer) {
            Ok(n) => {
                self.heard.extend_from_slice(&buffer[..n]);
                n > 0
            }
            Err(_) => false,
        }
    }

    /// Waits until so many answers have come, messages not counted.
    fn await_answers(&mut self, mut wanted: usize) {
        let mut at = self.heard.len();
        while wanted > 0 {
            while let Some(end) = end_of_value(&self.heard, at) {
                wanted = wanted.saturating_sub(usize::from(self.heard[at] != b'>'));
                at = end;
            }
            if wanted > 0 && !self.hear(Duration::from_secs(20)) {
                return;
            }
        }
    }
}

/// Where the value that begins at `at` ends, if all of it is there.
fn end_of_value(bytes: &[u8], at: usize) -> Option<usize> {
    let line = bytes.get(at..)?.windows(2).position(|pair| pair == b"\r\n")?;
    let (marker, number) = bytes[at..at + line].split_first()?;
    let number: i64 = std::str::from_utf8(number).ok().and_then(|n| n.parse().ok()).unwrap_or(-1);
    let mut end = at + line + 2;
    let items = match marker {
        b'$' | b'=' if number >= 0 => {
            end += number as usize + 2;
            0
        }
        b'*' | b'>' | b'~' => number.max(0),
        b'%' => number * 2,
        _ => 0,
    };
    for _ in 0..items {
        end = end_of_value(bytes, end)?;
    }
    (end <= bytes.len()).then_some(end)
}

/// What each connection was sent, by its name. `HELLO` is not: it tells who the server is.
pub(crate) fn play(server: &Server, script: &str) -> BTreeMap<String, String> {
    let mut connections: BTreeMap<&str, Connection> = BTreeMap::new();
    Connection::open(server).ask("FLUSHALL");
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (name, said) = line.split_once(' ').expect("a name and a command");
        if name == "sleep" {
            sleep(Duration::from_millis(said.parse().expect("milliseconds")));
            continue;
        }
        connections.entry(name).or_insert_with(|| Connection::open(server));
        let mut said = said.to_string();
        for (other, connection) in &connections {
            said = said.replace(&format!("{{{other}}}"), &connection.id.to_string());
        }
        let connection = connections.get_mut(name).expect("just made");
        match said.strip_prefix("~ ") {
            Some(said) => {
                connection.say(said);
                sleep(Duration::from_millis(30));
            }
            None => {
                let before = connection.heard.len();
                connection.ask(&said);
                if said.starts_with("HELLO") {
                    connection.heard.truncate(before);
                }
            }
        }
    }
    for connection in connections.values_mut() {
        while connection.hear(QUIET) {}
    }
    let ids: Vec<(&str, u64)> = connections.iter().map(|(name, c)| (*name, c.id)).collect();
    connections
        .into_iter()
        .map(|(name, connection)| {
            let mut text = connection.heard.escape_ascii().to_string().replace("\\r\\n", " ");
            for (other, id) in &ids {
                for before in ["redirect ", "tracking-redir-broken "] {
                    text =
                        text.replace(&format!("{before}:{id} "), &format!("{before}:{{{other}}} "));
                }
            }
            (name.to_string(), timeless(&text))
        })
        .collect()
}

/// What is heard, without the times and addresses that MONITOR shows.
fn timeless(text: &str) -> String {
    let words = text.split(' ').map(|word| {
        let time = word.strip_prefix('+').and_then(|word| word.split_once('.'));
        match word {
            _ if time.is_some_and(|(_, micros)| micros.len() == 6) => "+time",
            _ if word.starts_with("127.0.0.1:") => "address]",
            word => word,
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Says how what was heard on Danio is neither what was heard on Redis nor on Valkey, if it is not.
pub(crate) fn compare(servers: &[Server; 3], script: &str) -> Option<String> {
    let [ours, redis, valkey] = servers.each_ref().map(|server| play(server, script));
    let differs = ours.iter().find(|(name, text)| {
        let name = name.as_str();
        redis.get(name) != Some(text) && valkey.get(name) != Some(text)
    });
    differs.map(|(name, text)| {
        let (redis, valkey) = (&redis[name], &valkey[name]);
        format!("{script}\n  {name} on ours   {text}\n  {name} on Redis  {redis}\n  {name} on Valkey {valkey}")
    })
}
