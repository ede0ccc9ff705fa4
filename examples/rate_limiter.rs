//! A rate limiter: each client may ask so often within a window of time, and all of them together so often.
//!
//! ```text
//! cargo run --example rate_limiter
//! ```
//!
//! A request counts against two limits, its client's and the service's, or against neither: both counters change in
//! one transaction, and a refusal undoes it. A window begins with its first request; the counter then gets a
//! time to live, so that clients who stay away cost nothing, and nobody has to clean up.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use danio::{Config, Db, Engine, Error, ManualClock, Scope, Ttl};

const WINDOW: Duration = Duration::from_secs(60);
const PER_CLIENT: i64 = 10;
const ALTOGETHER: i64 = 100;

fn main() -> Result<(), Error> {
    // The clock stands still until the example moves it; an application leaves it out.
    let clock = ManualClock::new();
    let engine = Engine::open(Config::new().clock(clock.clone()))?;
    let limiter = Limiter { db: engine.db(0)? };

    // One client that does not know when to stop.
    let answers: Vec<_> = (0..15).map(|_| limiter.admit("greedy")).collect();
    assert!(answers[..10].iter().all(Result::is_ok));
    assert_eq!(answers[10], Err(Refused::Client { again_in: WINDOW }));

    // Many clients at once. None passes its own limit, and all together do not pass that of the service.
    let admitted = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for client in 0..30 {
            let (limiter, admitted) = (&limiter, &admitted);
            scope.spawn(move || {
                for _ in 0..8 {
                    if limiter.admit(&format!("client-{client}")).is_ok() {
                        admitted.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let admitted = admitted.into_inner() as i64;
    assert_eq!(admitted + PER_CLIENT, ALTOGETHER);
    println!("{admitted} of 240 requests admitted, besides {PER_CLIENT} of the greedy client");

    // What the service refused was not counted against the clients.
    let counted: i64 = (0..30).map(|client| limiter.used(&format!("client-{client}"))).sum();
    assert_eq!(counted, admitted);

    // A new window, and all is forgotten.
    clock.advance(WINDOW);
    assert_eq!(limiter.admit("greedy"), Ok(PER_CLIENT - 1));
    println!("a minute later everybody may come again");
    Ok(())
}

/// Why a request is not served.
#[derive(Debug, PartialEq)]
enum Refused {
    /// This client has asked too often.
    Client { again_in: Duration },
    /// There is too much to do.
    Service { again_in: Duration },
    /// The engine refused something.
    Engine(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Refused {
        Refused::Engine(error)
    }
}

struct Limiter {
    db: Db,
}

impl Limiter {
    /// Counts a request, unless a limit is reached. Returns how many the client has left.
    fn admit(&self, client: &str) -> Result<i64, Refused> {
        let (own, all) = (key(client), "requests");
        self.db.try_transaction([own.as_str(), all], |tx| {
            let used = count(tx, &own)?;
            if used > PER_CLIENT {
                return Err(Refused::Client { again_in: left(tx, &own) });
            }
            // If this is one too many, it was not one of the client's either.
            if count(tx, all)? > ALTOGETHER {
                return Err(Refused::Service { again_in: left(tx, all) });
            }
            Ok(PER_CLIENT - used)
        })
    }

    fn used(&self, client: &str) -> i64 {
        let count = self.db.get_with(key(client), |n| std::str::from_utf8(n).map(str::parse));
        count.ok().flatten().and_then(Result::ok).and_then(Result::ok).unwrap_or(0)
    }
}

fn key(client: &str) -> String {
    format!("requests:{client}")
}

/// Counts one more in a window that begins with the first. Works in a transaction as it does alone.
fn count<S: Scope>(db: &Db<S>, key: &str) -> Result<i64, Error> {
    let used = db.incr(key)?;
    if used == 1 {
        db.expire(key, WINDOW)?;
    }
    Ok(used)
}

/// How long a window lasts yet.
fn left<S: Scope>(db: &Db<S>, key: &str) -> Duration {
    match db.ttl(key) {
        Ttl::Left(left) => left,
        Ttl::Missing | Ttl::Forever => Duration::ZERO,
    }
}
