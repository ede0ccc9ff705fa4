//! Which connections CLIENT LIST shows and CLIENT KILL ends.

use crate::clock::Millis;
use crate::command::args::Args;
use crate::command::client::Client;
use crate::command::parse::{self, is};
use crate::error::{Error, Result};

/// A choice among connections: all conditions that are given must hold.
#[derive(Debug, Default)]
pub(super) struct Filter<'a> {
    ids: Vec<u64>,
    addr: Option<&'a [u8]>,
    laddr: Option<&'a [u8]>,
    /// The type is another than `normal`; no connection is of one.
    no_such_type: bool,
    /// The least age in seconds.
    age: Option<i64>,
    skip_own: bool,
}

impl<'a> Filter<'a> {
    /// The options of `CLIENT LIST`.
    pub(super) fn for_list(args: Args<'a>) -> Result<Filter<'a>> {
        let mut filter = Filter::default();
        match args.get(2) {
            None => {}
            Some(word) if is(word, "type") && args.len() == 4 => filter.set_type(args.at(3))?,
            Some(word) if is(word, "id") && args.len() > 3 => {
                let invalid = || Error::reply("ERR Invalid client ID");
                for word in args.iter_from(3) {
                    // No client has a negative id, nor the greatest one.
                    let id = parse::integer_or(word, invalid())?;
                    filter.ids.push(id.try_into().unwrap_or(u64::MAX));
                }
            }
            Some(_) => return Err(Error::Syntax),
        }
        Ok(filter)
    }

    /// The options of `CLIENT KILL` in its new form.
    pub(super) fn for_kill(args: Args<'a>) -> Result<Filter<'a>> {
        let mut filter = Filter { skip_own: true, ..Filter::default() };
        let mut at = 2;
        while at < args.len() {
            let (option, value) = (args.at(at), args.get(at + 1).ok_or(Error::Syntax)?);
            match option {
                word if is(word, "id") => {
                    let small = || Error::reply("ERR client-id should be greater than 0");
                    let id = parse::integer_or(value, small())?;
                    filter.ids =
                        vec![u64::try_from(id).ok().filter(|id| *id > 0).ok_or_else(small)?];
                }
                word if is(word, "maxage") => {
                    let age = parse::integer_or(
                        value,
                        Error::reply("ERR maxage is not an integer or out of range"),
                    )?;
                    if age <= 0 {
                        return Err(Error::reply("ERR maxage should be greater than 0"));
                    }
                    filter.age = Some(age);
                }
                word if is(word, "type") => filter.set_type(value)?,
                word if is(word, "addr") => filter.addr = Some(value),
                word if is(word, "laddr") => filter.laddr = Some(value),
                word if is(word, "user") => {
                    if value != b"default" {
                        return Err(Error::echo("ERR No such user '", value, "'"));
                    }
                }
                word if is(word, "skipme") => {
                    filter.skip_own = match value {
                        value if is(value, "yes") => true,
                        value if is(value, "no") => false,
                        _ => return Err(Error::Syntax),
                    };
                }
                _ => return Err(Error::Syntax),
            }
            at += 2;
        }
        Ok(filter)
    }

    fn set_type(&mut self, name: &[u8]) -> Result<()> {
        let others = ["slave", "replica", "master", "pubsub"];
        if !is(name, "normal") && !others.iter().any(|other| is(name, other)) {
            return Err(Error::echo("ERR Unknown client type '", name, "'"));
        }
        self.no_such_type = !is(name, "normal");
        Ok(())
    }

    /// Whether `client` is one of those chosen by the connection `own`.
    pub(super) fn chooses(&self, client: &Client, own: &Client, now: Millis) -> bool {
        !(self.skip_own && client.id == own.id)
            && !self.no_such_type
            && (self.ids.is_empty() || self.ids.contains(&client.id))
            && self.addr.is_none_or(|addr| client.origin.addr.as_bytes() == addr)
            && self.laddr.is_none_or(|laddr| client.origin.laddr.as_bytes() == laddr)
            && self.age.is_none_or(|age| (now.0 - client.born.0) / 1000 >= age)
    }
}
