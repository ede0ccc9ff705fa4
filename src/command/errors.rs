//! The dispatcher's refusals, in Redis's words.

use super::args::Args;
use crate::error::Error;

/// How much of the caller's words a message repeats.
const ECHOED: usize = 128;

pub(crate) fn unknown_command(args: Args<'_>) -> Error {
    let mut echoed = Vec::new();
    for word in args.iter_from(1) {
        if echoed.len() >= ECHOED {
            break;
        }
        let room = ECHOED - echoed.len();
        echoed.push(b'\'');
        echoed.extend_from_slice(cut(word, room));
        echoed.extend_from_slice(b"' ");
    }
    let mut text = b"ERR unknown command '".to_vec();
    text.extend_from_slice(cut(args.at(0), ECHOED));
    text.extend_from_slice(b"', with args beginning with: ");
    text.extend_from_slice(&echoed);
    plain(&text)
}

pub(crate) fn unknown_subcommand(container: &str, name: &[u8]) -> Error {
    let mut text = b"ERR unknown subcommand '".to_vec();
    text.extend_from_slice(cut(name, ECHOED));
    text.extend_from_slice(b"'. Try ");
    text.extend_from_slice(container.to_ascii_uppercase().as_bytes());
    text.extend_from_slice(b" HELP.");
    plain(&text)
}

/// For a subcommand that there is, with too many words or with words that it does not know.
pub(crate) fn refused_subcommand(container: &str, name: &[u8]) -> Error {
    let after = format!("'. Try {} HELP.", container.to_ascii_uppercase());
    Error::echo("ERR unknown subcommand or wrong number of arguments for '", name, &after)
}

/// A connection that is shown all commands may not look at keys.
#[cold]
pub(super) fn only_watches() -> Error {
    Error::reply("ERR Replica can't interact with the keyspace")
}

/// What a connection that listens may not do, unless it speaks RESP3.
pub(super) fn only_listens(full_name: &str) -> Error {
    Error::reply(format!(
        "ERR Can't execute '{full_name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in \
         this context"
    ))
}

/// What is refused while data are being loaded.
#[cold]
pub(super) fn loading() -> Error {
    Error::reply("LOADING Redis is loading the dataset in memory")
}

pub(super) fn no_auth() -> Error {
    Error::reply("NOAUTH Authentication required.")
}

pub(super) fn no_multi() -> Error {
    Error::reply("ERR Command not allowed inside a transaction")
}

/// EXEC itself was refused.
pub(super) fn aborted(why: &Error) -> Error {
    let why = why.to_string();
    let why = why.strip_prefix("ERR ").unwrap_or(&why);
    Error::reply(format!("EXECABORT Transaction discarded because of: {why}"))
}

pub(super) fn protected(command: &str) -> Error {
    let upper = command.to_ascii_uppercase();
    Error::reply(format!(
        "ERR {upper} command not allowed. If the enable-{command}-command option is set to \"local\", you can run it \
         from a local connection, otherwise you need to set this option in the configuration file, and then restart \
         the server."
    ))
}

/// At most `room` bytes of a word, up to its first NUL.
fn cut(word: &[u8], room: usize) -> &[u8] {
    let end = memchr::memchr(0, word).unwrap_or(word.len()).min(room);
    &word[..end]
}

/// An error of these bytes, on one line.
fn plain(text: &[u8]) -> Error {
    Error::Echo(text.iter().map(|b| if matches!(b, b'\r' | b'\n') { b' ' } else { *b }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_repeated_up_to_a_limit() {
        let words: [&[u8]; 3] = [b"foo", b"b\r\nr", b"c\0d"];
        let text = unknown_command(Args::new(&words)).to_string();
        assert_eq!(text, "ERR unknown command 'foo', with args beginning with: 'b  r' 'c' ");
        let long = [b'x'; 300];
        let words: [&[u8]; 3] = [&long, &long, b"more"];
        let text = unknown_command(Args::new(&words)).to_string();
        let x = "x".repeat(128);
        assert_eq!(text, format!("ERR unknown command '{x}', with args beginning with: '{x}' "));
        assert_eq!(
            unknown_subcommand("client", b"x").to_string(),
            "ERR unknown subcommand 'x'. Try CLIENT HELP."
        );
    }
}
