//! Which folder of `src/` names which: the paths a file writes, resolved to layers.

use crate::lexer::{SourceFile, Token};
use std::path::Path;

/// Each layer with those it may name; `ARCHITECTURE.md` says why.
const LAYERS: [(&str, &[&str]); 12] = [
    ("time", &[]),
    ("diagnostic", &[]),
    ("schedule", &["time"]),
    ("config", &["schedule", "diagnostic", "time"]),
    ("scheduler", &["config", "schedule", "time"]),
    ("store", &["scheduler", "config", "sys", "time"]),
    ("sys", &["time"]),
    ("process", &["sys", "time"]),
    ("accounts", &["config"]),
    (
        "api",
        &[
            "accounts",
            "config",
            "diagnostic",
            "schedule",
            "scheduler",
            "store",
            "sys",
            "time",
        ],
    ),
    (
        "daemon",
        &[
            "accounts",
            "api",
            "config",
            "diagnostic",
            "process",
            "schedule",
            "scheduler",
            "store",
            "sys",
            "time",
        ],
    ),
    (
        "cli",
        &[
            "accounts",
            "api",
            "config",
            "daemon",
            "diagnostic",
            "process",
            "schedule",
            "scheduler",
            "store",
            "sys",
            "time",
        ],
    ),
];

/// What is wrong with the paths of a file under `src/`, one line each.
pub fn wrong_paths(file: &SourceFile) -> Vec<String> {
    let module = module_of(&file.path);
    let Some(layer) = module.first() else {
        // lib.rs and main.rs: they only introduce.
        return Vec::new();
    };
    let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| name == layer) else {
        return vec![format!(
            "{}: the layer `{layer}` is not in the table of layers",
            file.place(1)
        )];
    };
    named_layers(&file.tokens, &module)
        .into_iter()
        .filter(|(named, _)| named != layer && !allowed.contains(&named.as_str()))
        .map(|(named, line)| format!("{}: `{layer}` must not name `{named}`", file.place(line)))
        .collect()
}

/// `src/time/zone/tests.rs` → time, zone, tests.
fn module_of(path: &Path) -> Vec<String> {
    let inside = path
        .strip_prefix("src")
        .expect("a file under src/")
        .with_extension("");
    let mut module: Vec<_> = inside
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    if matches!(
        module.last().map(String::as_str),
        Some("mod" | "lib" | "main")
    ) {
        module.pop();
    }
    module
}

/// Every layer that a path from the root of the crate names, with the line.
fn named_layers(tokens: &[Token], module: &[String]) -> Vec<(String, usize)> {
    let mut named = Vec::new();
    // Braces open now, and at which depth each inline module began.
    let mut depth = 0_usize;
    let mut inline = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let text = |index: usize| {
            tokens
                .get(index)
                .map_or("", |token: &Token| token.text.as_str())
        };
        match text(at) {
            "mod" if text(at + 2) == "{" => inline.push(depth),
            "{" => depth += 1,
            "}" => {
                depth = depth.saturating_sub(1);
                if inline.last() == Some(&depth) {
                    inline.pop();
                }
            }
            "crate" if text(at + 1) == "::" => named.extend(first_parts(&tokens[at + 2..])),
            "super" if at == 0 || text(at - 1) != "::" => {
                let mut supers = 1;
                while text(at + 1) == "::" && text(at + 2) == "super" {
                    supers += 1;
                    at += 2;
                }
                if supers == module.len() + inline.len() && text(at + 1) == "::" {
                    named.extend(first_parts(&tokens[at + 2..]));
                }
            }
            _ => {}
        }
        at += 1;
    }
    named
}

/// What follows `crate::`: one name, or a group of paths of which the first parts count.
fn first_parts(tokens: &[Token]) -> Vec<(String, usize)> {
    let Some(first) = tokens.first() else {
        return Vec::new();
    };
    if first.text != "{" {
        return vec![(first.text.clone(), first.line)];
    }
    let mut parts = Vec::new();
    let mut depth = 0_usize;
    let mut begins = false;
    for token in tokens {
        match token.text.as_str() {
            "{" => {
                depth += 1;
                begins = depth == 1;
            }
            "}" => {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            "," => begins = depth == 1,
            _ if begins => {
                parts.push((token.text.clone(), token.line));
                begins = false;
            }
            _ => {}
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(path: &str, text: &str) -> Vec<String> {
        wrong_paths(&SourceFile::new(path.into(), text.to_owned()))
    }

    #[test]
    fn a_lower_layer_that_names_a_higher_one_is_found() {
        assert_eq!(
            wrong(
                "src/time/zone.rs",
                "use super::x;\nuse crate::{\n time::y,\n config::{Job, store}\n};"
            ),
            ["src/time/zone.rs:4: `time` must not name `config`"]
        );
        assert_eq!(
            wrong("src/sys/clock.rs", "fn f() { crate::process::spawn() }").len(),
            1
        );
        assert_eq!(wrong("src/sys/mod.rs", "use super::process;").len(), 1);
        assert_eq!(
            wrong("src/sys/clock.rs", "use super::super::process;").len(),
            1
        );
        assert_eq!(
            wrong(
                "src/sys/clock.rs",
                "mod tests { use super::super::super::process; }"
            )
            .len(),
            1
        );
        assert_eq!(wrong("src/extra.rs", "").len(), 1);
    }

    #[test]
    fn what_the_table_allows_passes() {
        for (path, text) in [
            (
                "src/schedule/cron.rs",
                "use crate::time::WallTime; use super::config;",
            ),
            ("src/schedule/mod.rs", "mod tests { use super::config; }"),
            (
                "src/config/mod.rs",
                "use crate::{diagnostic::Diagnostic, schedule};",
            ),
            (
                "src/time/mod.rs",
                "// crate::cli\n//! [`crate::cli`]\n\"crate::cli\"",
            ),
            ("src/cli/next.rs", "use crate::sys::clock;"),
            ("src/lib.rs", "pub mod cli;"),
        ] {
            assert_eq!(wrong(path, text), Vec::<String>::new());
        }
    }
}
