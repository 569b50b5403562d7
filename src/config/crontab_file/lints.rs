//! The traps of crontabs: what cron accepts, and few mean.

use super::assignment::Assignment;
use super::environment::Environment;
use super::line::{Entry, Line, Located, TabFile};
use super::percent;
use super::script::{self, is_plain};
use crate::config::Machine;
use crate::diagnostic::{Diagnostic, quoted};
use std::ops::Range;
use std::path::Path;

/// Users that are no programs: at the beginning of a command they are a column too many.
const USERS: [&str; 9] = [
    "apache", "daemon", "http", "mysql", "nginx", "nobody", "postgres", "root", "www-data",
];

/// Variables that people expect to be expanded.
const KNOWN_VARIABLES: [&str; 5] = ["HOME", "LOGNAME", "PATH", "SHELL", "USER"];

/// Where programs are that cron's PATH lacks.
const ELSEWHERE: [&str; 6] = [
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/sbin",
    "/sbin",
    "/snap/bin",
    "/opt/bin",
];

fn warning(
    file: TabFile<'_>,
    code: &'static str,
    span: Range<usize>,
    message: impl Into<String>,
) -> Diagnostic {
    Diagnostic::warning(code, message).at(file.index, span)
}

/// What cron would stumble on at the ends of lines, and of the file.
pub fn of_the_file(file: TabFile<'_>, lines: &[Located<'_>]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    if let Some(at) = file.text.find("\r\n") {
        let message = "the lines end with a carriage return, which cron gives to each command";
        let problem = warning(file, "carriage_return", at..at + 1, message);
        found.push(problem.help("save it with line ends of Unix"));
    }
    if let Some(last) = lines.last()
        && !file.text.ends_with('\n')
        && last.line != Line::Blank
    {
        let message = "the last line has no end: cron refuses the file";
        let problem = warning(file, "missing_newline", last.span.clone(), message);
        found.push(problem.help("add a newline"));
    }
    found
}

/// What is odd about an assignment; `before` holds at it.
pub fn of_assignment(
    file: TabFile<'_>,
    assignment: &Assignment<'_>,
    before: &Environment,
) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let Assignment {
        name,
        value,
        value_span,
        is_quoted,
        ..
    } = assignment;
    let at_value = |code, message: String| warning(file, code, value_span.clone(), message);
    if value.is_empty() && !is_quoted {
        let message = format!(
            "{} has an empty value without quotes, which Debian's cron refuses",
            quoted(name)
        );
        let problem = warning(file, "empty_value", assignment.name_span.clone(), message);
        found.push(problem.help(format!("write `{name}=\"\"`")));
    }
    if let Some(at) = value.find(" #").filter(|_| !is_quoted) {
        let start = value_span.start + at + 1;
        let message = format!(
            "`#` begins no comment here: it is part of the value of {}",
            quoted(name)
        );
        let problem = warning(file, "comment_in_value", start..value_span.end, message);
        found.push(problem.help("put the comment in a line of its own"));
    }
    if let Some(variable) = expected_expansion(value, before) {
        let message = format!(
            "nothing is expanded here: the value of {} has {} in it as it stands",
            quoted(name),
            quoted(variable)
        );
        let problem = at_value("unexpanded_variable", message);
        found.push(problem.help("write the value out"));
    }
    if *name == "TZ" {
        let message = "`TZ` is the zone of the commands alone: cron runs them by the machine's, or by `CRON_TZ`";
        let problem = warning(
            file,
            "zone_of_commands",
            assignment.name_span.clone(),
            message,
        );
        found.push(problem.help(format!(
            "write `CRON_TZ={value}` too if the times are meant"
        )));
    }
    found
}

/// `$HOME` or `${HOME}`, or a `~` that a shell would take for it.
fn expected_expansion<'t>(value: &'t str, before: &Environment) -> Option<&'t str> {
    if value.starts_with("~/") || value.contains(":~/") {
        return Some("~");
    }
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    value.match_indices('$').find_map(|(at, _)| {
        let rest = &value[at + 1..];
        let braced = rest.strip_prefix('{');
        let name = braced.unwrap_or(rest);
        let name = &name[..name.find(|c| !is_name(c)).unwrap_or(name.len())];
        let is_known = KNOWN_VARIABLES.contains(&name) || before.get(name).is_some();
        let length = 1 + name.len() + 2 * usize::from(braced.is_some());
        is_known.then(|| value.get(at..at + length).unwrap_or(value))
    })
}

/// What is odd about an entry's columns and command.
pub fn of_entry(
    file: TabFile<'_>,
    entry: &Entry,
    environment: &Environment,
    machine: Option<&dyn Machine>,
) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    if let Some(quiet) = &entry.quiet {
        let message = "this asks cron not to log the command; rsched keeps account of every run";
        found.push(warning(file, "quiet_entry", quiet.clone(), message));
    }
    let command = &file.text[entry.command.clone()];
    found.extend(percent_that_ends(file, entry, command));
    found.extend(double_backslash(file, entry, command));
    found.extend(continued_line(file, entry, command));
    let user = user_column(file, entry, command, environment, machine);
    match (user, machine) {
        (Some(user), _) => found.push(user),
        (None, Some(machine)) => found.extend(missing_program(file, entry, environment, machine)),
        (None, None) => {}
    }
    found.extend(machine.and_then(|machine| missing_home(file, entry, environment, machine)));
    found
}

/// A user that is not there, or that has nowhere to be.
fn missing_home(
    file: TabFile<'_>,
    entry: &Entry,
    environment: &Environment,
    machine: &dyn Machine,
) -> Option<Diagnostic> {
    let user = entry.user.clone()?;
    let name = &file.text[user.clone()];
    let Some(home) = machine.home_of(name) else {
        let message = format!("there is no user {} on this machine", quoted(name));
        let problem = warning(file, "unknown_user", user, message);
        return Some(problem.help("a system crontab names the user before the command"));
    };
    if environment.home().is_some() || machine.is_directory(&home) {
        return None;
    }
    let message = format!(
        "the home {} of {} does not exist: its commands run in `/`",
        quoted(&home.display().to_string()),
        quoted(name)
    );
    let problem = warning(file, "missing_home", user, message);
    Some(problem.help("set HOME above"))
}

/// A `%` inside of something that a command would have: `date +%F`, `"50%"`, `$(… %)`, `%20`.
fn percent_that_ends(file: TabFile<'_>, entry: &Entry, command: &str) -> Option<Diagnostic> {
    let at = percent::first_percent(command)?;
    let (before, after) = (&command[..at], &command[at + 1..]);
    let is_cut_short = before.trim().is_empty()
        || script::is_open(before)
        || is_time_format(before)
        || after.starts_with('{')
        || is_conversion(before, after)
        || is_encoded(before, after);
    if !is_cut_short {
        return None;
    }
    let place = entry.command.start + at;
    let message = "`%` ends the command, and what follows is its standard input";
    let problem = warning(file, "unescaped_percent", place..place + 1, message);
    Some(problem.help("write `\\%` if it belongs to the command"))
}

/// `date +%F`.
fn is_time_format(before: &str) -> bool {
    let word = before.rsplit([' ', '\t', '(', '`']).next();
    word.is_some_and(|word| word.starts_with('+'))
}

/// `find -printf %p`: one letter and nothing else.
fn is_conversion(before: &str, after: &str) -> bool {
    let word = after.split([' ', '\t']).next().unwrap_or_default();
    before.ends_with([' ', '\t']) && word.len() == 1 && word.starts_with(char::is_alphabetic)
}

/// `https://example.org/a%20b`.
fn is_encoded(before: &str, after: &str) -> bool {
    let word = before.rsplit([' ', '\t']).next().unwrap_or_default();
    let digits = after.bytes().take(2).filter(u8::is_ascii_hexdigit).count();
    word.contains("://") && digits == 2
}

fn double_backslash(file: TabFile<'_>, entry: &Entry, command: &str) -> Option<Diagnostic> {
    let first = command.find('\\')?;
    let end = percent::first_percent(command).unwrap_or(command.len());
    let at = entry.command.start + first + command.get(first..end)?.find("\\\\")?;
    let message = "Debian's cron makes one backslash of two in a command; rsched keeps both, as other crons do";
    Some(warning(file, "double_backslash", at..at + 2, message))
}

/// A backslash before the end of the line, as it continues one in a shell.
fn continued_line(file: TabFile<'_>, entry: &Entry, command: &str) -> Option<Diagnostic> {
    let at = entry.command.start + command.strip_suffix('\\')?.len();
    let message = "a `\\` at the end continues nothing: in a crontab each line is whole";
    let problem = warning(file, "continued_line", at..at + 1, message);
    Some(problem.help("write the command in one line, or in a script"))
}

/// A user before the command, where there is no such column.
fn user_column(
    file: TabFile<'_>,
    entry: &Entry,
    command: &str,
    environment: &Environment,
    machine: Option<&dyn Machine>,
) -> Option<Diagnostic> {
    if entry.user.is_some() {
        return None;
    }
    let (word, rest) = command.split_once([' ', '\t'])?;
    // `mail -s hello joe` is a command, though there is a user mail.
    if rest.trim_start().starts_with('-') {
        return None;
    }
    let is_user = |machine: &dyn Machine| {
        is_plain(word)
            && machine.home_of(word).is_some()
            && !is_in_path(word, environment.path(), machine)
    };
    if !USERS.contains(&word) && !machine.is_some_and(is_user) {
        return None;
    }
    let span = entry.command.start..entry.command.start + word.len();
    let message = format!(
        "{} looks like the user of a system crontab, and is taken for the command",
        quoted(word)
    );
    let problem = warning(file, "user_column", span, message);
    Some(problem.help("a user's crontab has no such column; `--system` reads one that has"))
}

/// A program named without its directory that cron's PATH does not have. Only the first one is looked for:
/// whether others run may depend on whether they are there.
fn missing_program(
    file: TabFile<'_>,
    entry: &Entry,
    environment: &Environment,
    machine: &dyn Machine,
) -> Option<Diagnostic> {
    let command = &file.text[entry.command.clone()];
    if command.starts_with('/') {
        // As most are: a program with its directory, and whether more runs may depend on it.
        return None;
    }
    let end = percent::first_percent(command).unwrap_or(command.len());
    let commands = script::commands(&command[..end]);
    let preparations = commands
        .iter()
        .take_while(|command| command.is_preparation());
    let certain = commands.iter().take(preparations.count() + 1);
    let named = certain
        .filter(|command| !command.is_builtin())
        .map(script::SimpleCommand::program)
        .filter(|program| is_plain(program) && !program.contains('/'));
    let path = environment.path();
    let program = named
        .into_iter()
        .find(|program| !is_in_path(program, path, machine))?;
    // It is a slice of the command: the difference of addresses would do, but this says it in words.
    let at = entry.command.start + command.find(program)?;
    let whose = if environment.get("PATH").is_some() {
        "PATH"
    } else {
        "cron's PATH"
    };
    let message = format!(
        "program {} is not in {whose}, {}",
        quoted(program),
        quoted(path)
    );
    let problem = warning(file, "program_not_found", at..at + program.len(), message);
    let found = ELSEWHERE
        .iter()
        .map(|directory| Path::new(directory).join(program))
        .find(|path| machine.is_program(path));
    Some(problem.help(match found {
        Some(path) => format!("write `{}`, or set PATH above", path.display()),
        None => "write its whole path, or set PATH above".to_owned(),
    }))
}

fn is_in_path(program: &str, path: &str, machine: &dyn Machine) -> bool {
    let mut directories = path
        .split(':')
        .filter(|directory| directory.starts_with('/'));
    directories.any(|directory| machine.is_program(&Path::new(directory).join(program)))
}
