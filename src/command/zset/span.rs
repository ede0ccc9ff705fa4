//! Reading the ends of ranges.

use crate::command::parse;
use crate::error::{Error, Result};
use crate::text::double;
use crate::value::zset::{LexBound, Score, ScoreBound, Span};

/// What orders the members of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Rank,
    Score,
    Lex,
}

impl By {
    /// The members from one end to the other, the lower one first.
    pub(super) fn span<'a>(self, low: &'a [u8], high: &'a [u8]) -> Result<Span<'a>> {
        Ok(match self {
            By::Rank => Span::Rank(parse::integer(low)?, parse::integer(high)?),
            By::Score => Span::Score(score_bound(low)?, score_bound(high)?),
            By::Lex => Span::Lex(lex_bound(low)?, lex_bound(high)?),
        })
    }
}

/// A score, or one in front of which `(` says that it is left out.
fn score_bound(word: &[u8]) -> Result<ScoreBound> {
    let (number, excluded) = match word {
        [b'(', number @ ..] => (number, true),
        number => (number, false),
    };
    let value = double::parse_c(number);
    let score = value.ok_or(Error::reply("ERR min or max is not a float"))?;
    let score = Score::known(score);
    Ok(if excluded { ScoreBound::Excluded(score) } else { ScoreBound::Included(score) })
}

fn lex_bound(word: &[u8]) -> Result<LexBound<'_>> {
    match word {
        // As C reads it: up to a NUL.
        [b'-'] | [b'-', 0, ..] => Ok(LexBound::Min),
        [b'+'] | [b'+', 0, ..] => Ok(LexBound::Max),
        [b'(', member @ ..] => Ok(LexBound::Excluded(member)),
        [b'[', member @ ..] => Ok(LexBound::Included(member)),
        _ => Err(Error::reply("ERR min or max not valid string range item")),
    }
}
