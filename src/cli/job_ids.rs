//! `rsched __jobs WORDS…`: the ids that a shell offers where a job is to be named. Not a command for people.
//!
//! They come from the running scheduler that the words on the command line mean, else from the jobs file.
//! Whatever goes wrong, nothing is offered, and nobody waits long.

use super::control_args::SchedulerArgs;
use super::exit_code::ExitCode;
use super::jobs_files;
use super::running::Running;
use super::terminal;
use crate::sys::clock;
use crate::time::ZoneDatabase;
use serde_json::Value;
use std::path::PathBuf;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

/// The first argument that leads here.
pub(super) const COMMAND: &str = "__jobs";

/// A person waits at the keyboard.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) fn main(words: impl Iterator<Item = String>) -> ExitCode {
    let args = which(words);
    let (sender, ids) = channel();
    let asked = thread::Builder::new().spawn(move || {
        let found = of_scheduler(&args).unwrap_or_else(|| of_file(&args));
        // Nobody may be waiting any more.
        _ = sender.send(found);
    });
    let ids = asked.ok().and_then(|_| ids.recv_timeout(PATIENCE).ok());
    let text: String = ids.into_iter().flatten().map(|id| id + "\n").collect();
    terminal::print(text.as_bytes())
}

/// Which scheduler the words mean, as far as they are written.
fn which(words: impl Iterator<Item = String>) -> SchedulerArgs {
    let mut args = SchedulerArgs {
        socket: std::env::var_os("RSCHED_SOCKET").map(PathBuf::from),
        file: None,
        state_dir: None,
        name: None,
    };
    let mut words = words.peekable();
    // There it is "follow".
    let is_follow = words.peek().is_some_and(|word| word == "logs");
    while let Some(word) = words.next() {
        let (option, value) = match word.split_once('=') {
            Some((option, value)) => (option.to_owned(), Some(value.to_owned())),
            None => (word, None),
        };
        let slot = match option.as_str() {
            "--socket" => &mut args.socket,
            "-f" if is_follow => continue,
            "-f" | "--file" => &mut args.file,
            "--state-dir" => &mut args.state_dir,
            "--name" => {
                args.name = value.or_else(|| words.next());
                continue;
            }
            _ => continue,
        };
        *slot = value.or_else(|| words.next()).map(PathBuf::from);
    }
    args
}

fn of_scheduler(args: &SchedulerArgs) -> Option<Vec<String>> {
    let running = Running::find_if_any(args).ok()??;
    let jobs: Vec<Value> = running.get("/jobs").ok()?;
    let ids = jobs.iter().filter_map(|job| job["id"].as_str());
    Some(ids.map(str::to_owned).collect())
}

fn of_file(args: &SchedulerArgs) -> Vec<String> {
    let Some(file) = args.file.clone().or_else(jobs_files::found) else {
        return Vec::new();
    };
    let zones = ZoneDatabase::system();
    let read = jobs_files::read(vec![file], None, &zones, clock::read().wall);
    let jobs = read.map(|read| read.file.jobs).unwrap_or_default();
    jobs.iter().map(|job| job.id.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_on_the_command_line_say_which_scheduler_is_meant() {
        let which = |line: &str| which(line.split(' ').map(str::to_owned));
        let args = which("trigger --socket=/run/s -f jobs.toml ba");
        assert_eq!(args.socket, Some("/run/s".into()));
        assert_eq!(args.file, Some("jobs.toml".into()));
        assert_eq!(which("logs -f ba").file, None);
        let args = which("show --state-dir d --name n -f");
        assert_eq!(
            (args.state_dir, args.name),
            (Some("d".into()), Some("n".to_owned()))
        );
        assert_eq!(args.file, None);
    }
}
