//! Files of every format with bytes changed at random are read or refused; nothing else happens.
//!
//! A fixed number of cases in every run; for longer, `PROPTEST_CASES=1000000 cargo test --release -p
//! constinit-checkpoint --test fuzz`. Run once for 24.6 million cases (65 minutes, beside other work at the lowest
//! priority), and before that for 9.4 million: no panic, no more than 32 MiB, every error with its file.

mod common;

use common::{SAMPLES, archive, chain, file, sample, tensor};
use constinit_checkpoint::{Checkpoint, InspectOptions, inspect};
use constinit_symmetry::EqualityPolicy;
use peak_alloc::PeakAlloc;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// A change of a file.
#[derive(Clone, Debug)]
enum Change {
    /// One byte is replaced.
    Byte(Index, u8),
    /// A number that is often a length or a sign is written.
    Number(Index, u64, usize),
    /// A range is removed.
    Remove(Index, usize),
    /// Random bytes are inserted.
    Insert(Index, Vec<u8>),
    /// A range is repeated.
    Repeat(Index, usize),
    /// The end is removed.
    Cut(Index),
}

fn change() -> impl Strategy<Value = Change> {
    let number = prop_oneof![
        Just(0_u64),
        Just(u64::MAX),
        Just(1 << 62),
        Just(u64::from(u32::MAX)),
        Just(0x7fff_ffff),
        0..300_u64,
        any::<u64>(),
    ];
    prop_oneof![
        4 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
        3 => (any::<Index>(), number, 1..9_usize).prop_map(|(at, n, len)| Change::Number(at, n, len)),
        1 => (any::<Index>(), 1..40_usize).prop_map(|(at, len)| Change::Remove(at, len)),
        1 => (any::<Index>(), vec(any::<u8>(), 1..40)).prop_map(|(at, new)| Change::Insert(at, new)),
        1 => (any::<Index>(), 1..60_usize).prop_map(|(at, len)| Change::Repeat(at, len)),
        1 => any::<Index>().prop_map(Change::Cut),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    if bytes.is_empty() {
        return;
    }
    let stretch = |at: &Index, len: usize, bytes: &[u8]| {
        let start = at.index(bytes.len());
        start..(start + len).min(bytes.len())
    };
    match change {
        Change::Byte(at, byte) => {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        Change::Number(at, number, len) => {
            let range = stretch(at, *len, bytes);
            let number = number.to_le_bytes();
            let len = range.len();
            bytes[range].copy_from_slice(&number[..len]);
        }
        Change::Remove(at, len) => drop(bytes.drain(stretch(at, *len, bytes))),
        Change::Insert(at, new) => {
            let at = at.index(bytes.len());
            bytes.splice(at..at, new.iter().copied());
        }
        Change::Repeat(at, len) => {
            let range = stretch(at, *len, bytes);
            let twice = bytes[range.clone()].to_vec();
            bytes.splice(range.start..range.start, twice);
        }
        Change::Cut(at) => bytes.truncate(at.index(bytes.len())),
    }
}

/// The corpus: files of real writers, and the small files of other tests.
fn corpus() -> Vec<(&'static str, Vec<u8>)> {
    let mut all: Vec<(&str, Vec<u8>)> =
        SAMPLES.iter().map(|name| (*name, std::fs::read(sample(name)).unwrap())).collect();
    all.push(("chain.safetensors", chain()));
    all.push(("tiny.pt", archive(&tensor(0, &[2, 2], &[2, 1]), &[0; 16])));
    all.push(("turned.pt", archive(&tensor(0, &[2, 2], &[1, 2]), &[0; 16])));
    all.push((
        "model.safetensors.index.json",
        br#"{"weight_map":{"w":"one.safetensors"}}"#.to_vec(),
    ));
    all
}

proptest! {
    #[test]
    fn changed_files_are_read_or_refused(which in any::<Index>(), changes in vec(change(), 1..6)) {
        let corpus = corpus();
        let (name, mut bytes) = corpus[which.index(corpus.len())].clone();
        changes.iter().for_each(|change| apply(&mut bytes, change));
        let folder = tempfile::tempdir().unwrap();
        let path = file(&folder, name, &bytes);
        MEMORY.reset_peak_usage();
        let before = MEMORY.current_usage();
        let message = match Checkpoint::open(&path) {
            Ok(checkpoint) => {
                let mut last = None;
                for policy in [EqualityPolicy::bits(), EqualityPolicy::within(0.5).unwrap()] {
                    let questions = InspectOptions { policy, ..InspectOptions::default() };
                    last = inspect(&checkpoint, &questions).err();
                }
                last.map(|error| error.to_string())
            }
            Err(error) => Some(error.to_string()),
        };
        let taken = MEMORY.peak_usage().saturating_sub(before);
        prop_assert!(taken < 32 << 20, "{taken} bytes for {} of {name}", bytes.len());
        if let Some(message) = message {
            prop_assert!(message.contains(folder.path().to_str().unwrap()), "{message}");
        }
    }
}
