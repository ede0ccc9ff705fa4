//! Engines that are closed, killed and opened again, on a disk that fails when it is told to.

mod alone;
#[cfg(feature = "async")]
mod awaits;
mod bases;
mod crashes;
mod faces;
mod failures;
mod files;
mod turns;
mod vigils;

use std::sync::Arc;

use crate::api::{Db, Engine};
use crate::config::{AppendFsync, Config};
use crate::disk::simulated::Simulated;

/// A disk with the folder that engines keep their files in.
fn disk() -> Simulated {
    Simulated::new()
}

fn config(disk: &Simulated, fsync: AppendFsync) -> Config {
    let config = Config::new().stripes(4).seed(7).disk(Arc::new(disk.clone()));
    config.append_only(true).append_fsync(fsync)
}

fn open(disk: &Simulated, fsync: AppendFsync) -> Engine {
    Engine::open(config(disk, fsync)).expect("opened")
}

fn db(engine: &Engine) -> Db {
    engine.db(0).expect("there is one")
}

/// All that there is, as a snapshot without its head, which tells the time.
fn keys(engine: &Engine) -> Vec<(u32, String, String, i64)> {
    let mut all = Vec::new();
    for number in 0..engine.databases() {
        let db = engine.db(number).expect("there is one");
        for key in db.keys("*") {
            let value = db.dump(&key).expect("is there");
            let at = db.expire_time(&key).map_or(-1, |at| {
                let since = at.duration_since(std::time::UNIX_EPOCH).expect("is later");
                i64::try_from(since.as_millis()).expect("is not so late")
            });
            all.push((
                number,
                key.escape_ascii().to_string(),
                value.escape_ascii().to_string(),
                at,
            ));
        }
    }
    all.sort();
    all
}
