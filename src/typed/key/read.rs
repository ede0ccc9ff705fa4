//! Reading keys.

use std::borrow::Cow;
use std::str::FromStr;

use serde::de::value::{BorrowedStrDeserializer, StringDeserializer};
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, SeqAccess, VariantAccess, Visitor,
};

use super::Unfit;

/// How deep a key may nest: nothing that contains itself is one, but bytes may be anybody's.
const DEPTH: u32 = 64;

/// Reads one key, part by part.
pub(super) struct Reader<'k> {
    rest: &'k [u8],
    /// Whether what is read are parts of something.
    in_parts: bool,
    /// Whether a part was read.
    began: bool,
    /// Whether the end was read.
    ended: bool,
    depth: u32,
}

impl<'k> Reader<'k> {
    pub(super) fn new(bytes: &'k [u8]) -> Reader<'k> {
        Reader { rest: bytes, in_parts: false, began: false, ended: false, depth: DEPTH }
    }

    /// Checks that nothing is left.
    pub(super) fn finish(&self) -> Result<(), Unfit> {
        let over = self.ended || (!self.began && self.rest.is_empty());
        if over { Ok(()) } else { Err(Unfit::custom("it has more parts than expected")) }
    }

    /// Takes a part as it stands.
    fn raw(&mut self) -> Result<&'k [u8], Unfit> {
        if self.ended {
            return Err(Unfit::custom("it has fewer parts than expected"));
        }
        self.began = true;
        let colon = self.in_parts.then(|| memchr::memchr(b':', self.rest)).flatten();
        let (part, rest) = match colon {
            Some(at) => (&self.rest[..at], &self.rest[at + 1..]),
            None => {
                self.ended = true;
                (self.rest, &[][..])
            }
        };
        self.rest = rest;
        Ok(part)
    }

    /// Takes a part that may contain anything.
    fn free(&mut self) -> Result<Cow<'k, [u8]>, Unfit> {
        let in_parts = self.in_parts;
        let part = self.raw()?;
        if in_parts { plain(part) } else { Ok(Cow::Borrowed(part)) }
    }

    /// Takes a part that contains no `%`.
    fn word(&mut self) -> Result<&'k str, Unfit> {
        std::str::from_utf8(self.raw()?).map_err(Unfit::custom)
    }

    /// Takes a number, in the form in which it is written.
    fn number<T: FromStr + itoa::Integer + Copy>(&mut self) -> Result<T, Unfit> {
        let word = self.word()?;
        let number = word.parse().ok();
        let number = number.filter(|number: &T| itoa::Buffer::new().format(*number) == word);
        number.ok_or_else(|| Unfit::custom(format_args!("{word:?} is no number that fits")))
    }

    fn float<T: FromStr>(&mut self) -> Result<T, Unfit> {
        let word = self.word()?;
        word.parse().map_err(|_| Unfit::custom(format_args!("{word:?} is no number")))
    }

    fn text<V: Visitor<'k>>(&mut self, visitor: V) -> Result<V::Value, Unfit> {
        match self.free()? {
            Cow::Borrowed(text) => {
                visitor.visit_borrowed_str(std::str::from_utf8(text).map_err(Unfit::custom)?)
            }
            Cow::Owned(text) => {
                visitor.visit_string(String::from_utf8(text).map_err(Unfit::custom)?)
            }
        }
    }

    fn begin(&mut self) -> &mut Reader<'k> {
        self.in_parts = true;
        self
    }

    fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Reader<'k>) -> Result<T, Unfit>,
    ) -> Result<T, Unfit> {
        let depth = self.depth;
        self.depth = depth.checked_sub(1).ok_or_else(|| Unfit::custom("it nests too deep"))?;
        let result = read(self);
        self.depth = depth;
        result
    }

    fn parts<V: Visitor<'k>>(&mut self, len: usize, visitor: V) -> Result<V::Value, Unfit> {
        self.begin().deeper(|reader| visitor.visit_seq(Parts { reader, left: len }))
    }
}

/// A part without its escapes.
fn plain(part: &[u8]) -> Result<Cow<'_, [u8]>, Unfit> {
    let Some(first) = memchr::memchr(b'%', part) else { return Ok(Cow::Borrowed(part)) };
    let mut bytes = part[..first].to_vec();
    let mut rest = &part[first..];
    while let Some((byte, more)) = rest.split_first() {
        rest = more;
        match byte {
            b'%' => {
                let (escape, more) =
                    rest.split_at_checked(2).ok_or_else(|| Unfit::custom("an escape is cut"))?;
                rest = more;
                bytes.push(match escape {
                    b"3A" => b':',
                    b"25" => b'%',
                    _ => return Err(Unfit::custom("an escape is unknown")),
                });
            }
            byte => bytes.push(*byte),
        }
    }
    Ok(Cow::Owned(bytes))
}

macro_rules! numbers {
    ($($method:ident $visit:ident)*) => {$(
        fn $method<V: Visitor<'k>>(self, visitor: V) -> Result<V::Value, Unfit> {
            visitor.$visit(self.number()?)
        }
    )*};
}

impl<'k> Deserializer<'k> for &mut Reader<'k> {
    type Error = Unfit;

    numbers! {
        deserialize_i8 visit_i8 deserialize_i16 visit_i16 deserialize_i32 visit_i32 deserialize_i64 visit_i64
        deserialize_i128 visit_i128 deserialize_u8 visit_u8 deserialize_u16 visit_u16 deserialize_u32 visit_u32
        deserialize_u64 visit_u64 deserialize_u128 visit_u128
    }

    fn deserialize_any<V: Visitor<'k>>(self, _: V) -> Result<V::Value, Unfit> {
        Err(Unfit::custom("a key does not say what it is"))
    }

    fn deserialize_ignored_any<V: Visitor<'k>>(self, visitor: V) -> Result<V::Value, Unfit> {
        self.raw()?;
        visitor.visit_unit()
    }

    fn deserialize_bool<V: Visitor<'k>>(self, visitor: V) -> Result<V::Value, Unfit> {
        match self.word()? {
            "true" => visitor.visit_bool(true),
            "false" => visitor.visit_bool(false),
            other => Err(Unfit::custom(format_args!("{other:?} is neither true nor false"))),
        }
    }

    fn deserialize_f32<V: Visitor<'k>>(self, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_f32(self.float()?)
    }

    fn deserialize_f64<V: Visitor<'k>>(self, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_f64(self.float()?)
    }

    fn deserialize_char<V: Visitor<'k>>(self, visitor: V) -> Result<V::Value, Unfit> {
        self.text(visitor)
    }

    fn deserialize_str<V: Visitor<'k>>(self, visitor: V) -> Result<V::Value, Unfit> {
        self.text(visitor)
    }

    fn deserialize_string<V: Visitor<'k>>(self, visitor: V) -> Result<V::Value, Unfit> {
        self.text(visitor)
    }

    fn deserialize_bytes<V: Visitor<'k>>(self, visitor: V) -> Result<V::Value, Unfit> {
        match self.free()? {
            Cow::Borrowed(bytes) => visitor.visit_borrowed_bytes(bytes),
            Cow::Owned(bytes) => visitor.visit_byte_buf(bytes),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'k>>(self, visitor: V) -> Result<V::Value, Unfit> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'k>>(self, visitor: V) -> Result<V::Value, Unfit> {
        self.begin();
        let none =
            self.rest.strip_prefix(b"%0").is_some_and(|rest| matches!(rest, [] | [b':', ..]));
        if none && !self.ended {
            self.raw()?;
            return visitor.visit_none();
        }
        self.deeper(|reader| visitor.visit_some(reader))
    }

    fn deserialize_unit<V: Visitor<'k>>(self, visitor: V) -> Result<V::Value, Unfit> {
        match self.raw()? {
            [] => visitor.visit_unit(),
            _ => Err(Unfit::custom("there is something where nothing should be")),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'k>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'k>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        self.deeper(|reader| visitor.visit_newtype_struct(reader))
    }

    fn deserialize_seq<V: Visitor<'k>>(self, visitor: V) -> Result<V::Value, Unfit> {
        let len: usize = self.begin().number()?;
        // Each element has a part, which is a colon at least.
        if len > self.rest.len() + usize::from(!self.ended) {
            return Err(Unfit::custom("it has fewer parts than expected"));
        }
        self.parts(len, visitor)
    }

    fn deserialize_tuple<V: Visitor<'k>>(self, len: usize, visitor: V) -> Result<V::Value, Unfit> {
        self.parts(len, visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'k>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        self.parts(len, visitor)
    }

    fn deserialize_map<V: Visitor<'k>>(self, _: V) -> Result<V::Value, Unfit> {
        Err(Unfit::custom("a map has no order, and is no key"))
    }

    fn deserialize_struct<V: Visitor<'k>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        self.parts(fields.len(), visitor)
    }

    fn deserialize_enum<V: Visitor<'k>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        self.deeper(|reader| visitor.visit_enum(Variant { reader }))
    }

    fn deserialize_identifier<V: Visitor<'k>>(self, visitor: V) -> Result<V::Value, Unfit> {
        self.text(visitor)
    }
}

/// So many parts.
struct Parts<'r, 'k> {
    reader: &'r mut Reader<'k>,
    left: usize,
}

impl<'k> SeqAccess<'k> for Parts<'_, 'k> {
    type Error = Unfit;

    fn next_element_seed<T: DeserializeSeed<'k>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Unfit> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        seed.deserialize(&mut *self.reader).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left.min(self.reader.rest.len() + 1))
    }
}

/// A variant: its name, and then its parts.
struct Variant<'r, 'k> {
    reader: &'r mut Reader<'k>,
}

impl<'r, 'k> EnumAccess<'k> for Variant<'r, 'k> {
    type Error = Unfit;
    type Variant = Variant<'r, 'k>;

    fn variant_seed<S: DeserializeSeed<'k>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Variant<'r, 'k>), Unfit> {
        let name = match self.reader.begin().free()? {
            Cow::Borrowed(name) => {
                let name = std::str::from_utf8(name).map_err(Unfit::custom)?;
                seed.deserialize(BorrowedStrDeserializer::<Unfit>::new(name))?
            }
            Cow::Owned(name) => {
                let name = String::from_utf8(name).map_err(Unfit::custom)?;
                seed.deserialize(StringDeserializer::<Unfit>::new(name))?
            }
        };
        Ok((name, self))
    }
}

impl<'k> VariantAccess<'k> for Variant<'_, 'k> {
    type Error = Unfit;

    fn unit_variant(self) -> Result<(), Unfit> {
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'k>>(self, seed: S) -> Result<S::Value, Unfit> {
        seed.deserialize(self.reader)
    }

    fn tuple_variant<V: Visitor<'k>>(self, len: usize, visitor: V) -> Result<V::Value, Unfit> {
        self.reader.parts(len, visitor)
    }

    fn struct_variant<V: Visitor<'k>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        self.reader.parts(fields.len(), visitor)
    }
}
