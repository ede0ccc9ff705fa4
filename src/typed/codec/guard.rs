//! Limits for codecs that have none: how deep a value nests, and how many elements it has.
//!
//! bincode and postcard check each length against the bytes that are left, but trust a value's
//! shape. A type that contains itself can be made to nest once a byte, until the stack is used up; a sequence
//! of elements that take no bytes can be made to have 2⁶⁴ of them. [`Guard`] stands between such a
//! deserializer and the type that is read, and counts.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};

/// How deep a value may nest.
const DEPTH: u32 = 256;

/// How many elements it may have whatever its length.
const ELEMENTS: usize = 65_536;

/// What is left to one value.
pub(super) struct Limits {
    elements: Cell<usize>,
}

impl Limits {
    /// Those of a value of so many bytes.
    pub(super) fn of(bytes: &[u8]) -> Limits {
        Limits { elements: Cell::new(bytes.len().saturating_add(ELEMENTS)) }
    }
}

/// Where reading is: how much deeper it may go.
#[derive(Clone, Copy)]
struct Place<'l> {
    limits: &'l Limits,
    depth: u32,
}

impl<'l> Place<'l> {
    fn deeper<E: Error>(self) -> Result<Place<'l>, E> {
        match self.depth.checked_sub(1) {
            Some(depth) => Ok(Place { depth, ..self }),
            None => Err(E::custom(format_args!("it nests deeper than {DEPTH} levels"))),
        }
    }

    fn element<E: Error>(self) -> Result<(), E> {
        let left = self.limits.elements.get().checked_sub(1);
        left.map(|left| self.limits.elements.set(left))
            .ok_or_else(|| E::custom("it has more elements than bytes"))
    }
}

/// Reads a `T` within limits.
pub(super) struct Guarded<'l, T>(&'l Limits, PhantomData<T>);

impl<'l, T> Guarded<'l, T> {
    pub(super) fn new(limits: &'l Limits) -> Guarded<'l, T> {
        Guarded(limits, PhantomData)
    }
}

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for Guarded<'_, T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<T, D::Error> {
        T::deserialize(Guard { from, at: Place { limits: self.0, depth: DEPTH } })
    }
}

/// Something of another deserializer, at a place.
struct Guard<'l, F> {
    from: F,
    at: Place<'l>,
}

/// Methods that are passed on: what they read contains nothing.
macro_rules! plain {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.from.$method(visitor)
        }
    )*};
}

/// Methods whose visitor is handed something that contains more.
macro_rules! nested {
    ($($method:ident($($arg:ident: $type:ty),*))*) => {$(
        fn $method<V: Visitor<'de>>(self, $($arg: $type,)* visitor: V) -> Result<V::Value, D::Error> {
            let at = self.at.deeper()?;
            self.from.$method($($arg,)* Watching { visitor, at, counts: false })
        }
    )*};
}

/// Methods whose visitor is handed as many elements as the bytes say.
macro_rules! counted {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            let at = self.at.deeper()?;
            self.from.$method(Watching { visitor, at, counts: true })
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Guard<'_, D> {
    type Error = D::Error;

    plain! {
        deserialize_any deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_i128 deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64 deserialize_char deserialize_str deserialize_string deserialize_bytes
        deserialize_byte_buf deserialize_unit deserialize_identifier deserialize_ignored_any
    }
    nested! {
        deserialize_option()
        deserialize_newtype_struct(name: &'static str)
        deserialize_tuple(len: usize)
        deserialize_tuple_struct(name: &'static str, len: usize)
        deserialize_struct(name: &'static str, fields: &'static [&'static str])
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
    }
    counted! { deserialize_seq deserialize_map }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.from.deserialize_unit_struct(name, visitor)
    }

    fn is_human_readable(&self) -> bool {
        self.from.is_human_readable()
    }
}

/// A visitor that is handed guarded contents.
struct Watching<'l, V> {
    visitor: V,
    at: Place<'l>,
    counts: bool,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Watching<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_some(Guard { from, at: self.at })
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, from: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_newtype_struct(Guard { from, at: self.at })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, from: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_seq(Elements { from, at: self.at, counts: self.counts })
    }

    fn visit_map<A: MapAccess<'de>>(self, from: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_map(Elements { from, at: self.at, counts: self.counts })
    }

    fn visit_enum<A: EnumAccess<'de>>(self, from: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_enum(Guard { from, at: self.at })
    }
}

/// The elements of a sequence, or the pairs of a map.
struct Elements<'l, A> {
    from: A,
    at: Place<'l>,
    counts: bool,
}

impl<'l, A> Elements<'l, A> {
    fn seed<S>(&self, seed: S) -> Seed<'l, S> {
        Seed { seed, at: self.at }
    }

    /// What may be made room for before it is there.
    fn hint(&self, hint: Option<usize>) -> Option<usize> {
        hint.map(|hint| hint.min(self.at.limits.elements.get()))
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Elements<'_, A> {
    type Error = A::Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, A::Error> {
        if self.counts {
            self.at.element()?;
        }
        let seed = self.seed(seed);
        self.from.next_element_seed(seed)
    }

    fn size_hint(&self) -> Option<usize> {
        self.hint(self.from.size_hint())
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Elements<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        if self.counts {
            self.at.element()?;
        }
        let seed = self.seed(seed);
        self.from.next_key_seed(seed)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, A::Error> {
        let seed = self.seed(seed);
        self.from.next_value_seed(seed)
    }

    fn size_hint(&self) -> Option<usize> {
        self.hint(self.from.size_hint())
    }
}

/// One element, at a place.
struct Seed<'l, S> {
    seed: S,
    at: Place<'l>,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Seed<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<S::Value, D::Error> {
        self.seed.deserialize(Guard { from, at: self.at })
    }
}

impl<'l, 'de, A: EnumAccess<'de>> EnumAccess<'de> for Guard<'l, A> {
    type Error = A::Error;
    type Variant = Guard<'l, A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Self::Variant), A::Error> {
        let (name, from) = self.from.variant_seed(seed)?;
        Ok((name, Guard { from, at: self.at }))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Guard<'_, A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.from.unit_variant()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        self.from.newtype_variant_seed(Seed { seed, at: self.at })
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.from.tuple_variant(len, Watching { visitor, at: self.at, counts: false })
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.from.struct_variant(fields, Watching { visitor, at: self.at, counts: false })
    }
}
