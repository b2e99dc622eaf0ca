//! `docs/dependencies.md` lists the dependencies of the crates of this workspace.

use std::collections::BTreeSet;
use std::path::Path;
use toml::Table;

/// The direct dependencies in a table of a manifest, without the workspace's crates.
fn dependencies(manifest: &Table, table: &str) -> BTreeSet<String> {
    let named = manifest.get(table).and_then(|table| table.as_table()).into_iter().flatten();
    named.map(|(name, _)| name.clone()).filter(|name| !name.starts_with("constinit")).collect()
}

/// The names in backticks.
fn quoted(text: &str) -> impl Iterator<Item = String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned)
}

#[test]
fn every_direct_dependency_is_on_the_page_and_nothing_else() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |folder: &str| -> Table {
        let path = root.join(folder).join("Cargo.toml");
        std::fs::read_to_string(&path).unwrap().parse().unwrap()
    };
    let members = read("")["workspace"]["members"].as_array().unwrap().clone();
    let members = members.iter().map(|member| member.as_str().unwrap());
    let page = include_str!("../docs/dependencies.md");
    let mut sections: BTreeSet<&str> =
        page.lines().filter_map(|line| line.strip_prefix("## `")?.strip_suffix('`')).collect();
    for folder in [""].into_iter().chain(members) {
        let manifest = read(folder);
        let name = manifest["package"]["name"].as_str().unwrap();
        let section = page.split(&format!("\n## `{name}`\n")).nth(1);
        let section = section.unwrap_or_else(|| panic!("the page has no section `{name}`"));
        let section = section.split("\n## ").next().unwrap();
        let rows = section.lines().filter(|line| line.starts_with("| `"));
        let first = |row: &str| quoted(row.split('|').nth(1).unwrap()).collect::<Vec<_>>();
        let found: BTreeSet<String> = rows.flat_map(first).collect();
        let used = dependencies(&manifest, "dependencies");
        assert_eq!(found, used, "the table of {name}");
        let tests =
            section.lines().find_map(|line| line.strip_prefix("For tests and benchmarks: "));
        let found: BTreeSet<String> = tests.into_iter().flat_map(quoted).collect();
        let used = dependencies(&manifest, "dev-dependencies").difference(&used).cloned().collect();
        assert_eq!(found, used, "what {name} has for tests and benchmarks");
        for table in ["build-dependencies", "target"] {
            assert!(!manifest.contains_key(table), "{name}: the page has no table of {table}");
        }
        sections.remove(name);
    }
    assert!(sections.is_empty(), "no crates of the workspace: {sections:?}");
}
