//! A web application with logins, on axum and tower-sessions: `cargo run --example web_sessions --features
//! aof,tower-sessions`.
//!
//! Sessions slide: each visit gives one another half hour. They outlive the program, however it ends: its engine keeps an
//! append-only file and syncs it before a write returns (`appendfsync always`), so that a visitor who was told that
//! he is logged in is logged in after a crash too. Run without arguments, the example visits itself, in a folder that it
//! removes, with a restart in between, and ends; `-- serve 127.0.0.1:8080` lets a browser do it and keeps what it is told
//! in the folder `web_sessions`.

#[path = "../tests/support/http.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with a test")]
mod http;

use std::error::Error;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use axum::response::{Html, Redirect};
use axum::routing::{get, post};
use axum::{Form, Router};
use danio::sessions::SessionStore;
use danio::{AppendFsync, Config, Db, Engine, Upkeep};
use http::Browser;
use tokio::sync::oneshot;
use tower_sessions::cookie::time;
use tower_sessions::{Expiry, Session, SessionManagerLayer};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// A failure of the session store: the visitor is told no more than that.
struct Failed;

impl axum::response::IntoResponse for Failed {
    fn into_response(self) -> axum::response::Response {
        (axum::http::StatusCode::INTERNAL_SERVER_ERROR, "sessions are out of order").into_response()
    }
}

impl From<tower_sessions::session::Error> for Failed {
    fn from(_: tower_sessions::session::Error) -> Failed {
        Failed
    }
}

async fn home(session: Session) -> Result<Html<String>, Failed> {
    let Some(user) = session.get::<String>("user").await? else {
        return Ok(Html(
            "<form method=post action=/login><input name=user placeholder=name><button>Log in</button></form>".into(),
        ));
    };
    let visits = session.get::<u64>("visits").await?.unwrap_or(0) + 1;
    // Writing to the session is what makes it slide.
    session.insert("visits", visits).await?;
    Ok(Html(format!(
        "Hello {user}, this is visit {visits}. <form method=post action=/logout><button>Log out</button></form>"
    )))
}

async fn login(
    session: Session,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Redirect, Failed> {
    let user = fields.into_iter().find(|(name, _)| name == "user").unwrap_or_default().1;
    // Another id than before, so that nobody who knows that one is logged in too.
    session.cycle_id().await?;
    let user: String = user.chars().filter(|c| c.is_alphanumeric()).take(40).collect();
    session.insert("user", user).await?;
    Ok(Redirect::to("/"))
}

async fn logout(session: Session) -> Result<Redirect, Failed> {
    session.flush().await?;
    Ok(Redirect::to("/"))
}

fn app(engine: &Engine) -> Outcome<Router> {
    let layer = SessionManagerLayer::new(SessionStore::new(engine.db(0)?))
        // Over HTTP, as here; a real site has TLS and leaves this out.
        .with_secure(false)
        .with_expiry(Expiry::OnInactivity(time::Duration::minutes(30)));
    let routes = Router::new()
        .route("/", get(home))
        .route("/login", post(login))
        .route("/logout", post(logout));
    Ok(routes.layer(layer))
}

/// Opens the engine whose files are in a folder, with what they hold.
fn open(folder: &Path) -> Outcome<Engine> {
    std::fs::create_dir_all(folder)?;
    let config = Config::new()
        .dir(folder)
        .append_only(true)
        .append_fsync(AppendFsync::Always)
        .upkeep(Upkeep::Thread);
    Ok(Engine::open(config)?)
}

/// The application, running on a thread of its own.
struct Running {
    engine: Engine,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<std::io::Result<()>>,
}

impl Running {
    fn start(folder: &Path, listener: TcpListener) -> Outcome<Running> {
        let engine = open(folder)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let app = app(&engine)?;
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener)?;
                let stopped = async { drop(stopped.await) };
                axum::serve(listener, app).with_graceful_shutdown(stopped).await
            })
        });
        Ok(Running { engine, address, stop, thread })
    }

    /// Ends. There is nothing to be saved: each session was on disk when its visitor was answered.
    fn stop(self) -> Outcome<()> {
        let _ = self.stop.send(());
        Ok(self.thread.join().map_err(|_| "the server panicked")??)
    }
}

fn main() -> Outcome<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [serve, address] = &words[..]
        && serve == "serve"
    {
        let running = Running::start(Path::new("web_sessions"), TcpListener::bind(address)?)?;
        println!("http://{}/ ; Enter ends it", running.address);
        std::io::stdin().read_line(&mut String::new())?;
        return running.stop();
    }
    let folder = std::env::temp_dir().join(format!("web_sessions-{}", std::process::id()));
    let outcome = visit_ourselves(&folder);
    // It may not have come to be.
    let _ = std::fs::remove_dir_all(&folder);
    outcome
}

/// When the only session that there is will be over.
fn end_of_session(db: &Db) -> Outcome<SystemTime> {
    let keys = db.keys("session:*");
    let [session] = &keys[..] else { return Err(format!("one session, not {keys:?}").into()) };
    Ok(db.expire_time(session).ok_or("a session ends some time")?)
}

/// What a visitor would do, with a restart in between.
fn visit_ourselves(folder: &Path) -> Outcome<()> {
    let mut ann = Browser::default();
    let running = Running::start(folder, TcpListener::bind("127.0.0.1:0")?)?;
    assert!(ann.get(running.address, "/")?.body.contains("Log in"));
    let answer = ann.post(running.address, "/login", "user=Ann")?;
    assert_eq!(answer.status, 303, "{answer:?}");
    let db = running.engine.db(0)?;
    let mut end = end_of_session(&db)?;
    for visit in 1..=2 {
        std::thread::sleep(Duration::from_millis(20));
        let page = ann.get(running.address, "/")?;
        println!("{}", page.body.split(". <").next().unwrap_or_default());
        assert!(page.body.contains(&format!("Hello Ann, this is visit {visit}.")), "{page:?}");
        let slid = end_of_session(&db)?;
        assert!(slid > end, "each visit moves the end of the session");
        end = slid;
    }
    println!("{} session; the application restarts", db.len());
    drop(db);
    running.stop()?;

    let running = Running::start(folder, TcpListener::bind("127.0.0.1:0")?)?;
    let db = running.engine.db(0)?;
    assert_eq!(end_of_session(&db)?, end, "a restart neither ends nor prolongs it");
    let page = ann.get(running.address, "/")?;
    println!("{}", page.body.split(". <").next().unwrap_or_default());
    assert!(page.body.contains("Hello Ann, this is visit 3."), "{page:?}");
    let thief = ann.clone();
    ann.post(running.address, "/logout", "")?;
    assert!(ann.get(running.address, "/")?.body.contains("Log in"));
    assert!(thief.clone().get(running.address, "/")?.body.contains("Log in"));

    // Bob does not come back in time: his half hour is made to be over.
    let mut bob = Browser::default();
    bob.post(running.address, "/login", "user=Bob")?;
    assert!(bob.get(running.address, "/")?.body.contains("Hello Bob"));
    db.expire(&db.keys("session:*")[0], Duration::from_millis(1))?;
    std::thread::sleep(Duration::from_millis(5));
    assert!(bob.get(running.address, "/")?.body.contains("Log in"));
    drop(db);
    running.stop()
}
