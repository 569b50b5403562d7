//! Whatever is given for a crontab: nothing panics, and every place is inside the text.

use super::*;
use proptest::prelude::*;

/// A crontab as people write them; cut everywhere below.
const REALISTIC: &str = "\u{feff}# täglich\r\nSHELL=/bin/bash\nPATH = \"/usr/bin:/bin\"\nMAILTO=''\nCRON_TZ=Asia/Tokyo\n\n\
# id: nightly\n# allow: both_days\n-*/5\t0-3,~ 1,L */2 fri#2,7 -n echo \"50\\%\" | mail joe%Joe,%%hi\n@every 90s x\n@reboot y & z";

fn check(text: &str) {
    for format in [FileFormat::Crontab, FileFormat::SystemCrontab] {
        let files = [("tab", text, format)];
        let loaded = load(&files);
        for problem in &loaded.diagnostics {
            let Some(place) = &problem.location else {
                continue;
            };
            assert!(text.get(place.span.clone()).is_some(), "{problem:?}");
        }
        drop(render_human(&loaded.diagnostics, &sources(&files), false));
        let has_error = loaded
            .diagnostics
            .iter()
            .any(crate::diagnostic::Diagnostic::is_error);
        assert_eq!(loaded.jobs_file.is_none(), has_error);
    }
}

#[test]
fn every_beginning_of_a_crontab_is_read_or_refused() {
    for (end, _) in REALISTIC.char_indices() {
        check(&REALISTIC[..end]);
    }
    check(REALISTIC);
}

#[test]
fn control_characters_in_comments_are_nobodys_business() {
    assert!(valid("# \u{1b}[2J \u{7}\n").is_empty());
}

#[test]
fn a_line_may_be_long_and_not_endless() {
    let long = format!("0 3 * * * echo {}\n", "x".repeat(60_000));
    assert_eq!(script(&job(&long)).len(), 60_005);
    let longer = format!("0 3 * * * echo {}\n", "x".repeat(70_000));
    assert!(refused(&longer).contains("[text_too_long]"));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text: String) {
        check(&text);
    }

    #[test]
    fn anything_like_a_crontab_is_read_or_refused(
        lines in prop::collection::vec(
            "([-]?[0-9*/,~H@L#?-]{0,4}[ \t]?){0,6}( root)? ?-?[nqs]{0,2} ?[a-z%\\\\$'\"(`+ {]{0,12}|[A-Z_]{0,8} ?=? ?['\"]?[a-z$~/# ]{0,8}['\"]?|# ?(id|allow): ?[a-z_]{0,9}|",
            0..6,
        ),
        end in prop::sample::select(vec!["\n", "\r\n", ""]),
    ) {
        check(&(lines.join(if end.is_empty() { "\n" } else { end }) + end));
    }
}
