//! Whole jobs files: valid jobs whose schedules answer, or diagnostics that can be shown.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rsched::config::{FileText, JobId, load};
use rsched::diagnostic::{Diagnostic, Source};
use rsched_fuzz::{bounded_text, check_diagnostics, check_schedule, context, hash};

/// What begins the second of two files.
const NEXT_FILE: &str = "\n#---\n";

fuzz_target!(|text: &str| {
    let texts: Vec<_> = text.splitn(2, NEXT_FILE).collect();
    let files: Vec<_> = texts
        .iter()
        .zip(["jobs.toml", "more.toml"])
        .map(|(text, name)| FileText {
            name: name.to_owned(),
            directory: "/etc/rsched".into(),
            text: (*text).to_owned(),
        })
        .collect();
    let context = context();
    let loaded = bounded_text("a jobs file", text, || load(&files, &context));
    let has_errors = loaded.diagnostics.iter().any(Diagnostic::is_error);
    assert_eq!(loaded.jobs_file.is_none(), has_errors);
    let source = |file: &FileText| Source {
        name: file.name.clone(),
        text: file.text.clone(),
    };
    let sources: Vec<_> = files.iter().map(source).collect();
    check_diagnostics(&loaded.diagnostics, &sources);
    // A reload that changed nothing is known by this.
    assert_eq!(load(&files, &context), loaded);
    for job in loaded.jobs_file.iter().flat_map(|file| &file.jobs) {
        assert_eq!(JobId::parse(job.id.as_str()).as_ref(), Ok(&job.id));
        check_schedule(&job.schedule.spec, hash(text.as_bytes()));
    }
});
