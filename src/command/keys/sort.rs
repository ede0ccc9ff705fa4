//! SORT, SORT_RO.

use bytes::Bytes;

use crate::api::{SortOptions, reaches};
use crate::command::args::Args;
use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::parse::{self, is};
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::{Error, Result};

/// The keys that patterns name, which nobody knows before.
const PATTERNS: KeySpec = KeySpec::unknown(|_| None, &[KeyFlags::RO, KeyFlags::ACCESS]).notes(
    "For the optional BY/GET keyword. It is marked 'unknown' because the key names derive from the content of the key we sort",
);

const BY: Arg = Arg::pattern("by-pattern").key_spec(1).token("BY").optional();
const LIMIT: Arg =
    Arg::block("limit", &[Arg::integer("offset"), Arg::integer("count")]).token("LIMIT").optional();
const GET: Arg =
    Arg::pattern("get-pattern").key_spec(1).token("GET").optional().multiple().multiple_token();
const ORDER: Arg =
    Arg::one_of("order", &[Arg::word("asc", "ASC"), Arg::word("desc", "DESC")]).optional();
const SORTING: Arg = Arg::word("sorting", "ALPHA").optional();

pub(super) const SORT: Command = Command::new("sort", -2, sort)
    .group(Group::Generic)
    .flags(&[Flags::WRITE, Flags::DENYOOM, Flags::MOVABLE_KEYS])
    .categories(&[
        Categories::SET,
        Categories::SORTEDSET,
        Categories::LIST,
        Categories::DANGEROUS,
    ])
    .keys(&[
        KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS]),
        PATTERNS,
        KeySpec::unknown(store_at, &[KeyFlags::OW, KeyFlags::UPDATE]).notes(
            "For the optional STORE keyword. It is marked 'unknown' because the keyword can appear anywhere in the argument array",
        ),
    ])
    .locks_all_if(names_patterns)
    .complexity("O(N+M*log(M)) where N is the number of elements and M that of those returned")
    .summary("Sorts the elements of a list, a set or a sorted set.")
    .args(&[
        Arg::key("key", 0),
        BY,
        LIMIT,
        GET,
        ORDER,
        SORTING,
        Arg::key("destination", 2).token("STORE").optional(),
    ]);

fn sort(ctx: &mut Context<'_, '_>) -> Result<()> {
    let options = parse(ctx.args, true)?;
    if store_at(&ctx.args).is_none() {
        return answer(ctx, &options);
    }
    let target = *ctx.keys.last().ok_or(Error::Syntax)?;
    let len = ctx.tx.sort_store(ctx.key(), target, &options)?;
    ctx.count(len)
}

pub(super) const SORT_RO: Command = Command::new("sort_ro", -2, sort_ro)
    .group(Group::Generic)
    .flags(&[Flags::READONLY, Flags::MOVABLE_KEYS])
    .categories(&[Categories::SET, Categories::SORTEDSET, Categories::LIST, Categories::DANGEROUS])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS]), PATTERNS])
    .locks_all_if(names_patterns)
    .since("7.0.0")
    .complexity("O(N+M*log(M)) where N is the number of elements and M that of those returned")
    .summary("Sorts the elements of a list, a set or a sorted set, and stores nothing.")
    .args(&[Arg::key("key", 0), BY, LIMIT, GET, ORDER, SORTING]);

fn sort_ro(ctx: &mut Context<'_, '_>) -> Result<()> {
    let options = parse(ctx.args, false)?;
    answer(ctx, &options)
}

fn answer(ctx: &mut Context<'_, '_>, options: &SortOptions) -> Result<()> {
    let sorted: Vec<Option<Bytes>> = ctx.tx.sort(ctx.key(), options)?;
    ctx.reply.array(sorted.len());
    for element in sorted {
        match element {
            Some(element) => ctx.reply.bulk(&element),
            None => ctx.reply.null(),
        }
    }
    Ok(())
}

/// An option and what follows it.
enum Word<'a> {
    Order(bool),
    Alpha,
    Limit(&'a [u8], &'a [u8]),
    /// Where the key is.
    Store(usize),
    By(&'a [u8]),
    Get(&'a [u8]),
}

/// The options one after the other, with where the next one is; `None` for what is none.
fn word(args: Args<'_>, at: usize) -> Option<(Word<'_>, usize)> {
    let following = |n: usize| args.get(at + n);
    match args.get(at)? {
        word if is(word, "asc") => Some((Word::Order(false), at + 1)),
        word if is(word, "desc") => Some((Word::Order(true), at + 1)),
        word if is(word, "alpha") => Some((Word::Alpha, at + 1)),
        word if is(word, "limit") => Some((Word::Limit(following(1)?, following(2)?), at + 3)),
        word if is(word, "store") => following(1).map(|_| (Word::Store(at + 1), at + 2)),
        word if is(word, "by") => Some((Word::By(following(1)?), at + 2)),
        word if is(word, "get") => Some((Word::Get(following(1)?), at + 2)),
        _ => None,
    }
}

fn words(args: Args<'_>) -> impl Iterator<Item = Word<'_>> {
    let mut at = 2;
    std::iter::from_fn(move || {
        let (found, next) = word(args, at)?;
        at = next;
        Some(found)
    })
}

/// Where the key of the last `STORE` is.
fn store_at(args: &Args<'_>) -> Option<usize> {
    let stores = words(*args).filter_map(|word| match word {
        Word::Store(at) => Some(at),
        _ => None,
    });
    stores.last()
}

/// Whether an element's place or what is shown for it is in keys that only elements tell.
fn names_patterns(args: &Args<'_>) -> bool {
    words(*args)
        .any(|word| matches!(word, Word::By(pattern) | Word::Get(pattern) if reaches(pattern)))
}

fn parse(args: Args<'_>, stores: bool) -> Result<SortOptions> {
    let (mut options, mut at) = (SortOptions::new(), 2);
    while at < args.len() {
        let (found, next) = word(args, at).ok_or(Error::Syntax)?;
        options = match found {
            Word::Order(descending) => options.in_order(descending),
            Word::Alpha => options.alphabetic(),
            Word::Limit(offset, count) => {
                options.limit(parse::integer(offset)?, parse::integer(count)?)
            }
            Word::Store(_) if stores => options,
            Word::Store(_) => return Err(Error::Syntax),
            Word::By(pattern) => options.by(pattern),
            Word::Get(pattern) => options.get(pattern),
        };
        at = next;
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stripes_are_locked_as_far_as_the_words_reach() {
        let reach = |line: &str| {
            let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
            let args = Args::new(&words);
            (names_patterns(&args), store_at(&args))
        };
        assert_eq!(reach("sort k"), (false, None));
        assert_eq!(reach("sort k by nosort get # limit 0 1 store d"), (false, Some(10)));
        assert_eq!(reach("sort k store a STORE b"), (false, Some(5)));
        assert_eq!(reach("sort k by store alpha"), (false, None));
        assert_eq!(reach("sort k by w_*"), (true, None));
        assert_eq!(reach("sort k get # get h_*->f store d"), (true, Some(7)));
    }
}
