//! DEBUG's looks at how values and tables are kept.

use crate::command::context::Context;
use crate::command::parse;
use crate::config::EncodingLimit;
use crate::error::{Error, Result};
use crate::keyspace::access;
use crate::keyspace::entry::Entry;
use crate::value::hash::StoredHash;
use crate::value::list::ListRef;
use crate::value::set::SetRef;
use crate::value::string::{Digits, StringRef};
use crate::value::zset::ZSetRef;
use crate::value::{Encoding, Type};

/// The entry that the third word names.
fn entry<'c>(ctx: &'c Context<'_, '_>) -> Result<&'c Entry> {
    let key = ctx.tx.key(ctx.args.at(2));
    ctx.tx.peek(key)?.ok_or(Error::NoSuchKey)
}

/// DEBUG OBJECT.
pub(super) fn object(ctx: &mut Context<'_, '_>, all: bool) -> Result<()> {
    let entry = entry(ctx)?;
    let idle = access::idle(entry.access(), ctx.tx.now().into()).as_secs();
    let encoding = entry.encoding();
    let mut text = format!("Value at:{entry:p} refcount:1 encoding:{}", encoding.name());
    if all {
        text += &format!(" serializedlength:{}", serialized_length(entry));
    }
    text += &format!(" lru:{} lru_seconds_idle:{idle}", entry.access() & 0x00FF_FFFF);
    if encoding == Encoding::Quicklist {
        let list: ListRef<'_> = entry.view()?;
        let limits = &ctx.engine.keyspace().settings.limits;
        let (nodes, fill) = (list.nodes(), limits.get(EncodingLimit::ListMaxListpackSize));
        let compressed = limits.get(EncodingLimit::ListCompressDepth) != 0;
        text += &format!(
            " ql_nodes:{nodes} ql_avg_node:{:.2} ql_listpack_max:{fill} ql_compressed:{}",
            list.len() as f64 / nodes as f64,
            u8::from(compressed)
        );
        if all {
            text += &format!(" ql_uncompressed_size:{}", entry.heap_size());
        }
    }
    ctx.reply.simple(&text);
    Ok(())
}

/// About how many bytes the value takes in an RDB file, uncompressed: of a string exactly, of a collection
/// what it takes in memory.
fn serialized_length(entry: &Entry) -> usize {
    let Ok(value) = entry.string() else { return entry.heap_size() - entry.key().len() };
    if let StringRef::Int(int) = value {
        if i8::try_from(int).is_ok() {
            return 2;
        } else if i16::try_from(int).is_ok() {
            return 3;
        } else if i32::try_from(int).is_ok() {
            return 5;
        }
    }
    let len = value.bytes(&mut Digits::new()).len();
    let prefix = match len {
        0..64 => 1,
        64..16384 => 2,
        16384..0x1_0000_0000 => 5,
        _ => 9,
    };
    prefix + len
}

/// DEBUG HTSTATS: the tables of all stripes as one.
pub(super) fn tables(ctx: &mut Context<'_, '_>) -> Result<()> {
    let db = parse::integer(&ctx.args[2])?;
    let db = u32::try_from(db).ok().filter(|db| *db < ctx.engine.databases());
    let db = db.ok_or(Error::reply("ERR Out of range database"))?;
    let selected = ctx.tx.db();
    ctx.tx.select(db);
    let size = ctx.tx.size();
    ctx.tx.select(selected);
    let size = size?;
    let text = format!("[Dictionary HT]\n{}[Expires HT]\n", describe(size.slots, size.keys));
    ctx.reply.verbatim("txt", &text);
    Ok(())
}

/// DEBUG HTSTATS-KEY.
pub(super) fn table_of(ctx: &mut Context<'_, '_>) -> Result<()> {
    let entry = entry(ctx)?;
    let len = match (entry.encoding(), entry.kind()) {
        (Encoding::Hashtable, Type::Set) => entry.view::<SetRef<'_>>()?.len(),
        (Encoding::Hashtable, Type::Hash) => {
            entry.view::<StoredHash<'_>>()?.at(|| ctx.tx.now()).len()
        }
        (Encoding::Skiplist, _) => entry.view::<ZSetRef<'_>>()?.len(),
        _ => {
            return Err(Error::reply(
                "ERR The value stored at the specified key is not represented using an hash table",
            ));
        }
    };
    // A table grows bucket by bucket, and so has about as many slots as it needs.
    ctx.reply.verbatim("txt", &describe(len.next_multiple_of(7), len));
    Ok(())
}

fn describe(slots: usize, len: usize) -> String {
    if len == 0 {
        return String::new();
    }
    format!(
        "Hash table 0 stats (main hash table):\n table size: {slots}\n number of elements: {len}\n"
    )
}

/// DEBUG LISTPACK.
pub(super) fn listpack(ctx: &mut Context<'_, '_>) -> Result<()> {
    if entry(ctx)?.encoding() != Encoding::Listpack {
        return Err(Error::reply("ERR Not a listpack encoded object."));
    }
    ctx.reply.simple("Listpack structure printed on stdout");
    Ok(())
}

/// DEBUG QUICKLIST.
pub(super) fn quicklist(ctx: &mut Context<'_, '_>) -> Result<()> {
    if entry(ctx)?.encoding() != Encoding::Quicklist {
        return Err(Error::reply("ERR Not a quicklist encoded object."));
    }
    ctx.reply.simple("Quicklist structure printed on stdout");
    Ok(())
}

/// DEBUG SDSLEN.
pub(super) fn lengths(ctx: &mut Context<'_, '_>) -> Result<()> {
    let entry = entry(ctx)?;
    let (StringRef::Bytes(_) | StringRef::Long(_)) = entry.string().map_err(|_| NOT_BYTES)? else {
        return Err(NOT_BYTES);
    };
    let (key, value, all) = (entry.key().len(), entry.string()?.len(), entry.heap_size());
    ctx.reply.simple(&format!(
        "key_sds_len:{key}, key_sds_avail:0, key_zmalloc: {key}, val_sds_len:{value}, val_sds_avail:0, val_zmalloc: {}",
        all - key
    ));
    Ok(())
}

const NOT_BYTES: Error = Error::Reply(std::borrow::Cow::Borrowed("ERR Not an sds encoded string."));
