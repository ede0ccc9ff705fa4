//! Channels with several connections: what each of them gets, step by step.
//!
//! A step is a command of one connection. Behind it every connection is asked for a sign of
//! life; what it gets until then is compared, in its order but for what real servers keep in hash
//! tables: the order of a client's channels and of the patterns.

use crate::dice::Dice;
use crate::support::{Kind, Server};
use crate::wire::{Client, Raw, Tree};
use crate::words::Words;

/// Connections; every second one begins in RESP3.
const CONNECTIONS: usize = 4;
const STEPS: usize = 120;

#[test]
fn connections_get_what_they_get_from_redis() {
    compare(Kind::Redis);
}

#[test]
fn connections_get_what_they_get_from_valkey() {
    compare(Kind::Valkey);
}

fn compare(kind: Kind) {
    let (Some(danio), Some(theirs)) = (Kind::Danio.start_or_skip(), kind.start_or_skip()) else {
        return;
    };
    let variable = |name| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let runs = variable("DANIO_ORACLE_COMMANDS").unwrap_or(10_000) as usize / STEPS;
    let first = variable("DANIO_ORACLE_SEED").unwrap_or(1);
    for seed in (first..).take(runs) {
        let mut dice = Dice::new(seed ^ 0xC4A7);
        let steps: Vec<(usize, Words)> =
            (0..STEPS).map(|_| (dice.below(CONNECTIONS), command(&mut dice, kind))).collect();
        play(&danio, &theirs, kind, seed, &steps);
    }
}

fn play(danio: &Server, theirs: &Server, kind: Kind, seed: u64, steps: &[(usize, Words)]) {
    let (mut ours, mut theirs) = (Party::enter(danio), Party::enter(theirs));
    for (at, (who, words)) in steps.iter().enumerate() {
        let (a, b) = (ours.step(*who, words), theirs.step(*who, words));
        for connection in 0..CONNECTIONS {
            // Redis 7.0 puts what a connection says to itself before the answer, newer ones behind it.
            let whole = kind == Kind::Redis && connection == *who;
            let listing = words[1..].first().is_some_and(|word| word.ends_with(b"CHANNELS"));
            let normal = |got: &[Tree]| normal(got, whole, listing && connection == *who);
            let (a, b) = (normal(&a[connection]), normal(&b[connection]));
            assert!(
                a == b,
                "seed {seed}, connection {connection}\n{}\n  ours   {a:?}\n  theirs {b:?}",
                (steps[..=at].iter())
                    .map(|(who, words)| format!("{who}: {}", crate::seeds::line(words)))
                    .collect::<Vec<_>>()
                    .join("\n")
            );
        }
    }
}

/// Connections to one server.
struct Party {
    clients: Vec<Client>,
}

fn words(words: &[&str]) -> Words {
    words.iter().map(|word| word.as_bytes().to_vec()).collect()
}

impl Party {
    fn enter(server: &Server) -> Party {
        let connect = |i: usize| {
            let mut client =
                Client::connect(server.address()).expect("a server that was started accepts");
            if i % 2 == 1 {
                client.call(&words(&["HELLO", "3"])).expect("an answer");
            }
            client
        };
        let mut party = Party { clients: (0..CONNECTIONS).map(connect).collect() };
        // A server may not have noticed yet that the connections before are gone.
        let nobody = [
            (&["PUBSUB", "NUMPAT"][..], ":0"),
            (&["PUBSUB", "CHANNELS"], "*0"),
            (&["PUBSUB", "SHARDCHANNELS"], "*0"),
        ];
        for (question, answer) in nobody {
            while !party.clients[0].call(&words(question)).expect("an answer").is(answer) {
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
        }
        party
    }

    /// Has a connection give a command; what each of them got.
    fn step(&mut self, who: usize, command: &Words) -> Vec<Vec<Tree>> {
        self.clients[who].send(command).expect("the connection is open");
        let mut order: Vec<usize> = (0..CONNECTIONS).filter(|i| *i != who).collect();
        order.insert(0, who);
        let mut got = vec![Vec::new(); CONNECTIONS];
        for i in order {
            got[i] = signs(&mut self.clients[i]);
        }
        got
    }
}

/// What comes until the answer to a last question.
fn signs(client: &mut Client) -> Vec<Tree> {
    client.send(&words(&["PING", "~end"])).expect("the connection is open");
    let mut got = Vec::new();
    loop {
        let Raw { tree, .. } = client.receive().expect("the connection is open");
        let end = match &tree {
            Tree::List(_, Some(items)) => items.len() == 2 && items[1].text() == Some(b"~end"),
            leaf => leaf.text() == Some(b"~end"),
        };
        // Between MULTI and EXEC it is queued like any other command.
        if end || tree.text() == Some(b"QUEUED") && got.len() == 1 {
            return got;
        }
        got.push(tree);
    }
}

/// What is compared: runs of messages of the same kind in a fixed order, or all if `whole`. What is
/// `listing` a hash table has its items in a fixed order, too.
fn normal(got: &[Tree], whole: bool, listing: bool) -> Vec<String> {
    let shown = |tree: &Tree| shown(tree, listing);
    let kind = |tree: &Tree| {
        let first = tree.items().and_then(|items| items.first()).and_then(Tree::text);
        first.map(<[u8]>::to_vec).unwrap_or_default()
    };
    let mut out = Vec::new();
    for run in got.chunk_by(|a, b| whole || kind(a) == kind(b)) {
        let mut lines: Vec<String> = if kind(&run[0]).ends_with(b"unsubscribe") {
            // Whose turn it is decides which count it gets.
            run.iter().flat_map(|tree| tree.items().unwrap_or_default()).map(shown).collect()
        } else {
            run.iter().map(shown).collect()
        };
        lines.sort();
        out.extend(lines);
    }
    out
}

fn shown(tree: &Tree, listing: bool) -> String {
    let Tree::List(kind, Some(items)) = tree else {
        return tree.bytes().escape_ascii().to_string();
    };
    if items.first().and_then(Tree::text) == Some(b"server") {
        return "what HELLO says".to_owned();
    }
    let mut items: Vec<String> = items.iter().map(|item| shown(item, listing)).collect();
    if listing {
        items.sort();
    }
    format!("{}{items:?}", char::from(*kind))
}

fn command(dice: &mut Dice, kind: Kind) -> Words {
    let name = dice.weighted(&[
        (10, "SUBSCRIBE"),
        (7, "PSUBSCRIBE"),
        (5, "SSUBSCRIBE"),
        (5, "UNSUBSCRIBE"),
        (4, "PUNSUBSCRIBE"),
        (3, "SUNSUBSCRIBE"),
        (30, "PUBLISH"),
        (10, "SPUBLISH"),
        (2, "PUBSUB CHANNELS"),
        (2, "PUBSUB SHARDCHANNELS"),
        (3, "PUBSUB NUMSUB"),
        (2, "PUBSUB SHARDNUMSUB"),
        (3, "PUBSUB NUMPAT"),
        (2, "PING"),
        (2, "GET"),
        (2, "RESET"),
        (2, "HELLO 2"),
        (3, "HELLO 3"),
        (1, "NOSUCH"),
    ]);
    let _ = kind;
    let mut line: Words = words(&name.split(' ').collect::<Vec<_>>());
    let channels = ["a", "b", "ab", "c", "", "b\r\n"];
    let patterns = ["a*", "*", "?", "[ab]", "ab", "\\a", ""];
    let some = |dice: &mut Dice, from: &[&str], least: usize, line: &mut Words| {
        for _ in 0..least + dice.below(3) {
            line.push(dice.pick(from).as_bytes().to_vec());
        }
    };
    match name {
        "SUBSCRIBE" | "SSUBSCRIBE" => some(dice, &channels, 1, &mut line),
        "PSUBSCRIBE" => some(dice, &patterns, 1, &mut line),
        "UNSUBSCRIBE" | "SUNSUBSCRIBE" | "PUBSUB NUMSUB" | "PUBSUB SHARDNUMSUB" => {
            some(dice, &channels, 0, &mut line);
        }
        "PUNSUBSCRIBE" => some(dice, &patterns, 0, &mut line),
        "PUBSUB CHANNELS" | "PUBSUB SHARDCHANNELS" if dice.one_in(2) => {
            line.push(dice.pick(&patterns).as_bytes().to_vec());
        }
        "PUBLISH" | "SPUBLISH" => {
            line.push(dice.pick(&channels).as_bytes().to_vec());
            line.push(vec![b'm'; dice.below(20)]);
        }
        "GET" => line.push(b"k".to_vec()),
        _ => {}
    }
    if dice.one_in(40) {
        line.push(b"extra".to_vec());
    }
    line
}
