//! When two replies are the same: to the byte, except where time, chance or identity enter.

use crate::wire::{Raw, Tree};
use crate::words::Words;

/// How far two servers' clocks and the order of calls may pull a time apart, in milliseconds.
const SLACK: i64 = 3000;

/// How the replies to one command are compared.
#[derive(Debug, Clone, Copy)]
enum Check {
    /// Byte for byte.
    Bytes,
    /// Integers, or the texts of integers, that differ by at most this much.
    Near(i64),
    /// The same items in any order.
    Unordered,
    /// Both null, or both not: what is picked is chance.
    Presence,
    /// As many items: which ones is chance.
    Count,
    /// The same type; the content is the server's own.
    Type,
    /// The same names in `name=value` lists, whatever the values. Each may lack the other's.
    Fields,
    /// A map's values under these names.
    Map(&'static [&'static str]),
    /// What is left when this took the times out.
    Without(fn(&Tree) -> Tree),
}

/// True when `ours` is as good an answer to `words` as `theirs`.
pub(crate) fn same(words: &Words, ours: &Raw, theirs: &Raw) -> bool {
    if ours.bytes == theirs.bytes {
        return true;
    }
    // Errors are compared to the byte whatever the command: clients match on their words.
    if ours.tree.is_error() || theirs.tree.is_error() {
        return false;
    }
    match check(words) {
        Check::Bytes => false,
        Check::Near(slack) => near(&ours.tree, &theirs.tree, slack),
        Check::Unordered => sorted(&ours.tree) == sorted(&theirs.tree),
        Check::Presence => ours.tree.is_null() == theirs.tree.is_null(),
        Check::Count => ours.tree.items().map(<[_]>::len) == theirs.tree.items().map(<[_]>::len),
        Check::Type => ours.bytes.first() == theirs.bytes.first(),
        Check::Fields => fields(&ours.tree).is_some() && fields(&theirs.tree).is_some(),
        Check::Without(cut) => cut(&ours.tree) == cut(&theirs.tree),
        Check::Map(names) => {
            names.iter().all(|name| value(&ours.tree, name) == value(&theirs.tree, name))
        }
    }
}

fn check(words: &Words) -> Check {
    let upper = |i: usize| words.get(i).map(|word| word.to_ascii_uppercase()).unwrap_or_default();
    match (upper(0).as_slice(), upper(1).as_slice()) {
        (b"TTL" | b"EXPIRETIME", _) => Check::Near(SLACK / 1000),
        (b"PTTL" | b"PEXPIRETIME", _) => Check::Near(SLACK),
        // Other servers turn a sorted set that is sorted into a table, and leave it one.
        (b"OBJECT", b"ENCODING") if words[2..] == [b"zset:1".to_vec()] => Check::Type,
        (b"HTTL" | b"HEXPIRETIME", _) => Check::Near(SLACK / 1000),
        (b"HPTTL" | b"HPEXPIRETIME", _) => Check::Near(SLACK),
        // Redis shares the small integers, and with them their idle time.
        (b"OBJECT", b"IDLETIME") => Check::Type,
        (b"XPENDING", _) => Check::Without(without_idle_times),
        (b"XINFO", b"STREAM" | b"CONSUMERS") => Check::Without(without_idle_times),
        (b"TIME", _) | (b"MEMORY", b"USAGE") => Check::Type,
        // Elsewhere the cursor is followed; this one ran in a transaction.
        (b"SCAN", _) => Check::Type,
        // The whole table: each server has its own; tests/commands.rs compares row by row.
        (b"COMMAND", b"" | b"COUNT" | b"INFO" | b"DOCS") => Check::Type,
        (b"KEYS", _) | (b"COMMAND", b"LIST") => Check::Unordered,
        // A pattern finds what each server has.
        (b"CONFIG", b"GET") if words[2..].iter().any(|name| name.contains(&b'*')) => Check::Type,
        (b"CONFIG", b"GET") => Check::Unordered,
        (b"HGETALL" | b"HKEYS" | b"HVALS", _) => Check::Unordered,
        (b"HRANDFIELD", _) if words.len() == 2 => Check::Presence,
        (b"HRANDFIELD", _) if words[2].len() > 3 => Check::Unordered,
        (b"HRANDFIELD", _) => Check::Count,
        (b"SMEMBERS" | b"SINTER" | b"SUNION" | b"SDIFF" | b"SPOP", _) => Check::Unordered,
        (b"SRANDMEMBER", _) if words.len() == 2 => Check::Presence,
        (b"SRANDMEMBER", _) => match words[2].first() {
            Some(b'-') => Check::Count,
            _ if words[2].len() > 3 => Check::Unordered,
            _ => Check::Count,
        },
        // BY what names no key sorts nothing, and a set has no order.
        (b"SORT" | b"SORT_RO", _) if unsorted(words) => {
            let limited = words.iter().any(|word| word.eq_ignore_ascii_case(b"LIMIT"));
            if limited { Check::Count } else { Check::Unordered }
        }
        // Each names a version of its own, and what has no order is in its own.
        (b"DUMP", _) => Check::Presence,
        (b"RANDOMKEY", _) => Check::Presence,
        (b"ZRANDMEMBER", _) if words.len() == 2 => Check::Presence,
        (b"ZRANDMEMBER", _) => Check::Count,
        (b"CLIENT", b"ID") => Check::Type,
        (b"CLIENT", b"INFO" | b"LIST") => Check::Fields,
        (b"HELLO", _) => Check::Map(&["proto", "mode", "role"]),
        (b"INFO" | b"LOLWUT", _) => Check::Type,
        // The words are each project's own; that there are some is what counts.
        (
            b"OBJECT" | b"CLIENT" | b"CONFIG" | b"COMMAND" | b"MEMORY" | b"XGROUP" | b"XINFO",
            b"HELP",
        ) => Check::Type,
        _ => Check::Bytes,
    }
}

/// What is told of a stream, its groups or what is pending, without how long ago and without what the
/// structure behind it is: times are cut to hundreds of seconds, points in time to nothing.
fn without_idle_times(tree: &Tree) -> Tree {
    const LEFT_OUT: [&[u8]; 6] = [
        b"radix-tree-keys",
        b"radix-tree-nodes",
        b"seen-time",
        // Not told before Redis 7.2, which tells them apart from `idle` and `seen-time`.
        b"active-time",
        b"inactive",
        b"idle",
    ];
    let Tree::List(kind, Some(items)) = tree else { return tree.clone() };
    let mut left = Vec::new();
    let mut rest = items.iter();
    while let Some(item) = rest.next() {
        if item.text().is_some_and(|name| LEFT_OUT.contains(&name)) {
            rest.next();
        } else {
            left.push(without_idle_times(item));
        }
    }
    // What is pending: its id, its consumer unless that is clear, when, and how often.
    if let [id, .., when, often] = &left[..]
        && (3..=4).contains(&left.len())
        && id.text().is_some_and(|id| id.contains(&b'-'))
        && let (Some(time), Some(_)) = (when.integer(), often.integer())
    {
        let cut = if time > 1_000_000_000_000 { 0 } else { time / 100_000 };
        let at = left.len() - 2;
        left[at] = Tree::Line(b':', cut.to_string().into_bytes());
    }
    Tree::List(*kind, Some(left))
}

/// What is told of a stream without times, without how far groups have read, and without consumers that have
/// nothing pending: Redis 7.0 makes a consumer only when it gives it something, and takes some gaps for none.
pub(crate) fn busy_consumers(tree: &Tree) -> Tree {
    fn cut(tree: &Tree) -> Tree {
        let Tree::List(kind, Some(items)) = tree else { return tree.clone() };
        let idle = |item: &Tree| {
            let has = |name: &str| value(item, name).and_then(Tree::integer) == Some(0);
            value(item, "name").is_some()
                && value(item, "consumers").is_none()
                && (has("pel-count") || has("pending"))
        };
        let mut left: Vec<Tree> = items.iter().filter(|item| !idle(item)).map(cut).collect();
        for name in [b"entries-read".as_slice(), b"lag"] {
            if let Some(at) = left.iter().position(|item| item.text() == Some(name)) {
                left.drain(at..(at + 2).min(left.len()));
            }
        }
        Tree::List(*kind, Some(left))
    }
    let mut left = cut(&without_idle_times(tree));
    // XINFO GROUPS counts them.
    if let Tree::List(_, Some(groups)) = &mut left {
        for group in groups {
            let Tree::List(_, Some(pairs)) = group else { continue };
            let at = pairs.iter().position(|item| item.text() == Some(b"consumers"));
            if let Some(at) = at
                && pairs.get(at + 1).is_some_and(|count| count.integer().is_some())
            {
                pairs.drain(at..at + 2);
            }
        }
    }
    left
}

/// Whether a SORT has a BY pattern without a star.
fn unsorted(words: &Words) -> bool {
    let by = words.iter().position(|word| word.eq_ignore_ascii_case(b"BY"));
    by.and_then(|by| words.get(by + 1)).is_some_and(|pattern| !pattern.contains(&b'*'))
}

/// Integers, or lists of the same length with near integers.
fn near(ours: &Tree, theirs: &Tree, slack: i64) -> bool {
    match (ours.integer(), theirs.integer()) {
        // Negative answers are signs, not times.
        (Some(a), Some(b)) if a >= 0 && b >= 0 => a.abs_diff(b) <= slack as u64,
        (None, None) => match (ours.items(), theirs.items()) {
            (Some(a), Some(b)) if a.len() == b.len() => {
                a.iter().zip(b).all(|(a, b)| near(a, b, slack))
            }
            _ => ours == theirs,
        },
        _ => ours == theirs,
    }
}

fn sorted(tree: &Tree) -> Option<Vec<String>> {
    let mut items: Vec<String> = match tree {
        Tree::List(b'%', Some(items)) => items.chunks(2).map(|pair| format!("{pair:?}")).collect(),
        _ => tree.items()?.iter().map(|item| format!("{item:?}")).collect(),
    };
    items.sort();
    Some(items)
}

/// The names in the first line of `a=1 b=2`; `None` when it is not such a list.
fn fields(tree: &Tree) -> Option<Vec<String>> {
    let text = String::from_utf8_lossy(tree.text()?).into_owned();
    let line = text.lines().next()?.to_owned();
    line.split(' ').map(|field| field.split_once('=').map(|(name, _)| name.to_owned())).collect()
}

/// What a map, or RESP2's flat list of pairs, holds under `name`.
fn value<'t>(tree: &'t Tree, name: &str) -> Option<&'t Tree> {
    tree.items()?
        .chunks(2)
        .find(|pair| pair[0].text() == Some(name.as_bytes()))
        .and_then(|pair| pair.get(1))
}
