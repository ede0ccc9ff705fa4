//! Connections to one server, some of which wait.

use std::time::Duration;

use super::{CONNECTIONS, Step};
use crate::support::Server;
use crate::wire::Client;
use crate::words::Words;

/// For so long an answer may be on its way.
const PATIENCE: Duration = Duration::from_secs(20);
/// Between two looks whether who said something waits.
const LOOK: Duration = Duration::from_micros(300);
const LOOKS: usize = 50_000;

/// The answers that a connection got in a step, as bytes.
#[derive(Clone)]
pub(super) struct Heard {
    pub(super) who: usize,
    pub(super) replies: Vec<Vec<u8>>,
}

/// Whether a command waits for a short time only.
fn is_limited(command: &Words) -> bool {
    let text = command.join(&b' ');
    [&b" 0.01"[..], b" BLOCK 10 "].iter().any(|time| memchr::memmem::find(&text, time).is_some())
}

impl std::fmt::Debug for Heard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let replies: Vec<String> =
            self.replies.iter().map(|reply| reply.escape_ascii().to_string()).collect();
        write!(f, "{} hears {}", self.who, replies.join("  "))
    }
}

pub(super) struct Party {
    clients: Vec<Client>,
    ids: Vec<i64>,
    /// Looks at the others.
    witness: Client,
    address: std::net::SocketAddr,
}

pub(super) fn words(text: &str) -> Words {
    text.split(' ').map(|word| word.as_bytes().to_vec()).collect()
}

fn ask(client: &mut Client, text: &str) -> crate::wire::Raw {
    client.call(&words(text)).expect("an answer")
}

/// What DUMP gives of a list, a sorted set and a stream.
pub(super) fn payloads(server: &Server) -> Vec<Vec<u8>> {
    let mut client = Client::connect(server.address()).expect("a server that was started accepts");
    ask(&mut client, "RPUSH list p q");
    ask(&mut client, "ZADD zset 1 p 2 q");
    ask(&mut client, "XADD stream 900-1 f v");
    let dump = |name: &str| {
        let raw = client.call(&words(&format!("DUMP {name}"))).expect("an answer");
        raw.tree.text().expect("there is such a key").to_vec()
    };
    ["list", "zset", "stream"].map(dump).into()
}

impl Party {
    pub(super) fn enter(server: &Server) -> Party {
        let address = server.address();
        let mut witness = Client::connect(address).expect("a server that was started accepts");
        ask(&mut witness, "FLUSHALL");
        let mut party = Party { clients: Vec::new(), ids: Vec::new(), witness, address };
        for i in 0..CONNECTIONS {
            let (client, id) = party.join(i);
            party.clients.push(client);
            party.ids.push(id);
        }
        party
    }

    fn join(&self, i: usize) -> (Client, i64) {
        let mut client = Client::connect(self.address).expect("a server that was started accepts");
        if i % 2 == 1 {
            ask(&mut client, "HELLO 3");
        }
        let id = ask(&mut client, "CLIENT ID").tree.integer().expect("a number");
        (client, id)
    }

    /// Which of the connections wait. None that has ended is there any longer.
    fn waiting(&mut self) -> Vec<(i64, bool)> {
        let list = ask(&mut self.witness, "CLIENT LIST").tree;
        let text = String::from_utf8_lossy(list.text().unwrap_or_default()).into_owned();
        let field = |line: &str, name: &str| {
            line.split(' ').find_map(|word| word.strip_prefix(name)).unwrap_or_default().to_string()
        };
        text.lines()
            .map(|line| {
                (field(line, "id=").parse().unwrap_or(0), field(line, "flags=").contains('b'))
            })
            .collect()
    }

    fn waits(&mut self, who: usize) -> bool {
        let id = self.ids[who];
        self.waiting().contains(&(id, true))
    }

    /// Has a connection do something. Returns what each that did not wait any longer heard; keeps in `waits` who
    /// waits. With `expected` exactly those answers are waited for; else those that the server owes by now.
    pub(super) fn step(
        &mut self,
        who: usize,
        step: &Step,
        waits: &mut [bool; CONNECTIONS],
        expected: Option<&[Heard]>,
    ) -> Vec<Heard> {
        let mut heard = match step {
            Step::Say(commands) => vec![self.say(who, commands)],
            Step::End => {
                self.end(who);
                Vec::new()
            }
        };
        if matches!(step, Step::End) {
            waits[who] = false;
        } else if let Some(Heard { replies, .. }) = heard.first() {
            let Step::Say(commands) = step else { return heard };
            waits[who] = replies.len() < commands.len();
        }
        match expected {
            Some(expected) => {
                // What who spoke heard stands first.
                for other in &expected[heard.len()..] {
                    let reply = self.clients[other.who].receive_within(PATIENCE);
                    let replies = reply.ok().flatten().map(|raw| raw.bytes);
                    heard.push(Heard { who: other.who, replies: replies.into_iter().collect() });
                }
            }
            None => {
                // Redis serves who waits before it looks at the next command.
                let list = self.waiting();
                for other in (0..CONNECTIONS).filter(|other| *other != who) {
                    if waits[other] && !list.contains(&(self.ids[other], true)) {
                        waits[other] = false;
                        let reply = self.clients[other].receive().expect("an answer");
                        heard.push(Heard { who: other, replies: vec![reply.bytes] });
                    }
                }
            }
        }
        heard
    }

    /// Sends commands, and hears all answers, or fewer if the last one waits.
    fn say(&mut self, who: usize, commands: &[Words]) -> Heard {
        for command in commands {
            let command: Words = command.iter().map(|word| self.named(word)).collect();
            self.clients[who].send(&command).expect("the connection is open");
        }
        let mut replies = Vec::new();
        let limited = commands.last().is_some_and(is_limited);
        for _ in 0..LOOKS {
            if replies.len() == commands.len() {
                break;
            }
            if let Ok(Some(reply)) = self.clients[who].receive_within(LOOK) {
                replies.push(reply.bytes);
            } else if !limited && self.waits(who) {
                // What came between the two looks was an answer.
                while let Ok(Some(reply)) = self.clients[who].receive_within(LOOK) {
                    replies.push(reply.bytes);
                }
                break;
            }
        }
        Heard { who, replies }
    }

    /// A word, or the number of the connection that it stands for.
    fn named(&self, word: &[u8]) -> Vec<u8> {
        match word {
            [b'{', digit @ b'0'..=b'9', b'}'] => {
                self.ids[usize::from(digit - b'0')].to_string().into_bytes()
            }
            word => word.to_vec(),
        }
    }

    /// Ends a connection, and has another take its place once the server knows.
    fn end(&mut self, who: usize) {
        let (gone, (client, id)) = (self.ids[who], self.join(who));
        self.clients[who] = client;
        self.ids[who] = id;
        while self.waiting().iter().any(|(id, _)| *id == gone) {
            std::thread::sleep(LOOK);
        }
    }

    /// Ends all connections. Returns what the data are then.
    pub(super) fn leave(mut self) -> Vec<Vec<u8>> {
        self.clients.clear();
        let ids = std::mem::take(&mut self.ids);
        while self.waiting().iter().any(|(id, _)| ids.contains(id)) {
            std::thread::sleep(LOOK);
        }
        let mut all = Vec::new();
        for db in ["SELECT 0", "SELECT 1"] {
            ask(&mut self.witness, db);
            let kept = ["LRANGE l1 0 -1", "LRANGE l2 0 -1", "ZRANGE z1 0 -1 WITHSCORES"]
                .into_iter()
                .chain(["XRANGE s1 - +", "XPENDING s1 g", "XPENDING s2 g", "DEBUG DIGEST"]);
            all.extend(kept.map(|question| ask(&mut self.witness, question).bytes));
        }
        ask(&mut self.witness, "SELECT 0");
        all
    }
}
