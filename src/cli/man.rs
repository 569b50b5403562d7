//! `rsched man`: the man page, made from the definition of the command line and the tables of the
//! program, so that it cannot say anything else than they do.

use super::args::Cli;
use super::exit_code::ExitCode;
use super::record_json::KEYS;
use super::terminal;
use clap::{Command, CommandFactory as _};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, italic, roman};
use std::io;

/// What signals do to `rsched run`.
const SIGNALS: [(&str, &str); 3] = [
    (
        "SIGTERM, SIGINT",
        "Stop. No run is started any more. Those that run may finish within shutdown_timeout, then get SIGTERM, \
         and SIGKILL after their kill_after. A second signal sends SIGTERM at once, a third SIGKILL.",
    ),
    (
        "SIGHUP",
        "Read the jobs files again. Jobs that did not change keep their place in time; what runs goes on. \
         If anything is wrong with the files, that is logged and the old jobs stay.",
    ),
    (
        "SIGUSR1",
        "Log the status of the scheduler and of every job.",
    ),
];

const ENVIRONMENT: [(&str, &str); 10] = [
    ("RSCHED_JOBS", "The jobs file where none is named."),
    (
        "RSCHED_SOCKET",
        "The control socket of the scheduler that commands talk to, as --socket.",
    ),
    (
        "XDG_CONFIG_HOME",
        "Where a user's jobs file is looked for; ~/.config without it.",
    ),
    (
        "STATE_DIRECTORY, XDG_STATE_HOME",
        "Where the lock lies, unless --state-dir says so: the first as it is (systemd sets it), \
         the second with rsched/NAME below it, ~/.local/state without it.",
    ),
    (
        "RUNTIME_DIRECTORY, XDG_RUNTIME_DIR",
        "The same for the control socket and the pipes that carry the output of jobs; /run/rsched/NAME as root, else the state directory without them.",
    ),
    (
        "TZ",
        "The machine's time zone: a name, a zone file or a POSIX rule; else /etc/localtime.",
    ),
    (
        "TZDIR",
        "The time zone database, if it is not at its usual place.",
    ),
    ("NO_COLOR", "Set and not empty: no colours."),
    (
        "NOTIFY_SOCKET, WATCHDOG_USEC",
        "Set by systemd; jobs do not get to see them.",
    ),
    (
        "PATH",
        "Where the programs of jobs are looked for, unless the jobs file sets another.",
    ),
];

/// What a job finds in its environment.
const OF_JOBS: [(&str, &str); 7] = [
    ("RSCHED_JOB_ID", "The job's id."),
    (
        "RSCHED_RUN_ID",
        "The run's id: one for each fire time of a job, and for each run that was asked for.",
    ),
    (
        "RSCHED_FIRE_TIME",
        "When the run was due, RFC 3339 in the job's zone.",
    ),
    ("RSCHED_ATTEMPT", "Which attempt of the run it is, from 1."),
    (
        "RSCHED_REASON",
        "Why it runs: scheduled, catchup, startup or manual.",
    ),
    (
        "RSCHED_LAST_OUTCOME",
        "The outcome of the job's last run, if there was one.",
    ),
    (
        "RSCHED_LAST_SUCCESS",
        "The fire time of the job's last run that succeeded, if there was one.",
    ),
];

const FILES: [(&str, &str); 7] = [
    (
        "$RSCHED_JOBS, ./jobs.toml, $XDG_CONFIG_HOME/rsched/jobs.toml, /etc/rsched/jobs.toml",
        "The jobs file: the first that exists, where none is named. The one taken is named on standard error.",
    ),
    (
        "/var/lib/rsched/NAME",
        "State directory of a scheduler that root runs.",
    ),
    (
        "~/.local/state/rsched/NAME",
        "State directory of a scheduler that anybody else runs.",
    ),
    (
        "store.sqlite",
        "In the state directory: the records. Commands read them while the scheduler writes them. \
         The files beside it with -wal and -shm behind that name are a part of it while they are there; \
         the one with .lock is held while a scheduler writes it.",
    ),
    (
        "store.sqlite.newest",
        "Beside the records: how far they had got a minute ago at most, or at the last stop. Records of a backup that was put back \
         are known by it, and the log says so at the start: such records do not know what ran since, so its fires are judged as backlog, \
         and those within misfire_grace_time run once more. A store that is empty although this file says that it was not is refused. It may be deleted; then an old copy goes unnoticed, and an empty file is taken for a new store.",
    ),
    (
        "lock",
        "In the state directory: held while the scheduler lives. It is never deleted, and need not be. \
         Where somebody removes or replaces it nothing is started any more. Unless it is put back the scheduler shuts down in a minute, with exit status 74, \
         or when another has taken it, with 75. \
         It keeps apart schedulers with one state directory. With two of them one jobs file runs twice: the second scheduler \
         warns of the first at its start, if that is one that commands find without being told where.",
    ),
    (
        "control.sock",
        "In the runtime directory: where the commands find the scheduler. It speaks HTTP and JSON, to its owner and root alone.",
    ),
];

pub(super) fn man() -> ExitCode {
    terminal::print(&page().expect("writing to a vector cannot fail"))
}

fn page() -> io::Result<Vec<u8>> {
    let mut cli = Cli::command().disable_help_subcommand(true);
    cli.build();
    let man = Man::new(cli.clone());
    let mut out = Vec::new();
    man.render_title(&mut out)?;
    man.render_name_section(&mut out)?;
    synopsis(&cli).to_writer(&mut out)?;
    man.render_description_section(&mut out)?;
    section("COMMANDS").to_writer(&mut out)?;
    for (name, command) in commands(&cli) {
        subcommand(&name, command.clone(), &mut out)?;
    }
    man.render_options_section(&mut out)?;
    exit_status().to_writer(&mut out)?;
    table("SIGNALS", &SIGNALS).to_writer(&mut out)?;
    table("ENVIRONMENT", &ENVIRONMENT).to_writer(&mut out)?;
    let mut of_jobs = Roff::new();
    of_jobs.text([roman(
        "Every run of a job has, beside the scheduler's environment and its own:",
    )]);
    rows(&mut of_jobs, &OF_JOBS);
    of_jobs.to_writer(&mut out)?;
    table("FILES", &FILES).to_writer(&mut out)?;
    let mut of_records = section("RECORDS AS JSON");
    of_records.text([roman(
        "With --format json, history, show and why print records with these keys. Each kind of record has \
         always the same keys, and none will ever mean anything else.",
    )]);
    rows(&mut of_records, &KEYS);
    of_records.to_writer(&mut out)?;
    examples(&cli).to_writer(&mut out)?;
    see_also().to_writer(&mut out)?;
    Ok(out)
}

fn section(heading: &str) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", [heading]);
    roff
}

/// What can be typed behind `rsched`; of a command with parts, its parts.
fn commands(cli: &Command) -> Vec<(String, &Command)> {
    let mut commands = Vec::new();
    for command in cli.get_subcommands() {
        let name = command.get_name();
        if command.has_subcommands() {
            let parts = command.get_subcommands();
            commands.extend(parts.map(|part| (format!("{name} {}", part.get_name()), part)));
        } else {
            commands.push((name.to_owned(), command));
        }
    }
    commands
}

fn synopsis(cli: &Command) -> Roff {
    let mut roff = section("SYNOPSIS");
    for (name, command) in commands(cli) {
        roff.text([
            bold(format!("rsched {name}")),
            roman(" "),
            italic(arguments(command)),
        ]);
        roff.control("br", []);
    }
    roff
}

/// `[OPTIONS] [FILE]...`
fn arguments(command: &Command) -> String {
    let usage = command.clone().render_usage().to_string();
    let words = usage.split_whitespace();
    words
        .skip_while(|word| *word != command.get_name())
        .skip(1)
        .collect::<Vec<_>>()
        .join(" ")
}

/// A command with its own options; those of every command stand in a section of their own.
fn subcommand(name: &str, command: Command, out: &mut Vec<u8>) -> io::Result<()> {
    let mut heading = Roff::new();
    heading.control(
        "SS",
        [format!("rsched {name} {}", arguments(&command)).as_str()],
    );
    heading.to_writer(out)?;
    let command = command.mut_args(|arg| {
        let is_common = arg.is_global_set() || arg.get_id() == "help";
        arg.hide(is_common)
    });
    let man = Man::new(command);
    without_heading(|section| man.render_description_section(section), out)?;
    without_heading(|section| man.render_options_section(section), out)
}

/// Appends a section as a part of the section before.
fn without_heading(
    render: impl FnOnce(&mut Vec<u8>) -> io::Result<()>,
    out: &mut Vec<u8>,
) -> io::Result<()> {
    let mut rendered = Vec::new();
    render(&mut rendered)?;
    let lines = rendered.split_inclusive(|&byte| byte == b'\n');
    out.extend(lines.filter(|line| !line.starts_with(b".SH ")).flatten());
    Ok(())
}

fn exit_status() -> Roff {
    let mut roff = section("EXIT STATUS");
    for code in ExitCode::ALL {
        roff.control("TP", []);
        roff.text([bold(code.number().to_string())]);
        roff.text([roman(code.meaning())]);
    }
    roff
}

fn table(heading: &str, entries: &[(&str, &str)]) -> Roff {
    let mut roff = section(heading);
    rows(&mut roff, entries);
    roff
}

fn rows(roff: &mut Roff, entries: &[(&str, &str)]) {
    for (term, text) in entries {
        roff.control("TP", []);
        roff.text([bold(*term)]);
        roff.text([roman(*text)]);
    }
}

/// The examples that `--help` shows, of all commands.
fn examples(cli: &Command) -> Roff {
    let mut roff = section("EXAMPLES");
    roff.control("EX", []);
    for (_, command) in commands(cli) {
        let help = command
            .get_after_help()
            .map(ToString::to_string)
            .unwrap_or_default();
        for example in help.lines().filter_map(|line| line.strip_prefix("  ")) {
            roff.text([roman(example)]);
        }
    }
    roff.control("EE", []);
    roff
}

fn see_also() -> Roff {
    let mut roff = section("SEE ALSO");
    roff.text([
        bold("rsched.toml"),
        roman("(5), "),
        bold("rsched-api"),
        roman("(7), "),
        bold("crontab"),
        roman("(5), "),
        bold("systemd.service"),
        roman("(5)"),
    ]);
    roff
}
