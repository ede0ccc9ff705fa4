//! Login sessions that end when nobody uses them: `cargo run --example session_store`.
//!
//! A session lives for thirty minutes after its last use (the sliding expiry) but never longer
//! than twelve hours after its login. The engine's time comes from a manual clock, so the
//! hours pass at once; with the system's clock, which is the default, the code is the same.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use danio::{Config, Db, Engine, ManualClock, ScanOptions, SetOptions, Ttl};

const IDLE: Duration = Duration::from_secs(30 * 60);
const LONGEST: Duration = Duration::from_secs(12 * 60 * 60);

/// What is known about whoever shows a token.
#[derive(Debug, PartialEq, Eq)]
struct Session {
    user: String,
    since: SystemTime,
}

/// The sessions, in a database of their own.
struct SessionStore {
    db: Db,
}

impl SessionStore {
    /// Starts a session and returns the token that names it.
    fn login(&self, user: &str) -> danio::Result<String> {
        let since = self.db.engine().time();
        let seconds = since.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        loop {
            let token = token();
            // The token must be nobody's yet.
            let options = SetOptions::new().if_absent().expire_in(IDLE);
            if self.db.set_with(session(&token), format!("{seconds} {user}"), options)?.set {
                return Ok(token);
            }
        }
    }

    /// Who shows `token`, if the session is alive; this use lets it live on.
    fn user(&self, token: &str) -> danio::Result<Option<Session>> {
        let key = session(token);
        let Some(found) = self.db.get_with(&key, parse)?.flatten() else { return Ok(None) };
        let idle_end = self.db.engine().time() + IDLE;
        // Sets the end and nothing else; false when the session ended or was logged out just now.
        let alive = self.db.expire_at(&key, idle_end.min(found.since + LONGEST))?;
        Ok(alive.then_some(found))
    }

    /// Ends a session; false if there was none.
    fn logout(&self, token: &str) -> bool {
        self.db.del(session(token))
    }

    /// How long the session would live unused.
    fn left(&self, token: &str) -> Option<Duration> {
        match self.db.ttl(session(token)) {
            Ttl::Left(left) => Some(left),
            Ttl::Missing => None,
            Ttl::Forever => unreachable!("every session is stored with an expiry"),
        }
    }

    /// How many sessions are alive.
    fn count(&self) -> usize {
        let (mut cursor, mut count) = (Some(0), 0);
        while let Some(from) = cursor {
            let page = self.db.scan(from, &ScanOptions::new().matching("session:*").count(100));
            count += page.items.len();
            cursor = page.cursor;
        }
        count
    }
}

fn session(token: &str) -> String {
    format!("session:{token}")
}

fn parse(bytes: &[u8]) -> Option<Session> {
    let (seconds, user) = std::str::from_utf8(bytes).ok()?.split_once(' ')?;
    let since = UNIX_EPOCH + Duration::from_secs(seconds.parse().ok()?);
    Some(Session { user: user.to_owned(), since })
}

/// Different each time. An application takes this from a cryptographic generator.
fn token() -> String {
    format!("{:016x}{:016x}", RandomState::new().hash_one(1), RandomState::new().hash_one(2))
}

fn main() -> danio::Result<()> {
    let clock = ManualClock::new();
    let engine = Engine::open(Config::new().clock(clock.clone()))?;
    let store = SessionStore { db: engine.db(0)? };
    let minutes = |n: u64| Duration::from_secs(n * 60);

    let ann = store.login("ann")?;
    let bob = store.login("bob")?;
    println!("00:00  ann and bob log in: {} sessions", store.count());

    clock.advance(minutes(20));
    assert_eq!(store.user(&ann)?.map(|session| session.user).as_deref(), Some("ann"));
    println!(
        "00:20  ann is back: {:?} left for her, {:?} for bob",
        store.left(&ann),
        store.left(&bob)
    );

    clock.advance(minutes(20));
    assert_eq!(store.user(&bob)?, None);
    assert!(store.user(&ann)?.is_some());
    println!("00:40  bob stayed away for 40 minutes and is logged out: {} session", store.count());

    // Used every twenty minutes, a session lives on, until its twelve hours are over.
    let mut hours = 40;
    while store.user(&ann)?.is_some() {
        clock.advance(minutes(20));
        hours += 20;
    }
    println!("{:02}:{:02}  ann has to log in again, busy as she was", hours / 60, hours % 60);
    assert_eq!(hours, 12 * 60);

    let cem = store.login("cem")?;
    assert!(store.logout(&cem) && !store.logout(&cem));
    assert_eq!(store.user(&cem)?, None);
    println!(
        "{:02}:{:02}  cem logs in and out: {} sessions",
        hours / 60,
        hours % 60,
        store.count()
    );

    // Expired sessions are gone for every reader at once; their memory is given back by upkeep,
    // which this engine leaves to the application.
    let done = engine.tick(Duration::from_millis(10));
    println!(
        "upkeep gave back {} sessions; {} bytes are in use",
        done.expired,
        engine.used_memory()
    );
    Ok(())
}
