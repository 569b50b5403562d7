//! `rsched import`: another scheduler's file as a jobs file.

use super::args::{ImportArgs, ImportKind};
use super::exit_code::ExitCode;
use super::jobs_files;
use super::terminal::{self, complain};
use crate::config::FileFormat;
use crate::daemon::JobsSource;
use crate::sys::clock;
use crate::time::ZoneDatabase;

pub(super) fn import(args: &ImportArgs) -> ExitCode {
    match args.kind {
        ImportKind::Crontab => crontab(args),
    }
}

fn crontab(args: &ImportArgs) -> ExitCode {
    if args.file.is_dir() {
        let name = args.file.display();
        complain(&format_args!(
            "`{name}` is a directory: import its files one by one"
        ));
        return ExitCode::Usage;
    }
    let format = match FileFormat::of(&args.file) {
        _ if args.system => FileFormat::SystemCrontab,
        // Whatever it is called, it is said to be a crontab.
        FileFormat::Toml => FileFormat::Crontab,
        format => format,
    };
    let mut source = JobsSource::new(vec![args.file.clone()], None).in_format(Some(format));
    match source.import_crontab(&ZoneDatabase::system(), clock::read().wall) {
        Ok(imported) => {
            jobs_files::show(&imported.warnings, &imported.sources);
            terminal::print(imported.toml.as_bytes())
        }
        Err(rejected) => jobs_files::complain_about(&rejected),
    }
}
