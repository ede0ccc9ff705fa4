//! Commands of streams whose record is replayed, and what a stream holds.

use proptest::prelude::*;

use crate::ds::stream_log::StreamId;
use crate::value::stream::StreamRef;

/// A command on a stream, of few ids, groups and consumers.
pub(super) fn command() -> impl Strategy<Value = Vec<String>> {
    const LINES: [&str; 50] = [
        "XADD k * f v",
        "XADD k * f v",
        "XADD k * type login user v",
        "XADD k 9-* f v g v",
        "XADD k i f v",
        "XADD k MAXLEN n * f v",
        "XADD k MAXLEN ~ n * f v",
        "XADD k MINID ~ i DELREF * f v",
        "XADD k MAXLEN = n ACKED * f v",
        "XADD k NOMKSTREAM * f v",
        "XADD k IDMP c v1 * f v",
        "XADD k IDMP c v2 MAXLEN = n * f v",
        "XADD k IDMPAUTO c * f v",
        "XCFGSET k IDMP-MAXSIZE n",
        "XIDMPRECORD k c v3 i",
        "XDEL k i i",
        "XDELEX k DELREF IDS 2 i i",
        "XDELEX k ACKED IDS 2 i i",
        "XTRIM k MAXLEN n",
        "XTRIM k MAXLEN ~ n LIMIT n",
        "XTRIM k MINID i",
        "XTRIM k MAXLEN n DELREF",
        "XTRIM k MAXLEN n ACKED",
        "XSETID k 9-5000 ENTRIESADDED 99 MAXDELETEDID i",
        "XGROUP CREATE k g 0 MKSTREAM",
        "XGROUP CREATE k g $ MKSTREAM ENTRIESREAD n",
        "XGROUP SETID k g i",
        "XGROUP SETID k g $",
        "XGROUP DESTROY k h",
        "XGROUP CREATECONSUMER k g c",
        "XGROUP DELCONSUMER k g c",
        "XREADGROUP GROUP g c STREAMS k >",
        "XREADGROUP GROUP g c COUNT n STREAMS k >",
        "XREADGROUP GROUP g c COUNT n NOACK STREAMS k >",
        "XREADGROUP GROUP g c COUNT n CLAIM 5 STREAMS k >",
        "XREADGROUP GROUP g c STREAMS k 0",
        "XREADGROUP GROUP g c COUNT n STREAMS k i",
        "XACK k g i i i",
        "XACKDEL k g IDS 2 i i",
        "XACKDEL k g DELREF IDS 2 i i",
        "XACKDEL k g ACKED IDS 2 i i",
        "XCLAIM k g c 0 i i",
        "XCLAIM k g c 5 i i FORCE JUSTID LASTID i",
        "XCLAIM k g c 0 i IDLE n RETRYCOUNT n FORCE",
        "XAUTOCLAIM k g c 0 i COUNT n",
        "XNACK k g FAIL IDS 3 i i i",
        "XNACK k g SILENT IDS 2 i i",
        "XNACK k g FATAL IDS 1 i FORCE",
        "XNACK k g FAIL IDS 3 i i i FORCE RETRYCOUNT n",
        "XREADGROUP GROUP g c COUNT n CLAIM 100000 STREAMS k >",
    ];
    let draws = proptest::collection::vec(0..1000_usize, 6);
    (0..LINES.len(), draws).prop_map(|(line, draws)| {
        let mut draws = draws.into_iter();
        let mut draw = |n: usize| draws.next().map_or(0, |draw| draw % n);
        let word = |word: &str| match word {
            "k" => ["s", "s", "s", "a"][draw(4)].to_owned(),
            "g" => ["g", "g", "h"][draw(3)].to_owned(),
            "c" => ["ann", "bob"][draw(2)].to_owned(),
            "v" => ["1", "login", "", "-5000", "00000007"][draw(5)].to_owned(),
            // The clock that gives ids stands still for long.
            "i" => match draw(3) {
                0 => format!("9-{}", draw(6)),
                _ => format!("1577836800000-{}", draw(12)),
            },
            "n" => (1 + draw(6)).to_string(),
            other => other.to_owned(),
        };
        LINES[line].split(' ').map(word).collect()
    })
}

/// What a stream holds but times, which a replay does not have yet when it replays.
pub(super) fn dump(stream: StreamRef<'_>) -> String {
    let entries = stream.log().range(StreamId::MIN, StreamId::MAX).map(|entry| {
        let fields = entry.fields.map(|(field, value)| (field.to_vec(), value.to_vec()));
        (entry.id, fields.collect::<Vec<_>>())
    });
    let groups = stream.groups().map(|(name, group)| {
        let pending = group.pending().iter().map(|(id, pending)| {
            (*id, pending.count, pending.consumer.map(|c| group.consumer(c).name().to_vec()))
        });
        let consumers = group.consumers().map(|consumer| {
            let pending = consumer.pending_from(StreamId::MIN).collect::<Vec<_>>();
            (consumer.name().to_vec(), pending)
        });
        (
            (name.to_vec(), group.last_id, group.entries_read),
            (pending.collect::<Vec<_>>(), group.in_turn()),
            consumers.collect::<Vec<_>>(),
        )
    });
    let (entries, groups) = (entries.collect::<Vec<_>>(), groups.collect::<Vec<_>>());
    let seen = stream.idempotency().map(|seen| {
        (
            seen.memory,
            seen.added,
            seen.iter().map(|(p, n, id)| (p.to_vec(), n.to_vec(), id)).collect::<Vec<_>>(),
        )
    });
    format!("{:?} {entries:?} {groups:?} {seen:?}", stream.position())
}
