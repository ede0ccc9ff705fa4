//! Clients as managers of pools, whose features are `bb8`, `deadpool` and `r2d2`.

use super::client::Client;

#[cfg(any(feature = "bb8", feature = "r2d2"))]
fn pong(answer: &str) -> ::redis::RedisResult<()> {
    use ::redis::{ErrorKind, RedisError};
    match answer {
        "PONG" => Ok(()),
        other => Err(RedisError::from((
            ErrorKind::UnexpectedReturnType,
            "ping request",
            other.to_string(),
        ))),
    }
}

/// ```
/// use danio::redis::{AsyncCommands, Client};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
/// # runtime.block_on(async {
/// let pool = bb8::Pool::builder().max_size(4).build(Client::open(danio::Db::in_memory())?).await?;
/// let mut con = pool.get().await.unwrap();
/// assert_eq!(con.incr::<_, _, i64>("visits", 1).await?, 1);
/// # danio::redis::RedisResult::Ok(()) }).unwrap();
/// ```
#[cfg(feature = "bb8")]
impl bb8::ManageConnection for Client {
    type Connection = super::aio::MultiplexedConnection;
    type Error = ::redis::RedisError;

    async fn connect(&self) -> Result<Self::Connection, Self::Error> {
        self.get_multiplexed_async_connection().await
    }

    async fn is_valid(&self, con: &mut Self::Connection) -> Result<(), Self::Error> {
        pong(&::redis::Cmd::ping().query_async::<String>(con).await?)
    }

    fn has_broken(&self, con: &mut Self::Connection) -> bool {
        !con.is_open()
    }
}

/// ```
/// use danio::redis::{AsyncCommands, Client};
/// use deadpool::managed::Pool;
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # runtime.block_on(async {
/// let pool: Pool<Client> = Pool::builder(Client::open(danio::Db::in_memory())?).max_size(4).build().unwrap();
/// let mut con = pool.get().await.unwrap();
/// assert_eq!(con.incr::<_, _, i64>("visits", 1).await?, 1);
/// # danio::redis::RedisResult::Ok(()) }).unwrap();
/// ```
#[cfg(feature = "deadpool")]
impl deadpool::managed::Manager for Client {
    type Type = super::aio::MultiplexedConnection;
    type Error = ::redis::RedisError;

    async fn create(&self) -> Result<Self::Type, Self::Error> {
        self.get_multiplexed_async_connection().await
    }

    /// Keys that are watched are let go, as nobody who gets the connection next knows of them.
    async fn recycle(
        &self,
        con: &mut Self::Type,
        _: &deadpool::managed::Metrics,
    ) -> deadpool::managed::RecycleResult<Self::Error> {
        if !con.is_open() {
            return Err(deadpool::managed::RecycleError::message("the connection is over"));
        }
        ::redis::cmd("UNWATCH").exec_async(con).await?;
        Ok(())
    }
}

/// ```
/// use danio::redis::{Client, Commands};
///
/// let pool = r2d2::Pool::builder().max_size(4).build(Client::open(danio::Db::in_memory())?).unwrap();
/// let mut con = pool.get().unwrap();
/// assert_eq!(con.incr::<_, _, i64>("visits", 1)?, 1);
/// # Ok::<(), danio::redis::RedisError>(())
/// ```
#[cfg(feature = "r2d2")]
impl r2d2::ManageConnection for Client {
    type Connection = super::connection::Connection;
    type Error = ::redis::RedisError;

    fn connect(&self) -> Result<Self::Connection, Self::Error> {
        self.get_connection()
    }

    fn is_valid(&self, con: &mut Self::Connection) -> Result<(), Self::Error> {
        pong(&::redis::Cmd::ping().query::<String>(con)?)
    }

    fn has_broken(&self, con: &mut Self::Connection) -> bool {
        !::redis::ConnectionLike::is_open(con)
    }
}
