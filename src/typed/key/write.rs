//! Writing keys.

use serde::Serialize;
use serde::ser::{
    Error, Impossible, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use super::{KeyBytes, Unfit};

/// Writes one key, part by part.
#[derive(Default)]
pub(super) struct Writer {
    bytes: KeyBytes,
    /// Whether what is written are parts of something, and `:` stands for the end of one.
    in_parts: bool,
    /// How many parts there are.
    parts: usize,
    /// Whether the next part is the first of what a `Some` holds, which must not look like a `None`.
    in_some: bool,
}

impl Writer {
    pub(super) fn into_bytes(self) -> KeyBytes {
        self.bytes
    }

    /// Begins a part.
    fn part(&mut self) {
        if self.parts > 0 {
            self.bytes.push(b':');
        }
        self.parts += 1;
        self.in_some = false;
    }

    /// A part that may contain anything.
    fn free(&mut self, bytes: &[u8]) {
        self.part();
        if !self.in_parts {
            self.bytes.extend_from_slice(bytes);
            return;
        }
        for byte in bytes {
            match byte {
                b':' => self.bytes.extend_from_slice(b"%3A"),
                b'%' => self.bytes.extend_from_slice(b"%25"),
                byte => self.bytes.push(*byte),
            }
        }
    }

    /// A part that contains neither `:` nor `%`.
    fn word(&mut self, word: &str) {
        self.part();
        self.bytes.extend_from_slice(word.as_bytes());
    }

    fn float(&mut self, number: f64, text: &str) -> Result<(), Unfit> {
        if number.is_nan() {
            return Err(Unfit::custom("NaN equals nothing, and is no key"));
        }
        // 0.0 and -0.0 are equal.
        self.word(if number == 0.0 { "0.0" } else { text });
        Ok(())
    }

    fn begin(&mut self) -> &mut Writer {
        self.in_parts = true;
        self
    }
}

macro_rules! integers {
    ($($method:ident($type:ty))*) => {$(
        fn $method(self, number: $type) -> Result<(), Unfit> {
            self.word(itoa::Buffer::new().format(number));
            Ok(())
        }
    )*};
}

impl<'w> Serializer for &'w mut Writer {
    type Ok = ();
    type Error = Unfit;
    type SerializeSeq = &'w mut Writer;
    type SerializeTuple = &'w mut Writer;
    type SerializeTupleStruct = &'w mut Writer;
    type SerializeTupleVariant = &'w mut Writer;
    type SerializeMap = Impossible<(), Unfit>;
    type SerializeStruct = &'w mut Writer;
    type SerializeStructVariant = &'w mut Writer;

    integers! {
        serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64) serialize_i128(i128)
        serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64) serialize_u128(u128)
    }

    fn serialize_bool(self, value: bool) -> Result<(), Unfit> {
        self.word(if value { "true" } else { "false" });
        Ok(())
    }

    fn serialize_f32(self, number: f32) -> Result<(), Unfit> {
        self.float(number.into(), ryu::Buffer::new().format(number))
    }

    fn serialize_f64(self, number: f64) -> Result<(), Unfit> {
        self.float(number, ryu::Buffer::new().format(number))
    }

    fn serialize_char(self, value: char) -> Result<(), Unfit> {
        self.free(value.encode_utf8(&mut [0; 4]).as_bytes());
        Ok(())
    }

    fn serialize_str(self, text: &str) -> Result<(), Unfit> {
        self.free(text.as_bytes());
        Ok(())
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<(), Unfit> {
        self.free(bytes);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Unfit> {
        if self.in_some {
            return Err(Unfit::custom("an option in an option is no key"));
        }
        self.word("%0");
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Unfit> {
        if self.in_some {
            return Err(Unfit::custom("an option in an option is no key"));
        }
        self.in_parts = true;
        self.in_some = true;
        let parts = self.parts;
        value.serialize(&mut *self)?;
        // Nothing would be read as something.
        if self.parts == parts {
            return Err(Unfit::custom("an option of nothing is no key"));
        }
        Ok(())
    }

    fn serialize_unit(self) -> Result<(), Unfit> {
        self.word("");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Unfit> {
        self.word("");
        Ok(())
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), Unfit> {
        self.begin().free(variant.as_bytes());
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Unfit> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Unfit> {
        self.begin().free(variant.as_bytes());
        value.serialize(self)
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<&'w mut Writer, Unfit> {
        let len = len.ok_or_else(|| Unfit::custom("a sequence without a length is no key"))?;
        self.begin().word(itoa::Buffer::new().format(len));
        Ok(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<&'w mut Writer, Unfit> {
        Ok(self.begin())
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<&'w mut Writer, Unfit> {
        Ok(self.begin())
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<&'w mut Writer, Unfit> {
        self.begin().free(variant.as_bytes());
        Ok(self)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Unfit> {
        Err(Unfit::custom("a map has no order, and is no key"))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<&'w mut Writer, Unfit> {
        Ok(self.begin())
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<&'w mut Writer, Unfit> {
        self.begin().free(variant.as_bytes());
        Ok(self)
    }
}

/// Parts one after the other.
macro_rules! parts {
    ($($trait:ident::$method:ident($($name:ident)?))*) => {$(
        impl $trait for &mut Writer {
            type Ok = ();
            type Error = Unfit;

            fn $method<T: Serialize + ?Sized>(
                &mut self,
                $($name: &'static str,)?
                value: &T,
            ) -> Result<(), Unfit> {
                $(let _ = $name;)?
                value.serialize(&mut **self)
            }

            fn end(self) -> Result<(), Unfit> {
                Ok(())
            }
        }
    )*};
}

parts! {
    SerializeSeq::serialize_element()
    SerializeTuple::serialize_element()
    SerializeTupleStruct::serialize_field()
    SerializeTupleVariant::serialize_field()
    SerializeStruct::serialize_field(name)
    SerializeStructVariant::serialize_field(name)
}
