//! The pickle in a file of `torch.save`, read as data: it says which tensors there are and where their values lie. Nothing in it is run, and
//! whatever else it would make is refused by name.

use std::collections::HashMap;

use crate::pool::reason::Reason;

/// Where a value is in [`Pickle::values`].
pub(super) type Id = usize;

/// A value, as far as tensors are made of it.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// What is no part of a tensor's shape or place.
    Other,
    Number(i64),
    Text(String),
    /// A class or a function, by its module and name.
    Global(String),
    Tuple(Vec<Id>),
    List(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    Storage(Storage),
    Tensor(Tensor),
}

/// Values one after another in a member of the archive.
#[derive(Debug, Clone)]
pub(super) struct Storage {
    /// The name of torch's class of it, such as `FloatStorage`.
    pub kind: String,
    /// The member is `data/<key>`.
    pub key: String,
    /// Values that it holds.
    pub length: usize,
}

/// A view of a storage: the value at `at` is number `offset + sum at[i] stride[i]` of it.
#[derive(Debug, Clone)]
pub(super) struct Tensor {
    pub storage: Storage,
    pub offset: usize,
    pub size: Vec<usize>,
    pub stride: Vec<usize>,
}

/// Everything that a pickle makes; values name each other by their place, so that no depth of them is one of the stack.
pub(super) struct Pickle {
    pub values: Vec<Value>,
    pub root: Id,
}

/// A value on the stack, or the mark below some.
enum Entry {
    Mark,
    Value(Id),
}

impl Pickle {
    pub fn read(bytes: &[u8]) -> Result<Pickle, Reason> {
        let mut machine = Machine { rest: bytes, ..Machine::default() };
        while !machine.step()? {}
        let root = machine.pop()?;
        Ok(Pickle { values: machine.values, root })
    }
}

#[derive(Default)]
struct Machine<'b> {
    rest: &'b [u8],
    values: Vec<Value>,
    stack: Vec<Entry>,
    memo: HashMap<usize, Id>,
}

impl Machine<'_> {
    /// One instruction; whether it was the last.
    fn step(&mut self) -> Result<bool, Reason> {
        match self.byte()? {
            b'.' => return Ok(true),
            // Of protocols 2 to 4: what torch writes, and the same in its own words.
            0x80 => drop(self.byte()?),
            0x95 => drop(self.take(8)?),
            b'(' => self.stack.push(Entry::Mark),
            b'N' | 0x88 | 0x89 => self.push(Value::Other),
            b'G' => self.skip(8)?,
            b'}' => self.push(Value::Dict(Vec::new())),
            b']' => self.push(Value::List(Vec::new())),
            b')' => self.push(Value::Tuple(Vec::new())),
            b'K' => self.number(1)?,
            b'M' => self.number(2)?,
            b'J' => {
                let bytes = *self.take(4)?.first_chunk().ok_or_else(short)?;
                self.push(Value::Number(i32::from_le_bytes(bytes).into()));
            }
            0x8a => self.long()?,
            b'X' => self.text(4)?,
            0x8c => self.text(1)?,
            b'c' => self.global()?,
            0x93 => self.stack_global()?,
            b'C' => self.bytes(1)?,
            b'B' => self.bytes(4)?,
            b'q' => self.remember(1)?,
            b'r' => self.remember(4)?,
            0x94 => self.memoize()?,
            b'h' => self.recall(1)?,
            b'j' => self.recall(4)?,
            b't' => {
                let items = self.down_to_mark()?;
                self.push(Value::Tuple(items));
            }
            count @ 0x85..=0x87 => {
                let count = usize::from(count - 0x84);
                let items = self.last(count)?;
                self.push(Value::Tuple(items));
            }
            b'a' => {
                let items = self.last(1)?;
                self.extend(items)?;
            }
            b'e' => {
                let items = self.down_to_mark()?;
                self.extend(items)?;
            }
            b's' => {
                let pair = self.last(2)?;
                self.insert(&pair)?;
            }
            b'u' => {
                let pairs = self.down_to_mark()?;
                self.insert(&pairs)?;
            }
            b'Q' => self.storage()?,
            b'R' => self.reduce()?,
            // The state of an object, such as a dictionary's metadata.
            b'b' => drop(self.pop()?),
            other => {
                return Err(format!("holds objects that are no tensors (instruction 0x{other:02x} of its pickle): save the tensor alone").into());
            }
        }
        Ok(false)
    }

    fn take(&mut self, count: usize) -> Result<&[u8], Reason> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or_else(short)?;
        self.rest = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, Reason> {
        Ok(self.take(1)?[0])
    }

    /// A number of so many bytes that is not negative.
    fn count(&mut self, bytes: usize) -> Result<usize, Reason> {
        let bytes = self.take(bytes)?;
        Ok(bytes.iter().rev().fold(0, |number, &byte| number << 8 | usize::from(byte)))
    }

    fn push(&mut self, value: Value) {
        self.stack.push(Entry::Value(self.values.len()));
        self.values.push(value);
    }

    fn pop(&mut self) -> Result<Id, Reason> {
        match self.stack.pop() {
            Some(Entry::Value(id)) => Ok(id),
            _ => Err(damaged()),
        }
    }

    /// The last values on the stack, in order.
    fn last(&mut self, count: usize) -> Result<Vec<Id>, Reason> {
        let mut items: Vec<Id> = (0..count).map(|_| self.pop()).collect::<Result<_, _>>()?;
        items.reverse();
        Ok(items)
    }

    /// The values above the last mark, in order.
    fn down_to_mark(&mut self) -> Result<Vec<Id>, Reason> {
        let mark = self.stack.iter().rposition(|entry| matches!(entry, Entry::Mark));
        let above = self.stack.split_off(mark.ok_or_else(damaged)?);
        let ids = above.into_iter().skip(1).map(|entry| match entry {
            Entry::Value(id) => id,
            Entry::Mark => unreachable!("the last one was cut off"),
        });
        Ok(ids.collect())
    }

    fn skip(&mut self, bytes: usize) -> Result<(), Reason> {
        self.take(bytes)?;
        self.push(Value::Other);
        Ok(())
    }

    fn number(&mut self, bytes: usize) -> Result<(), Reason> {
        let number = i64::try_from(self.count(bytes)?).map_err(|_| damaged())?;
        self.push(Value::Number(number));
        Ok(())
    }

    /// A number of any size; those of more than 8 bytes are no part of a tensor.
    fn long(&mut self) -> Result<(), Reason> {
        let length = self.count(1)?;
        let bytes = self.take(length)?;
        let fill = if bytes.last().is_some_and(|byte| byte & 0x80 != 0) { 0xff } else { 0 };
        let mut whole = [fill; 8];
        let value = match whole.get_mut(..length) {
            Some(low) => {
                low.copy_from_slice(bytes);
                Value::Number(i64::from_le_bytes(whole))
            }
            None => Value::Other,
        };
        self.push(value);
        Ok(())
    }

    fn text(&mut self, bytes: usize) -> Result<(), Reason> {
        let length = self.count(bytes)?;
        let text = String::from_utf8_lossy(self.take(length)?).into_owned();
        self.push(Value::Text(text));
        Ok(())
    }

    fn bytes(&mut self, bytes: usize) -> Result<(), Reason> {
        let length = self.count(bytes)?;
        self.skip(length)
    }

    fn line(&mut self) -> Result<String, Reason> {
        let end = self.rest.iter().position(|&byte| byte == b'\n').ok_or_else(short)?;
        let line = String::from_utf8_lossy(self.take(end)?).into_owned();
        self.byte()?;
        Ok(line)
    }

    fn global(&mut self) -> Result<(), Reason> {
        let name = format!("{}.{}", self.line()?, self.line()?);
        self.push(Value::Global(name));
        Ok(())
    }

    fn stack_global(&mut self) -> Result<(), Reason> {
        let pair = self.last(2)?;
        let (Value::Text(module), Value::Text(name)) = (self.at(pair[0]), self.at(pair[1])) else {
            return Err(damaged());
        };
        let name = format!("{module}.{name}");
        self.push(Value::Global(name));
        Ok(())
    }

    fn remember(&mut self, bytes: usize) -> Result<(), Reason> {
        let key = self.count(bytes)?;
        self.keep(key)
    }

    fn memoize(&mut self) -> Result<(), Reason> {
        self.keep(self.memo.len())
    }

    fn keep(&mut self, key: usize) -> Result<(), Reason> {
        let Some(Entry::Value(id)) = self.stack.last() else { return Err(damaged()) };
        self.memo.insert(key, *id);
        Ok(())
    }

    fn recall(&mut self, bytes: usize) -> Result<(), Reason> {
        let key = self.count(bytes)?;
        let id = *self.memo.get(&key).ok_or_else(damaged)?;
        self.stack.push(Entry::Value(id));
        Ok(())
    }

    fn at(&self, id: Id) -> &Value {
        &self.values[id]
    }

    /// The value that the stack ends with, which stays there.
    fn top(&mut self) -> Result<&mut Value, Reason> {
        match self.stack.last() {
            Some(&Entry::Value(id)) => Ok(&mut self.values[id]),
            _ => Err(damaged()),
        }
    }

    fn extend(&mut self, items: Vec<Id>) -> Result<(), Reason> {
        match self.top()? {
            Value::List(list) => list.extend(items),
            _ => return Err(damaged()),
        }
        Ok(())
    }

    fn insert(&mut self, pairs: &[Id]) -> Result<(), Reason> {
        let (pairs, []) = pairs.as_chunks::<2>() else { return Err(damaged()) };
        match self.top()? {
            Value::Dict(dict) => dict.extend(pairs.iter().map(|&[key, value]| (key, value))),
            _ => return Err(damaged()),
        }
        Ok(())
    }

    /// `('storage', class, key, place, length)` on the stack becomes the storage.
    fn storage(&mut self) -> Result<(), Reason> {
        let id = self.pop()?;
        let Value::Tuple(parts) = self.at(id) else { return Err(damaged()) };
        let [_, class, key, _, length] = parts[..] else { return Err(damaged()) };
        let storage = match (self.at(class), self.at(key), self.at(length)) {
            (Value::Global(class), Value::Text(key), &Value::Number(length)) => Storage {
                kind: class.rsplit('.').next().unwrap_or_default().to_string(),
                key: key.clone(),
                length: usize::try_from(length).map_err(|_| damaged())?,
            },
            _ => return Err(damaged()),
        };
        self.push(Value::Storage(storage));
        Ok(())
    }

    /// A call: of the few that make tensors and what holds them; nothing is called.
    fn reduce(&mut self) -> Result<(), Reason> {
        let pair = self.last(2)?;
        let (Value::Global(name), Value::Tuple(arguments)) = (self.at(pair[0]), self.at(pair[1]))
        else {
            return Err(damaged());
        };
        let value = match (&**name, &arguments[..]) {
            (
                "torch._utils._rebuild_tensor_v2" | "torch._utils._rebuild_tensor",
                [storage, offset, size, stride, ..],
            ) => Value::Tensor(self.tensor(*storage, *offset, *size, *stride)?),
            ("torch._utils._rebuild_parameter", [tensor, ..]) => self.at(*tensor).clone(),
            ("collections.OrderedDict", []) => Value::Dict(Vec::new()),
            ("torch.Size", [size]) => self.at(*size).clone(),
            (name, _) => {
                return Err(format!("holds {name}, which is no tensor and is not run: save the tensor alone, as torch.save(tensor, path)").into());
            }
        };
        self.push(value);
        Ok(())
    }

    fn tensor(&self, storage: Id, offset: Id, size: Id, stride: Id) -> Result<Tensor, Reason> {
        let Value::Storage(storage) = self.at(storage) else { return Err(damaged()) };
        let (size, stride) = (self.numbers(size)?, self.numbers(stride)?);
        let offset = self.natural(offset)?;
        Ok(Tensor { storage: storage.clone(), offset, size, stride })
    }

    fn numbers(&self, id: Id) -> Result<Vec<usize>, Reason> {
        match self.at(id) {
            Value::Tuple(items) => items.iter().map(|&item| self.natural(item)).collect(),
            _ => Err(damaged()),
        }
    }

    fn natural(&self, id: Id) -> Result<usize, Reason> {
        match self.at(id) {
            &Value::Number(number) => usize::try_from(number).map_err(|_| damaged()),
            _ => Err(damaged()),
        }
    }
}

fn damaged() -> Reason {
    "has a pickle that cannot be read".into()
}

fn short() -> Reason {
    "has a pickle that ends too early".into()
}
