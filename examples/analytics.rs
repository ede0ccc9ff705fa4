//! Figures about visitors, kept as they come in: `cargo run --example analytics`.
//!
//! What a dashboard asks for costs little to keep if each question has its structure:
//!
//! * How many different visitors? A HyperLogLog a day: 12 KB at most, however many come, and days
//!   add up to weeks without counting anybody twice.
//! * Who came back? A bitmap a day, one bit a registered user: retention is an AND, the users who
//!   were here on any day an OR, those of a single day ONE.
//! * How often was something done? Counters; and where millions of small ones are needed, a
//!   bitfield, 24 hours in 24 · 16 bits.
//!
//! Days are keys that expire, so that the past goes by itself.

use std::time::Duration;

use danio::{BitInt, BitOp, BitOverflow, Bitfield, Db, ManualClock, SetOptions};
use danio::{Config, Engine};

/// How long the days are kept.
const KEPT: Duration = Duration::from_secs(35 * 24 * 3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Someone does something.
struct Event<'a> {
    /// A registered user's number, small and without gaps: the place of a bit.
    user: Option<u64>,
    /// Whoever it is, as a cookie or an address tells.
    visitor: &'a str,
    action: &'a str,
    hour: u64,
}

struct Analytics {
    db: Db,
}

impl Analytics {
    /// Takes an event of a day into all figures.
    fn record(&self, day: u32, event: &Event<'_>) -> danio::Result<()> {
        let db = &self.db;
        self.kept(&format!("visitors:{day}"), |key| db.pf_add(key, [event.visitor]).map(drop))?;
        if let Some(user) = event.user {
            self.kept(&format!("active:{day}"), |key| db.set_bit(key, user, true).map(drop))?;
        }
        self.kept(&format!("count:{day}:{}", event.action), |key| db.incr(key).map(drop))?;
        // A counter that stops at its end tells more than one that begins anew.
        let hour = Bitfield::new()
            .overflow(BitOverflow::Saturate)
            .incr_by(BitInt::unsigned(16).nth(event.hour), 1);
        self.kept(&format!("hours:{day}"), |key| db.bitfield(key, &hour).map(drop))
    }

    /// Writes to a key of a day, and has a new one expire.
    fn kept(&self, key: &str, write: impl Fn(&str) -> danio::Result<()>) -> danio::Result<()> {
        let is_new = !self.db.exists(key);
        write(key)?;
        if is_new {
            self.db.expire(key, KEPT)?;
        }
        Ok(())
    }

    /// About how many different visitors there were on these days together.
    fn visitors(&self, days: impl Iterator<Item = u32>) -> danio::Result<u64> {
        self.db.pf_count_union(days.map(|day| format!("visitors:{day}")))
    }

    /// Of the users who were active on a day, how many were again so many days later.
    fn retained(&self, day: u32, later: u32) -> danio::Result<(u64, u64)> {
        let keys = [format!("active:{day}"), format!("active:{}", day + later)];
        self.db.bit_op(BitOp::And, "retained", &keys)?;
        Ok((self.db.bit_count(&keys[0])?, self.db.bit_count("retained")?))
    }

    /// How many users were active on any, on each, and on exactly one of these days.
    fn activity(&self, days: std::ops::Range<u32>) -> danio::Result<[u64; 3]> {
        let keys: Vec<String> = days.map(|day| format!("active:{day}")).collect();
        let mut counts = [0; 3];
        for (count, op) in counts.iter_mut().zip([BitOp::Or, BitOp::And, BitOp::One]) {
            self.db.bit_op(op, "activity", &keys)?;
            *count = self.db.bit_count("activity")?;
        }
        Ok(counts)
    }

    /// How many events each hour of a day had.
    fn hours(&self, day: u32) -> danio::Result<Vec<i64>> {
        let hours = (0..24).map(|hour| BitInt::unsigned(16).nth(hour));
        self.db.bitfield_get(format!("hours:{day}"), hours)
    }
}

fn main() -> danio::Result<()> {
    let clock = ManualClock::new();
    let db = Engine::open(Config::new().clock(clock.clone()))?.db(0)?;
    let analytics = Analytics { db: db.clone() };

    // A week of a small site: 30,000 registered users, each of whom comes on the days that his
    // number divides, and strangers who never come twice.
    const USERS: u64 = 30_000;
    for day in 0..7 {
        let came = |user: &u64| user.is_multiple_of(u64::from(day) + 1);
        for user in (0..USERS).filter(came) {
            let (visitor, hour) = (format!("user-{user}"), user % 24);
            let event = Event { user: Some(user), visitor: &visitor, action: "view", hour };
            analytics.record(day, &event)?;
        }
        for stranger in 0..2_000 {
            let visitor = format!("stranger-{day}-{stranger}");
            let event = Event { user: None, visitor: &visitor, action: "landing", hour: 3 };
            analytics.record(day, &event)?;
        }
        clock.advance(DAY);
    }

    // Different visitors: each day's and the week's, to about one per cent.
    let near = |count: u64, exact: u64| (count as f64 / exact as f64 - 1.0).abs() < 0.04;
    assert!(near(analytics.visitors(0..1)?, 32_000));
    let week = analytics.visitors(0..7)?;
    assert!(near(week, USERS + 7 * 2_000), "nobody is counted twice: {week}");
    db.pf_merge("visitors:week", (0..7).map(|day| format!("visitors:{day}")))?;
    assert_eq!(db.pf_count("visitors:week")?, week);
    println!("visitors: {} on day 0, {week} in the week", analytics.visitors(0..1)?);

    // Retention: exact, one bit a user.
    for later in 1..4 {
        let (were, again) = analytics.retained(0, later)?;
        assert_eq!((were, again), (USERS, USERS / (u64::from(later) + 1)));
        println!("of {were} users on day 0, {again} came on day {later}");
    }
    let [any, each, one] = analytics.activity(1..4)?;
    assert_eq!((any, each, one), (20_000, 2_500, 10_000));
    println!("days 1 to 3: {any} users on any, {each} on each, {one} on exactly one");

    // Counters, and 24 small ones in one key.
    let views: u64 = String::from_utf8_lossy(&db.get("count:3:view")?.unwrap_or_default())
        .parse()
        .unwrap_or_default();
    assert_eq!(views, USERS / 4);
    let hours = analytics.hours(3)?;
    assert_eq!(hours.iter().sum::<i64>(), 7_500 + 2_000);
    let busiest = hours.iter().enumerate().max_by_key(|(_, events)| **events);
    let (hour, events) = busiest.expect("24 hours");
    println!("day 3: {views} views; most events, {events}, came in hour {hour}");

    // A sketch is a string in Redis's own format: it can be kept elsewhere and come back.
    let exported = db.get("visitors:week")?.expect("just merged");
    db.set_with("imported", &exported, SetOptions::new().expire_in(DAY))?;
    assert_eq!(db.pf_count("imported")?, week);
    println!("the week's sketch takes {} bytes, a day's bitmap {}", exported.len(), USERS / 8);

    // The past goes by itself.
    clock.advance(KEPT);
    assert!(db.keys("visitors:?").is_empty());
    Ok(())
}
