//! A game's leaderboards: `cargo run --example leaderboard`.
//!
//! A sorted set a season, and one of all time. The best come first, and who was first to reach a score stands
//! before those who reached it later; a player sees who is around; a season ends with a copy that stays.

use std::time::Duration;

use danio::{Aggregate, Db, Error, Score, ZAddOptions, ZCombine, ZRange};

/// The boards of one game.
struct Boards {
    db: Db,
}

/// A place on a board, counted from 1 as players do.
#[derive(Debug, PartialEq)]
struct Standing {
    place: usize,
    player: String,
    points: u64,
}

/// Points come first, and then the time: less of it is better. 2^53 is exact in a score, which leaves
/// 21 bits for the second of the season, 24 days.
const SECONDS: u64 = 1 << 21;

fn score(points: u64, second: u64) -> Score {
    Score::from(points * SECONDS + (SECONDS - 1 - second))
}

fn points(score: Score) -> u64 {
    score.get() as u64 / SECONDS
}

impl Boards {
    fn season(number: u32) -> String {
        format!("season:{number}")
    }

    /// Enters a result; only a better one than before counts.
    fn enter(&self, season: u32, player: &str, reached: u64, second: u64) -> danio::Result<()> {
        let better = ZAddOptions::new().if_greater();
        self.db.zadd_with(Self::season(season), [(player, score(reached, second))], better)?;
        Ok(())
    }

    fn standings(found: Vec<(bytes::Bytes, Score)>, first: usize) -> Vec<Standing> {
        let standing = |(i, (player, score)): (usize, (bytes::Bytes, Score))| Standing {
            place: first + i,
            player: String::from_utf8_lossy(&player).into_owned(),
            points: points(score),
        };
        found.into_iter().enumerate().map(standing).collect()
    }

    fn top(&self, season: u32, count: isize) -> danio::Result<Vec<Standing>> {
        let best = ZRange::by_rank(..count).rev();
        Ok(Self::standings(self.db.zrange(Self::season(season), best)?, 1))
    }

    /// The player with `near` places above and below.
    fn around(&self, season: u32, player: &str, near: usize) -> danio::Result<Vec<Standing>> {
        let Some(rank) = self.db.zrev_rank(Self::season(season), player)? else {
            return Ok(Vec::new());
        };
        let first = rank.saturating_sub(near);
        let ranks = first as isize..=(rank + near) as isize;
        let found = self.db.zrange(Self::season(season), ZRange::by_rank(ranks).rev())?;
        Ok(Self::standings(found, first + 1))
    }

    /// Ends a season: its best stay for a year, and the points go to the board of all time.
    fn close(&self, season: u32) -> danio::Result<()> {
        let board = Self::season(season);
        let winners = format!("{board}:winners");
        self.db.zrange_store(&winners, &board, ZRange::by_rank(..3).rev())?;
        self.db.expire(&winners, Duration::from_secs(365 * 24 * 3600))?;
        let best = ZCombine::new().aggregate(Aggregate::Max);
        self.db.zunion_store("all time", ["all time", &board], &best)?;
        Ok(())
    }
}

fn main() -> danio::Result<()> {
    let boards = Boards { db: Db::in_memory() };

    // Ten thousand players; ann and bob tie, and bob was first.
    for number in 0..10_000_u64 {
        boards.enter(1, &format!("player {number}"), number * 7919 % 9_000, number)?;
    }
    boards.enter(1, "ann", 9_500, 2_000)?;
    boards.enter(1, "bob", 9_500, 1_000)?;
    boards.enter(1, "cid", 9_400, 500)?;
    // A worse result changes nothing.
    boards.enter(1, "ann", 100, 3_000)?;

    let top = boards.top(1, 3)?;
    for standing in &top {
        println!("{:>2}. {:<8} {}", standing.place, standing.player, standing.points);
    }
    let names: Vec<&str> = top.iter().map(|standing| standing.player.as_str()).collect();
    assert_eq!(names, ["bob", "ann", "cid"]);

    let around = boards.around(1, "player 77", 2)?;
    assert_eq!(around.len(), 5);
    assert_eq!(around[2].player, "player 77");
    assert!(around.is_sorted_by(|a, b| a.place + 1 == b.place && a.points >= b.points));
    println!("player 77 is number {} of {}", around[2].place, boards.db.zcard("season:1")?);
    assert_eq!(boards.around(1, "nobody", 2)?, []);

    // How many have 9000 points and more, without looking at them.
    assert_eq!(boards.db.zcount("season:1", score(9_000, SECONDS - 1)..)?, 3);

    boards.close(1)?;
    boards.enter(2, "ann", 9_900, 10)?;
    boards.close(2)?;
    assert_eq!(boards.db.zrev_rank("all time", "ann")?, Some(0));
    let winners = boards.db.zrange("season:1:winners", ZRange::by_rank(..).rev())?;
    assert_eq!(winners[0].0, "bob");

    // A score is a number that has a place: NaN has none.
    assert_eq!(boards.db.zadd("season:2", "dan", f64::NAN), Err(Error::NotFloat));

    // All players, page by page: nobody waits for the end of it.
    let all = boards.db.iter_zset("season:1").collect::<danio::Result<Vec<_>>>()?;
    assert_eq!(all.len(), 10_003);
    Ok(())
}
