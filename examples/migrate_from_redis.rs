//! Takes the data of a Redis or Valkey, from its `dump.rdb` or its append-only files, and serves them.
//!
//! ```text
//! cargo run --features network,aof --example migrate_from_redis                              a demonstration that ends
//! cargo run --release --features network,aof --example migrate_from_redis dump.rdb           reads it, and says what it has
//! cargo run --release --features network,aof --example migrate_from_redis dump.rdb :6379     and serves it until SHUTDOWN
//! cargo run --release --features network,aof --example migrate_from_redis appendonlydir :6379
//! ```
//!
//! Progress is shown. A snapshot is read on all cores and is not changed; what belongs to modules, and functions, which
//! Danio does not have, is counted and left out. A server that goes on writing is asked for a fresh file first
//! (`redis-cli --rdb dump.rdb`, or BGSAVE).
//!
//! Append-only files are given as their folder (`appenddirname`, where the manifest is), or as the one file of a Redis before
//! 7.0. Danio goes on with them as that Redis would: what clients write is written behind, and Redis can read it all
//! back. So the other server must have ended; or give a copy. A command that was cut off at the end, by a crash, is dropped
//! and said so.

use std::error::Error;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use danio::network::Server;
use danio::{Config, Engine, Upkeep};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let mut words = std::env::args().skip(1);
    match (words.next(), words.next()) {
        (Some(from), None) => drop(migrate(Path::new(&from))?),
        (Some(from), Some(address)) => {
            let engine = migrate(Path::new(&from))?;
            let address =
                address.strip_prefix(':').map_or(address.clone(), |p| format!("127.0.0.1:{p}"));
            let server = Server::bind(&engine, address)?;
            println!("serving on {}", server.local_addrs()[0]);
            server.wait();
        }
        (None, _) => demonstrate()?,
    }
    Ok(())
}

/// An engine with what a snapshot or append-only files have.
fn migrate(from: &Path) -> Result<Engine> {
    let from = std::path::absolute(from)?;
    if from.is_dir() {
        let filename = manifest_of(&from)?;
        return replay(folder_of(&from)?, name_of(&from)?, filename);
    }
    if !from.is_file() {
        return Err(format!("there is no {}", from.display()).into());
    }
    match from.extension() == Some(OsStr::new("aof")) {
        // A single file becomes the base in a folder beside it.
        true => replay(folder_of(&from)?, "appendonlydir".to_owned(), name_of(&from)?),
        false => load(&from),
    }
}

fn folder_of(path: &Path) -> Result<&Path> {
    Ok(path.parent().ok_or("there is no folder above")?)
}

fn name_of(path: &Path) -> Result<String> {
    let name = path.file_name().and_then(OsStr::to_str);
    Ok(name.ok_or_else(|| format!("{} is no name", path.display()))?.to_owned())
}

/// What the files in this folder are named after (`appendfilename`): their manifest tells.
fn manifest_of(folder: &Path) -> Result<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name();
        names.extend(
            name.to_str().and_then(|name| name.strip_suffix(".manifest")).map(str::to_owned),
        );
    }
    match names.as_slice() {
        [name] => Ok(name.clone()),
        [] => Err(format!("there is no manifest in {}", folder.display()).into()),
        _ => Err(format!("{} has more than one manifest", folder.display()).into()),
    }
}

/// Runs what append-only files say, and goes on with them.
fn replay(folder: &Path, dirname: String, filename: String) -> Result<Engine> {
    let config = Config::new().upkeep(Upkeep::Thread).dir(folder);
    let config = config.append_dirname(dirname).append_filename(filename);
    let engine = Engine::open(config.append_only(true).append_only_deferred())?;
    let mut shown = Shown::default();
    engine.open_append_only(|done, total| shown.show(done, total, ""))?;
    let keys: usize = (0..engine.databases()).map(|n| engine.db(n).map_or(0, |db| db.len())).sum();
    println!("{keys} keys; what is written from now on is kept in the same files");
    Ok(engine)
}

/// Reads a snapshot.
fn load(file: &Path) -> Result<Engine> {
    let config = Config::new().upkeep(Upkeep::Thread).dir(folder_of(file)?);
    let engine = Engine::open(config.dbfilename(name_of(file)?))?;
    let mut shown = Shown::default();
    let loaded = engine.load_with(|so_far| {
        shown.show(so_far.bytes, so_far.total, &format!(", {} keys", so_far.keys));
    })?;
    let loaded = loaded.ok_or_else(|| format!("there is no {}", file.display()))?;
    println!(
        "{} keys; left out: {} whose time is over, {} of modules, {} other things",
        loaded.keys, loaded.expired, loaded.skipped, loaded.foreign
    );
    Ok(engine)
}

/// Progress, told at each tenth.
#[derive(Default)]
struct Shown(u64);

impl Shown {
    fn show(&mut self, done: u64, total: u64, more: &str) {
        let percent = done * 100 / total.max(1);
        // Not at the tenth alone that comes last: a file's last bytes are told of, too.
        if percent >= self.0 + 10 || (percent == 100 && self.0 < 100) {
            self.0 = percent;
            println!("{percent:3} % of {total} bytes{more}");
        }
    }
}

/// Makes files as a Redis would have left them, migrates, and asks over a socket.
fn demonstrate() -> Result<()> {
    let folder = std::env::temp_dir().join(format!("danio-migrate-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let result = from_snapshot(&folder).and_then(|()| from_append_only(&folder));
    std::fs::remove_dir_all(&folder)?;
    result
}

fn fill(old: &Engine) -> Result<()> {
    let db = old.db(0)?;
    for i in 0..20_000 {
        db.set(format!("session:{i}"), format!("user {i}"))?;
    }
    db.rpush("queue", ["first", "second"])?;
    old.db(3)?.hset("settings", [("theme", "dark")])?;
    Ok(())
}

/// Serves what was migrated, and has a client take from the queue.
fn serve(engine: &Engine, expected: &str) -> Result<()> {
    assert_eq!(engine.db(3)?.hget("settings", "theme")?.as_deref(), Some(&b"dark"[..]));
    let server = Server::bind(engine, "127.0.0.1:0")?;
    let mut client = BufReader::new(TcpStream::connect(server.local_addrs()[0])?);
    client.get_mut().write_all(b"LPOP queue\r\n")?;
    let mut reply = String::new();
    client.read_line(&mut reply)?;
    client.read_line(&mut reply)?;
    assert_eq!(reply, format!("${}\r\n{expected}\r\n", expected.len()));
    println!("and a client is served: {expected:?}");
    server.shutdown();
    Ok(())
}

fn from_snapshot(folder: &Path) -> Result<()> {
    let file: PathBuf = folder.join("redis.rdb");
    let old = Engine::open(Config::new())?;
    fill(&old)?;
    old.export(std::fs::File::create(&file)?)?;
    serve(&migrate(&file)?, "first")
}

fn from_append_only(folder: &Path) -> Result<()> {
    let old = Config::new().dir(folder).append_only(true).append_filename("redis.aof");
    let old = Engine::open(old)?;
    fill(&old)?;
    // A base, and what came after it.
    old.rewrite()?;
    old.db(0)?.set("after", "the base")?;
    drop(old);
    let files = folder.join("appendonlydir");
    serve(&migrate(&files)?, "first")?;
    // What the client took is in the files.
    let engine = migrate(&files)?;
    assert_eq!(engine.db(0)?.get("after")?.as_deref(), Some(&b"the base"[..]));
    serve(&engine, "second")
}
