//! `rsched exec`: one run in the foreground, as the scheduler would do it; with `--explain`, how its
//! surroundings differ from those here.

mod difference;

use super::args::ExecArgs;
use super::control_args::SchedulerArgs;
use super::exit_code::ExitCode;
use super::jobs_files;
use super::logs::push_visible;
use super::records;
use super::running::Running;
use super::terminal::{self, complain};
use crate::config::{Job, JobId, JobsFile};
use crate::daemon::{Foreground, ForegroundEnd, Inheritance, JobsSource, run_variables};
use crate::diagnostic::{escape, quoted};
use crate::process::{self, Exit};
use crate::scheduler::{Reason, RunId, RunKey, SpawnRequest, StoreId};
use crate::store::Summary;
use crate::sys::account::Login;
use crate::sys::passed_on::{PassedOn, set_umask};
use crate::sys::scratch::ScratchDirectory;
use crate::sys::signals::{self, Signals};
use crate::sys::trust::TrustPolicy;
use crate::sys::{clock, descriptors, orphans, random};
use difference::Difference;
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use std::fmt::Display;
use std::fs::File;
use std::io::{self, IsTerminal as _};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) fn exec(args: &ExecArgs) -> Result<ExitCode, ExitCode> {
    let broken = |error: io::Error| fail(ExitCode::InputOutput, &error);
    // As `rsched run` does, and for the same reasons.
    descriptors::mark_inherited_cloexec().map_err(broken)?;
    signals::reset_inherited().map_err(broken)?;
    let path = jobs_file(args)?;
    let (file, job) = find_job(args, &path)?;
    let past = records::past_of(&args.place, &file, &path, &job.id)?;
    let surroundings = Surroundings::of(args, &path)?;
    let request = request(job).map_err(broken)?;
    if args.explain {
        let variables = run_variables(&request, &past);
        let launch = surroundings
            .inheritance
            .launch(&request.job, &variables)
            .map_err(|why| fail(ExitCode::InvalidFile, &why))?;
        let difference = Difference::of(&request.job, &launch, &surroundings);
        return Ok(terminal::answer(ExitCode::Done, |out| {
            difference.write(out)
        }));
    }
    let end = run(&request, &past, &surroundings).map_err(broken)?;
    Ok(tell(&end, &request.job))
}

fn fail(code: ExitCode, why: &dyn Display) -> ExitCode {
    complain(why);
    code
}

/// The file named, else the usual one.
fn jobs_file(args: &ExecArgs) -> Result<PathBuf, ExitCode> {
    let named: Vec<PathBuf> = args.jobs_file.iter().cloned().collect();
    Ok(jobs_files::pick(&named)?.remove(0))
}

/// The job, of a file that is as trustworthy as `rsched run` wants it.
fn find_job(args: &ExecArgs, path: &Path) -> Result<(JobsFile, Arc<Job>), ExitCode> {
    let policy = TrustPolicy::of_this_process(args.trust_owner);
    let format = jobs_files::format(&args.file)?;
    let source = JobsSource::new(vec![path.to_owned()], Some(policy)).in_format(format);
    let read = source.finding_users().read(clock::read().wall);
    let read = read.map_err(|rejected| jobs_files::complain_about(&rejected))?;
    for reason in &read.distrust {
        complain(&format_args!("warning: {reason}"));
    }
    let (jobs, id) = (&read.file.jobs, args.id.as_str());
    let Some(job) = jobs.iter().find(|job| job.id.as_str() == id) else {
        let hint = jobs_files::did_you_mean(id, jobs);
        let (id, path) = (quoted(id), path.display());
        let why = format!("there is no job {id} in `{path}`{hint}");
        return Err(fail(ExitCode::Usage, &why));
    };
    let job = Arc::clone(job);
    Ok((read.file, job))
}

/// A run like one that was asked for, of a scheduler that knows no other.
fn request(job: Arc<Job>) -> io::Result<SpawnRequest> {
    let now = clock::read().wall;
    Ok(SpawnRequest {
        run: RunKey(1),
        run_id: RunId::of_request(StoreId(random::u128()?), &job.id, now, 1),
        attempt: 1,
        job,
        fire_time: now,
        reason: Reason::Manual,
    })
}

/// What the run has from its scheduler.
pub(super) struct Surroundings {
    inheritance: Inheritance,
    umask: Option<u32>,
    /// The scheduler that has them; none: those of this process.
    scheduler: Option<i32>,
}

impl Surroundings {
    fn of(args: &ExecArgs, path: &Path) -> Result<Self, ExitCode> {
        let which = SchedulerArgs {
            socket: None,
            file: Some(path.to_owned()).filter(|_| args.place.name.is_none()),
            state_dir: args.place.state_dir.clone(),
            name: args.place.name.clone(),
        };
        let mut found = Self {
            inheritance: Inheritance {
                environment: std::env::vars_os().collect(),
                login: Login::of_this_process(),
            },
            umask: None,
            scheduler: None,
        };
        // A file that is no file has no scheduler.
        let running = if path.exists() {
            Running::find_if_any(&which)?
        } else {
            None
        };
        let Some(running) = running else {
            return Ok(found);
        };
        let pid = running.scheduler()?.pid;
        match PassedOn::by(Pid::from_raw(pid)) {
            Ok(passed_on) => {
                found.inheritance.environment = passed_on.environment;
                found.umask = passed_on.umask;
                found.scheduler = Some(pid);
            }
            Err(error) => complain(&format_args!(
                "a scheduler runs this file, but its environment cannot be read, and this one's is taken: {error}"
            )),
        }
        Ok(found)
    }
}

fn run(
    request: &SpawnRequest,
    past: &Summary,
    surroundings: &Surroundings,
) -> io::Result<ForegroundEnd> {
    let asking = [
        Signal::SIGINT,
        Signal::SIGTERM,
        Signal::SIGQUIT,
        Signal::SIGHUP,
    ];
    let caught: Vec<Signal> = asking
        .into_iter()
        .filter(|&signal| !signals::is_ignored(signal))
        .chain([Signal::SIGCHLD])
        .collect();
    let signals = Signals::new(&caught)?;
    // As with the scheduler: without it those that left the group and lost their parent get away.
    drop(orphans::receive_orphans());
    let scratch = ScratchDirectory::new()?;
    if let Some(umask) = surroundings.umask {
        set_umask(umask);
    }
    let stdout = io::stdout();
    let mut raw = |bytes: &[u8]| bytes.to_vec();
    let mut terminal = TerminalText::default();
    let mut visible = |bytes: &[u8]| terminal.take(bytes).into_bytes();
    Foreground {
        request,
        past,
        inheritance: &surroundings.inheritance,
        directory: scratch.path(),
        out: File::from(stdout.as_fd().try_clone_to_owned()?),
        render: if stdout.is_terminal() {
            &mut visible
        } else {
            &mut raw
        },
        signals,
        say: &|message| complain(&escape(message)),
    }
    .run()
}

/// Says what the exit code does not, and ends as the run did.
fn tell(end: &ForegroundEnd, job: &Job) -> ExitCode {
    let id: &JobId = &job.id;
    let exit = match &end.exit {
        Ok(exit) => exit,
        Err(why) => {
            complain(&format_args!(
                "job `{id}` could not be started: {}",
                escape(why)
            ));
            die_if(end.interrupted);
            return ExitCode::No;
        }
    };
    if let Some(signal) = exit.signal.filter(|_| end.interrupted.is_none()) {
        let name = Signal::try_from(signal).map_or(String::new(), |name| format!(" ({name})"));
        let core = if exit.core_dumped {
            ", with a core dump"
        } else {
            ""
        };
        complain(&format_args!(
            "job `{id}` died of signal {signal}{name}{core}"
        ));
    }
    if end.is_outlived {
        complain(&"something that it started runs on; nobody reads its output any more");
    }
    if let Some(error) = &end.unwritten {
        complain(&format_args!("cannot write to standard output: {error}"));
        return ExitCode::InputOutput;
    }
    die_if(end.interrupted);
    ExitCode::OfRun(match *exit {
        Exit {
            code: Some(code), ..
        } => u8::try_from(code).unwrap_or(1),
        Exit {
            signal: Some(signal),
            ..
        } => u8::try_from(128 + signal).unwrap_or(1),
        _ => 1,
    })
}

/// Whoever waits for us is to see that we were interrupted, whatever the job made of that.
fn die_if(interrupted: Option<Signal>) {
    process::reap_orphans();
    if let Some(signal) = interrupted {
        signals::die_of(signal);
    }
}

/// Output on its way to a terminal, with everything made visible that would act on it.
#[derive(Default)]
struct TerminalText {
    /// The beginning of a character of which the rest has not come yet.
    begun: Vec<u8>,
}

impl TerminalText {
    fn take(&mut self, bytes: &[u8]) -> String {
        let mut all = std::mem::take(&mut self.begun);
        all.extend(bytes);
        if let Some(last) = all.utf8_chunks().last() {
            let rest = last.invalid();
            // Of what is no text at all the error has a length.
            if std::str::from_utf8(rest).is_err_and(|error| error.error_len().is_none()) {
                self.begun = rest.to_vec();
                all.truncate(all.len() - self.begun.len());
            }
        }
        let mut text = String::with_capacity(all.len());
        push_visible(&all, &mut text);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_that_comes_in_pieces_is_one() {
        let mut terminal = TerminalText::default();
        let mut all = String::new();
        for byte in "a\u{1b}é\u{1f600}\n".as_bytes() {
            all += &terminal.take(&[*byte]);
        }
        assert_eq!(all, "a\\u{1b}é\u{1f600}\n");
        assert_eq!(terminal.take(b"\xff\xc3"), "\\xff");
        assert_eq!(terminal.take(b"\xa9"), "é");
        assert_eq!(terminal.take(b"\xc3x"), "\\xc3x");
    }
}
