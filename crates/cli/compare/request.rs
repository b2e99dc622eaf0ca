//! From the command line to a comparison that can start.

use super::start::{ComparedStart, check_distinct, is_random};
use crate::args::{CompareArgs, Preset};
use crate::backend_name::{BackendName, Limits};
use crate::config::RunConfig;
use crate::data::{DataFiles, Examples};
use crate::failure::Failure;
use crate::plan;
use crate::run::check_memory;
use constinit::PerceptronStart;
use std::path::{Path, PathBuf};

/// A comparison that has passed every check that is possible before its folder is made.
pub struct ValidatedComparison {
    pub title: String,
    /// The configuration without `[expected]`: those numbers are of one start only.
    pub config: RunConfig,
    pub starts: Vec<StartRuns>,
    pub examples: Examples,
    /// The texts of the data files, to save in the folder.
    pub files: DataFiles,
    pub out: Option<PathBuf>,
    /// Whether to train one unit for each class, if that is allowed.
    pub quotient: bool,
    pub json: bool,
}

/// The runs from one start.
pub struct StartRuns {
    pub start: ComparedStart,
    /// The configuration of the first run.
    pub config: RunConfig,
    /// The number of runs; 1 if nothing is random.
    pub seeds: usize,
}

impl ValidatedComparison {
    /// Reads and checks what the arguments name.
    pub fn read(args: &CompareArgs) -> Result<Self, Failure> {
        let (config, title, data_folder) = match &args.config {
            Some(path) => {
                let folder = path.parent().unwrap_or(Path::new(""));
                (RunConfig::read(path)?, path.display().to_string(), folder.to_owned())
            }
            None => {
                let preset = args.preset.unwrap_or(Preset::Notebook);
                let config = RunConfig::parse(preset.text(), preset.name())?;
                (config, format!("preset {}", preset.name()), PathBuf::new())
            }
        };
        let config = RunConfig { expected: None, ..config };
        config.model.check()?;
        plan::check(&config)?;
        let (examples, files) = Examples::read(&config, &data_folder)?;
        let starts = match args.starts.as_slice() {
            [] => by_default(&config),
            starts => {
                starts.iter().map(|start| ComparedStart::parse(start)).collect::<Result<_, _>>()?
            }
        };
        check_distinct(&starts)?;
        let runs = |start: ComparedStart| {
            let config = start.of(&config)?;
            let seeds = if is_random(&config)? { usize::from(args.seeds) } else { 1 };
            Ok(StartRuns { start, config, seeds })
        };
        let starts = starts.into_iter().map(runs).collect::<Result<_, Failure>>()?;
        let (out, quotient, json) = (args.out.clone(), args.quotient, args.json);
        Ok(Self { title, config, starts, examples, files, out, quotient, json })
    }

    /// Refuses runs that a backend has no memory for.
    pub fn check_memory(&self, backend: BackendName, limits: Limits) -> Result<(), Failure> {
        // If no quotient is allowed, the network is trained in full.
        check_memory(&self.config, self.examples.inputs.rows, false, backend, limits)
    }

    /// What is allowed but probably not meant, one sentence each.
    pub fn doubts(&self) -> Vec<String> {
        self.examples.doubts(&self.config)
    }

    /// The number of all runs together.
    pub fn runs(&self) -> usize {
        self.starts.iter().map(|start| start.seeds).sum()
    }
}

impl StartRuns {
    /// What the start is, in words.
    pub fn meaning(&self) -> String {
        let meaning = self.start.meaning(&self.config);
        match (self.seeds, self.config.training.seed) {
            (1, _) => meaning,
            (seeds, 0) => format!("{meaning}; {seeds} seeds"),
            (seeds, first) => format!("{meaning}; {seeds} seeds from {first}"),
        }
    }

    /// The configuration of a run, counted from 0.
    pub fn config_of(&self, run: usize) -> RunConfig {
        let mut config = self.config.clone();
        config.training.seed = config.training.seed.wrapping_add(run as u64);
        config
    }
}

/// The configuration's own start and a random one. If its own is random, the second one is constant, as in the first
/// case of the text.
fn by_default(config: &RunConfig) -> Vec<ComparedStart> {
    let own = ComparedStart::of_configuration(config);
    let random = ComparedStart::plain(PerceptronStart::Random);
    let other =
        if own == random { ComparedStart::plain(PerceptronStart::Constant) } else { random };
    vec![own, other]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, starts: &[&str]) -> Result<ValidatedComparison, Failure> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.toml");
        let base = "[data]\ninputs = [[1, 2]]\ntargets = [[1]]\n[model]\nlayer_dims = [2, 3, 1]\n";
        std::fs::write(&path, format!("{base}{text}")).unwrap();
        let starts = starts.iter().map(|start| (*start).to_owned()).collect();
        let args = CompareArgs { config: Some(path), starts, seeds: 3, ..CompareArgs::default() };
        ValidatedComparison::read(&args)
    }

    fn names(comparison: &ValidatedComparison) -> Vec<(&str, usize)> {
        comparison.starts.iter().map(|of| (of.start.name.as_str(), of.seeds)).collect()
    }

    #[test]
    fn by_default_the_own_start_is_beside_a_random_one() {
        assert_eq!(names(&read("", &[]).unwrap()), [("ramp", 1), ("random", 3)]);
        let own = read("start = \"random\"\n", &[]).unwrap();
        assert_eq!(names(&own), [("random", 3), ("constant", 1)]);
        let rules = "[[init]]\npath = \"linear1.*\"\ninit = { type = \"normal\", std = 1.0 }\n";
        assert_eq!(names(&read(rules, &[]).unwrap()), [("configuration", 3), ("random", 3)]);
    }

    #[test]
    fn runs_have_seeds_that_follow_each_other() {
        let found = read("[training]\nseed = 7\n", &["zeros", "random"]).unwrap();
        assert_eq!(found.runs(), 4);
        let seeds: Vec<u64> = (0..3).map(|n| found.starts[1].config_of(n).training.seed).collect();
        assert_eq!(seeds, [7, 8, 9]);
        assert_eq!(found.starts[0].meaning(), "every weight 0, every bias 0");
        let random = "uniform within 1/sqrt(fan-in), PyTorch's default; 3 seeds from 7";
        assert_eq!(found.starts[1].meaning(), random);
    }

    #[test]
    fn what_a_start_cannot_fill_is_refused() {
        let refused = |start: &str| read("", &[start]).err().unwrap().to_string();
        assert!(
            refused("identity").contains("--start identity: [[init]]: rule"),
            "{}",
            refused("identity")
        );
        assert!(
            read("start = \"rnadom\"\n", &[])
                .err()
                .unwrap()
                .to_string()
                .contains("did you mean `random`")
        );
    }
}
