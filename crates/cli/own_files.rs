//! Files that a command keeps in its folder, which other commands must not overwrite.

use std::fs;
use std::path::{Component, Path, PathBuf};

/// Whether a path is that of a file in `folder` with one of these names, or of such a file that is only partly written.
pub fn is_one_of(folder: &Path, names: &[&str], file: &Path) -> bool {
    let name = file.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| names.contains(&name.trim_end_matches(".partial")))
        && is_in(folder, file)
}

/// Whether a path is that of a file in `folder`. Neither needs to exist yet.
pub fn is_in(folder: &Path, file: &Path) -> bool {
    let parent = file.parent().filter(|parent| *parent != Path::new(""));
    is_same(folder, parent.unwrap_or(Path::new(".")))
}

/// Whether two paths name the same file or folder, which need not exist yet.
pub fn is_same(a: &Path, b: &Path) -> bool {
    whole(a).is_some_and(|a| whole(b) == Some(a))
}

/// A path from the root without links and without `..`. A `..` drops the folder before it, even if that folder does not
/// exist yet.
fn whole(path: &Path) -> Option<PathBuf> {
    let mut found = PathBuf::new();
    for part in std::path::absolute(path).ok()?.components() {
        match part {
            Component::ParentDir => drop(found.pop()),
            part => found.push(part),
        }
        if let Ok(real) = fs::canonicalize(&found) {
            found = real;
        }
    }
    Some(found)
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
            (run.join("none/../b.csv"), true),
            (run.join("none/../../new/b.csv"), false),
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
        assert!(is_in(&new, &new.join("../new/c")) && is_same(&new.join("x/.."), &new));
    }
}
