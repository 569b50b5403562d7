//! Commands against a scheduler whose process is stopped: they say so at once, and nothing comes of them later. One
//! that hangs is waited for.

use crate::sandbox::Sandbox;
use crate::scheduler::Scheduler;
use nix::sys::signal::Signal;
use std::os::unix::net::UnixListener;

const JOBS: &str = "[jobs.a]\ncron = '0 3 * * *'\ncommand = 'true'\n";

#[test]
fn whoever_asks_a_stopped_scheduler_is_told_so_and_nothing_is_done_when_it_goes_on() {
    let sandbox = Sandbox::new().jobs(JOBS);
    let scheduler = Scheduler::start(&sandbox);
    scheduler.suspend();
    let pid = scheduler.pid();
    let said = format!(
        "rsched: the scheduler at `{}` does not answer: its process, {pid}, is stopped\n\
         rsched: help: `kill -CONT {pid}` lets it go on; until then it starts nothing\n",
        sandbox.path().join("run/control.sock").display()
    );
    for question in [
        "status",
        "list",
        "show a",
        "show 68a97bd89fb8527f",
        "logs -f a",
        "logs -f a --run 68a9",
        "events",
        "events -f",
        "trigger a",
    ] {
        sandbox
            .run(question.split(' '))
            .stdout("")
            .stderr(&said)
            .code(69);
    }
    let also = "rsched: it was not asked: nothing comes of this later\n";
    for request in ["pause a", "pause --all", "shutdown", "reload", "kill a"] {
        sandbox
            .run(request.split(' '))
            .stdout("")
            .stderr(&format!("{said}{also}"))
            .code(69);
    }
    scheduler.signal(Signal::SIGCONT);
    let list = sandbox.run(["list"]);
    assert!(
        list.stdout.contains("\na    scheduled  "),
        "{}",
        list.stdout
    );
    list.stderr("").success();
    sandbox.run(["shutdown"]).stderr("").success();
    assert_eq!(scheduler.end(), Some(0));
}

#[test]
fn whoever_follows_a_run_of_a_scheduler_that_hangs_is_told_so_after_five_seconds() {
    let sandbox = Sandbox::new().jobs(JOBS);
    let socket = sandbox.path().join("hangs.sock");
    // Connections wait there for who never takes them up.
    let _hangs = UnixListener::bind(&socket).unwrap();
    let logs = sandbox.run(["logs", "-f", "a", "--socket", "hangs.sock"]);
    let said = "rsched: the scheduler at `hangs.sock` did not answer within 5 s\n";
    logs.stdout("").stderr(said).code(69);
}
