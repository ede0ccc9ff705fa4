//! Commands that wait, and transactions, with several connections: what each of them gets, step by step.
//!
//! A step is what one connection that does not wait sends: a command, or several at once. Then whoever
//! waited and does so no longer has an answer, which is compared; who waits on one server waits on the
//! other. In the end the data are the same.

mod draw;
mod party;

use crate::dice::Dice;
use crate::support::{Kind, Server};
use crate::words::Words;
use draw::{Drawer, draw};
use party::{Heard, Party};

/// Connections that take part, every second one in RESP3.
const CONNECTIONS: usize = 6;
const STEPS: usize = 100;

/// What a connection does.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// It sends these commands; `{n}` as a word is the number of connection `n`.
    Say(Vec<Words>),
    /// It waits, and ends; another takes its place.
    End,
}

#[test]
fn who_waits_is_served_as_by_redis() {
    compare(Kind::Redis);
}

#[test]
fn who_waits_is_served_as_by_valkey() {
    compare(Kind::Valkey);
}

fn compare(kind: Kind) {
    let (Some(danio), Some(theirs)) = (Kind::Danio.start_or_skip(), kind.start_or_skip()) else {
        return;
    };
    let runs = crate::variable("DANIO_ORACLE_COMMANDS").unwrap_or(8_000) as usize / STEPS;
    let first = crate::variable("DANIO_ORACLE_SEED").unwrap_or(1);
    let payloads = party::payloads(&theirs);
    for seed in (first..).take(runs) {
        let drawer = Drawer { kind, payloads: payloads.clone() };
        if let Err(why) = play(&danio, &theirs, &drawer, Dice::new(seed ^ 0x3A17)) {
            panic!("seed {seed}\n{why}");
        }
    }
}

/// Plays one run on both servers; which connections may speak is known only as it goes.
fn play(danio: &Server, theirs: &Server, drawer: &Drawer, mut dice: Dice) -> Result<(), String> {
    let (mut ours, mut theirs) = (Party::enter(danio), Party::enter(theirs));
    let mut told = String::new();
    let (mut waits, mut queues) = ([false; CONNECTIONS], [false; CONNECTIONS]);
    for _ in 0..STEPS {
        let who = dice.below(CONNECTIONS);
        let step = match waits[who] {
            true if dice.one_in(12) => Step::End,
            true => continue,
            false => Step::Say(draw(&mut dice, drawer, queues[who])),
        };
        told += &format!("{who}: {}\n", shown(&step));
        let want = theirs.step(who, &step, &mut waits, None);
        let got = ours.step(who, &step, &mut waits.clone(), Some(&want));
        match &step {
            Step::End => queues[who] = false,
            Step::Say(commands) if commands.len() > 1 => queues[who] = false,
            Step::Say(commands) => match commands[0][0].as_slice() {
                b"MULTI" => queues[who] = true,
                b"EXEC" | b"DISCARD" => queues[who] = false,
                _ => {}
            },
        }
        if !same(&got, &want, drawer.kind) {
            return Err(format!("{told}  ours   {got:?}\n  theirs {want:?}"));
        }
    }
    for waiting in (0..CONNECTIONS).filter(|i| waits[*i]) {
        told += &format!("{waiting}: is still waiting\n");
    }
    let (a, b) = (ours.leave(), theirs.leave());
    if a == b { Ok(()) } else { Err(format!("{told}  ours   {a:?}\n  theirs {b:?}")) }
}

fn same(ours: &[Heard], theirs: &[Heard], kind: Kind) -> bool {
    ours.len() == theirs.len()
        && ours.iter().zip(theirs).all(|(a, b)| {
            a.who == b.who && a.replies.len() == b.replies.len() && {
                let mut pairs = a.replies.iter().zip(&b.replies);
                pairs.all(|(a, b)| a == b || kind == Kind::Redis && is_gone(a) && is_gone(b))
            }
        })
}

/// What is said of a group that is gone: Redis 7.0 has other words for it than later servers.
fn is_gone(reply: &[u8]) -> bool {
    ["-UNBLOCKED the stream", "-NOGROUP", "-WRONGTYPE"]
        .iter()
        .any(|words| reply.starts_with(words.as_bytes()))
}

fn shown(step: &Step) -> String {
    match step {
        Step::Say(commands) => {
            commands.iter().map(crate::seeds::line).collect::<Vec<_>>().join(" | ")
        }
        Step::End => "ends".to_string(),
    }
}
