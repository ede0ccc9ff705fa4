//! The store of `tower-sessions` in an axum application, asked over real sockets.

#![allow(clippy::unwrap_used, reason = "a test says by failing what is wrong")]

#[path = "support/http.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with an example")]
mod http;

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::routing::{get, post};
use danio::sessions::SessionStore;
use danio::{Config, Db, Engine, ManualClock, Ttl};
use http::Browser;
use tower_sessions::cookie::time::{Duration as Span, OffsetDateTime};
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::ExpiredDeletion;
use tower_sessions::{Expiry, Session, SessionManagerLayer, SessionStore as _};

/// Counts a visitor's visits; `/login` changes the session's id, `/logout` ends it.
fn app(store: SessionStore) -> Router {
    let layer = SessionManagerLayer::new(store)
        .with_secure(false)
        .with_expiry(Expiry::OnInactivity(Span::minutes(30)));
    Router::new()
        .route(
            "/",
            get(async |session: Session| {
                let visits: u64 = session.get("visits").await.unwrap().unwrap_or(0) + 1;
                session.insert("visits", visits).await.unwrap();
                visits.to_string()
            }),
        )
        .route(
            "/login",
            post(async |session: Session| {
                session.cycle_id().await.unwrap();
                session.insert("user", "ann").await.unwrap();
                "hello"
            }),
        )
        .route(
            "/who",
            get(async |session: Session| {
                session.get::<String>("user").await.unwrap().unwrap_or("nobody".to_string())
            }),
        )
        .route(
            "/logout",
            post(async |session: Session| {
                session.flush().await.unwrap();
                "bye"
            }),
        )
        .layer(layer)
}

/// Serves an application until the test ends.
fn serve(app: Router) -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, app).await.unwrap();
        });
    });
    address
}

#[test]
fn sessions_of_a_web_application() {
    let clock = ManualClock::new();
    clock.set(SystemTime::from(OffsetDateTime::now_utc()));
    let engine = Engine::open(Config::new().clock(clock.clone())).unwrap();
    let db = engine.db(0).unwrap();
    let address = serve(app(SessionStore::new(db.clone())));
    let (mut ann, mut bob) = (Browser::default(), Browser::default());
    for visits in 1..=3 {
        assert_eq!(ann.get(address, "/").unwrap().body, visits.to_string());
    }
    assert_eq!(bob.get(address, "/").unwrap().body, "1");
    assert_eq!(db.len(), 2);
    // What is stored is text, and lives as long as the cookie.
    let key = format!("session:{}", ann.cookie("id").unwrap());
    let stored = String::from_utf8(db.get(&key).unwrap().unwrap().to_vec()).unwrap();
    assert!(stored.contains("\"visits\":3"), "{stored}");
    let Ttl::Left(left) = db.ttl(&key) else { panic!("it expires") };
    assert!(
        left > Duration::from_secs(29 * 60) && left <= Duration::from_secs(30 * 60 + 1),
        "{left:?}"
    );
    // A login gets another id, with what the session held.
    assert_eq!(ann.post(address, "/login", "").unwrap().body, "hello");
    assert!(!db.exists(&key));
    assert_eq!(ann.get(address, "/who").unwrap().body, "ann");
    assert_eq!(ann.get(address, "/").unwrap().body, "4");
    assert_eq!(bob.get(address, "/who").unwrap().body, "nobody");
    let stolen = ann.clone();
    assert_eq!(ann.post(address, "/logout", "").unwrap().body, "bye");
    assert_eq!(stolen.clone().get(address, "/who").unwrap().body, "nobody");
    // Time passes: the session is gone though its cookie is shown.
    assert_eq!(bob.get(address, "/").unwrap().body, "2");
    clock.advance(Duration::from_secs(31 * 60));
    assert_eq!(bob.get(address, "/").unwrap().body, "1");
}

#[test]
fn one_engine_serves_many_visitors_at_a_time() {
    let db = Db::in_memory();
    let address = serve(app(SessionStore::new(db.clone()).with_prefix("web:")));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut browser = Browser::default();
                for visits in 1..=20 {
                    assert_eq!(browser.get(address, "/").unwrap().body, visits.to_string());
                }
            });
        }
    });
    assert_eq!(db.len(), 8);
    assert!(db.keys("web:*").len() == 8);
}

fn record(expires_in: Span) -> Record {
    let mut record = Record {
        id: Id::default(),
        data: Default::default(),
        expiry_date: OffsetDateTime::now_utc() + expires_in,
    };
    record.data.insert("n".to_string(), 1.into());
    record
}

#[test]
fn the_store_by_itself() {
    let db = Db::in_memory();
    let store = SessionStore::new(db.clone());
    smol::block_on(async {
        let mut first = record(Span::hours(1));
        store.create(&mut first).await.unwrap();
        assert_eq!(store.load(&first.id).await.unwrap().as_ref(), Some(&first));
        // An id that is taken is not taken over.
        let mut second = record(Span::hours(2));
        second.id = first.id;
        store.create(&mut second).await.unwrap();
        assert_ne!(second.id, first.id);
        assert_eq!(store.load(&first.id).await.unwrap().as_ref(), Some(&first));
        assert_eq!(store.load(&second.id).await.unwrap().as_ref(), Some(&second));
        first.data.insert("more".to_string(), "x".into());
        store.save(&first).await.unwrap();
        assert_eq!(store.load(&first.id).await.unwrap().as_ref(), Some(&first));
        store.delete(&first.id).await.unwrap();
        store.delete(&first.id).await.unwrap();
        assert_eq!(store.load(&first.id).await.unwrap(), None);
        // What is over is not there.
        let mut over = record(Span::seconds(-5));
        store.create(&mut over).await.unwrap();
        assert_eq!(store.load(&over.id).await.unwrap(), None);
        store.delete_expired().await.unwrap();
        assert_eq!(db.len(), 1);
        // What somebody else put there is an error, and no session.
        db.set(format!("session:{}", over.id), "garbage").unwrap();
        assert!(store.load(&over.id).await.is_err());
        db.del(format!("session:{}", over.id));
        db.rpush(format!("session:{}", over.id), ["x"]).unwrap();
        assert!(store.load(&over.id).await.unwrap_err().to_string().contains("WRONGTYPE"));
    });
}
