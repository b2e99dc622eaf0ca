//! Writes a synthetic sharded checkpoint in the shapes of a language model, for benchmarks.
//!
//! `cargo run --release -p constinit-checkpoint --example make_checkpoint -- FOLDER [GIB [WIDTH [distinct|half]]]`
//!
//! Matrices are `[output, input]` in f32, `WIDTH` wide (4096), in files of about a gibibyte and an index. In `distinct`
//! no two units are equal; in `half` every second unit is a copy of the one before it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Error, Write};
use std::path::Path;

const SHARD: u64 = 1 << 30;

fn main() -> Result<(), Error> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, otherwise: u64| {
        args.get(at).map_or(Ok(otherwise), |text| text.parse().map_err(Error::other))
    };
    let folder = Path::new(args.first().ok_or_else(|| Error::other("which folder?"))?);
    let (gib, width) = (number(1, 8)?, number(2, 4096)? as usize);
    let half = args.get(3).is_some_and(|text| text == "half");
    std::fs::create_dir_all(folder)?;

    let mut shards: Vec<Vec<(String, [usize; 2])>> = vec![Vec::new()];
    let (mut all, mut in_shard) = (0, 0);
    for (name, shape) in layers(width) {
        let bytes = 4 * (shape[0] * shape[1]) as u64;
        if all + bytes > gib << 30 {
            break;
        }
        if in_shard + bytes > SHARD && in_shard > 0 {
            shards.push(Vec::new());
            in_shard = 0;
        }
        (all, in_shard) = (all + bytes, in_shard + bytes);
        shards.last_mut().expect("one at least").push((name, shape));
    }
    let mut index = BTreeMap::new();
    let count = shards.len();
    for (number, tensors) in shards.into_iter().enumerate() {
        let file = format!("model-{:05}-of-{count:05}.safetensors", number + 1);
        write(&folder.join(&file), &tensors, half)?;
        index.extend(tensors.into_iter().map(|(name, _)| (name, file.clone())));
    }
    let map = serde_json::json!({"metadata": {"total_size": all}, "weight_map": index});
    std::fs::write(folder.join("model.safetensors.index.json"), map.to_string())?;
    println!("{count} files, {:.2} GiB", all as f64 / (1_u64 << 30) as f64);
    Ok(())
}

/// The matrices of layer after layer, without end.
fn layers(width: usize) -> impl Iterator<Item = (String, [usize; 2])> {
    let inner = width / 2 * 7;
    (0..).flat_map(move |layer| {
        [
            ("self_attn.q_proj", [width, width]),
            ("self_attn.k_proj", [width, width]),
            ("self_attn.v_proj", [width, width]),
            ("self_attn.o_proj", [width, width]),
            ("mlp.gate_proj", [inner, width]),
            ("mlp.up_proj", [inner, width]),
            ("mlp.down_proj", [width, inner]),
        ]
        .map(|(name, shape)| (format!("model.layers.{layer}.{name}.weight"), shape))
    })
}

fn write(path: &Path, tensors: &[(String, [usize; 2])], half: bool) -> Result<(), Error> {
    let mut header = serde_json::Map::new();
    let mut offset = 0;
    for (name, [outputs, inputs]) in tensors {
        let end = offset + 4 * outputs * inputs;
        let facts = serde_json::json!({"dtype": "F32", "shape": [outputs, inputs], "data_offsets": [offset, end]});
        header.insert(name.clone(), facts);
        offset = end;
    }
    let mut header = serde_json::Value::Object(header).to_string();
    while !header.len().is_multiple_of(8) {
        header.push(' ');
    }
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    file.write_all(&(header.len() as u64).to_le_bytes())?;
    file.write_all(header.as_bytes())?;
    for (name, [outputs, inputs]) in tensors {
        let mut state = name
            .bytes()
            .fold(1_u64, |state, byte| (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        let mut row = Vec::with_capacity(4 * inputs);
        for output in 0..*outputs {
            if !half || output % 2 == 0 {
                row.clear();
                for _ in 0..*inputs {
                    state ^= state << 13;
                    state ^= state >> 7;
                    state ^= state << 17;
                    let number = (state >> 40) as f32 / (1 << 24) as f32 - 0.5;
                    row.extend((number / 32.0).to_le_bytes());
                }
            }
            file.write_all(&row)?;
        }
    }
    file.flush()
}
