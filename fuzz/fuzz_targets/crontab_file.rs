//! Whole crontabs, of a user and of the system: valid jobs or diagnostics, and a jobs file that fires
//! at the same times.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rsched::config::{
    FileFormat, FileText, FormattedText, JobsFile, import_crontab, load, load_formatted,
};
use rsched::diagnostic::{Diagnostic, Source};
use rsched_fuzz::{NOW, bounded, check_diagnostics, check_schedule, context, hash};

fuzz_target!(|text: &str| {
    for format in [FileFormat::Crontab, FileFormat::SystemCrontab] {
        check(text, format);
    }
});

fn check(text: &str, format: FileFormat) {
    let context = context();
    let file = FileText {
        name: "crontab".to_owned(),
        directory: "/somewhere".into(),
        text: text.to_owned(),
    };
    let files = [FormattedText { file, format }];
    let read = || load_formatted(&files, &context, None, Vec::new());
    let loaded = bounded("a crontab", text.len(), read);
    let has_errors = loaded.diagnostics.iter().any(Diagnostic::is_error);
    assert_eq!(loaded.jobs_file.is_none(), has_errors);
    let source = Source {
        name: "crontab".to_owned(),
        text: text.to_owned(),
    };
    check_diagnostics(&loaded.diagnostics, &[source]);
    let import = || import_crontab(&files[0], &context, None);
    let imported = bounded("an import", text.len(), import);
    assert_eq!(imported.toml.is_some(), loaded.jobs_file.is_some());
    let (Some(jobs), Some(toml)) = (loaded.jobs_file, imported.toml) else {
        return;
    };
    for job in &jobs.jobs {
        check_schedule(&job.schedule.spec, hash(text.as_bytes()));
    }
    let file = FileText {
        name: "jobs.toml".to_owned(),
        directory: "/somewhere".into(),
        text: toml,
    };
    let again = load(std::slice::from_ref(&file), &context);
    let Some(again) = again.jobs_file else {
        panic!("{:?}\n{}", again.diagnostics, file.text);
    };
    compare(&jobs, &again, &file.text);
}

/// What never fires is left out of a jobs file; all else fires as it did.
fn compare(crontab: &JobsFile, imported: &JobsFile, text: &str) {
    let fires = |file: &JobsFile| {
        let schedules = file.jobs.iter().map(|job| job.schedule.anchored(NOW));
        let firing = schedules.filter(|schedule| schedule.can_fire());
        let mut fires: Vec<_> = firing.map(|schedule| schedule.next_after(NOW)).collect();
        fires.sort();
        fires
    };
    assert_eq!(fires(crontab), fires(imported), "{text}");
    assert_eq!(fires(imported).len(), imported.jobs.len(), "{text}");
}
