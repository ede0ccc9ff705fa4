//! Invalidation messages, as they are sent.

use std::cell::OnceCell;

use crate::command::push::Push;
use crate::pubsub::frame;

/// What a client that speaks RESP2 and listens to channels gets for another's keys: a message
/// of this channel.
const RESP2_HEAD: &[u8] = b">3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n";
const RESP3_HEAD: &[u8] = b">2\r\n$10\r\ninvalidate\r\n";

/// What has to be forgotten.
pub(super) enum What<'a> {
    Keys(&'a [&'a [u8]]),
    Everything,
}

/// A message, written when the first client is to get it, and once for all.
pub(super) struct Invalidation<'a> {
    what: What<'a>,
    direct: OnceCell<Push>,
    redirected: OnceCell<Push>,
}

impl<'a> Invalidation<'a> {
    pub(super) fn new(what: What<'a>) -> Invalidation<'a> {
        Invalidation { what, direct: OnceCell::new(), redirected: OnceCell::new() }
    }

    /// For the client that tracks: nothing if it speaks RESP2, in which it could not be told from
    /// an answer.
    pub(super) fn direct(&self) -> Push {
        self.direct.get_or_init(|| self.write(None)).clone()
    }

    /// For another client that it chose.
    pub(super) fn redirected(&self) -> Push {
        self.redirected.get_or_init(|| self.write(Some(RESP2_HEAD))).clone()
    }

    fn write(&self, resp2: Option<&[u8]>) -> Push {
        let with = |null: &[u8], head: &[u8]| match self.what {
            What::Everything => [head, null].concat(),
            What::Keys(_) => head.to_vec(),
        };
        let mut body = Vec::new();
        if let What::Keys(keys) = self.what {
            let size: usize = keys.iter().map(|key| frame::bulk_size(key.len())).sum();
            body.reserve(frame::header_size(keys.len()) + size);
            frame::header(&mut body, b'*', keys.len());
            for key in keys {
                frame::bulk(&mut body, key);
            }
        }
        let push = Push::new(with(b"_\r\n", RESP3_HEAD), body);
        match resp2 {
            Some(head) => push.with_resp2(with(b"$-1\r\n", head)),
            None => push.not_in_resp2(),
        }
    }
}

/// Says that the client which was to get the messages is gone.
pub(super) fn redirection_broken(to: u64) -> Push {
    let mut body = Vec::new();
    frame::header(&mut body, b':', usize::try_from(to).unwrap_or(usize::MAX));
    Push::new(&b">2\r\n$21\r\ntracking-redir-broken\r\n"[..], body).not_in_resp2()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Protocol;

    fn written(push: &Push, protocol: Protocol) -> String {
        let mut out = Vec::new();
        push.write(protocol, &mut out);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn written_as_redis_does() {
        let keys: [&[u8]; 2] = [b"a", b"bc"];
        let keys = Invalidation::new(What::Keys(&keys));
        let all = Invalidation::new(What::Everything);
        let two = "*2\r\n$1\r\na\r\n$2\r\nbc\r\n";
        for (push, rest) in [(keys.direct(), two), (all.direct(), "_\r\n")] {
            let resp3 = format!(">2\r\n$10\r\ninvalidate\r\n{rest}");
            assert_eq!(written(&push, Protocol::Resp3), resp3);
            assert_eq!(written(&push, Protocol::Resp2), "");
        }
        for (push, rest) in [(keys.redirected(), two), (all.redirected(), "$-1\r\n")] {
            let resp2 = format!("*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n{rest}");
            assert_eq!(written(&push, Protocol::Resp2), resp2);
        }
        assert_eq!(
            written(&all.redirected(), Protocol::Resp3),
            written(&all.direct(), Protocol::Resp3)
        );
        let broken = redirection_broken(7);
        assert_eq!(
            written(&broken, Protocol::Resp3),
            ">2\r\n$21\r\ntracking-redir-broken\r\n:7\r\n"
        );
        assert_eq!(written(&broken, Protocol::Resp2), "");
    }
}
