//! Takes the data of a Redis or Valkey, from its `dump.rdb`, and serves them.
//!
//! ```text
//! cargo run --features network,snapshot --example migrate_from_redis                              a demonstration that ends
//! cargo run --release --features network,snapshot --example migrate_from_redis dump.rdb           reads it, and says what it has
//! cargo run --release --features network,snapshot --example migrate_from_redis dump.rdb :6379     and serves it until SHUTDOWN
//! ```
//!
//! The file is read on all cores, with its progress shown; it is not changed. What belongs to modules, and functions, which
//! Danio does not have, is counted and left out. A server that goes on writing is asked for a fresh file first
//! (`redis-cli --rdb dump.rdb`, or BGSAVE).

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use danio::network::Server;
use danio::{Config, Engine, Upkeep};

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    match (words.next(), words.next()) {
        (Some(file), None) => drop(migrate(Path::new(&file))?),
        (Some(file), Some(address)) => {
            let engine = migrate(Path::new(&file))?;
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

/// An engine with what the file has.
fn migrate(file: &Path) -> Result<Engine, Box<dyn Error>> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let name = file.file_name().ok_or("a file is asked for")?.to_string_lossy().into_owned();
    let folder = folder.unwrap_or(Path::new("."));
    let engine = Engine::open(Config::new().upkeep(Upkeep::Thread).dir(folder).dbfilename(name))?;
    let mut shown = 0;
    let loaded = engine.load_with(|so_far| {
        let percent = so_far.bytes * 100 / so_far.total.max(1);
        if percent >= shown + 10 {
            shown = percent;
            println!("{percent:3} % of {} bytes, {} keys", so_far.total, so_far.keys);
        }
    })?;
    let loaded = loaded.ok_or_else(|| format!("there is no {}", file.display()))?;
    println!(
        "{} keys; left out: {} whose time is over, {} of modules, {} other things",
        loaded.keys, loaded.expired, loaded.skipped, loaded.foreign
    );
    Ok(engine)
}

/// Makes a file as a Redis would have left it, migrates, and asks over a socket.
fn demonstrate() -> Result<(), Box<dyn Error>> {
    let folder = std::env::temp_dir().join(format!("danio-migrate-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let result = in_folder(&folder);
    std::fs::remove_dir_all(&folder)?;
    result
}

fn in_folder(folder: &Path) -> Result<(), Box<dyn Error>> {
    let file: PathBuf = folder.join("redis.rdb");
    let old = Engine::open(Config::new())?;
    let db = old.db(0)?;
    for i in 0..20_000 {
        db.set(format!("session:{i}"), format!("user {i}"))?;
    }
    db.rpush("queue", ["first", "second"])?;
    old.db(3)?.hset("settings", [("theme", "dark")])?;
    old.export(std::fs::File::create(&file)?)?;

    let engine = migrate(&file)?;
    assert_eq!(engine.db(3)?.hget("settings", "theme")?.as_deref(), Some(&b"dark"[..]));

    let server = Server::bind(&engine, "127.0.0.1:0")?;
    let mut client = BufReader::new(TcpStream::connect(server.local_addrs()[0])?);
    client.get_mut().write_all(b"LPOP queue\r\n")?;
    let mut reply = String::new();
    client.read_line(&mut reply)?;
    client.read_line(&mut reply)?;
    assert_eq!(reply, "$5\r\nfirst\r\n");
    println!("and a client is served: {:?}", reply.lines().last().unwrap_or_default());
    server.shutdown();
    Ok(())
}
