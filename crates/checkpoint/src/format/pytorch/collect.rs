//! The tensors in what a pickle made.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::pickle::{Id, Pickle, Value};
use crate::dtype::DType;
use crate::error::CheckpointError;
use crate::format::Contents;
use crate::parameter::{Parameter, entries};
use crate::source::Source;

/// How deep tensors may lie in dictionaries, lists and objects.
const DEEPEST: usize = 64;
/// How many values are visited; a value that is referred to twice is visited twice.
const MOST_VISITS: usize = 1 << 22;

/// Where the bytes of a storage lie.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub start: u64,
    pub len: u64,
}

impl From<[u64; 2]> for Place {
    fn from([start, len]: [u64; 2]) -> Self {
        Self { start, len }
    }
}

/// What one number of a storage is.
#[derive(Clone, Copy)]
enum Kind {
    Float(DType),
    /// A type that is passed over, and its bytes.
    Other(&'static str, usize),
    /// Bytes whose type the tensor says.
    Untyped,
}

/// A type by its name in PyTorch: of a storage class (`FloatStorage`) or of numbers (`float32`).
fn kind(name: &str) -> Option<Kind> {
    let float = |dtype| Some(Kind::Float(dtype));
    let other = |name, size| Some(Kind::Other(name, size));
    match name.strip_prefix("torch.")? {
        "FloatStorage" | "float32" => float(DType::F32),
        "DoubleStorage" | "float64" => float(DType::F64),
        "HalfStorage" | "float16" => float(DType::F16),
        "BFloat16Storage" | "bfloat16" => float(DType::Bf16),
        "LongStorage" | "int64" => other("I64", 8),
        "IntStorage" | "int32" => other("I32", 4),
        "ShortStorage" | "int16" => other("I16", 2),
        "CharStorage" | "int8" => other("I8", 1),
        "ByteStorage" | "uint8" => other("U8", 1),
        "BoolStorage" | "bool" => other("BOOL", 1),
        "ComplexFloatStorage" | "complex64" => other("C64", 8),
        "ComplexDoubleStorage" | "complex128" => other("C128", 16),
        "QInt8Storage" | "QUInt8Storage" | "QUInt4x2Storage" | "QUInt2x4Storage" => {
            other("quantised", 1)
        }
        "QInt32Storage" => other("quantised", 4),
        "uint16" => other("U16", 2),
        "uint32" => other("U32", 4),
        "uint64" => other("U64", 8),
        "float8_e4m3fn" | "float8_e5m2" | "float8_e4m3fnuz" | "float8_e5m2fnuz" => other("F8", 1),
        "storage.UntypedStorage" | "UntypedStorage" => Some(Kind::Untyped),
        _ => None,
    }
}

/// `("storage", class, key, device, entries, view)`.
struct Storage<'p> {
    kind: Kind,
    key: &'p str,
}

fn storage(pickle: &Pickle, id: Id) -> Option<Storage<'_>> {
    let Value::Persistent(of) = pickle.get(id) else { return None };
    let parts = pickle.list(*of)?;
    let named = pickle.text(*parts.first()?)? == "storage";
    let kind = kind(pickle.global(*parts.get(1)?)?)?;
    // A view of another storage, of files from before 2017, is not read.
    let whole = parts.get(5).is_none_or(|&view| matches!(pickle.get(view), Value::None));
    (named && whole).then_some(Storage { kind, key: pickle.text(*parts.get(2)?)? })
}

/// The bytes a number for every storage in a legacy file's pickle.
pub(super) fn storage_sizes<'p>(
    source: &Source,
    start: u64,
    pickle: &'p Pickle,
) -> Result<HashMap<&'p str, usize>, CheckpointError> {
    let mut sizes = HashMap::new();
    for (id, value) in pickle.values().enumerate() {
        if !matches!(value, Value::Persistent(_)) {
            continue;
        }
        let Some(storage) = storage(pickle, id as Id) else {
            // The class of a module that was saved whole, with its source.
            if let Value::Persistent(of) = value
                && let Some(&[tag, ..]) = pickle.list(*of)
                && pickle.text(tag) == Some("module")
            {
                continue;
            }
            let problem = "a storage of a type that is not known, or a view of another one";
            return Err(CheckpointError::malformed(source.path(), start, problem));
        };
        let size = match storage.kind {
            Kind::Float(dtype) => dtype.size(),
            Kind::Other(_, size) => size,
            Kind::Untyped => 1,
        };
        sizes.insert(storage.key, size);
    }
    Ok(sizes)
}

/// Walks over everything that the pickle made.
pub(super) fn collect(
    source: &Source,
    start: u64,
    pickle: &Pickle,
    place: impl Fn(&str) -> Result<Option<Place>, CheckpointError>,
) -> Result<Contents, CheckpointError> {
    let mut walk =
        Walk { source, start, pickle, place, contents: Contents::default(), visits: 0, depth: 0 };
    walk.visit(pickle.root, &mut Vec::new())?;
    let mut contents = walk.contents;
    // `a.b` is one key as well as `b` in the dictionary `a`.
    let mut names = HashSet::new();
    let is_first: Vec<bool> =
        contents.parameters.iter().map(|parameter| names.insert(parameter.path())).collect();
    let taken = is_first.iter().position(|first| !first);
    let taken = taken.map(|at| contents.parameters[at].path().to_owned());
    if let Some(taken) = taken {
        let more = is_first.iter().filter(|first| !**first).count();
        contents.passed_over.insert("of a name that is taken".into(), more);
        contents
            .notes
            .push(format!("several tensors are called `{taken}`: only the first is read"));
        let mut is_first = is_first.into_iter();
        contents.parameters.retain(|_| is_first.next().unwrap_or(true));
    }
    let called = pickle.values().filter_map(|value| match value {
        Value::Object { what, .. } => Some(*what),
        _ => None,
    });
    let called: BTreeSet<Id> = called.collect();
    let mut foreign: Vec<&str> = called
        .into_iter()
        .filter_map(|what| pickle.global(what))
        .filter(|name| !is_known(name))
        .collect();
    foreign.sort_unstable();
    foreign.dedup();
    if !foreign.is_empty() {
        let few = foreign.iter().take(3).copied().collect::<Vec<_>>().join(", ");
        let more = if foreign.len() > 3 {
            format!(" and {} more", foreign.len() - 3)
        } else {
            String::new()
        };
        contents.notes.push(format!("the pickle asks for {few}{more}: not called"));
    }
    Ok(contents)
}

/// What tensors and state dicts are made of.
fn is_known(name: &str) -> bool {
    matches!(name, "collections.OrderedDict" | "torch.Size" | "torch.device")
        || is_parameter(name)
        || is_rebuild(name)
}

fn is_rebuild(name: &str) -> bool {
    matches!(
        name,
        "torch._utils._rebuild_tensor"
            | "torch._utils._rebuild_tensor_v2"
            | "torch._utils._rebuild_tensor_v3"
    )
}

/// Calls whose first argument is the tensor.
fn is_parameter(name: &str) -> bool {
    matches!(
        name,
        "torch._utils._rebuild_parameter"
            | "torch._utils._rebuild_parameter_with_state"
            | "torch.nn.parameter.Parameter"
    )
}

struct Walk<'p, F> {
    source: &'p Source,
    start: u64,
    pickle: &'p Pickle,
    place: F,
    contents: Contents,
    visits: usize,
    /// How many values are being visited, one in the other.
    depth: usize,
}

impl<F: Fn(&str) -> Result<Option<Place>, CheckpointError>> Walk<'_, F> {
    fn error(&self, problem: String) -> CheckpointError {
        CheckpointError::malformed(self.source.path(), self.start, problem)
    }

    fn visit(&mut self, id: Id, path: &mut Vec<String>) -> Result<(), CheckpointError> {
        self.visits += 1;
        // A state, an argument and the dictionaries of a module have no name of their own in the path.
        if self.visits > MOST_VISITS || path.len() > DEEPEST || self.depth > 8 * DEEPEST {
            return Err(self.error("its values refer to each other too often or too deeply".into()));
        }
        self.depth += 1;
        self.look(id, path)?;
        self.depth -= 1;
        Ok(())
    }

    fn look(&mut self, id: Id, path: &mut Vec<String>) -> Result<(), CheckpointError> {
        match self.pickle.get(id) {
            Value::Dict(pairs) => {
                for (number, [key, value]) in pairs.iter().enumerate() {
                    let key = match self.pickle.get(*key) {
                        Value::Text(text) => text.to_string(),
                        _ => self
                            .pickle
                            .int(*key)
                            .map_or(format!("?{number}"), |number| number.to_string()),
                    };
                    self.member(key, *value, path)?;
                }
            }
            Value::List(members) => {
                for (number, member) in members.iter().enumerate() {
                    self.member(number.to_string(), *member, path)?;
                }
            }
            Value::Object { what, arguments, items, state } => {
                let name = self.pickle.global(*what).unwrap_or_default();
                let arguments_of = || self.pickle.list(*arguments).unwrap_or_default();
                if is_rebuild(name) {
                    self.tensor(name, arguments_of(), path)?;
                } else if is_parameter(name) {
                    if let Some(&tensor) = arguments_of().first() {
                        self.visit(tensor, path)?;
                    }
                } else if name == "torch._utils._rebuild_qtensor" {
                    self.contents.pass_over("quantised");
                } else {
                    if name == "torch._tensor._rebuild_from_type_v2" {
                        // (function, class, arguments, state) instead of (arguments).
                        if let [function, _, inner, ..] = *arguments_of() {
                            let name = self.pickle.global(function).unwrap_or_default();
                            if is_rebuild(name) {
                                let inner = self.pickle.list(inner).unwrap_or_default();
                                self.tensor(name, inner, path)?;
                            }
                        }
                        return Ok(());
                    }
                    if name == "collections.OrderedDict" {
                        // Older pickles hand it its pairs.
                        for &pairs in arguments_of() {
                            for pair in self.pickle.list(pairs).unwrap_or_default() {
                                if let Some(&[key, value]) = self.pickle.list(*pair)
                                    && let Some(key) = self.pickle.text(key)
                                {
                                    self.member(key.to_owned(), value, path)?;
                                }
                            }
                        }
                    }
                    for part in [items, state].into_iter().flatten() {
                        self.visit(*part, path)?;
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn member(
        &mut self,
        key: String,
        id: Id,
        path: &mut Vec<String>,
    ) -> Result<(), CheckpointError> {
        // Where a whole module was saved, its parameters lie in dictionaries of these names.
        let inner = matches!(key.as_str(), "_parameters" | "_modules" | "_buffers");
        if !inner {
            path.push(key);
        }
        self.visit(id, path)?;
        if !inner {
            path.pop();
        }
        Ok(())
    }

    /// `(storage, offset, size, stride, ..)`, and in version 3 the type as the seventh.
    fn tensor(
        &mut self,
        name: &str,
        arguments: &[Id],
        path: &[String],
    ) -> Result<(), CheckpointError> {
        let path = path.join(".");
        let wrong = |what: &str| self.error(format!("`{path}`: {what}"));
        let [of, offset, size, stride, ..] = *arguments else {
            return Err(wrong("a tensor of fewer than four parts"));
        };
        let Some(storage) = storage(self.pickle, of) else {
            return Err(wrong(
                "its storage is of a type that is not known, or a view of another one",
            ));
        };
        let given = arguments.get(6).and_then(|&id| self.pickle.global(id)).and_then(kind);
        let dtype = match (storage.kind, given) {
            (Kind::Float(dtype), _) => dtype,
            (Kind::Untyped, Some(Kind::Float(dtype))) if name.ends_with("_v3") => dtype,
            (Kind::Other(name, _), _) | (Kind::Untyped, Some(Kind::Other(name, _))) => {
                self.contents.pass_over(name);
                return Ok(());
            }
            (Kind::Untyped, _) => {
                let name = arguments.get(6).and_then(|&id| self.pickle.global(id));
                let name = name.and_then(|name| name.strip_prefix("torch."));
                let Some(name) = name else { return Err(wrong("its type is not known")) };
                // Types come and go; all that are not read are passed over.
                self.contents.pass_over(name);
                return Ok(());
            }
        };
        // The imaginary part of a conjugate: the file has the numbers with the other sign.
        let facts = arguments.get(if name.ends_with("_v3") { 7 } else { 6 });
        if let Some(Value::Dict(facts)) = facts.map(|&id| self.pickle.get(id))
            && facts.iter().any(|&[key, _]| self.pickle.text(key) == Some("neg"))
        {
            self.contents.pass_over("negated");
            return Ok(());
        }
        let sizes = |id: Id| -> Option<Vec<usize>> {
            let list = self.pickle.list(id)?.iter();
            list.map(|&id| usize::try_from(self.pickle.int(id)?).ok()).collect()
        };
        let (Some(shape), Some(strides)) = (sizes(size), sizes(stride)) else {
            return Err(wrong("its sizes or strides are no counts"));
        };
        let offset = self.pickle.int(offset).and_then(|offset| usize::try_from(offset).ok());
        let Some(offset) = offset.filter(|_| shape.len() == strides.len() && shape.len() <= 64)
        else {
            return Err(wrong("offset, sizes and strides do not go together"));
        };
        let Some(count) = entries(&shape) else {
            return Err(wrong(&format!("the shape {shape:?} has too many entries")));
        };
        let Some(place) = (self.place)(storage.key)? else {
            return Err(wrong(&format!("its storage `{}` is not in the file", storage.key)));
        };
        let stored = place.len / dtype.size() as u64;
        // One number that stands for many: there is nothing to find in it, and it could be of any size.
        if count as u64 > stored && strides.contains(&0) {
            self.contents.pass_over("expanded");
            return Ok(());
        }
        let last = shape.iter().zip(&strides).try_fold(offset, |last, (&size, &stride)| {
            last.checked_add(size.saturating_sub(1).checked_mul(stride)?)
        });
        let within = |last: usize| (last as u64) < stored;
        if count > 0 && !last.is_some_and(within) {
            let problem = if count as u64 > stored {
                format!("{shape:?} has more entries than the {stored} of its storage")
            } else {
                format!("it reaches past the {stored} numbers of its storage")
            };
            return Err(wrong(&problem));
        }
        // Windows that overlap, each number in several of them.
        if count as u64 > stored {
            self.contents.pass_over("overlapping");
            return Ok(());
        }
        let start = place.start + if count == 0 { 0 } else { offset as u64 * dtype.size() as u64 };
        let bytes = count as u64 * dtype.size() as u64;
        // Of a tensor with strides only the count is checked here; its reach was checked above.
        let range = [place.start, bytes];
        let mut parameter = Parameter::contiguous(self.source, path.clone(), shape, dtype, range)?;
        parameter.offset = start;
        self.contents.add(self.source, parameter.with_strides(strides))?;
        Ok(())
    }
}
