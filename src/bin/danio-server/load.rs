//! What was kept in files is read before the server serves; clients are told meanwhile that it is.

use std::time::{Duration, Instant};

use danio::Engine;
use danio::command::Instance;

use super::serve::Reported;

/// How often the log tells how far it is.
const TOLD_EVERY: Duration = Duration::from_secs(5);

/// Reads the append-only file, if there is to be one, or else the snapshot that there is.
#[expect(clippy::disallowed_methods, reason = "how long it takes is told in the machine's time")]
pub(crate) fn load(engine: &Engine, instance: &Instance) -> Result<(), Reported> {
    let began = Instant::now();
    let mut told = began;
    let of_log = |bytes, total| instance.loading.set_progress(bytes, total);
    match engine.open_append_only(of_log) {
        Ok(false) => {}
        Ok(true) => {
            let seconds = began.elapsed().as_secs_f64();
            tracing::info!("DB loaded from append only file: {seconds:.3} seconds");
            return Ok(());
        }
        Err(error) => {
            // What is wrong with the files was said where it was found.
            if !matches!(error, danio::Error::AppendOnlyFile { .. }) {
                tracing::warn!("{error}");
            }
            tracing::warn!("Fatal error loading the DB, check server logs. Exiting.");
            return Err(Reported);
        }
    }
    let progress = |so_far: danio::LoadProgress| {
        instance.loading.set_progress(so_far.bytes, so_far.total);
        if told.elapsed() >= TOLD_EVERY {
            told = Instant::now();
            let share = so_far.bytes as f64 * 100.0 / so_far.total.max(1) as f64;
            tracing::info!(
                "Loading: {share:.0}% of {} bytes, {} keys so far",
                so_far.total,
                so_far.keys
            );
        }
    };
    match engine.load_with(progress) {
        Ok(None) => Ok(()),
        Ok(Some(loaded)) => {
            let skipped = match loaded.skipped {
                0 => String::new(),
                some => format!(", empty keys skipped: {some}"),
            };
            tracing::info!(
                "Done loading RDB, keys loaded: {}, keys expired: {}{skipped}.",
                loaded.keys,
                loaded.expired
            );
            let seconds = began.elapsed().as_secs_f64();
            tracing::info!("DB loaded from disk: {seconds:.3} seconds");
            Ok(())
        }
        Err(error) => {
            tracing::warn!("RDB integrity check failed: {error}");
            tracing::warn!("Terminating server after rdb file reading failure.");
            tracing::warn!("Fatal error loading the DB, check server logs. Exiting.");
            Err(Reported)
        }
    }
}
