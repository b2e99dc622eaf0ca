//! Files for tests, made byte by byte.
#![allow(dead_code, reason = "each test binary uses a part of this")]

use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// The samples of `tests/data`, made by real writers.
pub const SAMPLES: [&str; 10] = [
    "chain.pt",
    "legacy.pt",
    "mixed.pt",
    "module.pt",
    "layouts.pt",
    "unread.pt",
    "quantised.pt",
    "training.pt",
    "chain.bpk",
    "chain.mpk",
];

pub fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// A file in the folder of a test.
pub fn file(folder: &TempDir, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// A safetensors file of this header and as many zero bytes.
pub fn safetensors(header: &str, bytes: usize) -> Vec<u8> {
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.as_bytes());
    file.extend(vec![0; bytes]);
    file
}

/// A chain of two layers, three hidden units of which two are equal: a safetensors file.
pub fn chain() -> Vec<u8> {
    use safetensors::tensor::{Dtype, TensorView, serialize};
    let bytes = |numbers: &[f32]| -> Vec<u8> {
        numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
    };
    let fc1 = bytes(&[1.0, 2.0, 3.0, 4.0, 1.0, 2.0]);
    let (fc1_bias, fc2, fc2_bias) = (bytes(&[0.5; 3]), bytes(&[7.0, 8.0, 7.0]), bytes(&[0.0]));
    let view = |shape: &[usize], data| TensorView::new(Dtype::F32, shape.to_vec(), data).unwrap();
    let tensors = [
        ("fc1.weight", view(&[3, 2], &fc1)),
        ("fc1.bias", view(&[3], &fc1_bias)),
        ("fc2.weight", view(&[1, 3], &fc2)),
        ("fc2.bias", view(&[1], &fc2_bias)),
    ];
    serialize(tensors, None).unwrap()
}

/// A file of a zip archive.
#[derive(Clone, Copy)]
pub struct Packed<'a> {
    pub name: &'a str,
    pub bytes: &'a [u8],
    /// 0 for stored, 8 for deflated: the claim of the archive, not what was done.
    pub method: u16,
    /// The unpacked size that the archive claims.
    pub unpacked: u32,
}

impl<'a> Packed<'a> {
    pub fn stored(name: &'a str, bytes: &'a [u8]) -> Self {
        Self { name, bytes, method: 0, unpacked: bytes.len() as u32 }
    }
}

/// A zip archive without checksums.
pub fn zip(files: &[Packed<'_>]) -> Vec<u8> {
    let mut archive = Vec::new();
    let mut directory = Vec::new();
    for file in files {
        let at = archive.len() as u32;
        let common = |out: &mut Vec<u8>| {
            out.extend(file.method.to_le_bytes());
            out.extend([0; 8]);
            out.extend((file.bytes.len() as u32).to_le_bytes());
            out.extend(file.unpacked.to_le_bytes());
            out.extend((file.name.len() as u16).to_le_bytes());
            out.extend([0, 0]);
        };
        archive.extend(b"PK\x03\x04\x0a\x00\x00\x00");
        common(&mut archive);
        archive.extend(file.name.as_bytes());
        archive.extend(file.bytes);
        directory.extend(b"PK\x01\x02\x0a\x00\x0a\x00\x00\x00");
        common(&mut directory);
        directory.extend([0; 10]);
        directory.extend(at.to_le_bytes());
        directory.extend(file.name.as_bytes());
    }
    let start = archive.len() as u32;
    archive.extend(&directory);
    archive.extend(b"PK\x05\x06\x00\x00\x00\x00");
    archive.extend([(files.len() as u16).to_le_bytes(); 2].concat());
    archive.extend((directory.len() as u32).to_le_bytes());
    archive.extend(start.to_le_bytes());
    archive.extend([0, 0]);
    archive
}

/// A PyTorch archive of this pickle and one storage, `0`.
pub fn archive(pickle: &[u8], storage: &[u8]) -> Vec<u8> {
    zip(&[Packed::stored("a/data.pkl", pickle), Packed::stored("a/data/0", storage)])
}

/// A pickle of the one tensor `w`, float32, in storage `0`.
pub fn tensor(offset: i32, sizes: &[i32], strides: &[i32]) -> Vec<u8> {
    let mut pickle = b"\x80\x02}X\x01\x00\x00\x00wctorch._utils\n_rebuild_tensor_v2\n(".to_vec();
    pickle.extend(b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000");
    pickle.extend(b"X\x03\x00\x00\x00cpuK\x04tQ");
    let int = |pickle: &mut Vec<u8>, number: i32| {
        pickle.push(b'J');
        pickle.extend(number.to_le_bytes());
    };
    int(&mut pickle, offset);
    for list in [sizes, strides] {
        pickle.push(b'(');
        list.iter().for_each(|&number| int(&mut pickle, number));
        pickle.push(b't');
    }
    pickle.extend(b"\x89ccollections\nOrderedDict\n)RtRs.");
    pickle
}
