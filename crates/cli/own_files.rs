//! Files that a folder's own program keeps in it, and that others leave alone.

use std::fs;
use std::path::{Path, PathBuf};

/// Whether a path is that of a file in `folder` with one of these names, whole or half written.
pub fn is_one_of(folder: &Path, names: &[&str], file: &Path) -> bool {
    let name = file.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| names.contains(&name.trim_end_matches(".partial")))
        && is_in(folder, file)
}

/// Whether a path is that of a file in `folder`, which may be one that is still to be made.
pub fn is_in(folder: &Path, file: &Path) -> bool {
    let parent = file.parent().filter(|parent| *parent != Path::new(""));
    let parent = parent.unwrap_or(Path::new("."));
    whole(folder).is_some_and(|folder| whole(parent) == Some(folder))
}

fn whole(path: &Path) -> Option<PathBuf> {
    fs::canonicalize(path).or_else(|_| std::path::absolute(path)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_by_any_path() {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("run");
        let new = folder.path().join("new");
        fs::create_dir(&run).unwrap();
        let names = ["a.toml", "b.csv"];
        for (file, expected) in [
            (run.join("a.toml"), true),
            (run.join("../run/./b.csv"), true),
            (run.join("a.toml.partial"), true),
            (run.join("c.csv"), false),
            (run.join("parts/a.toml"), false),
            (folder.path().join("a.toml"), false),
            ("a.toml".into(), false),
        ] {
            assert_eq!(is_one_of(&run, &names, &file), expected, "{}", file.display());
        }
        assert!(is_one_of(&new, &names, &new.join("a.toml")));
        assert!(is_in(&new, &new.join("c")) && !is_in(&new, &run.join("c")));
    }
}
