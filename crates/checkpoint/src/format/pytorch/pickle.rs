//! Runs the program of a pickle on plain values.
//!
//! Pickle is a stack machine whose programs may call any function. This one has no functions: a call becomes an
//! [`Object`](Value::Object) with the name and the arguments, and nothing is executed. All values are in one list and
//! refer to each other by number, so cyclic references neither leak nor recurse.

use std::collections::HashMap;

use crate::error::CheckpointError;
use crate::source::Cursor;

/// The number of a value in its [`Pickle`].
pub(super) type Id = u32;

/// More values than any state of a model has. A program with more is refused, so that memory stays bounded.
const MOST_VALUES: usize = 1 << 21;
/// More references between values than that many values need.
const MOST_REFERENCES: usize = 1 << 23;
/// The most bytes of all names that are joined from two texts.
const MOST_NAMED: usize = 1 << 24;
/// The longest text or bytes: a name.
const LONGEST: u64 = 1 << 20;

/// The values that a program made.
#[derive(Debug)]
pub(super) struct Pickle {
    values: Vec<Value>,
    pub root: Id,
}

#[derive(Debug)]
pub(super) enum Value {
    None,
    Bool(bool),
    Int(i64),
    /// An integer of any size, little-endian.
    Long(Box<[u8]>),
    Text(Box<str>),
    Float(f64),
    /// Bytes, and texts that cannot be names; no tensor is made of them.
    Opaque,
    /// A tuple, list or set.
    List(Vec<Id>),
    Dict(Vec<[Id; 2]>),
    /// A class or a function, by module and name.
    Global(Box<str>),
    /// A call that was not executed: the class or function and its arguments, the dictionary of the items that the
    /// program then set, and the state that it gave.
    Object {
        what: Id,
        arguments: Id,
        items: Option<Id>,
        state: Option<Id>,
    },
    /// Something outside of the pickle: a storage.
    Persistent(Id),
}

impl Pickle {
    pub fn get(&self, id: Id) -> &Value {
        &self.values[id as usize]
    }

    pub fn values(&self) -> impl Iterator<Item = &Value> {
        self.values.iter()
    }

    pub fn int(&self, id: Id) -> Option<i64> {
        match self.get(id) {
            Value::Int(number) => Some(*number),
            Value::Long(bytes) if bytes.len() <= 8 => {
                let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
                let mut wide = [if negative { 0xff } else { 0 }; 8];
                wide[..bytes.len()].copy_from_slice(bytes);
                Some(i64::from_le_bytes(wide))
            }
            _ => None,
        }
    }

    pub fn float(&self, id: Id) -> Option<f64> {
        match self.get(id) {
            Value::Float(number) => Some(*number),
            _ => None,
        }
    }

    pub fn long(&self, id: Id) -> Option<&[u8]> {
        match self.get(id) {
            Value::Long(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub fn bool(&self, id: Id) -> Option<bool> {
        match self.get(id) {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    pub fn text(&self, id: Id) -> Option<&str> {
        match self.get(id) {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn list(&self, id: Id) -> Option<&[Id]> {
        match self.get(id) {
            Value::List(members) => Some(members),
            _ => None,
        }
    }

    pub fn global(&self, id: Id) -> Option<&str> {
        match self.get(id) {
            Value::Global(name) => Some(name),
            _ => None,
        }
    }

    /// The value of a key of a dictionary.
    pub fn field(&self, id: Id, key: &str) -> Option<Id> {
        match self.get(id) {
            Value::Dict(pairs) => {
                pairs.iter().find(|pair| self.text(pair[0]) == Some(key)).map(|pair| pair[1])
            }
            _ => None,
        }
    }
}

/// Runs one program, up to its STOP.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Pickle, CheckpointError> {
    let mut machine = Machine {
        cursor,
        values: Vec::new(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
        references: 0,
        named: 0,
    };
    while !machine.step()? {}
    let root = machine.pop()?;
    Ok(Pickle { values: machine.values, root })
}

struct Machine<'c, 's> {
    cursor: &'c mut Cursor<'s>,
    values: Vec<Value>,
    stack: Vec<Id>,
    /// The positions of the marks on the stack.
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
    references: usize,
    named: usize,
}

impl Machine<'_, '_> {
    /// Runs one instruction; true at STOP.
    fn step(&mut self) -> Result<bool, CheckpointError> {
        let at = self.cursor.position();
        let code = self.cursor.byte()?;
        match code {
            b'.' => return Ok(true),
            // PROTO and FRAME say nothing about values.
            0x80 => self.cursor.skip(1)?,
            0x95 => self.cursor.skip(8)?,
            b'(' => self.mark()?,
            b'0' => {
                self.pop()?;
            }
            b'1' => {
                self.pop_mark()?;
            }
            b'2' => {
                let top = self.top()?;
                self.push_id(top)?;
            }
            b'N' => self.push(Value::None)?,
            0x88 | 0x89 => self.push(Value::Bool(code == 0x88))?,
            b'J' => {
                let number = i32::from_le_bytes(self.cursor.array()?);
                self.push(Value::Int(number.into()))?;
            }
            b'K' => {
                let number = self.cursor.byte()?;
                self.push(Value::Int(number.into()))?;
            }
            b'M' => {
                let number = u16::from_le_bytes(self.cursor.array()?);
                self.push(Value::Int(number.into()))?;
            }
            0x8a | 0x8b => {
                let len = self.uint(if code == 0x8a { 1 } else { 4 })?;
                let bytes = self.short(len)?;
                self.push(Value::Long(bytes.into()))?;
            }
            b'G' => {
                let number = f64::from_be_bytes(self.cursor.array()?);
                self.push(Value::Float(number))?;
            }
            // Texts: UTF-8, and the byte strings of Python 2.
            0x8c => self.text(1)?,
            b'X' => self.text(4)?,
            b'U' => self.old_text(1)?,
            b'T' => self.old_text(4)?,
            0x8d => self.text(8)?,
            b'C' => self.bytes(1)?,
            b'B' => self.bytes(4)?,
            0x8e | 0x96 => self.bytes(8)?,
            b'}' => self.push(Value::Dict(Vec::new()))?,
            b']' | b')' | 0x8f => self.push(Value::List(Vec::new()))?,
            b'l' | b't' | 0x91 => {
                let members = self.pop_mark()?;
                self.list(members)?;
            }
            0x85..=0x87 => {
                let members = self.pop_many(usize::from(code - 0x84))?;
                self.list(members)?;
            }
            b'd' => {
                let members = self.pop_mark()?;
                self.push(Value::Dict(Vec::new()))?;
                self.set_items(&members)?;
            }
            b'a' => {
                let members = self.pop_many(1)?;
                self.append(&members)?;
            }
            b'e' | 0x90 => {
                let members = self.pop_mark()?;
                self.append(&members)?;
            }
            b's' => {
                let members = self.pop_many(2)?;
                self.set_items(&members)?;
            }
            b'u' => {
                let members = self.pop_mark()?;
                self.set_items(&members)?;
            }
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.push(Value::Global(format!("{module}.{name}").into()))?;
            }
            0x93 => {
                let parts = self.pop_many(2)?;
                let text = |id: Id| match &self.values[id as usize] {
                    Value::Text(text) => Some(text),
                    _ => None,
                };
                let (Some(module), Some(name)) = (text(parts[0]), text(parts[1])) else {
                    return Err(self.cursor.error("a class without a name"));
                };
                // A small file can join two texts to any number of names.
                self.named += module.len() + name.len();
                if self.named > MOST_NAMED {
                    return Err(self
                        .cursor
                        .error(format!("more than {MOST_NAMED} bytes of class names")));
                }
                let name = format!("{module}.{name}").into();
                self.push(Value::Global(name))?;
            }
            // REDUCE and NEWOBJ: a call, which is not executed.
            b'R' | 0x81 => self.object(2)?,
            0x92 => {
                self.pop()?;
                self.object(2)?;
            }
            b'b' => {
                let state = self.pop()?;
                let object = self.top()? as usize;
                if let Value::Object { state: own, .. } = &mut self.values[object] {
                    *own = Some(state);
                }
            }
            b'Q' => {
                let of = self.pop()?;
                self.push(Value::Persistent(of))?;
            }
            b'q' => {
                let number = self.uint(1)?;
                self.remember(number as u32)?;
            }
            b'r' => {
                let number = self.uint(4)?;
                self.remember(number as u32)?;
            }
            0x94 => self.remember(self.memo.len() as u32)?,
            b'h' => {
                let number = self.uint(1)?;
                self.recall(number as u32)?;
            }
            b'j' => {
                let number = self.uint(4)?;
                self.recall(number as u32)?;
            }
            _ => {
                let problem = format!("{code:#04x} is not an instruction of a PyTorch pickle");
                return Err(self.cursor.error_at(at, problem));
            }
        }
        Ok(false)
    }

    fn uint(&mut self, bytes: u32) -> Result<u64, CheckpointError> {
        (0..bytes)
            .try_fold(0, |number, place| Ok(number | u64::from(self.cursor.byte()?) << (8 * place)))
    }

    fn short(&mut self, len: u64) -> Result<Vec<u8>, CheckpointError> {
        if len > LONGEST {
            return Err(self.cursor.error(format!("a name of {len} bytes")));
        }
        self.cursor.take(len)
    }

    fn text(&mut self, length_bytes: u32) -> Result<(), CheckpointError> {
        let len = self.uint(length_bytes)?;
        // A long text is not a name, and nothing reads it.
        if len > LONGEST {
            self.cursor.skip(len)?;
            return self.push(Value::Opaque);
        }
        let text = self.cursor.text(len)?;
        self.push(Value::Text(text.into()))
    }

    /// A string of Python 2: a name, or any bytes.
    fn old_text(&mut self, length_bytes: u32) -> Result<(), CheckpointError> {
        let len = self.uint(length_bytes)?;
        if len > LONGEST {
            self.cursor.skip(len)?;
            return self.push(Value::Opaque);
        }
        let bytes = self.cursor.take(len)?;
        self.push(String::from_utf8(bytes).map_or(Value::Opaque, |text| Value::Text(text.into())))
    }

    fn bytes(&mut self, length_bytes: u32) -> Result<(), CheckpointError> {
        let len = self.uint(length_bytes)?;
        self.cursor.skip(len)?;
        self.push(Value::Opaque)
    }

    /// A text up to the end of its line.
    fn line(&mut self) -> Result<String, CheckpointError> {
        let mut bytes = Vec::new();
        loop {
            match self.cursor.byte()? {
                b'\n' => break,
                _ if bytes.len() as u64 == LONGEST => {
                    return Err(self.cursor.error("a name without an end"));
                }
                byte => bytes.push(byte),
            }
        }
        String::from_utf8(bytes).map_err(|_| self.cursor.error("a name is not UTF-8"))
    }

    fn push(&mut self, value: Value) -> Result<(), CheckpointError> {
        if self.values.len() == MOST_VALUES {
            return Err(self.cursor.error(format!("more than {MOST_VALUES} values")));
        }
        self.values.push(value);
        self.push_id(self.values.len() as Id - 1)
    }

    fn push_id(&mut self, id: Id) -> Result<(), CheckpointError> {
        self.refer(1)?;
        self.stack.push(id);
        Ok(())
    }

    fn refer(&mut self, more: usize) -> Result<(), CheckpointError> {
        self.references += more;
        if self.references > MOST_REFERENCES {
            return Err(self.cursor.error(format!("more than {MOST_REFERENCES} references")));
        }
        Ok(())
    }

    fn list(&mut self, members: Vec<Id>) -> Result<(), CheckpointError> {
        self.push(Value::List(members))
    }

    fn mark(&mut self) -> Result<(), CheckpointError> {
        self.refer(1)?;
        self.marks.push(self.stack.len());
        Ok(())
    }

    /// How many members of the stack are below the last mark: instructions may not take these.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or_default()
    }

    fn top(&self) -> Result<Id, CheckpointError> {
        let top = self.stack.last().filter(|_| self.stack.len() > self.floor());
        top.copied().ok_or_else(|| self.cursor.error("nothing is on the stack"))
    }

    fn pop(&mut self) -> Result<Id, CheckpointError> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    fn pop_many(&mut self, count: usize) -> Result<Vec<Id>, CheckpointError> {
        if self.stack.len() < self.floor() + count {
            return Err(self.cursor.error(format!("{count} values should be on the stack")));
        }
        Ok(self.stack.split_off(self.stack.len() - count))
    }

    fn pop_mark(&mut self) -> Result<Vec<Id>, CheckpointError> {
        let mark = self.marks.pop().ok_or_else(|| self.cursor.error("nothing was marked"))?;
        Ok(self.stack.split_off(mark))
    }

    fn append(&mut self, members: &[Id]) -> Result<(), CheckpointError> {
        let list = self.top()? as usize;
        // A value that is not a list is an object of an unknown class.
        if let Value::List(own) = &mut self.values[list] {
            own.extend_from_slice(members);
        }
        Ok(())
    }

    fn set_items(&mut self, members: &[Id]) -> Result<(), CheckpointError> {
        let (pairs, rest) = members.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(self.cursor.error("a key without a value"));
        }
        let target = self.top()? as usize;
        // An OrderedDict is an object that a call made and that is then filled.
        if let Value::Object { .. } = self.values[target] {
            let pairs = pairs.to_vec();
            let items = self.items_of(target)?;
            if let Value::Dict(own) = &mut self.values[items] {
                own.extend(pairs);
            }
        } else if let Value::Dict(own) = &mut self.values[target] {
            own.extend_from_slice(pairs);
        }
        Ok(())
    }

    /// The dictionary of an object's items; made if there is none.
    fn items_of(&mut self, object: usize) -> Result<usize, CheckpointError> {
        if let Value::Object { items: Some(items), .. } = self.values[object] {
            return Ok(items as usize);
        }
        self.push(Value::Dict(Vec::new()))?;
        let made = self.pop()?;
        if let Value::Object { items, .. } = &mut self.values[object] {
            *items = Some(made);
        }
        Ok(made as usize)
    }

    fn object(&mut self, parts: usize) -> Result<(), CheckpointError> {
        let parts = self.pop_many(parts)?;
        self.push(Value::Object { what: parts[0], arguments: parts[1], items: None, state: None })
    }

    fn remember(&mut self, number: u32) -> Result<(), CheckpointError> {
        let top = self.top()?;
        self.refer(1)?;
        self.memo.insert(number, top);
        Ok(())
    }

    fn recall(&mut self, number: u32) -> Result<(), CheckpointError> {
        let Some(&id) = self.memo.get(&number) else {
            return Err(self.cursor.error(format!("nothing was remembered as {number}")));
        };
        self.push_id(id)
    }
}
