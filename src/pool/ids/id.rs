//! An id: a whole number or a text.

use std::fmt::{self, Display, Write};

use serde::{Serialize, Serializer};

/// What a row is called where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Id {
    /// A whole number.
    Integer(i64),
    /// Anything else: a name, a path, a whole number beyond 64 bits.
    Text(String),
}

impl Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Id::Integer(number) => number.fmt(f),
            Id::Text(text) => f.write_str(text),
        }
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Id::Integer(number) => to.serialize_i64(*number),
            Id::Text(text) => to.serialize_str(text),
        }
    }
}

impl Id {
    pub(in crate::pool) fn borrow(&self) -> IdRef<'_> {
        match self {
            Id::Integer(number) => IdRef::Integer(*number),
            Id::Text(text) => IdRef::Text(text),
        }
    }
}

/// An id as it lies in a file.
#[derive(Clone, Copy)]
pub(in crate::pool) enum IdRef<'a> {
    Integer(i64),
    Text(&'a str),
}

impl<'a> IdRef<'a> {
    pub fn to_id(self) -> Id {
        match self {
            IdRef::Integer(number) => Id::Integer(number),
            IdRef::Text(text) => Id::Text(text.to_string()),
        }
    }

    /// What `take` makes of a whole number, which may be beyond 64 bits.
    pub fn of_number<T>(number: i128, take: impl FnOnce(IdRef) -> T) -> T {
        match i64::try_from(number) {
            Ok(number) => take(IdRef::Integer(number)),
            Err(_) => take(IdRef::Text(&number.to_string())),
        }
    }

    /// The id as text, in `buffer` where it is a number.
    pub fn write<'b>(self, buffer: &'b mut String) -> &'b str
    where
        'a: 'b,
    {
        match self {
            IdRef::Text(text) => text,
            IdRef::Integer(number) => {
                buffer.clear();
                write!(buffer, "{number}").expect("memory takes any text");
                buffer
            }
        }
    }
}
