//! Finds the tensors among the values of a pickle.

use std::collections::{BTreeSet, HashMap};

use super::pickle::{Id, Pickle, Value};
use crate::decode::Affine;
use crate::dtype::DType;
use crate::error::CheckpointError;
use crate::format::{Contents, Skipped};
use crate::parameter::{Parameter, entries, row_major};
use crate::source::Source;

/// How deep tensors may be nested in dictionaries, lists and objects.
const DEEPEST: usize = 64;
/// How many values are visited at most; a value with two references is visited twice.
const MOST_VISITS: usize = 1 << 22;

/// Where the bytes of a storage are in the file.
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

/// The type of one number of a storage.
#[derive(Clone, Copy)]
enum Kind {
    Of(DType),
    /// Several numbers per byte, with scales for each channel.
    Packed,
    /// Bytes; the tensor gives their type.
    Untyped,
}

impl Kind {
    fn bytes(self) -> usize {
        match self {
            Self::Of(dtype) => dtype.bits() / 8,
            Self::Packed | Self::Untyped => 1,
        }
    }
}

/// A type by its name in PyTorch: of a storage class (`FloatStorage`) or of numbers (`float32`).
fn kind(name: &str) -> Option<Kind> {
    Some(Kind::Of(match name.strip_prefix("torch.")? {
        "FloatStorage" | "float32" => DType::F32,
        "DoubleStorage" | "float64" => DType::F64,
        "HalfStorage" | "float16" => DType::F16,
        "BFloat16Storage" | "bfloat16" => DType::Bf16,
        "LongStorage" | "int64" => DType::I64,
        "IntStorage" | "int32" => DType::I32,
        "ShortStorage" | "int16" => DType::I16,
        "CharStorage" | "int8" => DType::I8,
        "ByteStorage" | "uint8" => DType::U8,
        "BoolStorage" | "bool" => DType::Bool,
        "complex32" => DType::C32,
        "ComplexFloatStorage" | "complex64" => DType::C64,
        "ComplexDoubleStorage" | "complex128" => DType::C128,
        "QInt8Storage" | "qint8" => DType::QI8,
        "QUInt8Storage" | "quint8" => DType::QU8,
        "QInt32Storage" | "qint32" => DType::QI32,
        "uint16" => DType::U16,
        "uint32" => DType::U32,
        "uint64" => DType::U64,
        "float8_e4m3fn" => DType::F8E4M3,
        "float8_e5m2" => DType::F8E5M2,
        "float8_e4m3fnuz" => DType::F8E4M3Fnuz,
        "float8_e5m2fnuz" => DType::F8E5M2Fnuz,
        "float8_e8m0fnu" => DType::F8E8M0,
        "float4_e2m1fn_x2" => DType::F4x2,
        // One byte per entry, however many of its bits are used.
        "uint1" | "uint2" | "uint3" | "uint4" | "uint5" | "uint6" | "uint7" => DType::U8,
        "int1" | "int2" | "int3" | "int4" | "int5" | "int6" | "int7" => DType::I8,
        "bits8" | "bits1x8" | "bits2x4" | "bits4x2" => DType::U8,
        "bits16" => DType::U16,
        "QUInt4x2Storage" | "QUInt2x4Storage" | "quint4x2" | "quint2x4" => {
            return Some(Kind::Packed);
        }
        "storage.UntypedStorage" | "UntypedStorage" => return Some(Kind::Untyped),
        _ => return None,
    }))
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
    // A view of another storage, as in files from before 2017, is not read.
    let whole = parts.get(5).is_none_or(|&view| matches!(pickle.get(view), Value::None));
    (named && whole).then_some(Storage { kind, key: pickle.text(*parts.get(2)?)? })
}

/// The bytes per number of every storage in the pickle of a legacy file.
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
            let problem = "a storage of an unknown type, or a view of another storage";
            return Err(CheckpointError::malformed(source.path(), start, problem));
        };
        sizes.insert(storage.key, storage.kind.bytes());
    }
    Ok(sizes)
}

/// Visits all values of the pickle, and collects the tensors.
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
    keep_first_of_name(&mut contents);
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
        contents.notes.push(format!("the pickle asks to call {few}{more}: not called"));
    }
    Ok(contents)
}

/// Keeps the first tensor of every name: the key `a.b` and the key `b` in the dictionary `a` give the same name. Later
/// tensors are skipped; a repetition of the same tensor is dropped.
fn keep_first_of_name(contents: &mut Contents) {
    let mut first: HashMap<String, usize> = HashMap::new();
    let mut kept: Vec<Parameter> = Vec::with_capacity(contents.parameters.len());
    for parameter in std::mem::take(&mut contents.parameters) {
        match first.get(parameter.path()) {
            Some(&same) if kept[same] == parameter => {}
            Some(_) => contents.skipped.push(Skipped {
                path: parameter.path().into(),
                dtype: parameter.dtype().name().into(),
                why: "an earlier tensor has the same name".into(),
                shape: Some(parameter.shape().into()),
                source: 0,
                place: None,
            }),
            None => {
                first.insert(parameter.path().into(), kept.len());
                kept.push(parameter);
            }
        }
    }
    contents.parameters = kept;
}

/// Whether a class or function is one that tensors and state dicts are made of.
fn is_known(name: &str) -> bool {
    matches!(name, "collections.OrderedDict" | "torch.Size" | "torch.device")
        || is_parameter(name)
        || is_rebuild(name)
        || skips(name).is_some()
        || matches!(
            name,
            "torch._utils._rebuild_qtensor"
                | "torch.serialization._get_layout"
                | "torch._tensor._rebuild_from_type_v2"
                | "numpy.dtype"
        )
}

/// For calls that make tensors in ways that are not read: why the tensor is skipped, which argument gives its sizes,
/// and which argument is a tensor of its type.
fn skips(name: &str) -> Option<(&'static str, Option<usize>, Option<usize>)> {
    let name = name.strip_prefix("torch._utils.").unwrap_or(name);
    Some(match name {
        // (layout, (indices, values, sizes, ..)), and if compressed by rows (layout, (rows, columns, values, sizes)).
        "_rebuild_sparse_tensor" => ("it is sparse", Some(2), Some(1)),
        "_rebuild_sparse_csr_tensor" => ("it is sparse", Some(3), Some(2)),
        "_rebuild_nested_tensor" => {
            ("it is nested: each of its members has its own sizes", None, Some(0))
        }
        // (type, sizes, strides, ..)
        "_rebuild_meta_tensor_no_storage" => {
            ("it has no entries: it is on the meta device", Some(1), Some(0))
        }
        "_rebuild_wrapper_subclass" => {
            ("its class stores the entries in another form", Some(2), Some(1))
        }
        "_rebuild_device_tensor_from_numpy" | "_rebuild_xla_tensor" => {
            ("it is stored as a NumPy array", None, Some(1))
        }
        "numpy.core.multiarray._reconstruct" | "numpy._core.multiarray._reconstruct" => {
            ("it is a NumPy array", None, None)
        }
        _ => return None,
    })
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
            | "torch.nn.parameter.Buffer"
            | "torch._utils._rebuild_device_tensor_from_cpu_tensor"
    )
}

struct Walk<'p, F> {
    source: &'p Source,
    start: u64,
    pickle: &'p Pickle,
    place: F,
    contents: Contents,
    visits: usize,
    /// How many nested values are being visited.
    depth: usize,
}

impl<F: Fn(&str) -> Result<Option<Place>, CheckpointError>> Walk<'_, F> {
    fn error(&self, problem: String) -> CheckpointError {
        CheckpointError::malformed(self.source.path(), self.start, problem)
    }

    fn visit(&mut self, id: Id, path: &mut Vec<String>) -> Result<(), CheckpointError> {
        self.visits += 1;
        // A state, an argument and the dictionaries of a module add no name to the path, so depth is counted, too.
        if self.visits > MOST_VISITS || path.len() > DEEPEST || self.depth > 8 * DEEPEST {
            return Err(self.error("its values refer to each other too often or too deeply".into()));
        }
        self.depth += 1;
        self.look(id, path)?;
        self.depth -= 1;
        Ok(())
    }

    // One function for each kind: values are nested, and every level keeps its frame on the stack.
    fn look(&mut self, id: Id, path: &mut Vec<String>) -> Result<(), CheckpointError> {
        match self.pickle.get(id) {
            Value::Dict(pairs) => self.dictionary(pairs, path),
            Value::List(members) => self.list(members, path),
            Value::Object { what, arguments, items, state } => {
                let name = self.pickle.global(*what).unwrap_or_default();
                let arguments = self.pickle.list(*arguments).unwrap_or_default();
                match (is_parameter(name), arguments.first()) {
                    (true, Some(&tensor)) => self.visit(tensor, path),
                    (true, None) => Ok(()),
                    _ if self.rebuild(name, arguments, *state, path)? => Ok(()),
                    _ => self.object(name, arguments, [*items, *state], path),
                }
            }
            _ => Ok(()),
        }
    }

    fn dictionary(
        &mut self,
        pairs: &[[Id; 2]],
        path: &mut Vec<String>,
    ) -> Result<(), CheckpointError> {
        for (number, [key, value]) in pairs.iter().enumerate() {
            let key = match self.pickle.get(*key) {
                Value::Text(text) => text.to_string(),
                _ => {
                    self.pickle.int(*key).map_or(format!("?{number}"), |number| number.to_string())
                }
            };
            self.member(key, *value, path)?;
        }
        Ok(())
    }

    fn list(&mut self, members: &[Id], path: &mut Vec<String>) -> Result<(), CheckpointError> {
        for (number, member) in members.iter().enumerate() {
            self.member(number.to_string(), *member, path)?;
        }
        Ok(())
    }

    /// Visits the items and the state of an object that is not a tensor.
    fn object(
        &mut self,
        name: &str,
        arguments: &[Id],
        parts: [Option<Id>; 2],
        path: &mut Vec<String>,
    ) -> Result<(), CheckpointError> {
        if name == "collections.OrderedDict" {
            // Older pickles pass the pairs as an argument.
            for &pairs in arguments {
                for pair in self.pickle.list(pairs).unwrap_or_default() {
                    if let Some(&[key, value]) = self.pickle.list(*pair)
                        && let Some(key) = self.pickle.text(key)
                    {
                        self.member(key.to_owned(), value, path)?;
                    }
                }
            }
        }
        for part in parts.into_iter().flatten() {
            self.visit(part, path)?;
        }
        Ok(())
    }

    fn member(
        &mut self,
        key: String,
        id: Id,
        path: &mut Vec<String>,
    ) -> Result<(), CheckpointError> {
        // If a whole module was saved, its parameters are in dictionaries of these names.
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

    /// Adds the tensor that a call makes, or skips it; false if the call makes no tensor.
    fn rebuild(
        &mut self,
        name: &str,
        arguments: &[Id],
        state: Option<Id>,
        path: &[String],
    ) -> Result<bool, CheckpointError> {
        if name == "torch._tensor._rebuild_from_type_v2" {
            // (function, class, arguments, state) instead of (arguments).
            let [function, _, inner, ..] = *arguments else { return Ok(true) };
            let name = self.pickle.global(function).unwrap_or_default();
            let inner = self.pickle.list(inner).unwrap_or_default();
            let known = name != "torch._tensor._rebuild_from_type_v2";
            if !(known && self.rebuild(name, inner, state, path)?) {
                let why = format!("`{name}` makes it, an unknown function");
                self.skip(path, (String::new(), None), why)?;
            }
        } else if is_rebuild(name) {
            self.tensor(name, arguments, path)?;
        } else if name == "torch._utils._rebuild_qtensor" {
            self.quantised(arguments, path)?;
        } else if let Some((why, sizes, values)) = skips(name) {
            // Sparse tensors have these parts in the second argument.
            let parts = match *arguments {
                [_, parts] if name.contains("sparse") => self.pickle.list(parts),
                _ => Some(arguments),
            };
            let part = |number: usize| parts?.get(number).copied();
            let shape = sizes.and_then(part).and_then(|id| self.sizes(id));
            let dtype = values.and_then(part).and_then(|id| self.type_of(id)).unwrap_or_default();
            let facts = match (name, state.map(|id| self.pickle.list(id))) {
                // (version, sizes, type, ..)
                (_, Some(Some(&[_, sizes, of, ..]))) if name.starts_with("numpy") => {
                    (self.numpy_type(of), self.sizes(sizes))
                }
                _ => (dtype, shape),
            };
            self.skip(path, facts, why)?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    fn skip(
        &mut self,
        path: &[String],
        (dtype, shape): (String, Option<Vec<usize>>),
        why: impl Into<String>,
    ) -> Result<(), CheckpointError> {
        self.contents.skip(self.source, path.join("."), (&dtype, shape), why)
    }

    /// Sizes or strides: a tuple, or a `torch.Size` of one.
    fn sizes(&self, id: Id) -> Option<Vec<usize>> {
        let list = match self.pickle.get(id) {
            Value::Object { arguments, .. } => self.pickle.list(*arguments)?.first().copied()?,
            _ => id,
        };
        let sizes = self.pickle.list(list)?.iter();
        sizes.map(|&id| usize::try_from(self.pickle.int(id)?).ok()).collect()
    }

    /// The name of a type, or of the type of a tensor.
    fn type_of(&self, id: Id) -> Option<String> {
        let name = |kind: Option<Kind>| match kind? {
            Kind::Of(dtype) => Some(dtype.name().to_owned()),
            Kind::Packed | Kind::Untyped => None,
        };
        match self.pickle.get(id) {
            Value::Global(global) => name(kind(global)),
            Value::Object { arguments, .. } => {
                let of = self.pickle.list(*arguments)?.first()?;
                name(Some(storage(self.pickle, *of)?.kind))
            }
            _ => None,
        }
    }

    /// The type of an array: `numpy.dtype("f4", ..)`.
    fn numpy_type(&self, id: Id) -> String {
        let Value::Object { arguments, .. } = self.pickle.get(id) else { return String::new() };
        let code = self.pickle.list(*arguments).and_then(|a| self.pickle.text(*a.first()?));
        let code = code.unwrap_or_default();
        let known = match code {
            "f2" => DType::F16,
            "f4" => DType::F32,
            "f8" => DType::F64,
            "c8" => DType::C64,
            "c16" => DType::C128,
            "b1" => DType::Bool,
            "u1" => DType::U8,
            "i1" => DType::I8,
            "u2" => DType::U16,
            "i2" => DType::I16,
            "u4" => DType::U32,
            "i4" => DType::I32,
            "u8" => DType::U64,
            "i8" => DType::I64,
            _ => return code.to_owned(),
        };
        known.name().to_owned()
    }

    /// `(storage, offset, size, stride, (scheme, scale, zero point), ..)`. If every channel has a scale, scale and zero
    /// point are tensors, and their axis follows.
    fn quantised(&mut self, arguments: &[Id], path: &[String]) -> Result<(), CheckpointError> {
        let shape = arguments.get(2).and_then(|&id| self.sizes(id));
        let scheme = arguments.get(4).and_then(|&id| self.pickle.list(id)).unwrap_or_default();
        let named = |id: Id, name: &str| self.pickle.global(id) == Some(name);
        let affine = match *scheme {
            [scheme, scale, zero_point] if named(scheme, "torch.per_tensor_affine") => {
                let both = self.pickle.float(scale).zip(self.pickle.int(zero_point));
                both.and_then(|both| Affine::new([both], 1))
            }
            [scheme, scales, zero_points, axis] if named(scheme, "torch.per_channel_affine") => {
                let axis = self.pickle.int(axis).and_then(|axis| usize::try_from(axis).ok());
                let shape = shape.as_deref().unwrap_or_default();
                let along = axis.and_then(|axis| Some((*shape.get(axis)?, &shape[axis + 1..])));
                match along {
                    Some((channels, behind)) => {
                        let scales = self.vector(scales, channels)?;
                        let zero_points = self.vector(zero_points, channels)?;
                        let run = behind.iter().copied().try_fold(1_usize, usize::checked_mul);
                        scales.zip(zero_points).zip(run).and_then(|((scales, zeros), run)| {
                            let zeros = zeros.into_iter().map(|zero| zero as i64);
                            Affine::new(scales.into_iter().zip(zeros), run)
                        })
                    }
                    None => None,
                }
            }
            _ => None,
        };
        if let Some(affine) = affine {
            return self.place("_rebuild_qtensor", arguments, Some(affine), path);
        }
        let of = arguments.first().and_then(|&of| storage(self.pickle, of)).map(|of| of.kind);
        let dtype = match of {
            Some(Kind::Of(dtype)) => dtype.name(),
            _ => "quantised",
        };
        self.skip(path, (dtype.into(), shape), "it is quantised in a way that is not read")
    }

    /// The numbers of a small tensor with one axis of this size and the type F64, F32 or I64.
    fn vector(&self, id: Id, size: usize) -> Result<Option<Vec<f64>>, CheckpointError> {
        let Value::Object { what, arguments, .. } = self.pickle.get(id) else { return Ok(None) };
        let is_tensor = self.pickle.global(*what).is_some_and(is_rebuild);
        let Some(&[of, offset, sizes, strides, ..]) = self.pickle.list(*arguments) else {
            return Ok(None);
        };
        let fits = self.sizes(sizes) == Some(vec![size])
            && (size < 2 || self.sizes(strides) == Some(vec![1]));
        let offset = self.pickle.int(offset).and_then(|offset| u64::try_from(offset).ok());
        let (Some(storage), Some(offset)) = (storage(self.pickle, of), offset) else {
            return Ok(None);
        };
        let (true, Kind::Of(dtype)) = (is_tensor && fits, storage.kind) else { return Ok(None) };
        let Some(place) = (self.place)(storage.key)? else { return Ok(None) };
        let width = dtype.bits() as u64 / 8;
        let start = offset.checked_mul(width);
        let end = start.and_then(|start| start.checked_add((size as u64).checked_mul(width)?));
        let (Some(start), Some(end)) = (start, end.filter(|end| *end <= place.len)) else {
            return Ok(None);
        };
        let bytes = self.source.bytes(place.start + start, end - start)?;
        let wide = |bytes: &[u8]| bytes.try_into().unwrap_or_default();
        let numbers = bytes.chunks_exact(width as usize);
        Ok(match dtype {
            DType::F64 => Some(numbers.map(|x| f64::from_le_bytes(wide(x))).collect()),
            DType::I64 => Some(numbers.map(|x| i64::from_le_bytes(wide(x)) as f64).collect()),
            DType::F32 => {
                let single = |x: &[u8]| f32::from_le_bytes(x.try_into().unwrap_or_default());
                Some(numbers.map(|x| single(x).into()).collect())
            }
            _ => None,
        })
    }

    /// `(storage, offset, size, stride, ..)`, and in version 3 the type as the seventh.
    fn tensor(
        &mut self,
        name: &str,
        arguments: &[Id],
        path: &[String],
    ) -> Result<(), CheckpointError> {
        // The stored numbers are not those of the tensor: they have the other sign, or are conjugated.
        let facts = arguments.get(if name.ends_with("_v3") { 7 } else { 6 });
        if let Some(Value::Dict(facts)) = facts.map(|&id| self.pickle.get(id))
            && let Some(fact) = facts.iter().find_map(|&[key, _]| self.pickle.text(key))
            && matches!(fact, "neg" | "conj")
        {
            let dtype = arguments.first().and_then(|&of| storage(self.pickle, of));
            let dtype = match dtype.map(|of| of.kind) {
                Some(Kind::Of(dtype)) => dtype.name(),
                _ => "",
            };
            let shape = arguments.get(2).and_then(|&id| self.sizes(id));
            let why = if fact == "neg" {
                "its numbers are stored with the other sign"
            } else {
                "its numbers are stored conjugated"
            };
            return self.skip(path, (dtype.into(), shape), why);
        }
        self.place(name, arguments, None, path)
    }

    fn place(
        &mut self,
        name: &str,
        arguments: &[Id],
        affine: Option<Affine>,
        path: &[String],
    ) -> Result<(), CheckpointError> {
        let text = path.join(".");
        let wrong = |what: &str| self.error(format!("`{text}`: {what}"));
        let [of, offset, size, stride, ..] = *arguments else {
            return Err(wrong("a tensor of fewer than four parts"));
        };
        let (Some(shape), Some(strides)) = (self.sizes(size), self.sizes(stride)) else {
            return Err(wrong("its sizes or strides are not counts"));
        };
        let Some(storage) = storage(self.pickle, of) else {
            return Err(wrong("its storage has an unknown type, or is a view of another storage"));
        };
        let given = arguments.get(6).and_then(|&id| self.pickle.global(id));
        let dtype = match (storage.kind, given.and_then(kind)) {
            (Kind::Of(dtype), _) => dtype,
            (Kind::Untyped, Some(Kind::Of(dtype))) if name.ends_with("_v3") => dtype,
            (Kind::Untyped, _) => {
                let name = given.and_then(|name| name.strip_prefix("torch."));
                let Some(name) = name else { return Err(wrong("its type is not known")) };
                // Newer versions of PyTorch have more types.
                return self.skip(path, (name.into(), Some(shape)), "its type is not known");
            }
            (Kind::Packed, _) => {
                let why = "it is packed, with several entries per byte";
                return self.skip(path, ("quantised".into(), Some(shape)), why);
            }
        };
        let offset = self.pickle.int(offset).and_then(|offset| usize::try_from(offset).ok());
        let Some(offset) = offset.filter(|_| shape.len() == strides.len() && shape.len() <= 64)
        else {
            return Err(wrong("offset, sizes and strides do not fit together"));
        };
        let Some(count) = entries(&shape) else {
            return Err(wrong(&format!("the shape {shape:?} has too many entries")));
        };
        let Some(place) = (self.place)(storage.key)? else {
            return Err(wrong(&format!("its storage `{}` is not in the file", storage.key)));
        };
        let bytes = dtype.bits() / 8;
        let stored = place.len / bytes as u64;
        let last = shape.iter().zip(&strides).try_fold(offset, |last, (&size, &stride)| {
            last.checked_add(size.saturating_sub(1).checked_mul(stride)?)
        });
        let within = |last: usize| (last as u64) < stored;
        if count > 0 && !last.is_some_and(within) {
            let problem = if count as u64 > stored && !strides.contains(&0) {
                format!("{shape:?} has more entries than the {stored} of its storage")
            } else {
                format!("it reaches past the {stored} numbers of its storage")
            };
            return Err(wrong(&problem));
        }
        // A few numbers can be repeated as any number of entries; real tensors stay within these limits.
        let distinct: u64 = shape
            .iter()
            .zip(&strides)
            .filter(|(_, stride)| **stride > 0)
            .map(|(&size, _)| size as u64)
            .product();
        let many = |entries: u64, times: u64| entries > stored.saturating_mul(times).max(1 << 22);
        if many(count as u64, 1 << 16) || many(distinct, 64) {
            let why = format!("its {count} entries repeat the {stored} numbers of its storage");
            return self.skip(path, (dtype.name().into(), Some(shape)), why);
        }
        // The place of an entry decides its channel, so the order must be row-major.
        let is_dense = row_major(&shape) == strides;
        if affine.as_ref().is_some_and(|affine| !affine.is_of_tensor()) && !is_dense {
            let why = "it is quantised with scales for each channel, and not in row-major order";
            return self.skip(path, (dtype.name().into(), Some(shape)), why);
        }
        let start = place.start + if count == 0 { 0 } else { (offset * bytes) as u64 };
        let parameter = Parameter::strided(text, (shape, count), (dtype, affine), start, strides);
        self.contents.add(self.source, parameter)
    }
}
