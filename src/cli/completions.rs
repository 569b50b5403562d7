//! `rsched completions SHELL`: made from the one definition of the command line, with the ids of jobs
//! where a job is to be named: those are asked for (`job_ids`) while the user types.

use super::args::{Cli, CompletionsArgs};
use super::exit_code::ExitCode;
use super::{job_ids, terminal};
use clap::{Arg, Command, CommandFactory as _};
use clap_complete::Shell;
use std::fmt::Write as _;

/// How positional arguments are called in the definition that name jobs which exist.
const NAMES_OF_JOBS: [&str; 3] = ["id", "ids", "what"];

/// Commands that have one called so for something else: the id of a new job, an expression, a file before it.
const OF_OTHERS: [&str; 4] = ["add", "exec", "explain", "next"];

pub(super) fn completions(args: &CompletionsArgs) -> ExitCode {
    let mut script = Vec::new();
    let mut definition = Cli::command();
    clap_complete::generate(args.shell, &mut definition, "rsched", &mut script);
    let script = String::from_utf8_lossy(&script);
    let script = match args.shell {
        Shell::Bash => bash(&script, &definition),
        Shell::Zsh => zsh(&script),
        Shell::Fish => fish(&script, &definition),
        _ => script.into_owned(),
    };
    terminal::print(script.as_bytes())
}

/// The commands that are about a job that exists.
fn commands(definition: &Command) -> Vec<&Command> {
    let names_job = |arg: &Arg| NAMES_OF_JOBS.contains(&arg.get_id().as_str());
    let about_a_job = |command: &&Command| {
        !OF_OTHERS.contains(&command.get_name()) && command.get_positionals().any(names_job)
    };
    definition.get_subcommands().filter(about_a_job).collect()
}

fn names(definition: &Command, separator: &str) -> String {
    let names: Vec<_> = commands(definition)
        .iter()
        .map(|it| it.get_name())
        .collect();
    names.join(separator)
}

/// The options behind which something else than a job is written.
fn options(definition: &Command) -> String {
    let mut options: Vec<String> = Vec::new();
    for command in commands(definition) {
        let valued = command
            .get_opts()
            .filter(|arg| arg.get_action().takes_values());
        for arg in valued {
            options.extend(arg.get_long().map(|long| format!("--{long}")));
            options.extend(arg.get_short().map(|short| format!("-{short}")));
        }
    }
    options.sort();
    options.dedup();
    // As patterns of a word and an option, without extglob: it need not be on.
    let patterns: Vec<_> = options
        .iter()
        .map(|option| format!("*\" {option}\""))
        .collect();
    patterns.join("|")
}

fn bash(script: &str, definition: &Command) -> String {
    let (commands, options) = (names(definition, "|"), options(definition));
    let ask = job_ids::COMMAND;
    let mut script = script.replace("complete -F _rsched ", "complete -F _rsched_with_jobs ");
    // Writing to a String cannot fail. In logs -f is no option with a value.
    _ = write!(
        script,
        r#"
_rsched_with_jobs() {{
    _rsched "$@"
    local cur="${{COMP_WORDS[COMP_CWORD]}}" prev="${{COMP_WORDS[COMP_CWORD-1]}}"
    [[ "${{cur}}" == -* ]] && return
    case "${{COMP_WORDS[1]}} ${{prev}}" in
        "logs -f") ;;
        {options}) return ;;
    esac
    case "${{COMP_WORDS[1]}}" in
        {commands})
            COMPREPLY=( $(compgen -W "$("${{COMP_WORDS[0]}}" {ask} "${{COMP_WORDS[@]:1:COMP_CWORD-1}}" 2>/dev/null)" -- "${{cur}}") )
            ;;
    esac
}}
"#
    );
    script
}

fn zsh(script: &str) -> String {
    let mut text = String::new();
    for line in script.lines() {
        let is_of_a_job = NAMES_OF_JOBS.iter().any(|name| {
            let begins = |start: &str| line.starts_with(&format!("'{start}{name} -- "));
            begins(":") || begins("::") || begins("*::")
        });
        if is_of_a_job && !line.contains("The new job") {
            text.push_str(&line.replace(":_default'", ":_rsched_jobs'"));
        } else {
            text.push_str(line);
        }
        text.push('\n');
    }
    let ask = job_ids::COMMAND;
    let function = format!(
        "_rsched_jobs() {{\n    local -a jobs\n    \
         jobs=(${{(f)\"$(_call_program jobs rsched {ask} ${{(q)words[1,-2]}} 2>/dev/null)\"}})\n    \
         compadd -a jobs\n}}\n\n"
    );
    // Before the first function of its own.
    match text.find("\n_rsched() {") {
        Some(at) => text.insert_str(at + 1, &function),
        None => text.push_str(&function),
    }
    text
}

fn fish(script: &str, definition: &Command) -> String {
    let (commands, ask) = (names(definition, " "), job_ids::COMMAND);
    format!(
        "{script}complete -c rsched -n \"__fish_rsched_using_subcommand {commands}\" -f -a \
         \"(rsched {ask} (commandline -opc)[2..] 2>/dev/null)\"\n"
    )
}
