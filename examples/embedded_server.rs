//! One engine, used by typed calls and by Redis clients at the same time.
//!
//! ```text
//! cargo run --features network --example embedded_server                   a demonstration that ends
//! cargo run --features network --example embedded_server 127.0.0.1:6379    stays up for redis-cli
//! ```
//!
//! The application is a worker that counts the jobs it has done and obeys a switch. The counter
//! and the switch live in Danio, so that an operator sees and turns them with redis-cli, or a
//! dashboard in any language does, without a line of protocol in the application.

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use danio::network::Server;
use danio::{Config, Db, Engine, Upkeep};

fn main() -> Result<(), Box<dyn Error>> {
    let engine = Engine::open(Config::new().upkeep(Upkeep::Thread))?;
    let db = engine.db(0)?;

    // Without an address: any free port of this machine alone.
    let address = std::env::args().nth(1);
    let server = Server::bind(&engine, address.as_deref().unwrap_or("127.0.0.1:0"))?;
    let listening = server.local_addrs()[0];
    println!("listening on {listening}");

    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let worker = scope.spawn(|| work(&db, &stop));
        let ended = if address.is_some() {
            println!("try: redis-cli -p {} get jobs:done", listening.port());
            println!("     redis-cli -p {} set jobs:paused yes ex 10", listening.port());
            println!("     redis-cli -p {} shutdown", listening.port());
            // Until a client says SHUTDOWN.
            server.wait();
            Ok(())
        } else {
            let shown = demonstrate(&db, listening);
            server.shutdown();
            shown
        };
        stop.store(true, Relaxed);
        worker.join().expect("the worker does not panic")?;
        ended
    })
}

/// The application's own work, in typed calls.
fn work(db: &Db, stop: &AtomicBool) -> danio::Result<()> {
    while !stop.load(Relaxed) {
        if !db.exists("jobs:paused") {
            db.incr("jobs:done")?;
        }
        thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// What an operator would do with redis-cli.
fn demonstrate(db: &Db, address: SocketAddr) -> Result<(), Box<dyn Error>> {
    let mut client = Client::connect(address)?;
    client.ask("PING")?;

    // The client sees what the application counts…
    thread::sleep(Duration::from_millis(50));
    let done = client.ask("GET jobs:done")?;
    assert!(done.parse::<u64>()? > 0);

    // … and the application obeys what the client sets.
    client.ask("SET jobs:paused yes PX 60000")?;
    thread::sleep(Duration::from_millis(20));
    let before = db.get("jobs:done")?;
    thread::sleep(Duration::from_millis(30));
    assert_eq!(before, db.get("jobs:done")?);
    println!("paused by the client at {} jobs", client.ask("GET jobs:done")?);
    client.ask("DEL jobs:paused")?;

    // Atomic across both faces: neither loses an increment of the other.
    db.set("both", "0")?;
    thread::scope(|scope| {
        scope.spawn(|| (0..1000).try_for_each(|_| db.incr("both").map(drop)).expect("an integer"));
        (0..1000).try_for_each(|_| client.send("INCR both").map(drop))
    })?;
    assert_eq!(client.ask("GET both")?, "2000");
    Ok(())
}

/// As little of a Redis client as the demonstration needs; a program uses the `redis` crate.
struct Client {
    reader: BufReader<TcpStream>,
}

impl Client {
    fn connect(address: SocketAddr) -> std::io::Result<Client> {
        Ok(Client { reader: BufReader::new(TcpStream::connect(address)?) })
    }

    /// Sends a command and prints it with the answer.
    fn ask(&mut self, command: &str) -> std::io::Result<String> {
        let reply = self.send(command)?;
        println!("> {command}\n{reply}");
        Ok(reply)
    }

    /// Sends a command and reads the answer: one line, or a length and a line of text.
    fn send(&mut self, command: &str) -> std::io::Result<String> {
        self.reader.get_mut().write_all(format!("{command}\r\n").as_bytes())?;
        let mut line = String::new();
        self.reader.read_line(&mut line)?;
        if line.starts_with('$') && !line.starts_with("$-1") {
            line.clear();
            self.reader.read_line(&mut line)?;
        }
        Ok(line.trim_start_matches(['+', ':']).trim_end().to_owned())
    }
}
