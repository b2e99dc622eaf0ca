//! Files that are broken, that make false claims, or that are not files. Each gives an error that names the file and,
//! if there is one, the offset. None takes more memory than the file justifies.

mod common;

use common::{Packed, SAMPLES, archive, chain, file, safetensors, sample, tensor, zip};
use constinit_checkpoint::{Checkpoint, CheckpointError, FileInspection, InspectOptions, inspect};
use peak_alloc::PeakAlloc;
use std::path::Path;
use tempfile::tempdir;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// All tests of this program share its memory. Each runs alone, because the memory of another test would be measured,
/// too.
fn alone() -> std::sync::MutexGuard<'static, ()> {
    static RUNNING: std::sync::Mutex<()> = std::sync::Mutex::new(());
    RUNNING.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn look(path: &Path) -> Result<FileInspection, CheckpointError> {
    let checkpoint = Checkpoint::open(path)?;
    inspect(&checkpoint, &InspectOptions::default())
}

/// The error of a file, after its name. Checks that opening it took little memory.
fn refused(name: &str, bytes: impl AsRef<[u8]>) -> String {
    refused_within(name, bytes, 8 << 20)
}

fn refused_within(name: &str, bytes: impl AsRef<[u8]>, memory: usize) -> String {
    let folder = tempdir().unwrap();
    let path = file(&folder, name, bytes);
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    let error = look(&path).expect_err("a broken file was read");
    let taken = MEMORY.peak_usage().saturating_sub(before);
    assert!(taken < memory, "{taken} bytes for {name}");
    let text = error.to_string();
    let rest = text.strip_prefix(&path.display().to_string());
    rest.unwrap_or_else(|| panic!("no file name in: {text}")).to_owned()
}

fn refuses(name: &str, bytes: impl AsRef<[u8]>, saying: &str) {
    let text = refused(name, bytes);
    assert!(text.contains(saying), "expected `{saying}` in: {text}");
}

#[test]
fn files_that_end_too_early() {
    let _alone = alone();
    let folder = tempdir().unwrap();
    let mut whole: Vec<(String, Vec<u8>)> = vec![("chain.safetensors".into(), chain())];
    whole.extend(SAMPLES.map(|name| (name.to_owned(), std::fs::read(sample(name)).unwrap())));
    for (name, bytes) in whole {
        let path = folder.path().join(&name);
        std::fs::write(&path, &bytes).unwrap();
        look(&path).unwrap();
        let open = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        for len in (0..bytes.len()).rev() {
            open.set_len(len as u64).unwrap();
            let error = look(&path).expect_err(&format!("the first {len} bytes of {name}"));
            assert!(error.to_string().contains(&name), "{error}");
        }
    }
}

#[test]
fn safetensors_that_lie() {
    let _alone = alone();
    let refuses = |header: &str, bytes: usize, saying: &str| {
        refuses("m.safetensors", safetensors(header, bytes), saying);
    };
    let one = |shape: &str, offsets: &str| {
        format!(r#"{{"w":{{"dtype":"F32","shape":{shape},"data_offsets":{offsets}}}}}"#)
    };
    refuses(&one("[4611686018427387904,4611686018427387904]", "[0,4]"), 4, "too many entries");
    refuses(&one("[4611686018427387904,0,4]", "[0,0]"), 0, "too many entries");
    refuses(&one("[2]", "[0,4]"), 4, "`w`: 4 bytes are given, but F32 [2] needs 8");
    refuses(&one("[1]", "[4,8]"), 4, "lie outside of the 4 bytes");
    refuses(&one("[1]", "[4,0]"), 4, "lie outside");
    refuses(&one("[1]", "[18446744073709551612,18446744073709551615]"), 4, "are too large");
    refuses(&one("[1]", "[4,8]"), 8, "no tensor has the bytes up to `w`");
    refuses(&one("[1]", "[0,4]"), 8, "4 bytes follow the last tensor");
    refuses(&one("[-1]", "[0,4]"), 4, "in the header");
    refuses(&one("[1.5]", "[0,4]"), 4, "in the header");
    let two = |first: &str, second: &str| {
        let tensor =
            |range: &str| format!(r#"{{"dtype":"F32","shape":[2],"data_offsets":{range}}}"#);
        format!(r#"{{"a":{},"b":{}}}"#, tensor(first), tensor(second))
    };
    refuses(&two("[0,8]", "[4,12]"), 12, "`a` and `b` overlap");
    refuses(&two("[0,8]", "[8,16]").replace("\"b\"", "\"a\""), 16, "a second `a`");
    let deep = format!(r#"{{"w":{{"x":{}"#, "[".repeat(1 << 20));
    refuses(&deep, 0, "in the header: EOF");
    refuses(&one("[1]", "[0,4]").replace("{\"w\"", "{\"w\":1,\"w\""), 4, "byte 13: in the header");
    refuses("", 0, "in the header");
    let texts = |texts: &str| format!(r#"{{"__metadata__":{{{texts}}}}}"#);
    refuses(&texts(r#""a":"1","a":"2""#), 0, "byte 35: in the header: a second `a`");
    refuses(&texts(r#""a":1"#), 0, "in the header: invalid type");

    // Tensors of other types are copied when a checkpoint is rewritten, and readers trust their sizes.
    let other = |dtype: &str, shape: &str| one(shape, "[0,4]").replace("F32", dtype);
    refuses(&other("I8", "[5]"), 4, "`w`: 4 bytes are given, but I8 [5] needs 5 bytes");
    refuses(&other("F4", "[9]"), 4, "`w`: 4 bytes are given, but F4 [9] needs 36 bits");
    refuses(&other("F8_E4M3", "[1]"), 4, "but F8_E4M3 [1] needs 1 bytes");
    refuses(&other("I64", "[2305843009213693951]"), 4, "has too many entries");
    for (dtype, shape, skipped) in
        [("I8", "[2,2]", 0), ("F4", "[8]", 0), ("BOOL", "[4]", 0), ("NEW", "[7]", 1)]
    {
        let folder = tempdir().unwrap();
        let path = file(&folder, "m.safetensors", safetensors(&other(dtype, shape), 4));
        assert_eq!(look(&path).unwrap().skipped.len(), skipped, "{dtype}");
    }

    // A header that is larger than the file, and one that is larger than any file.
    let with_length = |len: u64| [&len.to_le_bytes()[..], b"{}"].concat();
    for len in [3, 1 << 62, u64::MAX] {
        refuses_bytes(with_length(len), &format!("the header should have {len} bytes"));
    }
    let mut bytes = safetensors(&one("[1]", "[0,4]"), 4);
    bytes[10] = 0xff;
    refuses_bytes(bytes, "byte 10: in the header: invalid unicode");
}

fn refuses_bytes(bytes: Vec<u8>, saying: &str) {
    refuses("m.safetensors", bytes, saying);
}

#[test]
fn four_billion_units_of_nothing() {
    let _alone = alone();
    let header = r#"{"a.weight":{"dtype":"F32","shape":[4000000000,0],"data_offsets":[0,0]},
                     "b.weight":{"dtype":"F32","shape":[0,4000000000],"data_offsets":[0,0]}}"#;
    let folder = tempdir().unwrap();
    let path = file(&folder, "m.safetensors", safetensors(header, 0));
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    let report = look(&path).unwrap();
    assert!(MEMORY.peak_usage().saturating_sub(before) < 1 << 20);
    assert_eq!((report.parameters[0].units, report.parameters[0].classes), (0, 0));
    assert_eq!(report.spaces, None);
}

#[test]
fn archives_that_lie() {
    let _alone = alone();
    let refuses = |bytes: Vec<u8>, saying: &str| refuses("m.pt", bytes, saying);
    let pickle = tensor(0, &[2, 2], &[2, 1]);
    refuses(zip(&[]), "without a `data.pkl`");
    refuses(zip(&[Packed::stored("a/data.pkl", &pickle)]), "its storage `0` is not in the file");
    let storage = Packed::stored("a/data/0", &[0; 16]);
    let twice = [Packed::stored("a/data.pkl", &pickle), storage, storage];
    refuses(zip(&twice), "a second entry `a/data/0`");
    // Ten gigabytes of zeros in a few bytes: reported, not unpacked.
    for name in ["a/data.pkl", "a/data/0"] {
        let bomb = Packed { name, bytes: b"\x03\x00", method: 8, unpacked: u32::MAX - 1 };
        let files = if name == "a/data/0" {
            vec![Packed::stored("a/data.pkl", &pickle), bomb]
        } else {
            vec![bomb]
        };
        refuses(zip(&files), "is compressed or encrypted");
    }
    // A stored file that claims to be longer than the archive.
    let long = Packed { name: "a/data.pkl", bytes: &pickle, method: 0, unpacked: 1 << 30 };
    refuses(zip(&[long]), "is compressed");
    let mut archive = archive(&pickle, &[0; 16]);
    let end = archive.len() - 22;
    for (at, number, saying) in [
        (end + 10, 0xffff_u32, "no room for 65535 entries"),
        (end + 16, 0xffff_0000, "lies outside of the file"),
        (end + 12, 0xffff_0000, "lies outside of the file"),
    ] {
        let mut broken = archive.clone();
        let bytes = number.to_le_bytes();
        let width = if at == end + 10 { 2 } else { 4 };
        broken[at..at + width].copy_from_slice(&bytes[..width]);
        refuses(broken, saying);
    }
    archive[end] = b'X';
    refuses(archive, "without its end");
}

#[test]
fn tensors_that_lie() {
    let _alone = alone();
    let refuses =
        |pickle: Vec<u8>, saying: &str| refuses("m.pt", archive(&pickle, &[0; 16]), saying);
    refuses(tensor(0, &[2, 3], &[3, 1]), "more entries than the 4 of its storage");
    refuses(tensor(1, &[2, 2], &[2, 1]), "reaches past the 4 numbers");
    refuses(tensor(0, &[2, 2], &[3, 1]), "reaches past the 4 numbers");
    refuses(tensor(i32::MAX, &[1, 1], &[1, 1]), "reaches past");
    refuses(tensor(-1, &[2, 2], &[2, 1]), "do not fit together");
    refuses(tensor(0, &[-2, 2], &[2, 1]), "sizes or strides are not counts");
    refuses(tensor(0, &[2, 2], &[1]), "do not fit together");
    let huge = [i32::MAX; 3];
    refuses(tensor(0, &huge, &huge), "too many entries");
    // One number that is repeated as a trillion entries is not read as a trillion.
    let folder = tempdir().unwrap();
    let path = file(&folder, "m.pt", archive(&tensor(0, &[1 << 20, 1 << 20], &[0, 0]), &[0; 16]));
    assert!(look(&path).unwrap().skipped[0].why.contains("repeat the 4 numbers"));
}

#[test]
fn pickles_that_do_more_than_they_should() {
    let _alone = alone();
    let refuses = |pickle: &[u8], saying: &str| refuses("m.pt", archive(pickle, &[0; 16]), saying);
    refuses(b"\x80\x02\xff.", "0xff is not an instruction");
    refuses(b"\x80\x02.", "nothing is on the stack");
    refuses(b"\x80\x02t.", "nothing was marked");
    refuses(b"\x80\x02h\x07.", "nothing was remembered as 7");
    refuses(b"\x80\x02\x8b\xff\xff\xff\xff.", "a name of 4294967295 bytes");
    refuses(b"\x80\x02X\xff\xff\xff\xff", "bytes should follow");
    refuses(b"\x80\x02X\x01\x00\x00\x00\xff.", "is not UTF-8");
    refuses(b"\x80\x02}Nh", "the file ends");
    refuses(b"\x80\x02}(Nu.", "a key without a value");
    // A list that contains itself.
    refuses(b"\x80\x02]q\x00h\x00a.", "too often or too deeply");
    // Each list holds the one before twice: 2^60 paths to the innermost.
    let mut doubling = b"\x80\x02]q\x00".to_vec();
    for number in 1..60_u8 {
        doubling.extend([b']', b'(', b'h', number - 1, b'h', number - 1, b'e', b'q', number]);
    }
    doubling.push(b'.');
    refuses(&doubling, "too often or too deeply");
    // A million nested lists.
    let deep = [&b"\x80\x02"[..], &vec![b']'; 1 << 20], &vec![b'a'; (1 << 20) - 1], b"."].concat();
    let text = refused_within("m.pt", archive(&deep, &[]), 1 << 28);
    assert!(text.contains("too often or too deeply"), "{text}");
    let many = [&b"\x80\x02"[..], &vec![b'N'; 3 << 20], b"."].concat();
    let text = refused_within("m.pt", archive(&many, &[]), 1 << 28);
    assert!(text.contains("more than 2097152 values"), "{text}");
}

#[test]
fn a_pickle_that_calls_code_is_read_and_nothing_is_called() {
    let _alone = alone();
    let report = look(&sample("calls.pt")).unwrap();
    assert_eq!(report.parameters[0].path, "w");
    assert_eq!(report.notes, ["the pickle asks to call posix.system: not called"]);
    assert!(!Path::new("was-called").exists());
}

#[test]
fn burnpacks_that_lie() {
    let _alone = alone();
    let refuses = |bytes: Vec<u8>, saying: &str| refuses("m.bpk", bytes, saying);
    let head = |len: u32| [b"NRUB\x01\x00", &len.to_le_bytes()[..]].concat();
    refuses(head(u32::MAX), "the header should have 4294967295 bytes");
    refuses([b"NRUB\x02\x00", &[0; 4][..]].concat(), "version 2");
    let packed = |tensors: &[(&str, u64, [u64; 2])], bytes: usize| {
        use ciborium::Value;
        let text = |text: &str| Value::Text(text.into());
        let list = |numbers: &[u64]| Value::Array(numbers.iter().map(|&n| n.into()).collect());
        let tensors = tensors.iter().map(|(name, size, offsets)| {
            let parts = [
                (text("dtype"), text("F32")),
                (text("shape"), list(&[*size, *size])),
                (text("data_offsets"), list(offsets)),
            ];
            (text(name), Value::Map(parts.into()))
        });
        let header = Value::Map(vec![(text("tensors"), Value::Map(tensors.collect()))]);
        let mut cbor = Vec::new();
        ciborium::into_writer(&header, &mut cbor).unwrap();
        let mut file = [head(cbor.len() as u32), cbor].concat();
        file.resize(file.len().next_multiple_of(256) + bytes, 0);
        file
    };
    refuses(packed(&[("a", 1 << 40, [0, 4])], 4), "too many entries");
    refuses(packed(&[("a", 1, [0, 8])], 8), "8 bytes are given");
    refuses(packed(&[("a", 1, [4, 8])], 4), "lie outside of the file");
    refuses(packed(&[("a", 1, [u64::MAX - 3, u64::MAX])], 4), "are too large");
    refuses(packed(&[("a", 1, [0, 4]), ("b", 1, [2, 6])], 8), "`a` and `b` overlap");
    refuses(packed(&[("a", 1, [0, 4]), ("a", 1, [4, 8])], 8), "a second `a`");
    // CBOR that claims a list of 2^60, and one that is nested without end.
    let cbor = |bytes: &[u8]| [&head(bytes.len() as u32)[..], bytes].concat();
    refuses(cbor(b"\xa1\x67tensors\xbb\x10\x00\x00\x00\x00\x00\x00\x00"), "in the header");
    refuses(
        cbor(&[b"\xa1\x67tensors"[..].to_vec(), vec![0x81; 1 << 20]].concat()),
        "in the header",
    );
    refuses(cbor(b"\xa1\x67tensors\xa1\x61\xff\x00"), "in the header");
}

#[test]
fn records_that_lie() {
    let _alone = alone();
    let refuses = |bytes: &[u8], saying: &str| refuses("m.mpk", bytes, saying);
    refuses(b"\xdf\xff\xff\xff\xff", "the file ends");
    refuses(b"\x81\xa1w\xc6\xff\xff\xff\xff", "4294967295 bytes should follow");
    refuses(b"\x81\xa1w\xdd\xff\xff\xff\xff\x01", "the file ends");
    refuses(b"\x81\xa1w\xc1", "does not use");
    refuses(b"\x81\xa1\xff\xc0", "is not UTF-8");
    refuses(b"\x81\xc0\xc0", "a key that is not a text");
    refuses(b"\x90", "a record is a map");
    refuses(b"\x80\x80", "bytes follow the record");
    refuses(&[b"\x81\xa1w".to_vec(), vec![0x91; 1 << 20]].concat(), "more than 128 levels");
    // Maps as keys of maps.
    refuses(&vec![0x81; 1_000_000], "more than 128 levels");
    let tensor = |sizes: &[u8], bytes: &[u8]| {
        let sizes = [&[0x90 | (sizes.len() as u8 / 9)][..], sizes].concat();
        let bytes = [&[0xc4, bytes.len() as u8][..], bytes].concat();
        [
            b"\x81\xa1w\x83\xa5bytes".to_vec(),
            bytes,
            b"\xa5shape".to_vec(),
            sizes,
            b"\xa5dtype\xa3F32".to_vec(),
        ]
        .concat()
    };
    let size = |n: u64| [&[0xcf][..], &n.to_be_bytes()].concat();
    refuses(&tensor(&[size(1 << 40), size(1 << 40)].concat(), &[0; 4]), "too many entries");
    refuses(&tensor(&size(2), &[0; 4]), "4 bytes are given");
    let twice = [&tensor(&size(1), &[0; 4])[1..], &tensor(&size(1), &[0; 4])[1..]].concat();
    refuses(&[&[0x82][..], &twice].concat(), "a second parameter `w`");
}

/// A text of a pickle.
fn text(of: &[u8]) -> Vec<u8> {
    [b"X", &(of.len() as u32).to_le_bytes()[..], of].concat()
}

#[test]
fn pickles_that_are_deep_without_names() {
    let _alone = alone();
    const LEVELS: usize = 300_000;
    let refuses = |parts: &[&[u8]]| {
        let said = refused_within("m.pt", archive(&parts.concat(), &[]), 1 << 28);
        assert!(said.contains("too often or too deeply"), "{said}");
    };
    // A parameter of a parameter of ..
    refuses(&[
        b"\x80\x02ctorch.nn.parameter\nParameter\nq\x000",
        &b"h\x00".repeat(LEVELS),
        b"}",
        &b"\x85R".repeat(LEVELS),
        b".",
    ]);
    // An object whose state is an object whose state is ..
    refuses(&[
        b"\x80\x02cx\ny\nq\x00)q\x0100",
        &b"h\x00h\x01R".repeat(LEVELS),
        &b"b".repeat(LEVELS - 1),
        b".",
    ]);
    // Nested modules.
    let name = text(b"_modules");
    refuses(&[
        b"\x80\x02",
        &name,
        b"q\x000",
        &b"}h\x00".repeat(LEVELS),
        b"}",
        &b"s".repeat(LEVELS),
        b".",
    ]);
}

/// Files of a few megabytes whose joined names would take gigabytes.
#[test]
fn names_that_are_made_of_the_same_parts_again_and_again() {
    let _alone = alone();
    let megabyte = text(&[b'k'; 1_000_000]);
    let pickle = [b"\x80\x04", &megabyte[..], b"q\x000", &b"h\x00h\x00\x930".repeat(2000), b"}."];
    let said = refused_within("m.pt", archive(&pickle.concat(), &[]), 64 << 20);
    assert!(said.contains("bytes of class names"), "{said}");

    // One tensor, 2000 times in a list under a name of a megabyte.
    let one = tensor(0, &[2, 2], &[2, 1]);
    let one = one[9..].strip_suffix(b"s.").unwrap();
    let pickle =
        [b"\x80\x02", one, b"q\x010}", &megabyte, b"(", &b"h\x01".repeat(2000), b"ls."].concat();
    let said = refused_within("m.pt", archive(&pickle, &[0; 16]), 64 << 20);
    assert!(said.contains("more and longer tensor names"), "{said}");

    // 2000 tensors under 60 names of 65000 bytes.
    let tensor = b"\x83\xa5bytes\xc4\x04\0\0\0\0\xa5shape\x91\x01\xa5dtype\xa3F32";
    let mut record = Vec::new();
    for _ in 0..60 {
        record.extend(b"\x81\xda\xfd\xe8");
        record.extend([b'k'; 65000]);
    }
    record.extend(b"\xde\x07\xd0");
    for number in 0..2000_u16 {
        record.push(0xcd);
        record.extend(number.to_be_bytes());
        record.extend(tensor);
    }
    let said = refused_within("m.mpk", &record, 64 << 20);
    assert!(said.contains("more and longer tensor names"), "{said}");
}

#[test]
fn an_index_leads_nowhere_else() {
    let _alone = alone();
    let index = |file: &str| format!(r#"{{"weight_map":{{"w":"{file}"}}}}"#);
    let name = "model.safetensors.index.json";
    refuses(name, index("../../etc/passwd"), "which is not a file name");
    refuses(name, index("/etc/passwd"), "which is not a file name");
    refuses(name, index(".."), "which is not a file name");
    refuses(name, index(""), "which is not a file name");
    refuses(name, "{", "byte 0: EOF");
    refuses(name, r#"{"weight_map":{}}"#, "names no parameter");
    refuses(name, index("a").replace("}}", ",\"w\":\"b\"}}"), "byte 25: a second `w`");
    let folder = tempdir().unwrap();
    let path = file(&folder, name, index("one.safetensors"));
    let missing = look(&path).unwrap_err();
    assert!(missing.to_string().contains("one.safetensors: No such file"), "{missing}");
    file(&folder, "one.safetensors", chain());
    let error = look(&path).unwrap_err().to_string();
    assert!(error.ends_with("one.safetensors has no parameter `w`"), "{error}");
    // A missing parameter is an error even if the file has tensors of other types.
    let integers = r#"{"i":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},
                       "j":{"dtype":"I64","shape":[1],"data_offsets":[8,16]}}"#;
    file(&folder, "two.safetensors", safetensors(integers, 16));
    let two = |other: &str| {
        let both =
            format!(r#"{{"weight_map":{{"i":"two.safetensors","{other}":"two.safetensors"}}}}"#);
        file(&folder, name, both)
    };
    let error = look(&two("w")).unwrap_err().to_string();
    assert!(error.ends_with("two.safetensors has no parameter `w`"), "{error}");
    assert!(look(&two("j")).is_ok());
    // An index that names itself.
    let path = file(&folder, name, index(name));
    assert!(look(&path).is_err());
}

#[test]
fn what_is_no_file() {
    let _alone = alone();
    let folder = tempdir().unwrap();
    let error = |path: &Path| look(path).unwrap_err().to_string();
    assert!(error(folder.path()).ends_with("is a folder, not a file with a length"));
    assert!(error(Path::new("nowhere")).starts_with("nowhere: No such file"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::{PermissionsExt, symlink};
        assert_eq!(
            error(Path::new("/dev/zero")),
            "/dev/zero is a pipe or a device, not a file with a length"
        );
        let pipe = folder.path().join("pipe.safetensors");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        // Opening it would wait for a writer for ever.
        assert!(error(&pipe).contains("is a pipe or a device"));
        let [a, b] = ["a.pt", "b.pt"].map(|name| folder.path().join(name));
        symlink(&a, &b).unwrap();
        symlink(&b, &a).unwrap();
        assert!(error(&a).contains("symbolic links"), "{}", error(&a));
        let locked = file(&folder, "locked.safetensors", chain());
        std::fs::set_permissions(&locked, PermissionsExt::from_mode(0o000)).unwrap();
        // Root can read it anyway.
        if std::fs::File::open(&locked).is_err() {
            assert!(error(&locked).contains("Permission denied"));
        }
    }
}

#[test]
fn files_that_change_while_they_are_read() {
    let _alone = alone();
    let folder = tempdir().unwrap();
    let path = file(&folder, "m.safetensors", chain());
    // A rename that puts another file in its place changes nothing.
    let checkpoint = Checkpoint::open(&path).unwrap();
    let other = file(&folder, "other", b"short");
    std::fs::rename(other, &path).unwrap();
    assert!(inspect(&checkpoint, &InspectOptions::default()).is_ok());
    // Shortening the file is an error, not a signal.
    let path = file(&folder, "n.safetensors", chain());
    let checkpoint = Checkpoint::open(&path).unwrap();
    std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(9).unwrap();
    let error = inspect(&checkpoint, &InspectOptions::default()).unwrap_err().to_string();
    assert!(error.contains("but the file ends"), "{error}");
    // Other numbers in the same file.
    let path = file(&folder, "o.safetensors", chain());
    let checkpoint = Checkpoint::open(&path).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(20));
    file(&folder, "o.safetensors", chain());
    let error = inspect(&checkpoint, &InspectOptions::default()).unwrap_err().to_string();
    assert!(error.ends_with("changed while it was read"), "{error}");
}

#[test]
fn other_files_are_looked_at_all_the_same() {
    let _alone = alone();
    let folder = tempdir().unwrap();
    file(&folder, "a.safetensors", b"broken");
    file(&folder, "b.safetensors", chain());
    let found = constinit_checkpoint::discover(folder.path()).unwrap();
    let looked: Vec<bool> = found.iter().map(|path| look(path).is_ok()).collect();
    assert_eq!(looked, [false, true]);
}

/// Many units that are equal to the end, under a tolerance: a little of each is read at a time.
#[test]
fn many_units_of_one_class_take_little_memory() {
    let _alone = alone();
    let [units, row] = [1 << 16, 1 << 10];
    let bytes = units * row * 4;
    let header = format!(
        r#"{{"w.weight":{{"dtype":"F32","shape":[{units},{row}],"data_offsets":[0,{bytes}]}}}}"#
    );
    let folder = tempdir().unwrap();
    let path = file(&folder, "m.safetensors", safetensors(&header, 0));
    // A hole: zeros that use no space on the disk.
    let open = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    open.set_len((8 + header.len() + bytes) as u64).unwrap();
    let checkpoint = Checkpoint::open(&path).unwrap();
    let policy = constinit_symmetry::EqualityPolicy::within(0.5).unwrap();
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    let questions = InspectOptions { policy, ..InspectOptions::default() };
    let report = inspect(&checkpoint, &questions).unwrap();
    let taken = MEMORY.peak_usage().saturating_sub(before);
    assert_eq!((report.parameters[0].units, report.parameters[0].classes), (units, 1));
    assert!(taken < bytes / 3, "{taken} bytes");
}
