//! What connections for futures may be told when they are opened.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ::redis::aio::AsyncPushSender;
use ::redis::{ErrorKind, RedisError, RedisResult};

/// Settings of the wire that the crate has. They may be said and change nothing, so that code which says them goes on as
/// it is.
macro_rules! settings_of_the_wire {
    ($($name:ident: $what:ty, $of:literal;)*) => {
        $(
            #[doc = concat!("Changes nothing: there is no ", $of, ".")]
            pub fn $name(self, value: $what) -> Self {
                let _ = value;
                self
            }
        )*
    };
}

/// In the place of [`redis::AsyncConnectionConfig`]: what of it means something
/// without a wire, and the rest, which may be said.
///
/// ```
/// use std::time::Duration;
/// use danio::redis::{AsyncConnectionConfig, Client};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # runtime.block_on(async {
/// let config = AsyncConnectionConfig::new().set_response_timeout(Some(Duration::from_secs(1)));
/// let client = Client::open(danio::Db::in_memory())?;
/// assert!(client.get_multiplexed_async_connection_with_config(&config).await?.is_open());
/// # danio::redis::RedisResult::Ok(()) }).unwrap();
/// ```
#[derive(Clone, Default)]
pub struct AsyncConnectionConfig {
    pub(super) push_sender: Option<Arc<dyn AsyncPushSender>>,
}

impl AsyncConnectionConfig {
    /// A connection that hands messages to nobody.
    pub fn new() -> AsyncConnectionConfig {
        AsyncConnectionConfig::default()
    }

    /// Hands messages to this sender; only in RESP3. A thread of the connection's own does it, under no lock.
    pub fn set_push_sender(mut self, sender: impl AsyncPushSender) -> AsyncConnectionConfig {
        self.push_sender = Some(Arc::new(sender));
        self
    }

    settings_of_the_wire! {
        set_connection_timeout: Option<Duration>, "connecting that could take its time";
        set_response_timeout: Option<Duration>, "answer that could fail to come, and a command that waits does so for as long as it says";
        set_pipeline_buffer_size: usize, "buffer of requests";
        set_concurrency_limit: usize, "request under way but the one that is polled";
        set_write_backpressure_boundary: usize, "buffer of what is written";
    }
}

impl fmt::Debug for AsyncConnectionConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncConnectionConfig")
            .field("push_sender", &self.push_sender.is_some())
            .finish()
    }
}

/// In the place of `redis::aio::ConnectionManagerConfig`: as [`AsyncConnectionConfig`], and how lost connections would be
/// opened anew, which may be said and changes nothing, as none is lost.
///
/// ```
/// use std::time::Duration;
/// use danio::redis::{AsyncCommands, Client, aio::ConnectionManagerConfig};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # runtime.block_on(async {
/// let config = ConnectionManagerConfig::new().set_number_of_retries(3).set_max_delay(Duration::from_secs(2));
/// let client = Client::open(danio::Db::in_memory())?;
/// let mut manager = client.get_connection_manager_with_config(config).await?;
/// assert_eq!(manager.incr::<_, _, i64>("visits", 1).await?, 1);
/// # danio::redis::RedisResult::Ok(()) }).unwrap();
/// ```
#[derive(Clone, Debug, Default)]
pub struct ConnectionManagerConfig {
    connection: AsyncConnectionConfig,
    resubscribes: bool,
}

impl ConnectionManagerConfig {
    /// A connection that hands messages to nobody.
    pub fn new() -> ConnectionManagerConfig {
        ConnectionManagerConfig::default()
    }

    /// As [`AsyncConnectionConfig::set_push_sender`].
    pub fn set_push_sender(mut self, sender: impl AsyncPushSender) -> ConnectionManagerConfig {
        self.connection = self.connection.set_push_sender(sender);
        self
    }

    /// Has subscriptions outlive lost connections, as they do anyway. It needs a push sender, as in the crate.
    pub fn set_automatic_resubscription(mut self) -> ConnectionManagerConfig {
        self.resubscribes = true;
        self
    }

    settings_of_the_wire! {
        set_min_delay: Duration, "connection that is lost";
        set_max_delay: Duration, "connection that is lost";
        set_exponent_base: f32, "connection that is lost";
        set_number_of_retries: usize, "connection that is lost";
        set_connection_timeout: Option<Duration>, "connecting that could take its time";
        set_response_timeout: Option<Duration>, "answer that could fail to come, and a command that waits does so for as long as it says";
        set_pipeline_buffer_size: usize, "buffer of requests";
        set_concurrency_limit: usize, "request under way but the one that is polled";
        set_write_backpressure_boundary: usize, "buffer of what is written";
    }

    /// What it says of the connection itself.
    ///
    /// # Errors
    /// `Client` if it is to resubscribe without a sender.
    pub(super) fn connection(self) -> RedisResult<AsyncConnectionConfig> {
        if self.resubscribes && self.connection.push_sender.is_none() {
            let text = "Resubscribing automatically needs a push sender for what comes";
            return Err(RedisError::from((ErrorKind::Client, text)));
        }
        Ok(self.connection)
    }
}
