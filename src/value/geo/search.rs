//! Finding the members of a sorted set in an area.

use super::hash::decode;
use super::{Area, Position};
use crate::ds::packed::Item;
use crate::ds::rank_tree::Border;
use crate::value::zset::ZSetRef;

/// A member that was found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found<'a> {
    pub(crate) member: Item<'a>,
    pub(crate) score: f64,
    pub(crate) position: Position,
    /// From the area's centre, in metres.
    pub(crate) distance: f64,
}

/// The members in an area, up to `most`, cell by cell.
pub(crate) fn search<'a>(zset: ZSetRef<'a>, area: &Area, most: usize) -> Vec<Found<'a>> {
    let center = area.center();
    let mut found = Vec::new();
    for cell in area.cells(center) {
        if found.len() >= most {
            break;
        }
        let (first, past) = cell.scores();
        for (member, score) in zset.members_from(Border::Before(first as f64)) {
            if score >= past as f64 {
                break;
            }
            let position = decode(score);
            if let Some(distance) = area.distance(center, position) {
                found.push(Found { member, score, position, distance });
                if found.len() >= most {
                    break;
                }
            }
        }
    }
    found
}
