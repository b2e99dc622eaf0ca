//! A run's folder: configuration, readings, checkpoints, final parameters.

use crate::config::{RunConfig, Source};
use crate::failure::Failure;
use burn::tensor::TensorData;
use constinit::files::write_whole;
use safetensors::tensor::{Dtype, TensorView};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// How many checkpoints are kept.
const KEPT: usize = 2;

/// The folder of one run.
#[derive(Debug)]
pub struct RunDirectory {
    path: PathBuf,
}

impl RunDirectory {
    /// A new folder, or an empty one that is there. Data files of the configuration, which lies in
    /// `config_folder`, are copied, so that the folder reproduces the run by itself.
    pub fn create(
        path: &Path,
        config: &RunConfig,
        config_folder: &Path,
    ) -> Result<(Self, RunConfig), Failure> {
        let fail = |error: io::Error| Failure::usage(format!("{}: {error}", path.display()));
        match fs::read_dir(path).map(|mut entries| entries.next().is_some()) {
            Ok(true) => {
                return Err(Failure::usage(format!(
                    "{}: the folder is not empty, and nothing in it is overwritten; name a new one, \
                     or go on with the run in it: --resume {0}",
                    path.display()
                )));
            }
            Ok(false) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(fail(error)),
        }
        fs::create_dir_all(path.join("checkpoints")).map_err(fail)?;
        let mut config = config.clone();
        let data = &mut config.data;
        for (source, name) in [(&mut data.inputs, "inputs.csv"), (&mut data.targets, "targets.csv")]
        {
            if let Some(Source::File(file)) = source {
                let from = config_folder.join(&*file);
                fs::copy(&from, path.join(name))
                    .map_err(|error| Failure::usage(format!("{}: {error}", from.display())))?;
                *source = Some(Source::File(name.to_owned()));
            }
        }
        let directory = Self { path: path.to_owned() };
        write_whole(&directory.config(), config.to_toml()?.as_bytes()).map_err(fail)?;
        Ok((directory, config))
    }

    /// A folder that a run has left.
    pub fn open(path: &Path) -> Result<(Self, RunConfig), Failure> {
        let directory = Self { path: path.to_owned() };
        if !directory.config().is_file() {
            return Err(Failure::usage(format!(
                "{}: no run to resume: there is no config.toml in it",
                path.display()
            )));
        }
        let config = RunConfig::read(&directory.config())?;
        fs::create_dir_all(path.join("checkpoints"))
            .map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
        Ok((directory, config))
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    fn config(&self) -> PathBuf {
        self.path.join("config.toml")
    }

    fn readings(&self) -> PathBuf {
        self.path.join("readings.jsonl")
    }

    /// The backend that the first reading names.
    pub fn backend(&self) -> Option<String> {
        let text = fs::read_to_string(self.readings()).ok()?;
        let start: serde_json::Value = serde_json::from_str(text.lines().next()?).ok()?;
        Some(start.get("backend")?.as_str()?.to_owned())
    }

    /// The readings, cut to the bytes that a checkpoint vouches for and open for more.
    pub fn open_readings(&self, bytes: u64) -> Result<File, Failure> {
        let path = self.readings();
        let open = || {
            let mut file =
                OpenOptions::new().write(true).create(true).truncate(false).open(&path)?;
            if file.metadata()?.len() < bytes {
                return Err(io::Error::other("shorter than its checkpoint says"));
            }
            file.set_len(bytes)?;
            io::Seek::seek(&mut file, io::SeekFrom::End(0))?;
            Ok(file)
        };
        open().map_err(|error| Failure::usage(format!("{}: {error}", path.display())))
    }

    /// Where the checkpoint of a step belongs.
    pub fn checkpoint(&self, step: usize) -> PathBuf {
        self.path.join("checkpoints").join(format!("step-{step:012}.ckpt"))
    }

    /// The newest checkpoint.
    pub fn newest_checkpoint(&self) -> Option<PathBuf> {
        self.checkpoints().pop()
    }

    /// Removes all but the newest checkpoints.
    pub fn forget_old_checkpoints(&self) {
        let all = self.checkpoints();
        for old in &all[..all.len().saturating_sub(KEPT)] {
            // One that stays costs disk space, nothing else.
            let _ = fs::remove_file(old);
        }
    }

    fn checkpoints(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.path.join("checkpoints")) else { return Vec::new() };
        let mut found: Vec<PathBuf> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "ckpt"))
            .collect();
        found.sort();
        found
    }

    /// Writes the parameters by name, in single precision and PyTorch's orientation.
    pub fn write_parameters<'a>(
        &self,
        parameters: impl IntoIterator<Item = (String, &'a TensorData)>,
    ) -> Result<(), Failure> {
        let path = self.path.join("model.safetensors");
        let tensors: Vec<(String, Vec<usize>, Vec<u8>)> =
            parameters.into_iter().map(|(name, data)| pytorch(name, data)).collect();
        let write = || {
            let views = tensors
                .iter()
                .map(|(name, shape, bytes)| {
                    Ok((name, TensorView::new(Dtype::F32, shape.clone(), bytes)?))
                })
                .collect::<Result<Vec<_>, safetensors::SafeTensorError>>();
            let bytes = views.and_then(|views| safetensors::serialize(views, None));
            write_whole(&path, &bytes.map_err(io::Error::other)?)
        };
        write().map_err(|error| Failure::usage(format!("{}: {error}", path.display())))
    }
}

/// A parameter as PyTorch keeps it: `weight[output][input]`.
fn pytorch(name: String, data: &TensorData) -> (String, Vec<usize>, Vec<u8>) {
    let values: Vec<f32> = data.iter::<f32>().collect();
    let bytes = |values: &mut dyn Iterator<Item = f32>| values.flat_map(f32::to_le_bytes).collect();
    match data.shape.as_slice() {
        [inputs, outputs] => {
            let (inputs, outputs) = (*inputs, *outputs);
            let mut turned = (0..inputs * outputs)
                .map(|entry| values[entry % inputs * outputs + entry / inputs]);
            (name, vec![outputs, inputs], bytes(&mut turned))
        }
        shape => (name, shape.to_vec(), bytes(&mut values.iter().copied())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_turned() {
        let data = TensorData::new(vec![1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0], [3, 2]);
        let (_, shape, bytes) = pytorch("w".to_owned(), &data);
        let values: Vec<f32> =
            bytes.chunks(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect();
        assert_eq!(shape, [2, 3]);
        assert_eq!(values, [1.0, 3.0, 5.0, 2.0, 4.0, 6.0]);
    }
}
