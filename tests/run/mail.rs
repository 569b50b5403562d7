//! What jobs print, as mails: seen by a sendmail that stores what it is handed.

use crate::scheduler::{FORGETFUL, Sandbox, Scheduler, eventually, is_root, open_sandbox};
use nix::sys::signal::Signal;
use nix::unistd::{User, geteuid, gethostname};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

/// Stores each mail as `mail.PID`, whole before it has that name, and whom it was run as and with what.
const STORE: &str = r#"name="${0%/*}/mails/$$"
{ printf 'called as %s: %s\n' "$(id -un)" "$*"; cat; } > "$name.part" && mv "$name.part" "$name.mail""#;

/// A sandbox with this file, and a sendmail that runs this script.
fn sandbox(name: &str, text: &str, script: &str) -> Sandbox {
    let sandbox = open_sandbox("");
    sandbox.write(name, text);
    let sendmail = format!("#!/bin/sh\n{script}\n");
    sandbox.write("sendmail", &sendmail);
    let executable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(sandbox.path("sendmail"), executable).unwrap();
    fs::create_dir(sandbox.path("mails")).unwrap();
    let everybody = fs::Permissions::from_mode(0o777);
    fs::set_permissions(sandbox.path("mails"), everybody).unwrap();
    sandbox
}

fn start(sandbox: &Sandbox, file: &str, options: &[&str]) -> Scheduler {
    let sendmail = sandbox.path("sendmail");
    let arguments = ["run", file, "--state-dir", "state", "--log-format", "json"];
    let mut command = sandbox.command(&[&arguments, options].concat());
    command.arg("--sendmail").arg(sendmail);
    Scheduler::start(&mut command)
}

/// The mails there are.
fn mails(sandbox: &Sandbox) -> Vec<String> {
    let entries = fs::read_dir(sandbox.path("mails")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let whole = paths.filter(|path| path.extension().is_some_and(|it| it == "mail"));
    let mut mails: Vec<_> = whole
        .map(|path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned())
        .collect();
    mails.sort();
    mails
}

fn body(mail: &str) -> &str {
    mail.split_once("\n\n").unwrap().1
}

fn header<'m>(mail: &'m str, name: &str) -> Vec<&'m str> {
    let (headers, _) = mail.split_once("\n\n").unwrap();
    let prefix = format!("{name}: ");
    let values = headers
        .lines()
        .filter_map(|line| line.strip_prefix(&prefix));
    values.collect()
}

fn says(line: &Value, part: &str) -> bool {
    line["message"].as_str().is_some_and(|it| it.contains(part))
}

fn mailed(scheduler: &mut Scheduler, job: &str) -> Value {
    scheduler.wait_for(&format!("mail of {job}"), |line| {
        says(line, &format!("of output of job \"{job}\" to "))
    })
}

/// The lines of that job's output that are in the log.
fn logged(seen: &[Value], job: &str) -> Vec<String> {
    let of_it = seen.iter().filter(|line| line["job_id"] == job);
    let lines = of_it.filter_map(|line| line["output"].as_str());
    lines.map(str::to_owned).collect()
}

fn user() -> String {
    User::from_uid(geteuid()).unwrap().unwrap().name
}

fn host() -> String {
    let host = gethostname().unwrap().into_string().unwrap();
    host.split('.').next().unwrap().to_owned()
}

#[test]
fn what_a_command_prints_is_mailed_with_crons_headers_and_not_logged() {
    let sandbox = sandbox(
        "tab",
        "A=b\nMAILTO=ops@example.org\n# id: a\n@reboot echo \"50\\%\"; echo to stderr >&2; printf '.\\n\\n\\377'\n",
        STORE,
    );
    let mut scheduler = start(&sandbox, "tab", &[]);
    let told = mailed(&mut scheduler, "a");
    assert!(
        says(
            &told,
            "Mailed 18 bytes of output of job \"a\" to ops@example.org"
        ),
        "{told}"
    );
    let mails = mails(&sandbox);
    let [mail] = &mails[..] else {
        panic!("{mails:?}");
    };
    let (user, host) = (user(), host());
    let login = User::from_uid(geteuid()).unwrap().unwrap();
    let end = scheduler
        .seen
        .iter()
        .find(|it| it["event"] == "job_executed");
    let end = end
        .cloned()
        .unwrap_or_else(|| scheduler.event("job_executed", "a"));
    let run = end["run_id"].as_str().unwrap().to_owned();
    let expected = format!(
        "called as {user}: -FCronDaemon -i -odi -oem -oi -t -f {user}\n\
         From: \"(Cron Daemon)\" <{user}>\n\
         To: ops@example.org\n\
         Subject: Cron <{user}@{host}> echo \"50%\"; echo to stderr >&2; printf '.\\n\\n\\377'\n\
         MIME-Version: 1.0\n\
         Content-Type: text/plain; charset=UTF-8\n\
         Content-Transfer-Encoding: 8bit\n\
         Auto-Submitted: auto-generated\n\
         Precedence: bulk\n\
         X-Cron-Env: <A=b>\n\
         X-Cron-Env: <HOME={home}>\n\
         X-Cron-Env: <LOGNAME={user}>\n\
         X-Cron-Env: <MAILTO=ops@example.org>\n\
         X-Cron-Env: <PATH=/usr/bin:/bin>\n\
         X-Cron-Env: <SHELL=/bin/sh>\n\
         X-Cron-Env: <USER={user}>\n\
         X-Rsched-Job: a\n\
         X-Rsched-Run: {run}\n\
         \n50%\nto stderr\n.\n\n\u{fffd}",
        home = login.dir.display()
    );
    assert_eq!(*mail, expected);
    assert_eq!(logged(&scheduler.stop(), "a"), [""; 0]);
    // The history has it all the same.
    let kept = sandbox
        .command(&["logs", "a", "--state-dir", "state"])
        .output();
    assert_eq!(kept.unwrap().stdout, b"50%\nto stderr\n.\n\n\xff");
}

#[test]
fn mails_go_where_the_crontab_says_at_each_line() {
    let sandbox = sandbox(
        "tab",
        "# id: default\n@reboot echo 1\n\
         MAILTO=a@example.org, b@example.org\nMAILFROM=cron@example.org\nCONTENT_TYPE=text/html\nCONTENT_TRANSFER_ENCODING=7bit\n\
         # id: several\n@reboot echo 2\n\
         # id: silent\n@reboot true\n\
         # id: failed\n@reboot echo 3; exit 4\n\
         # id: only-failures\n@reboot -n echo 5\n\
         # id: only-failures-failed\n@reboot -n echo 6; false\n\
         MAILTO=\"\"\n# id: nobody\n@reboot echo 7\n",
        STORE,
    );
    let mut scheduler = start(&sandbox, "tab", &[]);
    for _ in 0..4 {
        scheduler.wait_for("mail", |line| says(line, "Mailed 2 bytes"));
    }
    // MAILTO="" mails nothing, and nothing is lost.
    let log = scheduler.stop();
    assert_eq!(logged(&log, "nobody"), ["7"]);
    let mails = mails(&sandbox);
    let mut bodies: Vec<_> = mails.iter().map(|mail| body(mail)).collect();
    bodies.sort_unstable();
    assert_eq!(bodies, ["1\n", "2\n", "3\n", "6\n"]);
    let with = |text: &str| mails.iter().find(|mail| body(mail) == text).unwrap();
    assert_eq!(header(with("1\n"), "To"), [user()]);
    let several = with("2\n");
    assert_eq!(header(several, "To"), ["a@example.org, b@example.org"]);
    assert_eq!(
        header(several, "From"),
        ["\"(Cron Daemon)\" <cron@example.org>"]
    );
    assert_eq!(header(several, "Content-Type"), ["text/html"]);
    assert_eq!(header(several, "Content-Transfer-Encoding"), ["7bit"]);
    assert!(several.contains(" -t -f cron@example.org\n"), "{several}");
    let subject = header(with("3\n"), "Subject")[0];
    assert!(subject.ends_with("> echo 3; exit 4 (failed)"), "{subject}");
}

#[test]
fn a_job_of_a_jobs_file_mails_too_and_keeps_the_schedulers_environment_to_itself() {
    let sandbox = sandbox(
        "jobs.toml",
        &format!(
            "{FORGETFUL}[env]\nSECRET = 'x'\n\
             [jobs.a]\ncommand = ['printf', 'text']\noutput = {{ mail = 'ops@example.org' }}\n\
             [jobs.b]\ncommand = 'echo good'\noutput = {{ mail = true, only_failures = true }}\n\
             [jobs.c]\ncommand = 'echo bad; exit 1'\noutput = {{ mail = true, only_failures = true }}\n"
        ),
        STORE,
    );
    let mut scheduler = start(&sandbox, "jobs.toml", &[]);
    for _ in 0..2 {
        scheduler.wait_for("mail", |line| says(line, "Mailed "));
    }
    scheduler.stop();
    let mails = mails(&sandbox);
    assert_eq!(mails.len(), 2);
    let mail = mails.iter().find(|mail| body(mail) == "text").unwrap();
    let subject = format!("Cron <{}@{}> printf text", user(), host());
    assert_eq!(header(mail, "Subject"), [subject]);
    assert_eq!(header(mail, "X-Cron-Env"), [""; 0]);
    let mail = mails.iter().find(|mail| body(mail) == "bad\n").unwrap();
    assert_eq!(header(mail, "To"), [user()]);
}

#[test]
fn mail_of_another_user_is_sent_as_that_user() {
    if !is_root("becoming another user") {
        return;
    }
    let sandbox = sandbox("tab", "HOME=/\n# id: a\n@reboot nobody echo text\n", STORE);
    let mut scheduler = start(&sandbox, "tab", &["--system"]);
    mailed(&mut scheduler, "a");
    scheduler.stop();
    let mails = mails(&sandbox);
    assert!(mails[0].starts_with("called as nobody: "), "{mails:?}");
    assert_eq!(header(&mails[0], "To"), ["nobody"]);
    let from = "\"(Cron Daemon)\" <nobody>";
    assert_eq!(header(&mails[0], "From"), [from]);
}

#[test]
fn what_cannot_be_mailed_is_logged_with_the_reason() {
    let sandbox = sandbox(
        "tab",
        "# id: a\n@reboot printf 'one\\ntwo'\n",
        "echo 'queue is full' >&2; exit 75",
    );
    let mut scheduler = start(&sandbox, "tab", &[]);
    scheduler.wait_for("the first line", |line| line["output"] == "one");
    scheduler.wait_for("the second line", |line| line["output"] == "two");
    let log = scheduler.stop();
    let error = log.iter().find(|line| says(line, "cannot mail")).unwrap();
    assert_eq!(error["level"], "error");
    let message = error["message"].as_str().unwrap();
    let expected = format!(
        "cannot mail the output of job \"a\" to {}, so it is logged: `{}` exited with 75: queue is full",
        user(),
        sandbox.path("sendmail").display()
    );
    assert_eq!(message, expected);
    assert_eq!(logged(&log, "a"), ["one", "two"]);
}

#[test]
fn without_a_sendmail_output_is_logged_as_it_comes() {
    let sandbox = sandbox("tab", "# id: a\n@reboot echo text\n", STORE);
    for sendmail in ["off", "./not-there"] {
        let arguments = ["run", "tab", "--store", "memory", "--state-dir", "state"];
        let mut command = sandbox.command(&arguments);
        command.args(["--log-format", "json", "--sendmail", sendmail]);
        let mut scheduler = Scheduler::start(&mut command);
        scheduler.wait_for("the remark", |line| {
            says(
                line,
                "There is no sendmail: what is to be mailed is logged instead",
            )
        });
        scheduler.wait_for("output", |line| line["output"] == "text");
        scheduler.stop();
    }
    assert_eq!(mails(&sandbox), [""; 0]);
}

#[test]
fn a_sendmail_that_hangs_holds_up_nothing() {
    // More of them than are sent at once.
    let job = |n| format!("[jobs.m{n}]\ncommand = 'echo {n}'\noutput = 'mail'\n");
    let jobs = (0..6).map(job).collect::<Vec<_>>().concat();
    let ticking = "[jobs.tick]\ncommand = 'true'\ninterval = '100ms'\n";
    let script = "echo x >> ${0%/*}/called; cat; exec sleep 1000";
    let sandbox = sandbox("jobs.toml", &format!("{FORGETFUL}{jobs}{ticking}"), script);
    let mut scheduler = start(&sandbox, "jobs.toml", &[]);
    eventually("all are called that may be at once", || {
        sandbox.read("called").lines().count() == 4
    });
    for _ in 0..5 {
        scheduler.event("job_executed", "tick");
    }
    // It waits for the mails, but not for ever, and a second signal ends that.
    scheduler.signal(Signal::SIGTERM);
    scheduler.wait_for("waiting", |line| {
        says(line, "Handing over 6 mails, for 10 s at most")
    });
    scheduler.signal(Signal::SIGINT);
    assert_eq!(scheduler.end().code(), Some(0));
    let log = &scheduler.seen;
    for n in 0..6 {
        assert_eq!(logged(log, &format!("m{n}")), [n.to_string()]);
    }
    let why = "so it is logged: the scheduler stopped before it was taken";
    assert_eq!(log.iter().filter(|line| says(line, why)).count(), 6);
}

#[test]
fn of_a_flood_the_end_is_mailed_and_the_mail_says_so() {
    let sandbox = sandbox(
        "jobs.toml",
        &format!(
            "[history]\nkeep_output = 10\n{FORGETFUL}[jobs.a]\ncommand = 'head -c 3000000 /dev/zero; echo end'\noutput = 'mail'\n"
        ),
        STORE,
    );
    let mut scheduler = start(&sandbox, "jobs.toml", &[]);
    let end = scheduler.event("job_executed", "a");
    assert_eq!(end["output_bytes"], 3_000_004);
    if !scheduler.seen.iter().any(|line| says(line, "Mailed ")) {
        mailed(&mut scheduler, "a");
    }
    scheduler.stop();
    let mail = &mails(&sandbox)[0];
    let body = body(mail);
    let left_out = 3_000_004 - 1024 * 1024;
    let note = format!("[{left_out} bytes left out here]\n");
    assert!(body.starts_with(&note) && body.ends_with("\0end\n"));
    assert_eq!(body.len(), note.len() + 1024 * 1024);
}

#[test]
fn what_something_in_the_background_prints_after_the_end_is_logged() {
    let sandbox = sandbox("tab", "", STORE);
    sandbox.write(
        "tab",
        &format!(
            "HOME={}\n# id: a\n@reboot echo first; {{ read x < gate; echo late; }} &\n",
            sandbox.path("").display()
        ),
    );
    sandbox.make_gate("gate");
    let mut scheduler = start(&sandbox, "tab", &[]);
    mailed(&mut scheduler, "a");
    sandbox.open_gate("gate");
    scheduler.wait_for("what comes later", |line| line["output"] == "late");
    scheduler.stop();
    assert_eq!(body(&mails(&sandbox)[0]), "first\n");
}

#[test]
fn a_mail_of_a_run_whose_scheduler_died_has_the_rest_and_says_that_the_beginning_is_lost() {
    let sandbox = sandbox(
        "jobs.toml",
        "[jobs.a]\ncommand = 'echo early; read x < gate; echo late'\noutput = 'mail'\n\
         [jobs.b]\ncommand = 'echo early; read x < gate2; echo late'\noutput = 'mail'\n",
        STORE,
    );
    sandbox.make_gate("gate");
    sandbox.make_gate("gate2");
    let mut scheduler = start(&sandbox, "jobs.toml", &[]);
    for job in ["a", "b"] {
        scheduler.event("job_started", job);
    }
    let waits = |job: &str| {
        let (_, shown, _) = sandbox.output(&["show", job, "--state-dir", "state"]);
        shown.contains("running")
    };
    eventually("both run", || waits("a") && waits("b"));
    scheduler.signal(Signal::SIGKILL);
    scheduler.reap();
    // Meanwhile it was decided that `b` shall not mail any more.
    let text = sandbox.read("jobs.toml").replacen(
        "gate2; echo late'\noutput = 'mail'",
        "gate2; echo late'",
        1,
    );
    sandbox.write("jobs.toml", &text);
    let mut scheduler = start(&sandbox, "jobs.toml", &[]);
    scheduler.wait_for("the remark", |line| {
        says(
            line,
            "What this run of job \"a\" has printed until now is lost: its mail has the rest",
        )
    });
    sandbox.open_gate("gate");
    mailed(&mut scheduler, "a");
    sandbox.open_gate("gate2");
    scheduler.wait_for("output of b", |line| {
        line["output"] == "late" && line["job_id"] == "b"
    });
    scheduler.stop();
    let mails = mails(&sandbox);
    assert_eq!(mails.len(), 1);
    let body = body(&mails[0]);
    let note =
        "[rsched was started anew during this run: what had been printed until then is lost]\n";
    assert!(body.starts_with(note) && body.ends_with("late\n"), "{body}");
}
