//! The texts in a value, whatever it is made of.
//!
//! What is said of a file in other words has its names in it. Whoever wants to know which names a value mentions would have to
//! go through all its fields, and through those that are added some day. Here none is forgotten: whatever can be written
//! down is gone through.

use std::fmt::{Display, Error};

use serde::ser::{self, Serialize, Serializer};

/// Hands over every text in a value.
pub(crate) fn each_text<T: Serialize + ?Sized>(value: &T, take: &mut dyn FnMut(&str)) {
    // It cannot fail: nothing here does, and no value of ours refuses to be written down.
    let _ = value.serialize(&mut Texts { take });
}

struct Texts<'t> {
    take: &'t mut dyn FnMut(&str),
}

type Done = Result<(), Error>;

macro_rules! no_text {
    ($($name:ident($kind:ty)),*) => {
        $(fn $name(self, _: $kind) -> Done { Ok(()) })*
    };
}

impl Serializer for &mut Texts<'_> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    no_text!(
        serialize_bool(bool),
        serialize_i8(i8),
        serialize_i16(i16),
        serialize_i32(i32),
        serialize_i64(i64),
        serialize_u8(u8),
        serialize_u16(u16),
        serialize_u32(u32),
        serialize_u64(u64),
        serialize_f32(f32),
        serialize_f64(f64),
        serialize_char(char),
        serialize_bytes(&[u8])
    );

    fn serialize_str(self, text: &str) -> Done {
        (self.take)(text);
        Ok(())
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Done {
        (self.take)(&value.to_string());
        Ok(())
    }

    fn serialize_none(self) -> Done {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Done {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Done {
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Done {
        Ok(())
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Done {
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Done {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Done {
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self, Error> {
        Ok(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, Error> {
        Ok(self)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Error> {
        Ok(self)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Error> {
        Ok(self)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self, Error> {
        Ok(self)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Error> {
        Ok(self)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Error> {
        Ok(self)
    }
}

macro_rules! all_parts {
    ($($shape:ident::$part:ident($($name:ident: $kind:ty),*)),*) => {
        $(impl ser::$shape for &mut Texts<'_> {
            type Ok = ();
            type Error = Error;

            fn $part<T: Serialize + ?Sized>(&mut self, $($name: $kind,)* value: &T) -> Done {
                value.serialize(&mut **self)
            }

            fn end(self) -> Done {
                Ok(())
            }
        })*
    };
}

all_parts!(
    SerializeSeq::serialize_element(),
    SerializeTuple::serialize_element(),
    SerializeTupleStruct::serialize_field(),
    SerializeTupleVariant::serialize_field(),
    SerializeStruct::serialize_field(_name: &'static str),
    SerializeStructVariant::serialize_field(_name: &'static str)
);

impl ser::SerializeMap for &mut Texts<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Done {
        key.serialize(&mut **self)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
        value.serialize(&mut **self)
    }

    fn end(self) -> Done {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn no_text_is_forgotten_wherever_it_stands() {
        #[derive(serde::Serialize)]
        enum Kind {
            Unit,
            New(&'static str),
            Two(&'static str, u8),
            Named { text: &'static str },
        }
        #[derive(serde::Serialize)]
        struct New(&'static str);
        #[derive(serde::Serialize)]
        struct Pair(&'static str, New);
        #[derive(serde::Serialize)]
        struct All {
            kinds: Vec<Kind>,
            map: BTreeMap<&'static str, Option<&'static str>>,
            tuple: (u8, &'static str, bool, f64, char, ()),
            pair: Pair,
        }
        let all = All {
            kinds: vec![Kind::Unit, Kind::New("a"), Kind::Two("b", 1), Kind::Named { text: "c" }],
            map: [("d", Some("e")), ("f", None)].into(),
            tuple: (1, "g", true, 0.5, 'x', ()),
            pair: Pair("h", New("i")),
        };
        let mut found = Vec::new();
        each_text(&all, &mut |text| found.push(text.to_owned()));
        assert_eq!(found, ["a", "b", "c", "d", "e", "f", "g", "h", "i"]);
    }
}
