//! Values and keys as TOML, each in the form that is easiest to read.

use crate::diagnostic::escape;
use std::fmt::Write as _;

/// A string of one line or several.
pub fn string(text: &str) -> String {
    let has_lines = text.contains('\n');
    let is_literal = !text.contains(|c: char| c.is_control() && !matches!(c, '\t' | '\n'));
    let is_plain = !text.contains(['"', '\\', '\t']);
    if has_lines && is_literal && !text.contains("'''") && !text.ends_with('\'') {
        // The line end right after the quotes is not part of it.
        return format!("'''\n{text}'''");
    }
    if !has_lines && is_literal {
        if is_plain {
            return format!("\"{text}\"");
        }
        if !text.contains('\'') {
            return format!("'{text}'");
        }
        if !text.contains("'''") && !text.starts_with('\'') && !text.ends_with('\'') {
            return format!("'''{text}'''");
        }
    }
    escaped(text)
}

fn escaped(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A key, in quotes where it needs them.
pub fn key(name: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !name.is_empty() && name.chars().all(is_bare) {
        name.to_owned()
    } else {
        escaped(name)
    }
}

/// A comment line, which begins with `#`. TOML has no control characters in comments.
pub fn comment(line: &str) -> String {
    let tabs: Vec<_> = line.split('\t').map(escape).collect();
    tabs.join("\t")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use toml::de::DeTable;

    #[test]
    fn strings_are_written_as_people_would_write_them() {
        for (text, toml) in [
            ("echo hello", "\"echo hello\""),
            ("it's", "\"it's\""),
            ("echo \"$HOME\"", "'echo \"$HOME\"'"),
            ("a\\b", "'a\\b'"),
            ("say \"it's\" so", "'''say \"it's\" so'''"),
            ("'a' \"b\"", "\"'a' \\\"b\\\"\""),
            ("a\nb\n", "'''\na\nb\n'''"),
            ("", "\"\""),
        ] {
            assert_eq!(string(text), toml);
        }
        assert_eq!(key("PATH"), "PATH");
        assert_eq!(key("backup.sh-1"), "\"backup.sh-1\"");
        assert_eq!(comment("# a\tb\u{1b}c"), "# a\tb\\u{1b}c");
    }

    proptest! {
        #[test]
        fn a_string_is_read_back_as_it_was(text in "[a-z '\"\\\\\n\t\u{7}\u{7f}é]{0,12}|.*", name in "[a-z.\"\\\\ é]{0,6}") {
            let document = format!("{} = {}\n", key(&name), string(&text));
            let table = DeTable::parse(&document).unwrap();
            let (found, value) = table.get_ref().iter().next().unwrap();
            prop_assert_eq!(found.get_ref(), &name);
            prop_assert_eq!(value.get_ref().as_str().unwrap(), text);
        }
    }
}
