//! A cache that outlives its process: what was kept is there when it is opened again.
//!
//! ```sh
//! cargo run --features aof --example durable_cache
//! ```

use std::time::Duration;

use danio::{AppendFsync, Config, Engine, Error};

fn open(folder: &std::path::Path) -> Result<Engine, Error> {
    let config = Config::new().dir(folder).append_only(true).append_fsync(AppendFsync::EverySec);
    Engine::open(config)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::temp_dir().join(format!("danio-durable-cache-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;

    {
        let engine = open(&folder)?;
        let cache = engine.db(0)?;
        for page in 0..1000 {
            cache.set_ex(
                format!("page:{page}"),
                Duration::from_secs(600),
                format!("<h1>{page}</h1>"),
            )?;
        }
        // What must not be lost even if the machine is: wait until it is on disk.
        cache.set("last-import", "2026-11-27")?;
        engine.synced()?;
        // Written anew, it takes no more room than the data.
        engine.rewrite()?;
    }

    let engine = open(&folder)?;
    let cache = engine.db(0)?;
    assert_eq!(cache.get("page:7")?.as_deref(), Some(&b"<h1>7</h1>"[..]));
    assert_eq!(cache.get("last-import")?.as_deref(), Some(&b"2026-11-27"[..]));
    println!("{} keys are there again", cache.len());

    drop((cache, engine));
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}
