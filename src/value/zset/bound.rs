//! Where ranges of sorted sets begin and end.

use super::Score;
use crate::ds::rank_tree::Border;

/// Where a range of scores begins or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScoreBound {
    /// With this score.
    Included(Score),
    /// Short of this score: `(1.5` in Redis's spelling.
    Excluded(Score),
    /// Nowhere: all scores on that side, infinity included.
    Unbounded,
}

/// Where a range of members, by their bytes, begins or ends. Such ranges are meant for sorted sets
/// whose members all have the same score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LexBound<'a> {
    /// Before all members: `-` in Redis's spelling.
    Min,
    /// With this member: `[member`.
    Included(&'a [u8]),
    /// Short of this member: `(member`.
    Excluded(&'a [u8]),
    /// After all members: `+`.
    Max,
}

/// A range of members of a sorted set, by whatever orders them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Span<'a> {
    /// By rank, both ends included; negative ones count from the last.
    Rank(i64, i64),
    /// By score, from the lower bound to the upper.
    Score(ScoreBound, ScoreBound),
    /// By bytes, from the lower bound to the upper.
    Lex(LexBound<'a>, LexBound<'a>),
}

impl ScoreBound {
    pub(crate) fn start<'a>(self) -> Border<'a> {
        match self {
            ScoreBound::Unbounded => Border::Start,
            ScoreBound::Included(score) => Border::Before(score.get()),
            ScoreBound::Excluded(score) => Border::After(score.get()),
        }
    }

    pub(crate) fn end<'a>(self) -> Border<'a> {
        match self {
            ScoreBound::Unbounded => Border::End,
            ScoreBound::Included(score) => Border::After(score.get()),
            ScoreBound::Excluded(score) => Border::Before(score.get()),
        }
    }
}

impl<'a> LexBound<'a> {
    pub(crate) fn start(self) -> Border<'a> {
        match self {
            LexBound::Min => Border::Start,
            LexBound::Max => Border::End,
            LexBound::Included(member) => Border::BeforeMember(member),
            LexBound::Excluded(member) => Border::AfterMember(member),
        }
    }

    pub(crate) fn end(self) -> Border<'a> {
        match self {
            LexBound::Min => Border::Start,
            LexBound::Max => Border::End,
            LexBound::Included(member) => Border::AfterMember(member),
            LexBound::Excluded(member) => Border::BeforeMember(member),
        }
    }
}
