//! A connection for futures, shared by its clones.

use std::sync::{Arc, Weak};
use std::thread;

use ::redis::aio::{AsyncPushSender, ConnectionLike};
use ::redis::{
    Cmd, Pipeline, PushInfo, PushKind, RedisFuture, RedisResult, ToRedisArgs, Value, cmd,
};
use parking_lot::Mutex;

use super::call::{Call, Shared, Turns, Work};
use crate::command::Protocol;
use crate::redis::bell::Bell;
use crate::redis::client::{Client, needs_resp3};
use crate::redis::packed;
use crate::redis::settings::ConnectionManagerConfig;
use crate::redis::sink::push_info;
use crate::redis::talk::Talk;

/// In the place of [`redis::aio::MultiplexedConnection`]: one client of an engine in
/// this process, which its clones share.
///
/// A call runs when it is polled, at once if the connection is free. It is pending only while a command of a clone waits
/// (`BLPOP`), as all wait behind it then, so that what waits had better have a connection of its own; and, with `appendfsync
/// always`, until what it wrote is on disk, while others have their turn. Dropping a call takes it back while its command has
/// not run: what it waited for stays where it is.
///
/// ```
/// use danio::redis::{AsyncCommands, Client};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # runtime.block_on(async {
/// let client = Client::open(danio::Db::in_memory())?;
/// let mut con = client.get_multiplexed_async_connection().await?;
/// con.set::<_, _, ()>("k", "v").await?;
/// assert_eq!(con.clone().get::<_, String>("k").await?, "v");
/// # danio::redis::RedisResult::Ok(()) }).unwrap();
/// ```
#[derive(Debug, Clone)]
pub struct MultiplexedConnection {
    shared: Arc<Shared>,
    db: i64,
}

impl MultiplexedConnection {
    pub(in crate::redis) fn open(
        client: &Client,
        sender: Option<Arc<dyn AsyncPushSender>>,
    ) -> RedisResult<MultiplexedConnection> {
        let (protocol, heard) = (client.spoken(), sender.is_some());
        if heard && protocol != Protocol::Resp3 {
            return Err(needs_resp3("Can only pass push sender to a connection using RESP3"));
        }
        let bell = Bell::new(!heard);
        let talk = Talk::open(&client.engine, client.number(), protocol, bell.clone());
        let shared = Arc::new(Shared { state: Mutex::new(Turns::new(talk)), bell, heard });
        if let Some(sender) = sender {
            let (weak, bell) = (Arc::downgrade(&shared), shared.bell.clone());
            thread::Builder::new()
                .name("danio-push".to_string())
                .spawn(move || relay(&weak, &bell, &*sender))?;
        }
        Ok(MultiplexedConnection { shared, db: i64::from(client.number()) })
    }

    /// Opens a connection, as `ConnectionManager::new` does.
    ///
    /// # Errors
    /// None; it is a `Result` because the crate's is.
    pub async fn new(client: Client) -> RedisResult<MultiplexedConnection> {
        client.get_connection_manager().await
    }

    /// As [`Client::get_connection_manager_with_config`].
    ///
    /// # Errors
    /// As there.
    pub async fn new_with_config(
        client: Client,
        config: ConnectionManagerConfig,
    ) -> RedisResult<MultiplexedConnection> {
        client.get_connection_manager_with_config(config).await
    }

    /// Whether it can be used; a client that was killed, or has quit, cannot.
    pub fn is_open(&self) -> bool {
        self.shared.lock().talk.is_open()
    }

    /// Runs a command.
    ///
    /// # Errors
    /// If the connection is over. An error that the command answers with is a value here.
    pub async fn send_packed_command(&mut self, cmd: &Cmd) -> RedisResult<Value> {
        self.req_packed_command(cmd).await
    }

    /// Runs a pipeline, and gives `count` answers behind the first `offset`.
    ///
    /// # Errors
    /// If the connection is over, or a transaction was refused.
    pub async fn send_packed_commands(
        &mut self,
        cmd: &Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisResult<Vec<Value>> {
        self.req_packed_commands(cmd, offset, count).await
    }

    /// Listens to channels; messages go to the push sender of the connection's configuration.
    ///
    /// # Errors
    /// `InvalidClientConfig` in RESP2.
    pub async fn subscribe(&mut self, channel_name: impl ToRedisArgs) -> RedisResult<()> {
        self.subscription(cmd("SUBSCRIBE").arg(channel_name)).await
    }

    /// Listens to channels no longer.
    ///
    /// # Errors
    /// `InvalidClientConfig` in RESP2.
    pub async fn unsubscribe(&mut self, channel_name: impl ToRedisArgs) -> RedisResult<()> {
        self.subscription(cmd("UNSUBSCRIBE").arg(channel_name)).await
    }

    /// Listens to what fits patterns; messages go to the push sender.
    ///
    /// # Errors
    /// `InvalidClientConfig` in RESP2.
    pub async fn psubscribe(&mut self, channel_pattern: impl ToRedisArgs) -> RedisResult<()> {
        self.subscription(cmd("PSUBSCRIBE").arg(channel_pattern)).await
    }

    /// Listens to patterns no longer.
    ///
    /// # Errors
    /// `InvalidClientConfig` in RESP2.
    pub async fn punsubscribe(&mut self, channel_pattern: impl ToRedisArgs) -> RedisResult<()> {
        self.subscription(cmd("PUNSUBSCRIBE").arg(channel_pattern)).await
    }

    async fn subscription(&mut self, cmd: &Cmd) -> RedisResult<()> {
        if self.shared.lock().talk.protocol() != Protocol::Resp3 {
            return Err(needs_resp3("RESP3 is required for this command"));
        }
        self.req_packed_command(cmd).await?.extract_error()?;
        Ok(())
    }
}

impl ConnectionLike for MultiplexedConnection {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        let call = Call::new(&self.shared, Work::One(cmd), 0, 1);
        Box::pin(async move {
            let answer = call.await?.pop();
            Ok(answer.filter(|_| !cmd.is_no_response()).unwrap_or(Value::Nil))
        })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        if pipeline.is_empty() {
            return Box::pin(std::future::ready(Err(packed::empty())));
        }
        Box::pin(Call::new(&self.shared, Work::many(pipeline), offset, count))
    }

    fn get_db(&self) -> i64 {
        self.db
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // Whoever relays its messages sees that there will be no more.
        self.bell.ring();
    }
}

/// Hands messages to a sender, which may be anybody's code, until the connection is over or dropped.
fn relay(connection: &Weak<Shared>, bell: &Bell, sender: &dyn AsyncPushSender) {
    let mut seen = 0;
    loop {
        bell.wait(seen, None);
        seen = bell.count();
        let Some(shared) = connection.upgrade() else { return };
        let mut turns = shared.lock();
        turns.talk.take_mail();
        let pushes = std::mem::take(&mut turns.talk.pushes);
        let open = turns.talk.is_open();
        drop(turns);
        // Not while the sender runs: it may take its time.
        drop(shared);
        for info in pushes.into_iter().filter_map(push_info) {
            // Nobody may listen any more.
            let _ = sender.send(info);
        }
        if !open {
            let _ = sender.send(PushInfo { kind: PushKind::Disconnection, data: Vec::new() });
            return;
        }
    }
}
