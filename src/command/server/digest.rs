//! DEBUG DIGEST and DIGEST-VALUE: the same 20 bytes as Redis's for the same data, by which test suites
//! tell whether two servers hold the same.

use crate::clock::Millis;
use crate::command::context::Context;
use crate::ds::stream_log::StreamId;
use crate::error::Result;
use crate::keyspace::entry::Entry;
use crate::text::double;
use crate::value::Type;
use crate::value::hash::StoredHash;
use crate::value::list::ListRef;
use crate::value::set::SetRef;
use crate::value::stream::StreamRef;
use crate::value::string::Digits;
use crate::value::zset::ZSetRef;

/// What Redis numbers the types.
fn number(kind: Type) -> u32 {
    match kind {
        Type::String => 0,
        Type::List => 1,
        Type::Set => 2,
        Type::SortedSet => 3,
        Type::Hash => 4,
        Type::Stream => 6,
    }
}

/// A digest on its way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Digest([u8; 20]);

impl Digest {
    /// Adds bytes whose order does not count.
    fn add(&mut self, bytes: &[u8]) {
        self.0.iter_mut().zip(sha1(bytes)).for_each(|(byte, other)| *byte ^= other);
    }

    /// Adds bytes that come behind those before.
    fn mix(&mut self, bytes: &[u8]) {
        self.add(bytes);
        self.0 = sha1(&self.0);
    }

    /// Adds what a key holds.
    fn mix_entry(&mut self, entry: &Entry, now: Millis) -> Result<()> {
        let mut digits = Digits::new();
        self.mix(&number(entry.kind()).to_be_bytes());
        match entry.kind() {
            Type::String => self.mix(entry.string()?.bytes(&mut digits)),
            Type::List => {
                let list: ListRef<'_> = entry.view()?;
                list.iter_from(0).for_each(|item| self.mix(item.bytes(&mut digits)));
            }
            Type::Set => {
                let set: SetRef<'_> = entry.view()?;
                set.iter().for_each(|member| self.add(member.bytes(&mut digits)));
            }
            Type::SortedSet => {
                let zset: ZSetRef<'_> = entry.view()?;
                for (member, score) in zset.iter() {
                    let mut text = Vec::new();
                    double::write_shortest(score, &mut text);
                    self.add_pair(member.bytes(&mut digits), &text);
                }
            }
            Type::Hash => {
                let hash: StoredHash<'_> = entry.view()?;
                for field in hash.at(|| now).iter() {
                    let mut name = Digits::new();
                    self.add_pair(field.name.bytes(&mut name), field.value.bytes(&mut digits));
                }
            }
            Type::Stream => {
                let stream: StreamRef<'_> = entry.view()?;
                for entry in stream.log().range(StreamId::MIN, StreamId::MAX) {
                    self.mix(format!("{}.{}", entry.id.ms, entry.id.seq).as_bytes());
                    for (field, value) in entry.fields {
                        for item in [field, value] {
                            self.mix(item.bytes(&mut digits));
                        }
                    }
                }
            }
        }
        if entry.expiry().is_some() {
            self.add(b"!!expire!!");
        }
        Ok(())
    }

    /// Adds a name and what belongs to it, whatever other names there are.
    fn add_pair(&mut self, name: &[u8], value: &[u8]) {
        let mut pair = Digest::default();
        pair.mix(name);
        pair.mix(value);
        self.add(&pair.0);
    }

    fn text(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn sha1(bytes: &[u8]) -> [u8; 20] {
    sha1_smol::Sha1::from(bytes).digest().bytes()
}

/// The digest of all data.
pub(super) fn all(ctx: &mut Context<'_, '_>) -> Result<()> {
    let (mut all, selected, now) = (Digest::default(), ctx.tx.db(), ctx.tx.now());
    for db in 0..ctx.engine.databases() {
        ctx.tx.select(db);
        let (mut keys, mut result) = (Vec::new(), Ok(()));
        ctx.tx.for_each(|entry| {
            let mut digest = Digest::default();
            digest.mix(entry.key());
            if let Err(error) = digest.mix_entry(entry, now) {
                result = Err(error);
            }
            keys.push(digest);
        })?;
        result?;
        if !keys.is_empty() {
            all.mix(&db.to_be_bytes());
            keys.into_iter().for_each(|digest| all.add(&digest.0));
        }
    }
    ctx.tx.select(selected);
    ctx.reply.simple(&all.text());
    Ok(())
}

/// The digest of what each key holds, zeros for a missing one.
pub(super) fn values(ctx: &mut Context<'_, '_>) -> Result<()> {
    let mut digests = Vec::new();
    for word in ctx.args.iter_from(2) {
        let mut digest = Digest::default();
        if let Some(entry) = ctx.tx.peek(ctx.tx.key(word))? {
            digest.mix_entry(entry, ctx.tx.now())?;
        }
        digests.push(digest.text());
    }
    ctx.reply.array(digests.len());
    digests.iter().for_each(|digest| ctx.reply.simple(digest));
    Ok(())
}
