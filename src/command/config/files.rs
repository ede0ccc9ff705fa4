//! The parameters of files: what they take, and who follows them.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::bind::on_change;
use super::{Parameters, Refusal, Setting};
use crate::api::{Engine, SavePoint, Saves};
use crate::config::is_file_name;
use crate::error::words_of;
use crate::text::int;

/// Has an engine's files follow their parameters.
pub(in crate::command) fn bind_files(parameters: &Parameters, engine: &Engine) {
    let files = engine.files().clone();
    let own = files.dir();
    if !own.as_os_str().is_empty()
        && let Ok(path) = std::path::absolute(&own)
    {
        let shown = path.into_os_string().into_encoded_bytes();
        *parameters.known("dir").value.write() = Setting::Text(shown.into());
    }
    let first = parameters.text("dir");
    on_change(parameters, "dir", move |value| {
        // What it is at the beginning is where the files are already.
        if value.text() != &*first || !files.dir().as_os_str().is_empty() {
            files.set_dir(String::from_utf8_lossy(value.text()).into_owned().into());
        }
    });
    let name = engine.saves().name();
    *parameters.known("dbfilename").value.write() = Setting::Text(name.into());
    follow(parameters, "dbfilename", engine, |saves, value| {
        saves.set_name(&String::from_utf8_lossy(value.text()));
    });
    follow(parameters, "save", engine, |saves, value| {
        saves.set_points(points(value.text()).unwrap_or_default());
    });
    follow(parameters, "rdbchecksum", engine, |saves, value| {
        saves.checksum.store(value.number() != 0, Relaxed);
    });
    follow(parameters, "rdb-save-incremental-fsync", engine, |saves, value| {
        saves.sync_often.store(value.number() != 0, Relaxed);
    });
    follow(parameters, "stop-writes-on-bgsave-error", engine, |saves, value| {
        saves.set_stop_writes(value.number() != 0);
    });
    let saves = engine.saves().clone();
    #[cfg(feature = "aof")]
    let aof = engine.aof().clone();
    on_change(parameters, "rdb-key-save-delay", move |value| {
        saves.progress.delay.store(value.number(), Relaxed);
        #[cfg(feature = "aof")]
        aof.progress.delay.store(value.number(), Relaxed);
    });
    follow(parameters, "key-load-delay", engine, |saves, value| {
        saves.load_delay.store(u64::try_from(value.number()).unwrap_or(0), Relaxed);
    });
}

fn follow(parameters: &Parameters, name: &str, engine: &Engine, set: fn(&Saves, &Setting)) {
    let saves: Arc<Saves> = engine.saves().clone();
    on_change(parameters, name, move |value| set(&saves, value));
}

/// Brings `seconds changes` pairs to one form.
pub(super) fn save_points(words: &[&[u8]], _: &[u8]) -> Result<Vec<u8>, Refusal> {
    let joined = words.join(&b' ');
    let points = points(&joined).ok_or("Invalid save parameters")?;
    let pairs: Vec<String> =
        points.iter().map(|point| format!("{} {}", point.seconds, point.changes)).collect();
    Ok(pairs.join(" ").into_bytes())
}

/// Reads pairs with one space between their words, as Redis does; no words are no points.
fn points(text: &[u8]) -> Option<Vec<SavePoint>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let words: Vec<&[u8]> = text.split(|byte| *byte == b' ').collect();
    if !words.len().is_multiple_of(2) {
        return None;
    }
    let pairs = words.chunks_exact(2);
    let point = |pair: &[&[u8]]| {
        let seconds = int::parse_i64(pair[0]).filter(|seconds| *seconds >= 1)?;
        let changes = u64::try_from(int::parse_i64(pair[1])?).ok()?;
        Some(SavePoint { seconds, changes })
    };
    pairs.map(point).collect()
}

/// A file's name, without a folder.
pub(super) fn file_name(words: &[&[u8]], _: &[u8]) -> Result<Vec<u8>, Refusal> {
    plain(words, "dbfilename", "filename")
}

#[cfg(feature = "aof")]
pub(super) fn append_filename(words: &[&[u8]], _: &[u8]) -> Result<Vec<u8>, Refusal> {
    plain(words, "appendfilename", "filename")
}

#[cfg(feature = "aof")]
pub(super) fn append_dirname(words: &[&[u8]], _: &[u8]) -> Result<Vec<u8>, Refusal> {
    plain(words, "appenddirname", "dirname")
}

/// A name that leads nowhere else.
fn plain(words: &[&[u8]], parameter: &str, kind: &str) -> Result<Vec<u8>, Refusal> {
    let [name] = words else { return Err("wrong number of arguments".into()) };
    let text = String::from_utf8_lossy(name);
    if text.is_empty() {
        Err(format!("{parameter} can't be empty").into())
    } else if is_file_name(&text) {
        Ok(name.to_vec())
    } else {
        Err(format!("{parameter} can't be a path, just a {kind}").into())
    }
}

/// A folder that is there, by its full path.
pub(super) fn folder(words: &[&[u8]], present: &[u8]) -> Result<Vec<u8>, Refusal> {
    let [path] = words else { return Err("wrong number of arguments".into()) };
    if path.is_empty() {
        return Err("dir can't be empty".into());
    }
    let path = String::from_utf8_lossy(path).into_owned();
    // As the process would have gone there, from where it is.
    let path = Path::new(&*String::from_utf8_lossy(present)).join(path);
    // What is in it can be looked at only if it is a folder, and one that this process may enter.
    let entered = std::fs::metadata(path.join("."));
    match entered.and_then(|_| std::fs::canonicalize(&path)) {
        Ok(full) => Ok(full.into_os_string().into_encoded_bytes()),
        Err(error) => Err(words_of(&error).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn save_points_are_pairs() {
        let read = |words: &[&[u8]]| {
            save_points(words, b"").map(|text| String::from_utf8(text).expect("text"))
        };
        assert_eq!(read(&[b""]).as_deref(), Ok(""));
        assert_eq!(read(&[b"900", b"1"]).as_deref(), Ok("900 1"));
        assert_eq!(read(&[b"3600 1 300 100"]).as_deref(), Ok("3600 1 300 100"));
        assert_eq!(read(&[b"3600", b"1", b"300", b"0"]).as_deref(), Ok("3600 1 300 0"));
        for wrong in
            [&b"900"[..], b"0 1", b"-1 1", b"1 -1", b"a 1", b"1 1 1", b" ", b"1  1", b" 1 1"]
        {
            assert!(read(&[wrong]).is_err());
        }
    }

    #[test]
    fn files_have_names_and_folders_are_there() {
        assert!(file_name(&[b"dump.rdb"], b"").is_ok());
        for wrong in [&b"a/b"[..], b"/a", b"..", b"", b"a\\b"] {
            assert!(file_name(&[wrong], b"").is_err(), "{}", wrong.escape_ascii());
        }
        let here = folder(&[b"."], b"").expect("it is there");
        assert_eq!(folder(&[b"."], &here), Ok(here.clone()));
        let missing = folder(&[b"no such folder"], &here).expect_err("it is not");
        assert_eq!(missing, "No such file or directory");
        let file = folder(&[b"Cargo.toml"], &here).expect_err("it is none");
        assert_eq!(file, "Not a directory");
        assert_eq!(folder(&[b""], &here).expect_err("it is none"), "dir can't be empty");
    }
}
