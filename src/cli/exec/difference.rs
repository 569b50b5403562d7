//! How the surroundings of a job differ from those of the shell that asks.
//!
//! Of variables that anybody might keep a secret in, only the names are told.

use super::Surroundings;
use crate::cli::columns::write_pairs;
use crate::cli::terminal::write_note;
use crate::config::{Command, Job, Output, Stdin};
use crate::process::Launch;
use crate::sys::account::Login;
use crate::sys::passed_on::PassedOn;
use crate::time::duration;
use anstyle::Style;
use nix::unistd::{Pid, getegid, geteuid, getgroups};
use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal as _, Write};

/// Variables of which the value is told: where things are, and who and where one is.
const SHOWN: [&str; 9] = [
    "PATH", "HOME", "SHELL", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TERM",
];

/// What every shell sets for itself.
const OF_SHELLS: [&str; 4] = ["_", "SHLVL", "PWD", "OLDPWD"];

/// Names stand on lines of at most so many characters.
const WIDTH: usize = 76;

/// One thing, as the job has it and as it is here.
struct Thing {
    name: &'static str,
    job: String,
    /// None: the same, or nothing to compare it with.
    here: Option<String>,
}

/// All of it.
pub(super) struct Difference {
    job: String,
    things: Vec<Thing>,
    only_job: BTreeSet<String>,
    only_here: BTreeSet<String>,
    other: BTreeSet<String>,
    notes: Vec<String>,
}

impl Difference {
    pub fn of(job: &Job, launch: &Launch, surroundings: &Surroundings) -> Self {
        let here: BTreeMap<OsString, OsString> = env::vars_os().collect();
        let there = &launch.environment;
        let name = |name: &OsStr| name.to_string_lossy().into_owned();
        let is_listed = |it: &OsStr| {
            !SHOWN.iter().any(|shown| it == *shown) && !OF_SHELLS.iter().any(|its| it == *its)
        };
        let only = |one: &BTreeMap<OsString, OsString>, other: &BTreeMap<OsString, OsString>| {
            let keys = one.keys().filter(|key| !other.contains_key(*key));
            keys.filter(|key| is_listed(key))
                .map(|key| name(key))
                .collect()
        };
        let differs = |(key, value): &(&OsString, &OsString)| {
            is_listed(key) && here.get(*key).is_some_and(|here| here != *value)
        };
        let mut things = process_things(job, surroundings);
        things.extend(SHOWN.iter().map(|&name| {
            let value = |of: &BTreeMap<OsString, OsString>| {
                let value = of.get(OsStr::new(name));
                value.map_or("not set".to_owned(), |it| it.to_string_lossy().into_owned())
            };
            Thing {
                name,
                job: value(there),
                here: Some(value(&here)),
            }
        }));
        things.retain(|thing| thing.here.as_ref() != Some(&thing.job));
        Self {
            job: job.id.to_string(),
            things,
            only_job: only(there, &here),
            only_here: only(&here, there),
            other: there
                .iter()
                .filter(differs)
                .map(|(key, _)| name(key))
                .collect(),
            notes: notes(job, surroundings),
        }
    }

    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "job {}, and what is different in your shell:\n",
            self.job
        )?;
        let mut pairs = Vec::new();
        for thing in &self.things {
            pairs.push((thing.name, thing.job.clone()));
            pairs.extend(thing.here.clone().map(|here| ("  yours", here)));
        }
        write_pairs(out, &pairs)?;
        for (heading, names) in [
            ("variables that only the job has", &self.only_job),
            ("variables that only your shell has", &self.only_here),
            ("variables with another value", &self.other),
        ] {
            if !names.is_empty() {
                writeln!(out, "\n{heading}:")?;
                write_names(out, names)?;
            }
        }
        writeln!(out)?;
        for note in &self.notes {
            write_note(out, "", note, Style::new())?;
        }
        Ok(())
    }
}

fn write_names(out: &mut dyn Write, names: &BTreeSet<String>) -> io::Result<()> {
    let mut line = String::new();
    for name in names {
        let name = crate::diagnostic::escape(name);
        if !line.is_empty() && line.chars().count() + 1 + name.chars().count() > WIDTH {
            writeln!(out, " {line}")?;
            line.clear();
        }
        line.push(' ');
        line.push_str(&name);
    }
    writeln!(out, " {line}")
}

/// What holds for the process itself.
fn process_things(job: &Job, surroundings: &Surroundings) -> Vec<Thing> {
    let ours = PassedOn::by(Pid::this()).ok().and_then(|ours| ours.umask);
    let mask = |mask: Option<u32>| mask.map_or("unknown".to_owned(), |mask| format!("{mask:03o}"));
    let mut things = vec![
        Thing {
            name: "shell",
            job: match job.command {
                Command::Shell(_) => job.settings.shell.display().to_string(),
                Command::Program(_) => "none: the program is executed directly".to_owned(),
            },
            here: env::var("SHELL").ok(),
        },
        Thing {
            name: "directory",
            job: job.settings.cwd.display().to_string(),
            here: env::current_dir().ok().map(|it| it.display().to_string()),
        },
        Thing {
            name: "user",
            job: user(job).unwrap_or_else(us),
            here: Some(us()),
        },
        Thing {
            name: "umask",
            job: mask(job.settings.umask.or(surroundings.umask).or(ours)),
            here: Some(mask(ours)),
        },
        Thing {
            name: "stdin",
            job: match &job.settings.stdin {
                Stdin::Nothing => "nothing: it ends at once".to_owned(),
                Stdin::Text(text) => format!("{} bytes of the jobs file", text.len()),
                Stdin::File(path) => path.display().to_string(),
            },
            here: a_terminal(io::stdin().is_terminal()),
        },
        Thing {
            name: "output",
            job: output(job),
            here: a_terminal(io::stdout().is_terminal() || io::stderr().is_terminal()),
        },
        Thing {
            name: "session",
            job: "its own, without a terminal: no prompts, no window size, no Ctrl-C".to_owned(),
            here: None,
        },
    ];
    let more = [
        job.settings.nice.map(|nice| ("nice", nice.to_string())),
        job.settings.timeout.map(|timeout| {
            let (timeout, grace) = (
                duration::format(timeout),
                duration::format(job.settings.kill_after),
            );
            ("timeout", format!("{timeout}, and SIGKILL {grace} later"))
        }),
        limits(job).map(|limits| ("limits", limits)),
    ];
    things.extend(more.into_iter().flatten().map(|(name, job)| Thing {
        name,
        job,
        here: None,
    }));
    things
}

fn user(job: &Job) -> Option<String> {
    let account = job.settings.run_as.account()?;
    let mut groups = account.groups.clone();
    groups.sort_unstable();
    Some(who(&account.name, account.uid, account.gid, &groups))
}

fn us() -> String {
    let mut groups: Vec<u32> = getgroups()
        .unwrap_or_default()
        .into_iter()
        .map(nix::unistd::Gid::as_raw)
        .collect();
    groups.sort_unstable();
    let name = Login::of_this_process().name;
    who(&name, geteuid().as_raw(), getegid().as_raw(), &groups)
}

fn who(name: &str, uid: u32, gid: u32, groups: &[u32]) -> String {
    let others: Vec<String> = groups
        .iter()
        .filter(|&&group| group != gid)
        .map(u32::to_string)
        .collect();
    let others = if others.is_empty() {
        String::new()
    } else {
        format!(", groups {}", others.join(" "))
    };
    format!("{name} (uid {uid}, gid {gid}{others})")
}

fn a_terminal(is_terminal: bool) -> Option<String> {
    is_terminal.then(|| "a terminal".to_owned())
}

fn output(job: &Job) -> String {
    match &job.settings.output {
        Output::Inherit => "as here".to_owned(),
        Output::File(file) => format!("{}, stdout and stderr together", file.path.display()),
        _ => "a pipe, stdout and stderr together".to_owned(),
    }
}

fn limits(job: &Job) -> Option<String> {
    let limits = [
        ("cpu", job.settings.limits.cpu),
        ("memory", job.settings.limits.memory),
        ("files", job.settings.limits.files),
        ("processes", job.settings.limits.processes),
        ("core", job.settings.limits.core),
    ];
    let set = limits
        .iter()
        .filter_map(|&(name, value)| Some(format!("{name} {}", value?)));
    let set: Vec<String> = set.collect();
    (!set.is_empty()).then(|| set.join(", "))
}

fn notes(job: &Job, surroundings: &Surroundings) -> Vec<String> {
    let from = match surroundings.scheduler {
        Some(pid) => format!("a scheduler runs this file (pid {pid}): what its jobs inherit is its own"),
        None => "no scheduler of this file was found: what its jobs would inherit is taken from here, and another one's \
                 may be different (a service has few variables)"
            .to_owned(),
    };
    let inherits = !job.settings.clear_env;
    let cleared = "the environment is made anew (clear_env): nothing is inherited".to_owned();
    let mut notes = vec![if inherits { from } else { cleared }];
    if let Some(path) = &job.settings.env_file {
        let path = path.display();
        notes.push(format!(
            "what is in `{path}` is added when it runs, and not compared here"
        ));
    }
    notes.push(
        "aliases, functions, unexported variables and what ~/.profile or ~/.bashrc set up never reach a job"
            .to_owned(),
    );
    notes
}
