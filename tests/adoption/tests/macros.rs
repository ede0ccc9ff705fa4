//! `redis-macros`: values of one's own in any connection of redis 1, kept as JSON.

use danio::redis::{AsyncCommands, Client, Commands};
use redis_macros::{FromRedisValue, ToRedisArgs};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, FromRedisValue, ToRedisArgs)]
struct User {
    name: String,
    ports: Vec<u16>,
}

#[tokio::test(flavor = "current_thread")]
async fn values_of_ones_own() {
    let db = danio::Db::in_memory();
    let client = Client::open(&db).unwrap();
    let ann = User { name: "Ann".into(), ports: vec![80, 443] };
    let mut blocking = client.get_connection().unwrap();
    Commands::set::<_, _, ()>(&mut blocking, "user", &ann).unwrap();
    let mut asynchronous = client.get_multiplexed_async_connection().await.unwrap();
    assert_eq!(AsyncCommands::get::<_, User>(&mut asynchronous, "user").await.unwrap(), ann);
    assert_eq!(db.get("user").unwrap().unwrap(), r#"{"name":"Ann","ports":[80,443]}"#);
    db.set("user", "no JSON").unwrap();
    assert!(Commands::get::<_, User>(&mut blocking, "user").is_err());
}
