//! Files that often take the place of a checkpoint: a pointer to it, a page or a message that answered its download, an
//! archive around it, a file of another program.
//!
//! The first bytes identify them. Only files that begin like no format are tested.

use crate::error::CheckpointError;
use crate::source::Source;

/// How many bytes of a file are read for this.
const HEAD: u64 = 4096;

const AGAIN: &str =
    "Get the file again, from its own address (on Hugging Face: .../resolve/main/NAME)";
const AGAIN_WITH_ACCESS: &str =
    "Get the file again; if it is not public, with a token or after accepting its terms";
const UNPACK: &str = "Unpack it, and give the path of the file in it";

/// The first bytes of other kinds of files, what each kind is, and what to do.
const BEGINNINGS: [(&[u8], &str, &str); 20] = [
    (
        b"version https://git-lfs.github.com/spec/",
        "a Git LFS pointer, not the file itself",
        "`git lfs pull` in its repository gets the file",
    ),
    (
        b"version https://hawser.github.com/spec/",
        "a Git LFS pointer, not the file itself",
        "`git lfs pull` in its repository gets the file",
    ),
    (
        b"# xet version ",
        "a Git Xet pointer, not the file itself",
        "`git xet` or `hf download` gets the file",
    ),
    (
        b"/annex/objects/",
        "a git-annex pointer, not the file itself",
        "`git annex get` in its repository gets the file",
    ),
    (b"\x1f\x8b", "compressed with gzip", UNPACK),
    (b"BZh", "compressed with bzip2", UNPACK),
    (b"\xfd7zXZ\0", "compressed with xz", UNPACK),
    (b"\x28\xb5\x2f\xfd", "compressed with Zstandard", UNPACK),
    (b"\x04\x22\x4d\x18", "compressed with LZ4", UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", UNPACK),
    (b"Rar!\x1a\x07", "a RAR archive", UNPACK),
    (
        b"\x89HDF\r\n\x1a\n",
        "an HDF5 file, as Keras writes them",
        "HDF5 is not read: save the weights as safetensors",
    ),
    (
        b"GGUF",
        "a GGUF file, as llama.cpp uses them",
        "GGUF is not read: take the safetensors files",
    ),
    (b"\x93NUMPY", "a NumPy array", "Save arrays as safetensors (safetensors.numpy.save_file)"),
    (b"%PDF-", "a PDF document", AGAIN),
    (b"\x89PNG", "a picture (PNG)", AGAIN),
    (b"\xff\xd8\xff", "a picture (JPEG)", AGAIN),
    (b"\x7fELF", "a program (ELF)", AGAIN),
    (b"MZ\x90", "a program (PE)", AGAIN),
    (b"SQLite format 3", "a database (SQLite)", AGAIN),
];

/// An error that says what a file is, if it is a known kind of file that is not a checkpoint.
pub(super) fn impostor(source: &Source) -> Result<Option<CheckpointError>, CheckpointError> {
    let head = source.bytes(0, source.len().min(HEAD))?;
    let found = if head.is_empty() {
        Some(("an empty file".to_owned(), AGAIN))
    } else {
        binary(&head, source.len()).or_else(|| text(&head, source.len() > HEAD))
    };
    let error = |(what, remedy)| CheckpointError::NotACheckpoint {
        file: source.path().into(),
        what,
        remedy,
    };
    // An index is a text file; it is refused only if it is an error message.
    let is_index = super::is_index(source.path()) && head.trim_ascii_start().starts_with(b"{");
    Ok(found.filter(|_| !is_index || says_an_error(&head)).map(error))
}

fn binary(head: &[u8], len: u64) -> Option<(String, &'static str)> {
    let known = BEGINNINGS.iter().find(|(beginning, ..)| head.starts_with(beginning));
    if let Some((_, what, remedy)) = known {
        let size = field(head, "size ").filter(|size| what.contains("LFS") && is_number(size));
        let size = size.map(|size| format!(" (which has {size} bytes)")).unwrap_or_default();
        return Some((format!("{what}{size}"), remedy));
    }
    if head.get(257..262) == Some(b"ustar") {
        return Some(("a tar archive".into(), UNPACK));
    }
    // The file begins with zeros: a download reserved its space and did not fill it.
    if head.len() >= 64 && head.iter().all(|&byte| byte == 0) {
        let what = format!("nothing but zeros in its first {} of {len} bytes", head.len());
        return Some((what, "Its download did not finish: get the file again"));
    }
    None
}

/// What kind of file a text is; `None` if it is not a text.
fn text(head: &[u8], cut: bool) -> Option<(String, &'static str)> {
    let text = match str::from_utf8(head) {
        Ok(text) => text,
        // The head may end in the middle of a character.
        Err(error) if cut && error.error_len().is_none() => {
            str::from_utf8(&head[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let is_text = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t' | '\u{c}');
    if text.is_empty() || !text.chars().all(is_text) {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    let mut tags = ["<!doctype html", "<html", "<head", "<body", "<title"].into_iter();
    if text.starts_with('<') && tags.any(|tag| lower.contains(tag)) {
        let title = between(text, &lower, "<title>", "</title>");
        return Some((
            format!("an HTML page{}, not a checkpoint", quoted(title)),
            AGAIN_WITH_ACCESS,
        ));
    }
    if text.starts_with('<') {
        let code = between(text, &lower, "<code>", "</code>");
        let code = code.or_else(|| between(text, &lower, "<message>", "</message>"));
        return Some((
            format!("an XML message{}, not a checkpoint", quoted(code)),
            AGAIN_WITH_ACCESS,
        ));
    }
    if text.starts_with(['{', '[']) {
        return Some(if lower.contains("\"weight_map\"") {
            let what = "the index of a checkpoint of several files";
            (
                what.into(),
                "Put it in the folder of its files, under a name that ends in .index.json",
            )
        } else if says_an_error(head) {
            let said = ["error", "message", "detail"].into_iter().find_map(|key| member(text, key));
            (format!("a JSON message{}, not a checkpoint", quoted(said)), AGAIN_WITH_ACCESS)
        } else {
            ("a JSON text, not a checkpoint".into(), "Give the path of the file with the weights")
        });
    }
    // A link that a system without links stored as text.
    if text.contains(".git/annex/objects/") {
        let (_, what, remedy) = BEGINNINGS[3];
        return Some((what.into(), remedy));
    }
    let line = text.lines().next();
    Some((format!("a text{}, not a checkpoint", quoted(line)), AGAIN_WITH_ACCESS))
}

/// Whether a JSON text is a server's error message.
fn says_an_error(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head);
    let has = |key: &str| text.contains(&format!("\"{key}\""));
    !has("weight_map") && ["error", "errors", "message", "detail"].into_iter().any(has)
}

/// The text of a member of a JSON object, found without a parser.
fn member<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(&format!("\"{key}\""))?;
    let rest = rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    rest.split('"').next()
}

/// The text between two tags; `lower` is the text in lower case.
fn between<'t>(text: &'t str, lower: &str, open: &str, close: &str) -> Option<&'t str> {
    let start = lower.find(open)? + open.len();
    let end = start + lower[start..].find(close)?;
    Some(text[start..end].trim())
}

/// The rest of the first line that begins with `name`.
fn field<'h>(head: &'h [u8], name: &str) -> Option<&'h str> {
    let mut lines = str::from_utf8(head).ok()?.lines();
    lines.find_map(|line| line.strip_prefix(name)).map(str::trim)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The beginning of a text from a file, in quotes and brackets.
fn quoted(text: Option<&str>) -> String {
    const LONGEST: usize = 80;
    let text = text.map(str::trim).filter(|text| !text.is_empty());
    text.map(|text| {
        let more = if text.chars().count() > LONGEST { " ..." } else { "" };
        format!(" (\"{}{more}\")", text.chars().take(LONGEST).collect::<String>())
    })
    .unwrap_or_default()
}
