//! Commands against a scheduler whose process is stopped: they say so at once, and nothing comes of them later.

use crate::sandbox::Sandbox;
use crate::scheduler::Scheduler;
use nix::sys::signal::Signal;

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
