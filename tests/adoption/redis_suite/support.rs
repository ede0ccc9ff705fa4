//! In the place of the suite's `support`: what its cases call, with an engine in this process where a server was.

use std::future::Future;
use std::io;

use redis::aio::ConnectionLike as AsyncConnectionLike;
use redis::{
    Client, Cmd, Connection, ConnectionLike, IntoClient, ProtocolVersion, RedisConnectionInfo, RedisResult, Value,
};
use redis_test::server::use_protocol;

#[macro_use]
mod version;
pub use version::*;
#[macro_use]
mod util;
mod pubsub;
pub use pubsub::*;

/// What cases with features run on.
#[derive(Clone, Copy, Debug)]
pub enum RuntimeType {
    Tokio,
    Smol,
}

pub const RUNTIMES: [RuntimeType; 2] = [RuntimeType::Tokio, RuntimeType::Smol];

/// Runs a case to its end.
pub fn block_on_all<F: Future>(case: F, runtime: RuntimeType) -> F::Output {
    match runtime {
        RuntimeType::Tokio => current_thread_runtime().block_on(case),
        RuntimeType::Smol => smol::block_on(case),
    }
}

pub fn current_thread_runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Runs a case beside the one that is running.
pub fn spawn<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) {
    match tokio::runtime::Handle::try_current() {
        Ok(tokio) => drop(tokio.spawn(future)),
        Err(_) => smol::spawn(future).detach(),
    }
}

/// Runs a case that takes a connection.
#[macro_export]
macro_rules! on_a_connection {
    ($case:ident, $runtime:expr) => {{
        let ctx = $crate::support::TestContext::new();
        let case = async { $case(ctx.async_connection().await.unwrap()).await };
        $crate::support::block_on_all(case, $runtime)
    }};
}

/// An engine where the suite has the address of a server.
#[derive(Clone)]
pub struct InProcess {
    engine: danio::Engine,
    settings: RedisConnectionInfo,
}

impl InProcess {
    pub fn connection_info(&self) -> InProcess {
        self.clone()
    }

    pub fn set_redis_settings(mut self, settings: RedisConnectionInfo) -> InProcess {
        self.settings = settings;
        self
    }
}

impl IntoClient for InProcess {
    fn into_client(self) -> RedisResult<Client> {
        let db = self.engine.db(self.settings.db() as u32).unwrap();
        Ok(Client::open(db)?.with_protocol(self.settings.protocol()))
    }
}

pub struct TestContext {
    pub server: InProcess,
    pub client: Client,
    pub protocol: ProtocolVersion,
}

impl TestContext {
    pub fn new() -> TestContext {
        let engine = danio::Engine::open(danio::Config::new()).unwrap();
        let protocol = use_protocol();
        let settings = RedisConnectionInfo::default().set_protocol(protocol);
        let server = InProcess { engine, settings };
        TestContext { client: Client::open(server.clone()).unwrap(), server, protocol }
    }

    pub fn with_modules(modules: &[redis_test::server::Module]) -> TestContext {
        assert!(modules.is_empty(), "there are no modules");
        TestContext::new()
    }

    /// As far as connections can tell.
    pub fn stop_server(&mut self) {
        for kind in ["normal", "pubsub"] {
            let kill = ["CLIENT", "KILL", "SKIPME", "yes", "TYPE", kind];
            self.server.engine.db(0).unwrap().execute(kill).unwrap();
        }
    }

    pub fn connection(&self) -> Connection {
        self.client.get_connection().unwrap()
    }

    pub async fn async_connection(&self) -> RedisResult<redis::aio::MultiplexedConnection> {
        self.client.get_multiplexed_async_connection().await
    }

    pub async fn multiplexed_async_connection_tokio(
        &self,
    ) -> RedisResult<redis::aio::MultiplexedConnection> {
        self.async_connection().await
    }

    pub async fn async_pubsub(&self) -> RedisResult<redis::aio::PubSub> {
        self.client.get_async_pubsub().await
    }
}

/// The suite's servers end with their contexts.
impl Drop for TestContext {
    fn drop(&mut self) {
        self.stop_server();
    }
}

impl TestContextVersioning for TestContext {
    fn get_available_components(&self) -> AvailableComponents {
        AvailableComponents::from(&mut Newest)
    }
}

/// Says to be of all versions whose commands there are, so that no case is passed over.
struct Newest;

impl ConnectionLike for Newest {
    fn req_packed_command(&mut self, _: &[u8]) -> RedisResult<Value> {
        Ok(Value::BulkString(b"redis_version:8.8.0\r\nvalkey_version:9.1.0\r\n".to_vec()))
    }

    fn req_packed_commands(&mut self, _: &[u8], _: usize, _: usize) -> RedisResult<Vec<Value>> {
        Ok(Vec::new())
    }

    fn get_db(&self) -> i64 {
        0
    }

    fn check_connection(&mut self) -> bool {
        true
    }

    fn is_open(&self) -> bool {
        true
    }
}

/// Has another connection end this one.
pub async fn kill_client_async(
    connection: &mut impl AsyncConnectionLike,
    client: &Client,
) -> RedisResult<()> {
    let id: u64 = redis::cmd("CLIENT").arg("ID").query_async(connection).await?;
    let mut killer = client.get_multiplexed_async_connection().await?;
    redis::cmd("CLIENT").arg("KILL").arg("ID").arg(id).query_async(&mut killer).await
}

/// A read and a write, whose answers nobody wants.
pub fn build_simple_pipeline_for_invalidation() -> redis::Pipeline {
    let mut pipe = redis::pipe();
    pipe.get("key_1").ignore().set("key_1", 42).ignore();
    pipe
}
