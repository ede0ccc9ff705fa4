//! Where connections of this process come from.

use std::fmt;
use std::time::Duration;

use ::redis::{Cmd, ConnectionLike, ErrorKind, ProtocolVersion, RedisError, RedisResult, Value};

use super::aio::{ConnectionManager, Monitor, MultiplexedConnection, PubSub};
use super::connection::Connection;
use super::settings::{AsyncConnectionConfig, ConnectionManagerConfig};
use crate::api::{Db, Engine};
use crate::command::Protocol;

/// In the place of [`redis::Client`]: hands out connections to an engine in this process.
///
/// Cheap to clone, and keeps the engine alive. It is a connection itself, which opens one for each call, as the crate's is.
///
/// ```
/// use danio::redis::{Client, Commands};
///
/// let db = danio::Db::in_memory();
/// let client = Client::open(&db)?;
/// let mut con = client.get_connection()?;
/// con.set::<_, _, ()>("k", "v")?;
/// assert_eq!(con.get::<_, String>("k")?, "v");
/// # Ok::<(), danio::redis::RedisError>(())
/// ```
#[derive(Clone)]
pub struct Client {
    pub(super) engine: Engine,
    db: u32,
    protocol: ProtocolVersion,
}

/// What a [`Client`] can be made from: an engine, whose database 0 its connections begin in, or a database.
pub trait IntoClient {
    /// Makes the client.
    ///
    /// # Errors
    /// None for an engine or a database.
    fn into_client(self) -> RedisResult<Client>;
}

impl IntoClient for Client {
    fn into_client(self) -> RedisResult<Client> {
        Ok(self)
    }
}

impl IntoClient for &Engine {
    fn into_client(self) -> RedisResult<Client> {
        Ok(Client { engine: self.clone(), db: 0, protocol: ProtocolVersion::RESP2 })
    }
}

impl IntoClient for Engine {
    fn into_client(self) -> RedisResult<Client> {
        (&self).into_client()
    }
}

impl IntoClient for &Db {
    fn into_client(self) -> RedisResult<Client> {
        Ok(Client { db: self.number(), ..self.engine().into_client()? })
    }
}

impl IntoClient for Db {
    fn into_client(self) -> RedisResult<Client> {
        (&self).into_client()
    }
}

impl Client {
    /// Makes a client of an engine, or of one of its databases, that speaks RESP2 as the crate does unless told.
    ///
    /// # Errors
    /// None; it is a `Result` because the crate's is.
    pub fn open(engine: impl IntoClient) -> RedisResult<Client> {
        engine.into_client()
    }

    /// Has connections speak this version, as `?protocol=resp3` in an address does.
    ///
    /// ```
    /// use danio::redis::{Client, ProtocolVersion, Value, cmd};
    ///
    /// let client = Client::open(danio::Db::in_memory())?.with_protocol(ProtocolVersion::RESP3);
    /// let hello: Value = cmd("HGETALL").arg("nothing").query(&mut client.get_connection()?)?;
    /// assert_eq!(hello, Value::Map(vec![]));
    /// # Ok::<(), danio::redis::RedisError>(())
    /// ```
    pub fn with_protocol(mut self, protocol: ProtocolVersion) -> Client {
        self.protocol = protocol;
        self
    }

    /// Opens a blocking connection.
    ///
    /// # Errors
    /// None; it is a `Result` because the crate's is.
    pub fn get_connection(&self) -> RedisResult<Connection> {
        Ok(Connection::open(&self.engine, self.db, self.spoken()))
    }

    /// Opens a blocking connection; there is nothing that could take longer than `timeout`.
    ///
    /// # Errors
    /// None; it is a `Result` because the crate's is.
    pub fn get_connection_with_timeout(&self, timeout: Duration) -> RedisResult<Connection> {
        let _ = timeout;
        self.get_connection()
    }

    /// Opens a connection for futures, which clones share.
    ///
    /// # Errors
    /// None; it is a `Result` because the crate's is.
    pub async fn get_multiplexed_async_connection(&self) -> RedisResult<MultiplexedConnection> {
        self.get_multiplexed_async_connection_with_config(&AsyncConnectionConfig::new()).await
    }

    /// Opens a connection for futures, which clones share, and which may hand messages to a sender.
    ///
    /// ```
    /// use danio::redis::{AsyncCommands, AsyncConnectionConfig, Client, ProtocolVersion, PushKind};
    ///
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    /// # runtime.block_on(async {
    /// let engine = danio::Engine::open(danio::Config::new()).unwrap();
    /// let client = Client::open(&engine)?.with_protocol(ProtocolVersion::RESP3);
    /// let (sender, mut messages) = tokio::sync::mpsc::unbounded_channel();
    /// let config = AsyncConnectionConfig::new().set_push_sender(sender);
    /// let mut con = client.get_multiplexed_async_connection_with_config(&config).await?;
    /// con.subscribe("news").await?;
    /// assert_eq!(messages.recv().await.unwrap().kind, PushKind::Subscribe);
    /// engine.publish("news", "hello");
    /// assert_eq!(messages.recv().await.unwrap().kind, PushKind::Message);
    /// # danio::redis::RedisResult::Ok(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// `InvalidClientConfig` for a sender in RESP2, which pushes nothing; and if the thread cannot be started that hands
    /// messages to the sender.
    pub async fn get_multiplexed_async_connection_with_config(
        &self,
        config: &AsyncConnectionConfig,
    ) -> RedisResult<MultiplexedConnection> {
        MultiplexedConnection::open(self, config.push_sender.clone())
    }

    /// Opens a connection for futures. What is in this process is never lost, so that there is nothing to manage.
    ///
    /// # Errors
    /// None; it is a `Result` because the crate's is.
    pub async fn get_connection_manager(&self) -> RedisResult<ConnectionManager> {
        self.get_multiplexed_async_connection().await
    }

    /// As [`get_connection_manager`](Client::get_connection_manager), with messages handed to a sender.
    ///
    /// # Errors
    /// As [`get_multiplexed_async_connection_with_config`](Client::get_multiplexed_async_connection_with_config); `Client`
    /// if it is to resubscribe without a sender.
    pub async fn get_connection_manager_with_config(
        &self,
        config: ConnectionManagerConfig,
    ) -> RedisResult<ConnectionManager> {
        self.get_connection_manager_lazy(config)
    }

    /// As [`get_connection_manager_with_config`](Client::get_connection_manager_with_config), outside of async code.
    ///
    /// # Errors
    /// As there.
    pub fn get_connection_manager_lazy(
        &self,
        config: ConnectionManagerConfig,
    ) -> RedisResult<ConnectionManager> {
        MultiplexedConnection::open(self, config.connection()?.push_sender)
    }

    /// Opens a connection that listens to channels.
    ///
    /// # Errors
    /// None; it is a `Result` because the crate's is.
    pub async fn get_async_pubsub(&self) -> RedisResult<PubSub> {
        Ok(PubSub::open(self))
    }

    /// Opens a connection that is shown all commands.
    ///
    /// # Errors
    /// None; it is a `Result` because the crate's is.
    pub async fn get_async_monitor(&self) -> RedisResult<Monitor> {
        Monitor::open(self)
    }

    /// The number of the database that connections begin in.
    pub(super) fn number(&self) -> u32 {
        self.db
    }

    /// The protocol that connections begin with.
    pub(super) fn spoken(&self) -> Protocol {
        match self.protocol.supports_resp3() {
            true => Protocol::Resp3,
            false => Protocol::Resp2,
        }
    }
}

impl ConnectionLike for Client {
    fn req_packed_command(&mut self, cmd: &[u8]) -> RedisResult<Value> {
        self.get_connection()?.req_packed_command(cmd)
    }

    fn req_packed_commands(
        &mut self,
        cmd: &[u8],
        offset: usize,
        count: usize,
    ) -> RedisResult<Vec<Value>> {
        self.get_connection()?.req_packed_commands(cmd, offset, count)
    }

    fn req_command(&mut self, cmd: &Cmd) -> RedisResult<Value> {
        self.get_connection()?.req_command(cmd)
    }

    fn get_db(&self) -> i64 {
        i64::from(self.db)
    }

    fn check_connection(&mut self) -> bool {
        true
    }

    fn is_open(&self) -> bool {
        true
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("db", &self.db)
            .field("protocol", &self.protocol)
            .finish_non_exhaustive()
    }
}

/// What a call says that only RESP3 has.
pub(super) fn needs_resp3(what: &'static str) -> RedisError {
    RedisError::from((ErrorKind::InvalidClientConfig, what))
}
