//! poem's sessions, whose storage is generic over connections of the redis crate, in an application.

use std::time::Duration;

use danio::redis::Client;
use danio::{Config, Engine, ManualClock};
use danio_adoption::Redis032;
use poem::http::header::{COOKIE, SET_COOKIE};
use poem::session::{CookieConfig, RedisStorage, ServerSession, Session};
use poem::test::TestClient;
use poem::{Endpoint, EndpointExt, Route, get, handler};

#[handler]
fn count(session: &Session) -> String {
    let visits = session.get::<i32>("visits").unwrap_or(0) + 1;
    session.set("visits", visits);
    visits.to_string()
}

#[handler]
fn leave(session: &Session) {
    session.purge();
}

/// Asks for a page, with the cookie that was given before.
async fn ask(
    client: &TestClient<impl Endpoint>,
    path: &str,
    cookie: &mut Option<String>,
) -> String {
    let mut request = client.get(path.to_string());
    if let Some(cookie) = cookie.as_deref() {
        request = request.header(COOKIE, cookie);
    }
    let response = request.send().await;
    response.assert_status_is_ok();
    if let Some(given) = response.0.headers().get(SET_COOKIE) {
        *cookie = given.to_str().unwrap().split(';').next().map(str::to_string);
    }
    response.0.into_body().into_string().await.unwrap()
}

#[tokio::test(flavor = "current_thread")]
async fn sessions_live_in_the_engine() {
    let clock = ManualClock::new();
    let engine = Engine::open(Config::new().clock(clock.clone())).unwrap();
    let connection = Redis032::open(&Client::open(&engine).unwrap()).await.unwrap();
    let cookies = CookieConfig::default().secure(false).max_age(Duration::from_secs(3600));
    let app = Route::new()
        .at("/", get(count))
        .at("/leave", get(leave))
        .with(ServerSession::new(cookies, RedisStorage::new(connection)));
    let client = TestClient::new(app);
    let (mut ann, mut bob) = (None, None);
    for visits in 1..=3 {
        assert_eq!(ask(&client, "/", &mut ann).await, visits.to_string());
    }
    assert_eq!(ask(&client, "/", &mut bob).await, "1");
    assert_eq!(engine.db(0).unwrap().len(), 2);
    ask(&client, "/leave", &mut bob).await;
    assert_eq!(engine.db(0).unwrap().len(), 1);
    clock.advance(Duration::from_secs(3601));
    assert_eq!(ask(&client, "/", &mut ann).await, "1");
}
