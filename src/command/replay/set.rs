//! All files of an append-only file, in their order.

use std::fmt;
use std::io;
use std::path::Path;

use super::{End, Replaying, replay};
use crate::api::Engine;
use crate::clock::Stopwatch;
use crate::error::Error;
use crate::persist::aof::manifest::{Malformed, Part};
use crate::persist::aof::{Folder, Found, Manifest, Unreadable};
use crate::persist::rdb;

/// What a load tells while it goes on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Progress {
    /// Bytes read of all files.
    pub(crate) done: u64,
    pub(crate) total: u64,
}

/// What was loaded.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// The files, to go on with; nothing if there are none.
    pub(crate) found: Option<Found>,
}

/// Why the files cannot be used. What they say up to there is in memory.
#[derive(Debug)]
pub(crate) enum Refused {
    Manifest(Malformed),
    /// A file that the manifest names is not there.
    Missing(String),
    /// A file cannot be read, or cut off, or moved.
    Io(String, io::Error),
    /// A base cannot be read.
    Base(String, Error),
    /// A file ends within a command or a transaction, and is not to be cut off.
    Torn(String, u64),
    /// One does that is not the last.
    TornBefore(String, u64),
    Damaged(String, u64, &'static str),
    Unknown(String, u64, String),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::Manifest(why) => write!(f, "the AOF manifest cannot be used: {why}"),
            Refused::Missing(name) => {
                write!(f, "the append log file {name} doesn't exist: No such file or directory")
            }
            Refused::Io(name, why) => write!(f, "the append log file {name}: {why}"),
            Refused::Base(name, why) => write!(f, "the base file {name} cannot be read: {why}"),
            Refused::Torn(name, at) => write!(
                f,
                "unexpected end of file reading the append only file {name}: it is whole up to byte {at}"
            ),
            Refused::TornBefore(name, at) => write!(
                f,
                "the append only file {name} is whole up to byte {at} only, and is not the last file"
            ),
            Refused::Damaged(name, at, why) => {
                write!(
                    f,
                    "bad file format reading the append only file {name}, at byte {at}: {why}"
                )
            }
            Refused::Unknown(name, at, command) => write!(
                f,
                "unknown command '{command}' reading the append only file {name}, at byte {at}"
            ),
        }
    }
}

/// Loads what the files say, into an engine that has no keys; nobody else is to use it meanwhile. An old file of
/// before Redis 7.0, in the folder above, becomes the first base.
///
/// # Errors
/// Why they cannot be used. It is in the log too, in Redis's words.
pub(crate) fn load(
    engine: &Engine,
    folder: &Folder,
    cut_torn: bool,
    progress: &mut dyn FnMut(Progress),
) -> Result<Loaded, Refused> {
    let result = load_files(engine, folder, cut_torn, progress);
    if let Err(refused) = &result {
        log(refused);
    }
    result
}

fn load_files(
    engine: &Engine,
    folder: &Folder,
    cut_torn: bool,
    progress: &mut dyn FnMut(Progress),
) -> Result<Loaded, Refused> {
    let manifest = folder.manifest().map_err(|why| match why {
        Unreadable::Malformed(why) => Refused::Manifest(why),
        Unreadable::Io(error) => Refused::Io(format!("{}.manifest", folder.filename), error),
    })?;
    let manifest = upgrade(folder, manifest)?;
    if manifest.is_empty() {
        return Ok(Loaded { found: None });
    }
    let parts: Vec<&Part> = manifest.base.iter().chain(&manifest.increments).collect();
    let mut sizes = Vec::with_capacity(parts.len());
    for part in &parts {
        let size = folder.disk.size(&folder.file(part));
        let size = size.map_err(|error| Refused::Io(part.name.clone(), error))?;
        sizes.push(size.ok_or_else(|| Refused::Missing(part.name.clone()))?);
    }
    let replaying = Replaying::new(engine);
    let total: u64 = sizes.iter().sum();
    progress(Progress { done: 0, total });
    let (mut done, mut commands) = (0, 0);
    for (i, part) in parts.iter().enumerate() {
        let kind = if manifest.base.as_ref() == Some(*part) { "base" } else { "incr" };
        let (watch, last) = (Stopwatch::start(), i + 1 == parts.len());
        let mut told = |read: u64| progress(Progress { done: done + read, total });
        let file = load_file(engine, folder, &part.name, sizes[i], &mut told)?;
        commands += file.commands;
        if file.whole < sizes[i] {
            if !last && cut_torn {
                return Err(Refused::TornBefore(part.name.clone(), file.whole));
            }
            if !cut_torn {
                return Err(Refused::Torn(part.name.clone(), file.whole));
            }
            cut_off(folder, part, file.whole, sizes[i] - file.whole)?;
            sizes[i] = file.whole;
        }
        done += sizes[i];
        let seconds = watch.elapsed().as_secs_f64();
        tracing::info!("DB loaded from {kind} file {}: {seconds:.3} seconds", part.name);
    }
    drop(replaying);
    let last = if manifest.increments.is_empty() { 0 } else { sizes.last().copied().unwrap_or(0) };
    let base_size = if manifest.base.is_some() { sizes[0] } else { 0 };
    let size = sizes.iter().sum();
    tracing::debug!("{commands} commands of {total} bytes were run again");
    Ok(Loaded { found: Some(Found { manifest, last, size, base_size }) })
}

/// What was read of one file.
struct File {
    /// Up to where it is whole.
    whole: u64,
    commands: u64,
}

/// Loads one file: a snapshot, commands, or commands behind a snapshot.
fn load_file(
    engine: &Engine,
    folder: &Folder,
    name: &str,
    size: u64,
    progress: &mut dyn FnMut(u64),
) -> Result<File, Refused> {
    let failed = |error: io::Error| Refused::Io(name.into(), error);
    let open = || folder.disk.open(&folder.path.join(name)).map_err(failed);
    if size == 0 {
        return Ok(File { whole: 0, commands: 0 });
    }
    let mut magic = [0; 6];
    let mut file = open()?;
    let read = io::Read::read(&mut file, &mut magic).map_err(failed)?;
    let mut from = 0;
    if magic[..read].starts_with(b"REDIS") || magic[..read] == *b"VALKEY" {
        tracing::info!("Reading RDB base file on AOF loading...");
        let mut told = |loaded: &rdb::Loaded| progress(loaded.bytes);
        let how = rdb::How { keep_expired: true, ..rdb::How::default() };
        let path = folder.path.join(name);
        let (loading, loaded) =
            rdb::read_file(engine.keyspace(), &*folder.disk, &path, how, &mut told)
                .map_err(|error| Refused::Base(name.into(), error))?
                .ok_or_else(|| Refused::Missing(name.into()))?;
        loading.commit(rdb::payload_of);
        from = loaded.bytes;
        if from < size {
            tracing::info!("Reading the remaining AOF tail...");
        }
    }
    let mut file = open()?;
    file.seek(from).map_err(failed)?;
    let done = replay(engine, file, from, progress);
    if done.refused > 0 {
        tracing::warn!(
            "{} of the commands of the append only file {name} answered with an error, as they may have when they \
             first ran",
            done.refused
        );
    }
    match done.end {
        End::Whole => {}
        End::Torn => tracing::warn!("!!! Warning: short read while loading the AOF file {name}!!!"),
        End::InTransaction => {
            tracing::warn!("Revert incomplete MULTI/EXEC transaction in AOF file {name}");
        }
        End::Damaged(why) => return Err(Refused::Damaged(name.into(), done.whole, why)),
        End::Unknown(command) => return Err(Refused::Unknown(name.into(), done.whole, command)),
        End::Failed(error) => return Err(failed(error)),
    }
    Ok(File { whole: done.whole, commands: done.commands })
}

/// Cuts a file off behind what is whole.
fn cut_off(folder: &Folder, part: &Part, whole: u64, bytes: u64) -> Result<(), Refused> {
    let name = &part.name;
    tracing::warn!("!!! Truncating the AOF {name} at offset {whole} !!!");
    let cut = || {
        let mut file = folder.disk.append(&folder.file(part))?;
        file.truncate(whole)?;
        file.sync()
    };
    cut().map_err(|error| Refused::Io(name.clone(), error))?;
    tracing::warn!(
        "AOF {name} loaded anyway because aof-load-truncated is enabled: {bytes} bytes at its end were not whole, and are \
         gone"
    );
    Ok(())
}

/// Takes over a file of before Redis 7.0, which lies in the folder above: it becomes the base.
fn upgrade(folder: &Folder, manifest: Manifest) -> Result<Manifest, Refused> {
    let name = &folder.filename;
    let failed = |error: io::Error| Refused::Io(name.clone(), error);
    let (old, new) = (folder.above.join(name), folder.path.join(name));
    if folder.above == folder.path || folder.disk.size(&old).map_err(failed)?.is_none() {
        return Ok(manifest);
    }
    // It may have been begun, and not ended.
    let begun = manifest.increments.is_empty()
        && manifest.base.as_ref().is_some_and(|base| base.name == *name)
        && there(folder, &new).map_err(failed)?.is_none();
    if !manifest.is_empty() && !begun {
        return Ok(manifest);
    }
    let next = match begun {
        true => manifest,
        false => manifest.with_base(Part { name: name.clone(), number: 1 }, 0),
    };
    let migrate = || -> io::Result<()> {
        folder.make()?;
        if !begun {
            folder.put_manifest(&next)?;
            folder.sync()?;
        }
        folder.disk.rename(&old, &new)?;
        folder.sync()?;
        folder.disk.sync_dir(&folder.above)
    };
    migrate().map_err(|error| {
        tracing::warn!("Error trying to move the old AOF file {name} into dir: {error}");
        failed(error)
    })?;
    tracing::info!("Successfully migrated an old-style AOF file ({name}) into the AOF directory.");
    Ok(next)
}

fn there(folder: &Folder, path: &Path) -> io::Result<Option<u64>> {
    folder.disk.size(path)
}

/// Says why the files cannot be used, in Redis's words.
fn log(refused: &Refused) {
    match refused {
        Refused::Manifest(why) => {
            tracing::warn!("\n*** FATAL AOF MANIFEST FILE ERROR ***\n");
            if why.line > 0 {
                tracing::warn!("Reading the manifest file, at line {}\n", why.line);
                tracing::warn!(">>> '{}'\n", why.text);
            }
            tracing::warn!("{}\n", why.reason);
        }
        Refused::Missing(name) => {
            tracing::warn!("The append log file {name} doesn't exist: No such file or directory");
        }
        Refused::Io(name, why) => {
            tracing::warn!("Fatal error: can't open the append log file {name} for reading: {why}");
        }
        Refused::Base(name, why) => {
            tracing::warn!("Error reading the RDB base file {name}, AOF loading aborted: {why}");
        }
        Refused::Torn(name, at) => tracing::warn!(
            "Unexpected end of file reading the append only file {name}, which is whole up to byte {at}. You can: 1) Make a \
             backup of your AOF file, then use redis-check-aof --fix <filename.manifest>. 2) Alternatively you can set the \
             'aof-load-truncated' configuration option to yes and restart the server."
        ),
        Refused::TornBefore(name, at) => {
            tracing::warn!("!!! Warning: the AOF file {name} is whole up to byte {at} only !!!");
            tracing::warn!("Fatal error: the truncated file is not the last file");
        }
        Refused::Damaged(name, at, why) => tracing::warn!(
            "Bad file format reading the append only file {name}, at byte {at}: {why}. Make a backup of your AOF file, \
             then use redis-check-aof --fix <filename.manifest>"
        ),
        Refused::Unknown(name, at, command) => tracing::warn!(
            "Unknown command '{command}' reading the append only file {name}, at byte {at}"
        ),
    }
}
