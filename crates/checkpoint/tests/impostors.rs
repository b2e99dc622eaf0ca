//! The error for a file that is not a checkpoint says what it is and what to do.

mod common;

use common::{Packed, chain, file, zip};
use constinit_checkpoint::{Checkpoint, CheckpointError};
use tempfile::tempdir;

const POINTER: &str = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 123456\n";
const PAGE: &str = "<!DOCTYPE html><html><head><title>404 Not Found</title></head></html>";

/// Checks the error of a file under every extension that checkpoints have.
fn says(bytes: &[u8], expected: &[&str]) {
    let folder = tempdir().unwrap();
    for name in ["m.safetensors", "m.pt", "m.pth", "m.bin", "m.ckpt", "m.bpk", "m.mpk", "m"] {
        let path = file(&folder, name, bytes);
        let error = Checkpoint::open(&path).unwrap_err();
        let text = error.to_string();
        let rest = text.strip_prefix(&path.display().to_string());
        let rest = rest.unwrap_or_else(|| panic!("no file name in: {text}"));
        assert!(matches!(error, CheckpointError::NotACheckpoint { .. }), "{name}: {rest}");
        for expected in expected {
            assert!(rest.contains(expected), "{name}: expected `{expected}` in: {rest}");
        }
    }
}

#[test]
fn pointers_pages_and_messages() {
    says(POINTER.as_bytes(), &["a Git LFS pointer, not the file itself", "123456", "git lfs pull"]);
    says(b"# xet version 0\nfilesize = 5\n", &["a Git Xet pointer"]);
    says(b"/annex/objects/SHA256E-s1--0.pt\n", &["git annex get"]);
    says(b"../.git/annex/objects/x/y/SHA256E-s1--0.pt", &["git annex get"]);
    says(PAGE.as_bytes(), &["an HTML page (\"404 Not Found\"), not a checkpoint", "token"]);
    says(b"\xef\xbb\xbf\n  <html><body>Sign in</body></html>", &["an HTML page, not"]);
    says(b"<?xml version=\"1.0\"?>\n<html></html>", &["an HTML page"]);
    says(b"<!-- a comment --><HTML></HTML>", &["an HTML page"]);
    let denied = b"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>";
    says(denied, &["an XML message (\"AccessDenied\")"]);
    says(br#"{"error":"Repository not found"}"#, &["a JSON message (\"Repository not found\")"]);
    says(br#"{"message": "Bad credentials", "status": "401"}"#, &["(\"Bad credentials\")"]);
    says(br#"{"hidden_size": 8}"#, &["a JSON text, not a checkpoint"]);
    says(br#"{"weight_map":{"w":"a.safetensors"}}"#, &["ends in .index.json"]);
    says(b"Entry not found", &["a text (\"Entry not found\"), not a checkpoint", "again"]);
    says(&"\u{e4}".repeat(3000).into_bytes(), &["a text (\"\u{e4}"]);
    says(b"", &["an empty file", "again"]);
    says(&[0; 5000], &["nothing but zeros", "download"]);
}

#[test]
fn archives_and_files_of_other_programs() {
    says(b"\x1f\x8b\x08\x00\x00", &["compressed with gzip", "Unpack"]);
    says(b"\x28\xb5\x2f\xfd\x00", &["compressed with Zstandard"]);
    let mut tar = vec![b'a'; 600];
    tar[257..262].copy_from_slice(b"ustar");
    says(&tar, &["a tar archive"]);
    says(b"GGUF\x03\x00\x00\x00", &["a GGUF file"]);
    says(b"\x89HDF\r\n\x1a\n\x00", &["an HDF5 file"]);
    says(b"\x93NUMPY\x01\x00", &["a NumPy array"]);
    // A zip archive is one of PyTorch's, or the error says what is in it.
    let folder = tempdir().unwrap();
    let path = file(&folder, "m.pt", zip(&[Packed::stored("weights/model.safetensors", b"x")]));
    let error = Checkpoint::open(&path).unwrap_err().to_string();
    assert!(error.contains("without a `data.pkl`"), "{error}");
    assert!(error.contains("weights/model.safetensors"), "{error}");
}

#[test]
fn a_download_that_broke_off_says_so() {
    let folder = tempdir().unwrap();
    let whole = chain();
    let path = file(&folder, "m.safetensors", &whole[..whole.len() - 3]);
    let error = Checkpoint::open(&path).unwrap_err().to_string();
    assert!(error.contains("the file is not complete; get it again"), "{error}");
}

#[test]
fn an_index_whose_files_are_pointers_or_missing() {
    let folder = tempdir().unwrap();
    let map = r#"{"weight_map":{"a":"m-1.safetensors","b":"m-2.safetensors"}}"#;
    let index = file(&folder, "m.safetensors.index.json", map);
    let open = || Checkpoint::open(&index).unwrap_err().to_string();
    let error = open();
    assert!(error.contains("m-1.safetensors: No such file"), "{error}");
    assert!(error.contains("2 of its 2 files missing"), "{error}");
    for name in ["m-1.safetensors", "m-2.safetensors"] {
        file(&folder, name, POINTER);
    }
    let error = open();
    assert!(error.contains("m-1.safetensors: a Git LFS pointer"), "{error}");
    for (text, expected) in [(POINTER, "a Git LFS pointer"), (PAGE, "an HTML page")] {
        file(&folder, "m.safetensors.index.json", text);
        assert!(open().contains(expected), "{}", open());
    }
    file(&folder, "m.safetensors.index.json", r#"{"error":"Invalid username or password."}"#);
    assert!(open().contains("(\"Invalid username or password.\")"), "{}", open());
}
