//! The types of Burn's tensors, as its files name them.

use crate::dtype::DType;

/// Why a tensor of any other type is skipped.
pub(super) const UNKNOWN: &str =
    "its type is not read; quantised tensors are packed with their scales";

/// The type of a name (`F32`), or of a name with a kind of storage (`Bool`, `Native`).
pub(super) fn dtype(name: &str, store: Option<&str>) -> Option<DType> {
    match (name, store) {
        // Flex32 is narrower than F32 only on a device.
        ("Flex32", None) => Some(DType::F32),
        ("Bool", None | Some("Native" | "U8")) => Some(DType::Bool),
        ("Bool", Some("U32")) => Some(DType::U32),
        (name, None) => DType::from_name(name),
        _ => None,
    }
}
