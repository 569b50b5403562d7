//! What the program is made of that is not its own, and where the compiler takes our word: few of both, and
//! listed, so that one more is a decision and no accident.

use super::{no_problems, repository, rust_files};
use std::collections::BTreeMap;
use std::fs;

/// Direct dependencies of the program; those of tests are not in it. Another one needs a reason beside it in
/// `Cargo.toml`, and a number here.
const MAX_DEPENDENCIES: usize = 30;

/// All that ends up in `Cargo.lock`, for every platform and for the tests too.
const MAX_PACKAGES: usize = 200;

/// Every file with `unsafe` in it, and how often.
const UNSAFE: [(&str, usize); 5] = [
    ("src/sys/descriptors.rs", 4),
    ("src/sys/memory.rs", 3),
    ("src/sys/pidfd.rs", 5),
    ("src/sys/signals.rs", 1),
    ("src/sys/spawn.rs", 17),
];

fn read(name: &str) -> toml::Table {
    let text = fs::read_to_string(repository().join(name)).unwrap();
    text.parse().unwrap()
}

#[test]
fn there_are_few_dependencies() {
    let manifest = read("Cargo.toml");
    let direct = manifest["dependencies"].as_table().unwrap();
    assert!(
        direct.len() <= MAX_DEPENDENCIES,
        "{} dependencies, and {MAX_DEPENDENCIES} are allowed: {:?}",
        direct.len(),
        direct.keys().collect::<Vec<_>>()
    );
    let lock = read("Cargo.lock");
    let packages = lock["package"].as_array().unwrap();
    assert!(
        packages.len() <= MAX_PACKAGES,
        "{} packages, and {MAX_PACKAGES} are allowed",
        packages.len()
    );
}

#[test]
fn every_dependency_is_of_the_registry_and_has_its_checksum() {
    let lock = read("Cargo.lock");
    let is_ours = |package: &&toml::Value| package["name"].as_str() == Some("rsched");
    let packages = lock["package"].as_array().unwrap();
    let problems: Vec<_> = packages
        .iter()
        .filter(|package| !is_ours(package))
        .filter(|package| {
            let source = package.get("source").and_then(toml::Value::as_str);
            let is_registry = source.is_some_and(|source| source.starts_with("registry+"));
            !is_registry || package.get("checksum").is_none()
        })
        .map(|package| format!("Cargo.lock: {}", package["name"]))
        .collect();
    no_problems("of the registry, with a checksum", &problems);
}

#[test]
fn what_is_unsafe_is_listed() {
    let mut found = BTreeMap::new();
    for file in rust_files("src") {
        let count = file.lines_with(&["unsafe"]).count();
        if count > 0 {
            found.insert(file.path.display().to_string(), count);
        }
    }
    let listed: BTreeMap<_, _> = UNSAFE
        .into_iter()
        .map(|(path, count)| (path.to_owned(), count))
        .collect();
    assert_eq!(found, listed, "look at what has changed, then list it here");
}
