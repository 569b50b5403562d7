//! The rules of the repository, as tests: each names the file and line that breaks it.

mod dependencies;
mod layers;
mod lexer;

use lexer::SourceFile;
use std::fs;
use std::path::{Path, PathBuf};

/// Longest source file. One that outgrows it has two nouns in it.
const MAX_LINES: usize = 700;

/// What may stand at the top level beside what `.gitignore` names.
const FOLDERS: [&str; 13] = [
    ".cargo",
    ".ci",
    ".git",
    "benches",
    "completions",
    "docs",
    "examples",
    "fuzz",
    "man",
    "packaging",
    "src",
    "target",
    "tests",
];

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folders whose Rust files are ours to write, the generated ones beside them left out.
const CODE: [&str; 4] = ["src", "tests", "fuzz/src", "fuzz/fuzz_targets"];

/// All Rust files below a folder of the repository, in name order.
fn rust_files(folder: &str) -> Vec<SourceFile> {
    let mut paths = Vec::new();
    collect(&repository().join(folder), &mut paths);
    paths.sort();
    assert!(!paths.is_empty(), "no Rust files in {folder}/");
    let relative = |path: &PathBuf| path.strip_prefix(repository()).unwrap().to_owned();
    paths
        .iter()
        .map(|path| SourceFile::new(relative(path), fs::read_to_string(path).unwrap()))
        .collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

fn no_problems(rule: &str, problems: &[String]) {
    assert!(problems.is_empty(), "{rule}:\n{}", problems.join("\n"));
}

/// Where any of these sequences of tokens stands, unless the file is one of the excepted.
fn places_of(files: &[SourceFile], sequences: &[&[&str]], excepted: &[&str]) -> Vec<String> {
    let mut places = Vec::new();
    for file in files {
        if excepted.iter().any(|prefix| file.path.starts_with(prefix)) {
            continue;
        }
        for sequence in sequences {
            let found = file.lines_with(sequence);
            places.extend(found.map(|line| format!("{}: {}", file.place(line), sequence.concat())));
        }
    }
    places
}

#[test]
fn dependence_goes_one_way() {
    let problems: Vec<_> = rust_files("src")
        .iter()
        .flat_map(layers::wrong_paths)
        .collect();
    no_problems(
        "a lower layer never names a higher one (ARCHITECTURE.md)",
        &problems,
    );
}

#[test]
fn clocks_are_read_in_one_file() {
    let reads: [&[&str]; 5] = [
        &["SystemTime", "::", "now"],
        &["Instant", "::", "now"],
        &["Utc", "::", "now"],
        &["Local", "::", "now"],
        &["clock_gettime"],
    ];
    let problems = places_of(&rust_files("src"), &reads, &["src/sys/clock.rs"]);
    no_problems("clocks are read in src/sys/clock.rs only", &problems);
}

#[test]
fn unsafe_code_lives_in_sys() {
    let problems = places_of(&rust_files("src"), &[&["unsafe"]], &["src/sys"]);
    no_problems("unsafe code belongs into src/sys", &problems);
}

#[test]
fn lints_are_expected_with_a_reason_not_allowed() {
    let files: Vec<_> = CODE.into_iter().flat_map(rust_files).collect();
    let problems = places_of(
        &files,
        &[&["#", "[", "allow", "("], &["#", "!", "[", "allow", "("]],
        &[],
    );
    no_problems(
        "#[expect(lint, reason = \"…\")] instead of #[allow]",
        &problems,
    );
}

#[test]
fn files_are_short() {
    let too_long = |file: &SourceFile| {
        let lines = file.text.lines().count();
        (lines > MAX_LINES).then(|| format!("{}: {lines} lines", file.place(MAX_LINES + 1)))
    };
    let problems: Vec<_> = rust_files("src").iter().filter_map(too_long).collect();
    no_problems(&format!("a file has at most {MAX_LINES} lines"), &problems);
}

#[test]
fn every_file_opens_with_what_it_is_for() {
    let files: Vec<_> = CODE.into_iter().flat_map(rust_files).collect();
    let bare = files.iter().filter(|file| !file.text.starts_with("//! "));
    let problems: Vec<_> = bare.map(|file| file.place(1)).collect();
    no_problems("a file opens with `//!`: what it is for", &problems);
}

#[test]
fn nothing_prints_in_a_way_that_panics() {
    let macros: [&[&str]; 5] = [
        &["println", "!"],
        &["eprintln", "!"],
        &["print", "!"],
        &["eprint", "!"],
        &["dbg", "!"],
    ];
    let problems = places_of(&rust_files("src"), &macros, &[]);
    no_problems(
        "the print macros panic on a closed or full output: use src/cli/terminal.rs",
        &problems,
    );
}

#[test]
fn nothing_is_left_unfinished() {
    let macros: [&[&str]; 2] = [&["todo", "!"], &["unimplemented", "!"]];
    no_problems("unfinished", &places_of(&rust_files("src"), &macros, &[]));
}

#[test]
fn tests_wait_for_conditions() {
    let mut files = rust_files("src");
    files.retain(|file| file.path.ends_with("tests.rs"));
    files.extend(rust_files("tests"));
    let problems = places_of(
        &files,
        &[&["thread", "::", "sleep"], &["sleep", "(", "Duration"]],
        &[],
    );
    no_problems(
        "wait for a condition with a deadline, or use the virtual clock, instead of sleeping",
        &problems,
    );
}

#[test]
fn the_top_level_holds_only_what_it_should() {
    let entries = fs::read_dir(repository()).unwrap().map(Result::unwrap);
    let folders = entries.filter(|entry| entry.file_type().unwrap().is_dir());
    let names = folders.map(|entry| entry.file_name().into_string().unwrap());
    let problems: Vec<_> = names
        .filter(|name| !FOLDERS.contains(&name.as_str()))
        .collect();
    no_problems("unexpected folder at the top level", &problems);
}
