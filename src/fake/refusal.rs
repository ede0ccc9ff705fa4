//! How a version that is imitated refuses what its commands cannot do yet.

use super::known::{FILTERS_OF_LIST, Known, MAXAGE_OF_KILL, MORE_FILTERS, OPTIONS, PRIMARY, Place};
use super::version::Version;
use crate::command::Args;
use crate::error::Error;
use crate::text::int;

/// Words behind which the next one is a value, whatever it says, where options are looked for.
const BEFORE_VALUES: &[&str] = &[
    "BLOCK",
    "CLAIM",
    "COUNT",
    "EX",
    "EXAT",
    "FROMMEMBER",
    "IFDEQ",
    "IFDNE",
    "IFEQ",
    "IFNE",
    "MATCH",
    "PX",
    "PXAT",
    "TYPE",
];

/// Words behind which there are no options.
const ENDS: &[&str] = &["FIELDS", "STREAMS"];

/// How a version refuses a command that it has because of its number of words: before it is queued, as whatever the
/// table of commands decides.
pub(super) fn of_arity(version: Version, name: &'static str, args: Args<'_>) -> Option<Error> {
    let more = |place: Place| matches!(place, Place::MoreThan(words) if args.len() > words);
    let mut rows = OPTIONS.iter().filter(|row| row.0 == name && more(row.1));
    rows.any(|row| !version.knows(row.3)).then(|| Error::WrongArity(name.into()))
}

/// How a version refuses a command that it has, but not with an option that is given: when it runs.
pub(super) fn of_option(version: Version, name: &str, args: Args<'_>) -> Option<Error> {
    if matches!(name, "client|list" | "client|kill") {
        return of_filter(version, name == "client|kill", args);
    }
    let unknown = |since: &Known| !version.knows(*since);
    let rows = OPTIONS.iter().filter(|(of, _, _, since)| *of == name && unknown(since));
    let mut lacking = rows.filter_map(|(_, place, token, _)| find(args, *place, token));
    let at = lacking.next()?;
    Some(match name {
        // What is no option that it knows is the entry's id to it.
        "xadd" => Error::invalid_stream_id(),
        "xread" | "xreadgroup" if args.at(at) == b"+" => Error::invalid_stream_id(),
        "hsetex" => Error::echo("ERR unknown argument: ", args.at(at), ""),
        _ => Error::Syntax,
    })
}

/// Where an option stands, if it is given.
fn find(args: Args<'_>, place: Place, token: &str) -> Option<usize> {
    let is = |at: usize, word: &str| {
        args.get(at).is_some_and(|found| found.eq_ignore_ascii_case(word.as_bytes()))
    };
    let one_of = |at: usize, words: &[&str]| words.iter().any(|word| is(at, word));
    match place {
        Place::At(at) => is(at, token).then_some(at),
        Place::BeforeId => (2..id_of_xadd(args)).find(|at| is(*at, token)),
        Place::Exactly(words) => (args.len() == words).then_some(words - 1),
        Place::MoreThan(_) => None,
        Place::Behind(word, count) => {
            let keys = args.get(count).and_then(int::parse_i64);
            let from = usize::try_from(keys?).ok()?.checked_add(count + 1)?;
            (from..args.len()).find(|at| is(*at, word) && is(at + 1, token))
        }
        Place::Id => {
            let from = (1..args.len()).find(|at| is(*at, "STREAMS"))? + 1;
            let words = args.len() - from;
            // An odd number is refused by all.
            let ids = (from + words / 2..args.len()).filter(|_| words.is_multiple_of(2));
            { ids }.find(|at| is(*at, token))
        }
        Place::From(mut at) => {
            while at < args.len() && !one_of(at, ENDS) {
                if is(at, token) {
                    return Some(at);
                }
                at += 1 + usize::from(one_of(at, BEFORE_VALUES));
            }
            None
        }
    }
}

/// Where the id of an entry stands, behind which no options come.
fn id_of_xadd(args: Args<'_>) -> usize {
    let mut at = 2;
    while let Some(word) = args.get(at) {
        let is = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
        at += match () {
            () if is("MAXLEN") || is("MINID") => {
                let sign = args.get(at + 1).is_some_and(|sign| matches!(sign, b"=" | b"~"));
                2 + usize::from(sign)
            }
            () if is("LIMIT") || is("IDMPAUTO") => 2,
            () if is("IDMP") => 3,
            () if ["NOMKSTREAM", "KEEPREF", "DELREF", "ACKED"].into_iter().any(is) => 1,
            () => break,
        };
    }
    at.min(args.len())
}

/// How a version refuses CLIENT LIST or CLIENT KILL with filters.
fn of_filter(version: Version, kill: bool, args: Args<'_>) -> Option<Error> {
    // The address alone is the oldest form of CLIENT KILL.
    if version.knows(MORE_FILTERS) || args.len() == 2 || (kill && args.len() == 3) {
        return None;
    }
    let is = |at: usize, word: &str| args.at(at).eq_ignore_ascii_case(word.as_bytes());
    let several = version.knows(FILTERS_OF_LIST);
    if !kill && !several {
        return match args.len() {
            4 if is(2, "TYPE") => of_client_type(version, args.at(3)),
            4.. if is(2, "ID") => {
                let numbers = args.iter_from(3).all(|word| int::parse_i64(word).is_some());
                (!numbers).then(|| Error::reply("ERR Invalid client ID"))
            }
            _ => Some(Error::Syntax),
        };
    }
    let mut at = 2;
    while at < args.len() {
        let known = ["ID", "TYPE", "ADDR", "LADDR", "USER", "SKIPME"];
        let max_age = is(at, "MAXAGE") && (!kill || version.knows(MAXAGE_OF_KILL));
        if !max_age && !known.iter().any(|filter| is(at, filter)) {
            return Some(Error::Syntax);
        }
        if is(at, "TYPE")
            && let Some(error) = args.get(at + 1).and_then(|word| of_client_type(version, word))
        {
            return Some(error);
        }
        let more = match several && is(at, "ID") {
            true => {
                args.iter_from(at + 2).take_while(|word| int::parse_i64(word).is_some()).count()
            }
            false => 0,
        };
        at += 2 + more;
    }
    None
}

fn of_client_type(version: Version, word: &[u8]) -> Option<Error> {
    let unknown = word.eq_ignore_ascii_case(b"primary") && !version.knows(PRIMARY);
    unknown.then(|| Error::echo("ERR Unknown client type '", word, "'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(version: Version, name: &str, words: &str) -> Option<String> {
        let words: Vec<&[u8]> = words.split(' ').map(str::as_bytes).collect();
        of_option(version, name, Args::new(&words)).map(|error| error.to_string())
    }

    #[test]
    fn options_are_looked_for_where_they_may_stand() {
        let lacks = |name: &str, words: &str| refused(Version::Redis7_0, name, words).is_some();
        assert!(lacks("set", "SET k v ifeq x") && !lacks("set", "SET ifeq ifeq"));
        assert!(lacks("bitop", "BITOP one d k") && !lacks("bitop", "BITOP and one one"));
        assert!(lacks("xadd", "XADD x MAXLEN = 9 acked * f v"));
        assert!(!lacks("xadd", "XADD x * acked v f v"));
        assert!(
            !lacks("hscan", "HSCAN h 0 MATCH novalues") && lacks("hscan", "HSCAN h 0 novalues")
        );
        assert!(!lacks("geosearch", "GEOSEARCH g FROMMEMBER bypolygon BYRADIUS 1 km"));
        assert!(lacks("xreadgroup", "XREADGROUP GROUP g c CLAIM 1 STREAMS claim >"));
        assert!(!lacks("xreadgroup", "XREADGROUP GROUP g c STREAMS claim >"));
        assert!(lacks("xread", "XREAD STREAMS a + 0 +") && !lacks("xread", "XREAD STREAMS + 0"));
        assert!(!lacks("xread", "XREAD STREAMS a b +"), "it is told that ids are missing");
        assert!(lacks("zunion", "ZUNION 2 a b AGGREGATE count"));
        assert!(!lacks("zunion", "ZUNION 2 aggregate count WEIGHTS 1 2"));
        assert!(!lacks("zunion", "ZUNION x AGGREGATE COUNT"));
        assert!(lacks("shutdown", "SHUTDOWN NOSAVE safe") && !lacks("shutdown", "SHUTDOWN NOW"));
        assert!(!lacks("zunion", "ZUNION 9223372036854775807 AGGREGATE COUNT"));
        assert!(refused(Version::Valkey8, "set", "SET k v IFEQ x").is_none());
        assert!(refused(Version::Redis8_8, "zunion", "ZUNION 1 a AGGREGATE COUNT").is_none());
        let words = refused(Version::Redis8_4, "hsetex", "HSETEX h nx FIELDS 1 f v");
        assert_eq!(words.as_deref(), Some("ERR unknown argument: nx"));
        assert!(refused(Version::Redis8_4, "hsetex", "HSETEX h FIELDS 1 nx v").is_none());
    }

    #[test]
    fn filters_came_by_and_by() {
        let says = |version, words: &str| {
            let name = if words.starts_with("CLIENT KILL") { "client|kill" } else { "client|list" };
            refused(version, name, words).unwrap_or_default()
        };
        let syntax = "ERR syntax error";
        for version in [Version::Redis7_0, Version::Redis8_8] {
            assert_eq!(says(version, "CLIENT LIST TYPE normal USER x"), syntax);
            assert_eq!(says(version, "CLIENT LIST ID 1 2 3"), "");
            assert_eq!(says(version, "CLIENT LIST ID 1 MAXAGE 3"), "ERR Invalid client ID");
            assert_eq!(
                says(version, "CLIENT LIST TYPE primary"),
                "ERR Unknown client type 'primary'"
            );
            assert_eq!(says(version, "CLIENT KILL ID 1 2"), syntax);
            assert_eq!(says(version, "CLIENT KILL USER name TYPE normal"), "");
        }
        assert_eq!(says(Version::Redis7_2, "CLIENT KILL MAXAGE 3"), syntax);
        assert_eq!(says(Version::Redis7_4, "CLIENT KILL MAXAGE 3"), "");
        assert_eq!(says(Version::Redis7_4, "CLIENT KILL NAME"), "", "an address");
        assert_eq!(says(Version::Valkey8, "CLIENT LIST ID 1 2 MAXAGE 3 TYPE primary"), "");
        assert_eq!(says(Version::Valkey8, "CLIENT LIST NAME x"), syntax);
        assert_eq!(says(Version::Valkey9, "CLIENT LIST NAME x NOT-ID 1 2"), "");
    }
}
