//! Connections in process for crates that were written for older versions of the `redis` crate.
//!
//! `danio::redis` implements the traits of redis 1. Those of other versions are other traits, which any program can
//! implement for a type of its own, as [`bridge!`] does here: a command of the old version is made one of the new,
//! and the answer a value of the old.

#![forbid(unsafe_code)]

/// Makes `$name`, a connection for futures of another version of the redis crate, out of one of danio's.
///
/// `$commands` reads the words of what that version packs.
macro_rules! bridge {
    ($(#[$doc:meta])* $name:ident for $old:ident, pipelines by $commands:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name(danio::redis::aio::MultiplexedConnection);

        impl $name {
            /// Opens a connection to an engine in this process.
            pub async fn open(client: &danio::redis::Client) -> redis::RedisResult<$name> {
                client.get_multiplexed_async_connection().await.map($name)
            }

            fn old(value: redis::Value) -> $old::RedisResult<$old::Value> {
                use redis::Value as New;
                use $old::Value as Old;
                let all = |items: Vec<New>| {
                    items.into_iter().map(Self::old).collect::<$old::RedisResult<Vec<Old>>>()
                };
                Ok(match value {
                    New::Nil => Old::Nil,
                    New::Int(number) => Old::Int(number),
                    New::BulkString(bytes) => Old::BulkString(bytes),
                    New::Array(items) => Old::Array(all(items)?),
                    New::SimpleString(text) => Old::SimpleString(text),
                    New::Okay => Old::Okay,
                    New::Double(number) => Old::Double(number),
                    New::Boolean(is) => Old::Boolean(is),
                    New::Set(items) => Old::Set(all(items)?),
                    New::Map(pairs) => {
                        let pairs = pairs.into_iter().map(|(k, v)| Ok((Self::old(k)?, Self::old(v)?)));
                        Old::Map(pairs.collect::<$old::RedisResult<_>>()?)
                    }
                    New::ServerError(error) => {
                        let details = error.details().unwrap_or_default();
                        let line = format!("-{} {details}\r\n", error.code());
                        return $old::parse_redis_value(line.as_bytes());
                    }
                    // In RESP2 there is nothing else.
                    other => Old::SimpleString(format!("{other:?}")),
                })
            }

            fn new(old: &$old::Cmd) -> redis::RedisResult<redis::Cmd> {
                let packed = redis::parse_redis_value(&old.get_packed_command())?;
                let mut new = redis::Cmd::new();
                for word in redis::from_redis_value::<Vec<Vec<u8>>>(packed)? {
                    new.arg(word);
                }
                Ok(new)
            }

            fn error(error: redis::RedisError) -> $old::RedisError {
                let kind = $old::ErrorKind::ClientError;
                $old::RedisError::from((kind, "in process", error.to_string()))
            }
        }

        impl $old::aio::ConnectionLike for $name {
            fn req_packed_command<'a>(
                &'a mut self,
                cmd: &'a $old::Cmd,
            ) -> $old::RedisFuture<'a, $old::Value> {
                Box::pin(async move {
                    use redis::aio::ConnectionLike as _;
                    let cmd = Self::new(cmd).map_err(Self::error)?;
                    Self::old(self.0.req_packed_command(&cmd).await.map_err(Self::error)?)
                })
            }

            fn req_packed_commands<'a>(
                &'a mut self,
                old: &'a $old::Pipeline,
                offset: usize,
                count: usize,
            ) -> $old::RedisFuture<'a, Vec<$old::Value>> {
                Box::pin(async move {
                    use redis::aio::ConnectionLike as _;
                    let mut pipeline = redis::pipe();
                    // A transaction of the old version comes with its MULTI and EXEC.
                    let packed = old.get_packed_pipeline();
                    let commands = $commands(&packed).map_err(Self::error)?;
                    for words in commands {
                        let mut cmd = redis::Cmd::new();
                        words.into_iter().for_each(|word| {
                            cmd.arg(word);
                        });
                        pipeline.add_command(cmd);
                    }
                    let answers = self.0.req_packed_commands(&pipeline, offset, count).await;
                    answers.map_err(Self::error)?.into_iter().map(Self::old).collect()
                })
            }

            fn get_db(&self) -> i64 {
                redis::aio::ConnectionLike::get_db(&self.0)
            }
        }
    };
}

/// The words of packed commands.
fn commands(packed: &[u8]) -> redis::RedisResult<Vec<Vec<Vec<u8>>>> {
    let broken = || redis::RedisError::from((redis::ErrorKind::Client, "no packed commands"));
    let mut rest = packed;
    // Reads a marker and a number, up to the line's end.
    let number = |rest: &mut &[u8], marker: u8| {
        let end = rest.windows(2).position(|two| two == b"\r\n").ok_or_else(broken)?;
        let line = rest[..end].strip_prefix(&[marker]).ok_or_else(broken)?;
        let text = std::str::from_utf8(line).map_err(|_| broken())?;
        *rest = &rest[end + 2..];
        text.parse::<usize>().map_err(|_| broken())
    };
    let mut all = Vec::new();
    while !rest.is_empty() {
        let words = (0..number(&mut rest, b'*')?).map(|_| {
            let length = number(&mut rest, b'$')?;
            let (word, behind) = rest.split_at_checked(length).ok_or_else(broken)?;
            rest = behind.get(2..).ok_or_else(broken)?;
            Ok(word.to_vec())
        });
        all.push(words.collect::<redis::RedisResult<_>>()?);
    }
    Ok(all)
}

bridge! {
    /// A connection as redis 0.26 has them.
    Redis026 for redis_0_26, pipelines by commands
}

bridge! {
    /// A connection as redis 0.32 has them.
    Redis032 for redis_0_32, pipelines by commands
}
