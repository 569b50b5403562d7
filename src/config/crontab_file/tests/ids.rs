//! What entries are called.

use super::*;

fn ids(text: &str) -> Vec<String> {
    let jobs = accepted_as(text, FileFormat::Crontab).0;
    jobs.iter().map(|job| job.id.to_string()).collect()
}

#[test]
fn an_entry_keeps_its_id_when_other_lines_move() {
    let [backup, report] = &ids("0 1 * * * backup\n0 2 * * * report --all\n")[..] else {
        panic!("two jobs");
    };
    assert!(backup.starts_with("backup-") && report.starts_with("report-"));
    let moved = ids("A=1\n\n0 2 * * * report --all\n# later\n0 3 * * * new\n0 1 * * * backup\n");
    assert!(
        moved.contains(backup) && moved.contains(report),
        "{moved:?}"
    );
    assert!(!ids("0 1 * * * backup --fast\n").contains(backup));
}

#[test]
fn the_same_line_again_gets_a_number() {
    let found = ids("0 1 * * * backup\n0 1 * * * backup\n0 1 * * * backup\n");
    let first = found[0].clone();
    assert_eq!(
        found,
        [first.clone(), format!("{first}-2"), format!("{first}-3")]
    );
}

#[test]
fn the_same_line_in_two_files_gets_a_number_too() {
    let line = "0 1 * * * backup\n";
    let loaded = load(&[
        ("a", line, FileFormat::Crontab),
        ("b", line, FileFormat::Crontab),
    ]);
    assert_eq!(loaded.jobs_file.unwrap().jobs.len(), 2);
}

#[test]
fn a_comment_directly_above_names_the_entry() {
    let text = "# Nightly.\n# id: nightly\n# allow: same_job\n0 1 * * * backup\n";
    assert_eq!(ids(text), ["nightly"]);
}

#[test]
fn a_written_id_wins_over_a_generated_one_wherever_it_stands() {
    let generated = ids("0 1 * * * backup\n")[0].clone();
    let text = format!("0 1 * * * backup\n# id: {generated}\n0 2 * * * other\n");
    assert_eq!(ids(&text), [generated.clone(), format!("{generated}-2")]);
}

#[test]
fn an_id_that_names_no_entry_is_pointed_out() {
    for (text, place, why) in [
        (
            "# id: a\n\n0 1 * * * echo\n",
            "tab:1:7",
            "it is not directly above an entry",
        ),
        (
            "# id: a\nA=1\n0 1 * * * echo\n",
            "tab:1:7",
            "it is not directly above an entry",
        ),
        ("# id: a\n", "tab:1:7", "it is not directly above an entry"),
        (
            "# id: a\n# id: b\n0 1 * * * echo\n",
            "tab:1:7",
            "another one follows",
        ),
        (
            "# id: a/b\n0 1 * * * echo\n",
            "tab:1:7",
            "the job id `a/b` has the character",
        ),
    ] {
        let found = warned(text);
        let expected = format!("{place}: warning: this id is not used: {why}");
        assert!(found.starts_with(&expected), "{found}");
    }
}

#[test]
fn an_id_that_comes_twice_names_both_places() {
    let text = "# id: a\n0 1 * * * x\n# id: A\n0 2 * * * y\n";
    let found = refused(text);
    assert!(
        found.contains("tab:3:7: error: the ids `a` and `A` differ in upper and lower case only"),
        "{found}"
    );
    let files = [
        ("jobs.toml", "[jobs.a]\ncommand = 'x'\n", FileFormat::Toml),
        ("tab", "# id: a\n@daily x\n", FileFormat::Crontab),
    ];
    let found = render_human(&load(&files).diagnostics, &sources(&files), false);
    assert!(
        found.contains("tab:1:7") && found.contains("jobs.toml:1:7"),
        "{found}"
    );
}
