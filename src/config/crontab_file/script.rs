//! The simple commands of a line of shell, as far as they can be told without being a shell: enough
//! to name a job after its program, and to find programs that cron's PATH does not have.

use std::ops::Range;

/// A program with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimpleCommand<'t> {
    /// What it is called by and given, as written, without assignments and redirections.
    pub words: Vec<&'t str>,
}

/// What begins or goes on with a command, and is none.
const KEYWORDS: [&str; 17] = [
    "if", "select", "then", "elif", "else", "fi", "for", "while", "until", "do", "done", "case",
    "esac", "!", "{", "}", "time",
];

/// Commands that the shell has itself (POSIX, and what bash and dash add).
const BUILTINS: [&str; 46] = [
    ".", ":", "[", "[[", "alias", "bg", "break", "builtin", "cd", "command", "continue", "declare",
    "echo", "eval", "exec", "exit", "export", "false", "fg", "getopts", "hash", "jobs", "kill",
    "let", "local", "popd", "printf", "pushd", "pwd", "read", "readonly", "return", "set", "shift",
    "shopt", "source", "test", "times", "trap", "true", "type", "typeset", "ulimit", "umask",
    "unset", "wait",
];

/// What follows these in the same command is no program.
const LISTS: [&str; 3] = ["for", "case", "select"];

/// After these the rest runs as well. After any other command that may depend on how it ends.
const PREPARATIONS: [&str; 9] = [
    ".", ":", "cd", "export", "set", "sleep", "source", "ulimit", "umask",
];

impl<'t> SimpleCommand<'t> {
    /// The program's name as written.
    pub fn program(&self) -> &'t str {
        self.words.first().copied().unwrap_or_default()
    }

    /// Whether the shell needs no file for it.
    pub fn is_builtin(&self) -> bool {
        BUILTINS.contains(&self.program())
    }

    /// Whether what follows it runs all the same.
    pub fn is_preparation(&self) -> bool {
        PREPARATIONS.contains(&self.program())
    }
}

/// Whether the shell takes a word as it stands.
pub fn is_plain(word: &str) -> bool {
    !word.is_empty() && !word.contains(['$', '`', '\'', '"', '\\', '*', '?', '[', '~', '(', ')'])
}

/// The simple commands in their order; what is inside of `$(…)`, backticks and quotes is not looked at.
pub fn commands(script: &str) -> Vec<SimpleCommand<'_>> {
    let mut commands = Vec::new();
    let mut words = Vec::new();
    let mut is_target = false;
    let mut is_list = false;
    for token in Tokens::of(script) {
        match token {
            Token::Word(_) if is_target => is_target = false,
            Token::Word(_) if is_list => {}
            Token::Word(span) => {
                let word = &script[span];
                let begins = words.is_empty();
                is_list = begins && LISTS.contains(&word);
                if !(begins && (KEYWORDS.contains(&word) || is_assignment(word))) {
                    words.push(word);
                }
            }
            Token::Redirection => is_target = true,
            Token::End => {
                (is_target, is_list) = (false, false);
                if !words.is_empty() {
                    let words = std::mem::take(&mut words);
                    commands.push(SimpleCommand { words });
                }
            }
        }
    }
    commands
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !name.starts_with(|c: char| c.is_ascii_digit())
    })
}

/// Whether quotes, `$(`, `(` or backticks are open at the end: what comes next is no command's end.
pub fn is_open(script: &str) -> bool {
    let mut quote = None;
    let mut depth = 0_usize;
    let mut in_backticks = false;
    let mut escaped = false;
    for c in script.chars() {
        if escaped {
            escaped = false;
            continue;
        }
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some('\''), _) => {}
            (_, '\\') => escaped = true,
            (None, '\'' | '"') => quote = Some(c),
            (_, '`') => in_backticks = !in_backticks,
            (_, '(') => depth += 1,
            (_, ')') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    quote.is_some() || depth > 0 || in_backticks
}

enum Token {
    Word(Range<usize>),
    /// The next word is a file.
    Redirection,
    /// Of a simple command.
    End,
}

struct Tokens<'t> {
    script: &'t str,
    at: usize,
    ended: bool,
}

impl<'t> Tokens<'t> {
    fn of(script: &'t str) -> Self {
        Self {
            script,
            at: 0,
            ended: false,
        }
    }

    fn rest(&self) -> &'t str {
        &self.script[self.at..]
    }

    /// The end of the word that begins here: quotes and substitutions belong to it.
    fn word_end(&self) -> usize {
        let mut quote = None;
        let mut depth = 0_usize;
        let mut escaped = false;
        let mut before = ' ';
        for (at, c) in self.rest().char_indices() {
            if escaped {
                escaped = false;
                before = c;
                continue;
            }
            match (quote, c) {
                (Some(open), _) if c == open => quote = None,
                (Some('\''), _) => {}
                (_, '\\') => escaped = true,
                (None, '\'' | '"' | '`') => quote = Some(c),
                (None, '(') if before == '$' || depth > 0 => depth += 1,
                (None, ')') if depth > 0 => depth -= 1,
                (None, c)
                    if depth == 0
                        && (c.is_whitespace()
                            || matches!(c, ';' | '&' | '|' | '(' | ')' | '<' | '>')) =>
                {
                    return self.at + at;
                }
                _ => {}
            }
            before = c;
        }
        self.script.len()
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let blanks = |c: char| c.is_whitespace() && c != '\n';
        self.at = self.script.len() - self.rest().trim_start_matches(blanks).len();
        let Some(c) = self.rest().chars().next().filter(|c| *c != '#') else {
            // A comment goes on to the end.
            self.at = self.script.len();
            return (!std::mem::replace(&mut self.ended, true)).then_some(Token::End);
        };
        if matches!(c, '<' | '>') {
            let length =
                self.rest().len() - self.rest().trim_start_matches(['<', '>', '&', '|']).len();
            self.at += length;
            return Some(Token::Redirection);
        }
        if matches!(c, ';' | '&' | '|' | '(' | ')' | '\n') {
            if self.rest().starts_with("&>") {
                self.at += 2;
                return Some(Token::Redirection);
            }
            self.at += 1;
            return Some(Token::End);
        }
        let end = self.word_end();
        let word = self.at..end;
        self.at = end;
        // `2>` is one redirection.
        let is_number = self.script[word.clone()]
            .bytes()
            .all(|byte| byte.is_ascii_digit());
        if is_number && self.rest().starts_with(['<', '>']) {
            return self.next();
        }
        Some(Token::Word(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(script: &str) -> Vec<String> {
        let commands = commands(script);
        commands
            .iter()
            .map(|command| command.words.join(" "))
            .collect()
    }

    #[test]
    fn commands_are_told_apart() {
        for (script, expected) in [
            (
                "cd / && run-parts --report /etc/cron.daily",
                vec!["cd /", "run-parts --report /etc/cron.daily"],
            ),
            (
                "test -x /usr/sbin/anacron || { cd / && run-parts x; }",
                vec!["test -x /usr/sbin/anacron", "cd /", "run-parts x"],
            ),
            ("A=b B=\"c d\" foo >/dev/null 2>&1", vec!["foo"]),
            ("foo 2>> log < in | bar &", vec!["foo", "bar"]),
            (
                "if [ -x a ]; then b 'c; d'; fi",
                vec!["[ -x a ]", "b 'c; d'"],
            ),
            (
                "x=$(date; true) echo $(a | b) `c;d`",
                vec!["echo $(a | b) `c;d`"],
            ),
            ("for db in a b; do dump $db; done", vec!["dump $db"]),
            ("foo # bar; baz", vec!["foo"]),
            ("foo &> log; bar", vec!["foo", "bar"]),
            ("echo a\\;b", vec!["echo a\\;b"]),
            ("", vec![]),
        ] {
            assert_eq!(read(script), expected, "{script}");
        }
    }

    #[test]
    fn open_quotes_and_substitutions_are_seen() {
        for open in [
            "echo 'a",
            "echo \"a",
            "x=$(date +",
            "echo `date +",
            "echo \"$(date +",
            "((a",
        ] {
            assert!(is_open(open), "{open}");
        }
        for closed in [
            "echo 'a' \"b'\"",
            "x=$(date)",
            "echo \\'",
            "mail -s \"It's\" joe",
        ] {
            assert!(!is_open(closed), "{closed}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(script in "[a-z $`'\"\\\\(){}<>&|;#\n0-9=ä-]{0,40}") {
            for command in commands(&script) {
                prop_assert!(!command.words.is_empty());
            }
            is_open(&script);
        }
    }
}
