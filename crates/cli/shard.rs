//! One machine's share of a job: `--shard`.

use crate::failure::Failure;

/// Machine `number` of `of`, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    pub number: usize,
    pub of: usize,
}

impl Shard {
    /// Reads `K/N`, or `auto`: from the environment of a Slurm job array, or of a Kubernetes indexed Job with the
    /// number of completions in `CONSTINIT_SHARDS` (Kubernetes itself tells a pod only its index).
    ///
    /// # Errors
    ///
    /// For any other text, and if the environment does not tell the share.
    pub fn parse(text: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Self, Failure> {
        let shard = if text == "auto" {
            automatic(variable)?
        } else {
            let parts = text.split_once('/');
            let parts = parts.and_then(|(k, n)| Some((k.parse().ok()?, n.parse().ok()?)));
            let (number, of) = parts.ok_or_else(|| {
                Failure::usage(format!("--shard {text}: give K/N, such as 3/8, or `auto`"))
            })?;
            Self { number, of }
        };
        let Self { number, of } = shard;
        if of == 0 {
            return Err(Failure::usage(format!(
                "--shard {number}/0: the number of shares must be at least 1"
            )));
        }
        if number == 0 || number > of {
            return Err(Failure::usage(format!(
                "--shard {number}/{of}: the first share is 1/{of}, the last is {of}/{of}"
            )));
        }
        Ok(shard)
    }
}

fn automatic(variable: impl Fn(&str) -> Option<String>) -> Result<Shard, Failure> {
    let number = |name: &str| -> Result<Option<usize>, Failure> {
        let parsed = variable(name).map(|text| text.trim().parse());
        parsed
            .transpose()
            .map_err(|_| Failure::usage(format!("--shard auto: {name} is not a number")))
    };
    if let Some(task) = number("SLURM_ARRAY_TASK_ID")? {
        let Some(of) = number("SLURM_ARRAY_TASK_COUNT")? else {
            return Err(Failure::usage("--shard auto: SLURM_ARRAY_TASK_COUNT is not set"));
        };
        let first = number("SLURM_ARRAY_TASK_MIN")?.unwrap_or_default();
        let step = number("SLURM_ARRAY_TASK_STEP")?.unwrap_or(1).max(1);
        // Tasks need not be numbered from 0, nor one by one, but evenly: --array=1,3,7 has no task for shard 2.
        let place = task.checked_sub(first).filter(|place| place % step == 0);
        let last = number("SLURM_ARRAY_TASK_MAX")?
            .map_or(of, |last| (last.saturating_sub(first) / step).saturating_add(1));
        let Some(place) = place.filter(|_| last == of) else {
            return Err(Failure::usage(
                "--shard auto: the task numbers of the array are not evenly spaced; give K/N",
            ));
        };
        return Ok(Shard { number: (place / step).saturating_add(1), of });
    }
    if let Some(index) = number("JOB_COMPLETION_INDEX")? {
        let Some(of) = number("CONSTINIT_SHARDS")? else {
            return Err(Failure::usage(
                "--shard auto: set CONSTINIT_SHARDS to the number of completions of the Job",
            ));
        };
        return Ok(Shard { number: index.saturating_add(1), of });
    }
    Err(Failure::usage("--shard auto: neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX is set"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auto(variables: &[(&str, &str)]) -> Result<Shard, String> {
        let get = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned())
        };
        Shard::parse("auto", get).map_err(|failure| failure.to_string())
    }

    #[test]
    fn by_hand() {
        let parse = |text| Shard::parse(text, |_| None).map_err(|failure| failure.to_string());
        assert_eq!(parse("3/8"), Ok(Shard { number: 3, of: 8 }));
        assert_eq!(
            parse("0/8").unwrap_err(),
            "--shard 0/8: the first share is 1/8, the last is 8/8"
        );
        assert_eq!(
            parse("1/0").unwrap_err(),
            "--shard 1/0: the number of shares must be at least 1"
        );
        for wrong in ["9/8", "0/0", "3", "a/b", "-1/2", "3/8/1", ""] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn from_the_environment() {
        // sbatch --array=10-16:2
        let slurm = [
            ("SLURM_ARRAY_TASK_ID", "14"),
            ("SLURM_ARRAY_TASK_COUNT", "4"),
            ("SLURM_ARRAY_TASK_MIN", "10"),
            ("SLURM_ARRAY_TASK_STEP", "2"),
        ];
        assert_eq!(auto(&slurm), Ok(Shard { number: 3, of: 4 }));
        assert_eq!(
            auto(&slurm[..3]),
            Err("--shard 5/4: the first share is 1/4, the last is 4/4".into())
        );
        let kubernetes = [("JOB_COMPLETION_INDEX", "0"), ("CONSTINIT_SHARDS", "5")];
        assert_eq!(auto(&kubernetes), Ok(Shard { number: 1, of: 5 }));
        assert!(auto(&kubernetes[..1]).unwrap_err().contains("CONSTINIT_SHARDS"));
        assert!(auto(&[]).unwrap_err().contains("SLURM_ARRAY_TASK_ID"));
        assert!(auto(&[("SLURM_ARRAY_TASK_ID", "x")]).unwrap_err().contains("is not a number"));
    }
    #[test]
    fn a_share_is_never_guessed() {
        let array = |id: &str, [min, max, step, count]: [&str; 4]| {
            auto(&[
                ("SLURM_ARRAY_TASK_ID", id),
                ("SLURM_ARRAY_TASK_MIN", min),
                ("SLURM_ARRAY_TASK_MAX", max),
                ("SLURM_ARRAY_TASK_STEP", step),
                ("SLURM_ARRAY_TASK_COUNT", count),
            ])
        };
        assert_eq!(array("16", ["10", "16", "2", "4"]), Ok(Shard { number: 4, of: 4 }));
        // sbatch --array=1,3,7
        for id in ["1", "3", "7"] {
            let error = array(id, ["1", "7", "1", "3"]).unwrap_err();
            assert!(error.contains("not evenly spaced"), "{error}");
        }
        let largest = usize::MAX.to_string();
        for [id, min, max, step] in [
            ["9", "10", "16", "2"],
            ["11", "10", "16", "2"],
            ["18", "10", "16", "2"],
            [&largest, "10", "16", "2"],
            ["14", "10", &largest, "2"],
            [&largest, "0", &largest, "1"],
            ["14", &largest, "16", "2"],
            ["14", "10", "16", &largest],
        ] {
            assert!(array(id, [min, max, step, "4"]).is_err(), "{id} of {min}-{max}:{step}");
        }
        let last = [("JOB_COMPLETION_INDEX", &largest[..]), ("CONSTINIT_SHARDS", "5")];
        assert!(auto(&last).is_err());
    }
}
