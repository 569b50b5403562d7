//! What `%` does in an entry's command: the first one that no backslash stands before ends the
//! command, and what follows is its standard input, in which `%` is a newline.
//!
//! crontab(5) says only that. The details are those of Vixie's cron, as ISC and cronie keep it:
//! a backslash takes its meaning from the character before `%` alone, and nothing is said of any
//! other. (Debian's cron also makes one backslash of two in the command; a lint tells.)

/// A command as it is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PercentSplit {
    /// What the shell is given.
    pub script: String,
    /// Its standard input; none if the command says nothing of it.
    pub stdin: Option<String>,
}

/// Splits a command as written.
pub fn split(written: &str) -> PercentSplit {
    let end = first_percent(written);
    let script = unescaped(&written[..end.unwrap_or(written.len())]);
    let stdin = end
        .map(|end| standard_input(&written[end + 1..]))
        .filter(|text| !text.is_empty());
    PercentSplit { script, stdin }
}

/// Where the `%` is that ends the command.
pub fn first_percent(written: &str) -> Option<usize> {
    // As nearly all: there may be a hundred thousand.
    if !written.contains('%') {
        return None;
    }
    let mut escaped = false;
    written.bytes().position(|byte| {
        let ends = byte == b'%' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })
}

/// `\%` is `%`; every other backslash stays, with what follows it.
fn unescaped(command: &str) -> String {
    if !command.contains("\\%") {
        return command.to_owned();
    }
    let mut out = String::with_capacity(command.len());
    let mut escaped = false;
    for c in command.chars() {
        if escaped && c == '%' {
            out.pop();
        }
        out.push(c);
        escaped = c == '\\' && !escaped;
    }
    out
}

/// `%` is a newline, `\%` is `%`; where the last character was not a newline, one is added.
fn standard_input(rest: &str) -> String {
    let mut out = String::with_capacity(rest.len() + 1);
    let mut escaped = false;
    let mut is_open = false;
    for c in rest.chars() {
        if escaped && c != '%' {
            out.push('\\');
        }
        let c = if c == '%' && !escaped { '\n' } else { c };
        // Strange, and so in cron: here the second of two backslashes escapes again.
        escaped = c == '\\';
        if !escaped {
            out.push(c);
            is_open = c != '\n';
        }
    }
    if escaped {
        out.push('\\');
    }
    if is_open {
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(written: &str, script: &str, stdin: Option<&str>) {
        let expected = PercentSplit {
            script: script.to_owned(),
            stdin: stdin.map(str::to_owned),
        };
        assert_eq!(split(written), expected, "{written}");
    }

    #[test]
    fn a_command_without_percent_has_nothing_to_read() {
        check("echo a\\b \\", "echo a\\b \\", None);
    }

    #[test]
    fn the_first_percent_ends_the_command_and_the_rest_is_its_input() {
        check("cat%hello", "cat", Some("hello\n"));
    }

    #[test]
    fn every_further_percent_is_a_newline() {
        check(
            "mail joe%Joe,%%Where are your kids?%",
            "mail joe",
            Some("Joe,\n\nWhere are your kids?\n"),
        );
    }

    #[test]
    fn input_ends_with_a_newline_which_is_not_added_twice() {
        check("cat%a%", "cat", Some("a\n"));
        check("cat%a%%", "cat", Some("a\n\n"));
    }

    #[test]
    fn a_percent_at_the_end_leaves_the_input_empty() {
        check("cat%", "cat", None);
    }

    #[test]
    fn an_escaped_percent_in_the_command_is_one() {
        check("date +\\%F", "date +%F", None);
    }

    #[test]
    fn an_escaped_percent_in_the_input_is_one() {
        check("cat%100\\%%ok", "cat", Some("100%\nok\n"));
    }

    #[test]
    fn any_other_backslash_stays() {
        check("a \\\" \\n%\\n \\\"", "a \\\" \\n", Some("\\n \\\"\n"));
    }

    #[test]
    fn of_two_backslashes_in_the_command_the_second_escapes_nothing() {
        check("a\\\\%b", "a\\\\", Some("b\n"));
        check("a\\\\\\%b", "a\\\\%b", None);
    }

    #[test]
    fn of_two_backslashes_in_the_input_the_second_escapes() {
        check("cat%a\\\\%b", "cat", Some("a\\%b\n"));
        check("cat%a\\", "cat", Some("a\\\n"));
        check("cat%a%\\", "cat", Some("a\n\\"));
    }

    #[test]
    fn quotes_protect_no_percent() {
        check("echo '%F'", "echo '", Some("F'\n"));
    }

    #[test]
    fn what_is_not_ascii_passes_through() {
        check("echo ä%ö\\%ü", "echo ä", Some("ö%ü\n"));
    }
}
