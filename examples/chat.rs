//! A chat: rooms are channels, whoever is in a room is a stream.
//!
//! ```text
//! cargo run --features async --example chat
//! ```
//!
//! Members wait in async tasks of one thread; the engine needs no runtime of its own, and any other
//! would do. What was said before somebody came is kept in a list, and who is online is a key that
//! expires: when its time is over, the engine's own events tell the rest of the room.

use std::time::Duration;

use danio::{Config, Db, Engine, EventClass, EventOptions, EventStream, ManualClock, Subscription};

/// How much of what was said newcomers are shown.
const KEPT: usize = 10;
/// Whoever has said nothing for so long has left.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::main(flavor = "current_thread")]
async fn main() -> danio::Result<()> {
    // A clock that is moved by hand, so that nobody has to be waited for.
    let clock = ManualClock::new();
    let engine = Engine::open(Config::new().clock(clock.clone()))?;
    let db = engine.db(0)?;

    let mut ann = Member::join(&db, "lobby", "ann")?;
    ann.say("is anybody here?")?;
    let mut bob = Member::join(&db, "lobby", "bob")?;
    println!("bob is shown: {:?}", bob.earlier()?);
    assert_eq!(bob.earlier()?, ["ann: is anybody here?"]);

    // Both wait at the same time, on one thread.
    let listening = async { tokio::join!(ann.hear(), bob.hear()) };
    engine.publish("room:lobby", "the house: welcome");
    let (by_ann, by_bob) = listening.await;
    println!("ann hears {by_ann:?}, bob hears {by_bob:?}");
    assert_eq!(by_ann.as_deref(), Some("ann: is anybody here?"), "oneself, first");
    assert_eq!(by_bob.as_deref(), Some("the house: welcome"));
    assert_eq!(ann.hear().await.as_deref(), Some("the house: welcome"));

    // A task that answers until the room is closed, and meanwhile waits for two things at once.
    let bot = tokio::spawn(bot(Member::join(&db, "lobby", "bot")?, departures(&db)));
    bob.say("what time is it?")?;
    assert_eq!(ann.hear().await.as_deref(), Some("bob: what time is it?"));
    assert_eq!(ann.hear().await.as_deref(), Some("bot: I have no clock, bob"));

    // Ann says something, Bob does not: for the engine he has left.
    clock.advance(PATIENCE / 2);
    ann.say("still here")?;
    clock.advance(PATIENCE / 2);
    engine.tick(Duration::from_millis(10));
    assert_eq!(ann.hear().await.as_deref(), Some("ann: still here"));
    assert_eq!(ann.hear().await.as_deref(), Some("bot: bob has left"));

    engine.publish("room:lobby", "the house: closing time");
    let answered = bot.await.expect("the bot does not panic")?;
    println!("the bot answered {answered} times");
    assert_eq!(answered, 2);
    Ok(())
}

/// Somebody in a room.
struct Member {
    db: Db,
    room: String,
    name: String,
    heard: Subscription,
}

impl Member {
    fn join(db: &Db, room: &str, name: &str) -> danio::Result<Member> {
        let heard = db.engine().subscribe([format!("room:{room}")]);
        let member = Member { db: db.clone(), room: room.into(), name: name.into(), heard };
        member.show_life()?;
        Ok(member)
    }

    fn show_life(&self) -> danio::Result<()> {
        self.db.set_ex(format!("online:{}", self.name), PATIENCE, "")
    }

    fn say(&self, text: &str) -> danio::Result<()> {
        let line = format!("{}: {text}", self.name);
        let history = format!("history:{}", self.room);
        self.db.lpush(&history, [&line])?;
        self.db.ltrim(&history, ..KEPT as i64)?;
        self.db.engine().publish(format!("room:{}", self.room), line);
        self.show_life()
    }

    /// Waits for what is said next; `None` when there will be no more.
    async fn hear(&mut self) -> Option<String> {
        let message = self.heard.recv_async().await?;
        Some(String::from_utf8_lossy(&message.payload()).into_owned())
    }

    /// What was said before, oldest first.
    fn earlier(&self) -> danio::Result<Vec<String>> {
        let lines = self.db.lrange(format!("history:{}", self.room), ..)?;
        Ok(lines.iter().rev().map(|line| String::from_utf8_lossy(line).into_owned()).collect())
    }
}

/// Tells of keys whose time is over.
fn departures(db: &Db) -> EventStream {
    db.events_with(EventOptions::new().keys("online:*").classes([EventClass::Expired]))
}

/// Answers questions and tells who has left, until the house closes. Returns how often it spoke.
async fn bot(mut member: Member, mut gone: EventStream) -> danio::Result<u32> {
    let mut spoken = 0;
    loop {
        // A wait that loses the race is dropped, and nothing is lost with it.
        tokio::select! {
            Some(line) = member.hear() => {
                if line.ends_with("closing time") {
                    return Ok(spoken);
                }
                if let (Some((who, _)), true) = (line.split_once(": "), line.ends_with('?')) {
                    member.say(&format!("I have no clock, {who}"))?;
                    spoken += 1;
                }
            }
            Some(event) = gone.recv_async() => {
                let key = String::from_utf8_lossy(&event.key);
                let name = key.trim_start_matches("online:");
                if name != member.name {
                    member.say(&format!("{name} has left"))?;
                    spoken += 1;
                }
            }
            else => return Ok(spoken),
        }
    }
}
