//! Children that do what children of a scheduler should not do. Each is reported right, and nothing
//! of it is left: no zombie, no descriptor, no process that should be gone.

use crate::scheduler::{
    Sandbox, Scheduler, descriptors_of, eventually, is_alive, memory_of, works, zombies_of,
};
use nix::sys::signal::Signal;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;

/// What every process of a test is told, so that it can be found.
const MARK: &str = "NASTY_TEST";

/// A scheduler of jobs that run when they are asked to.
struct World {
    sandbox: Sandbox,
    scheduler: Scheduler,
    descriptors: usize,
    /// Resident, in KiB.
    memory: u64,
}

/// What a scheduler may weigh more, whatever its children did, in KiB: the log has buffers.
const MEMORY_ROOM: u64 = 8 * 1024;

impl World {
    /// Jobs by name: command, and other keys.
    fn new(jobs: &[(&str, &str, &str)]) -> Self {
        let sandbox = Sandbox::new("");
        let tables: Vec<String> = jobs
            .iter()
            .map(|(name, command, keys)| {
                format!("[jobs.{name}]\ncron = '0 0 1 1 *'\ncommand = '''{command}'''\n{keys}\n")
            })
            .collect();
        let mark = sandbox.path("").display().to_string();
        sandbox.write(
            "jobs.toml",
            &format!(
                "[scheduler]\nstore = 'memory'\nshutdown_timeout = 0\n[env]\n{MARK} = '{mark}'\n[defaults]\nkill_after = '200ms'\n{}",
                tables.concat()
            ),
        );
        let mut scheduler = sandbox.start();
        scheduler.started();
        // The first client and its thread.
        let mut world = Self {
            sandbox,
            scheduler,
            descriptors: 0,
            memory: 0,
        };
        world.ask("list");
        world.descriptors = descriptors_of(world.scheduler.pid());
        world.memory = memory_of(world.scheduler.pid());
        world
    }

    fn ask(&self, line: &str) {
        let mut arguments: Vec<&str> = line.split(' ').collect();
        arguments.extend(["--socket", "state/control.sock"]);
        let (code, _, stderr) = self.sandbox.output(&arguments);
        assert_eq!(code, Some(0), "{line}: {stderr}");
    }

    /// How a run of the job ended, once everything it should leave is gone.
    fn run(&mut self, job: &str) -> Value {
        self.ask(&format!("trigger {job}"));
        let end = self.end_of(job);
        self.leaves_nothing();
        end
    }

    fn end_of(&mut self, job: &str) -> Value {
        self.scheduler.wait_for(&format!("end of {job}"), |line| {
            line["job_id"] == job && line["outcome"].is_string()
        })
    }

    /// The living processes of all runs.
    fn survivors(&self) -> Vec<i32> {
        let mark = format!("{MARK}={}", self.sandbox.path("").display());
        let processes = fs::read_dir("/proc").unwrap();
        processes
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok()?.parse().ok())
            .filter(|pid| {
                let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
                let mut variables = environment.split(|&byte| byte == 0);
                variables.any(|variable| variable == mark.as_bytes()) && is_alive(*pid)
            })
            .collect()
    }

    fn leaves_nothing(&self) {
        eventually("no process survives", || self.survivors().is_empty());
        self.leaves_no_trace();
    }

    /// Survivors aside.
    fn leaves_no_trace(&self) {
        let pid = self.scheduler.pid();
        eventually("no zombie is left", || zombies_of(pid).is_empty());
        eventually("no descriptor is left", || {
            descriptors_of(self.scheduler.pid()) <= self.descriptors
        });
        let memory = memory_of(pid);
        assert!(
            memory <= self.memory + MEMORY_ROOM,
            "{} KiB became {memory} KiB",
            self.memory
        );
        eventually("no pipe is left", || {
            let mut pipes = fs::read_dir(self.sandbox.state().join("output")).unwrap();
            pipes.next().is_none() || !self.survivors().is_empty()
        });
    }
}

/// A shell that leaves two behind: one in a session of its own whose parent lives, and one that nobody's
/// parent lives of; and then does what else is said.
fn family(more: &str) -> String {
    format!(
        "setsid sh -c 'echo one; while :; do sleep 1000; done' & (setsid sh -c 'trap \"\" TERM; echo two; while :; do sleep 1000; done' &) ; {more}"
    )
}

#[test]
fn b14_who_left_the_group_goes_at_a_timeout() {
    let mut world = World::new(&[(
        "a",
        &family("wait; while :; do wait; done"),
        "timeout = '300ms'",
    )]);
    let end = world.run("a");
    assert_eq!(end["outcome"], "timed_out", "{end}");
    let said: BTreeSet<_> = world
        .scheduler
        .seen
        .iter()
        .filter_map(|line| line["output"].as_str())
        .collect();
    assert_eq!(
        said,
        BTreeSet::from(["one", "two"]),
        "or the test shows nothing"
    );
    world.scheduler.stop();
}

#[test]
fn b14_who_left_the_group_goes_with_a_kill_and_a_shutdown_and_lives_after_a_good_end() {
    let all = [
        ("asked", family("wait"), ""),
        ("good", family("until [ -e go ]; do sleep 0.01; done"), ""),
        ("shutdown", family("wait"), ""),
    ];
    let jobs: Vec<_> = all
        .iter()
        .map(|(name, command, keys)| (*name, command.as_str(), *keys))
        .collect();
    let mut world = World::new(&jobs);
    let both_are_there = |world: &mut World, job: &str| {
        world.ask(&format!("trigger {job}"));
        let lines = [world.scheduler.output(job), world.scheduler.output(job)];
        assert!(lines.contains(&"one".into()) && lines.contains(&"two".into()));
    };
    both_are_there(&mut world, "asked");
    world.ask("kill asked");
    assert_eq!(world.end_of("asked")["outcome"], "killed");
    world.leaves_nothing();

    both_are_there(&mut world, "good");
    world.sandbox.write("go", "");
    assert_eq!(world.end_of("good")["outcome"], "succeeded");
    let survivors = world.survivors();
    assert!(survivors.len() >= 2, "they live on: {survivors:?}");
    both_are_there(&mut world, "shutdown");
    world.scheduler.signal(Signal::SIGTERM);
    assert_eq!(world.end_of("shutdown")["outcome"], "killed");
    assert_eq!(world.scheduler.end().code(), Some(0));
    // Those of the run that ended well are nobody's business.
    eventually("only those of the good run are left", || {
        let left = world.survivors();
        left.iter().all(|pid| survivors.contains(pid))
    });
    assert!(!world.survivors().is_empty());
    for pid in world.survivors() {
        let pid = nix::unistd::Pid::from_raw(pid);
        // Gone meanwhile.
        let _ = nix::sys::signal::kill(pid, Signal::SIGKILL);
    }
}

#[test]
fn b12_b13_b15_who_ignores_is_stopped_or_changes_groups_is_stopped_all_the_same() {
    let mut world = World::new(&[
        (
            "deaf",
            r#"trap "" TERM HUP INT; while :; do sleep 1000; done"#,
            "timeout = '200ms'",
        ),
        (
            "stopped",
            "kill -STOP $$; while :; do sleep 1000; done",
            "timeout = '200ms'",
        ),
        (
            "groups",
            "set -m; sleep 1000 & sleep 1000 & wait",
            "timeout = '200ms'",
        ),
        (
            "forgetful",
            "env -i setsid sleep 1000 & wait",
            "timeout = '200ms'",
        ),
        (
            "spawner",
            r#"trap "" TERM; while :; do setsid sh -c 'trap "" TERM; sleep 5' & sleep 0.01; done"#,
            "timeout = '200ms'",
        ),
        ("suicidal", "kill -9 0", ""),
    ]);
    for (job, outcome, signal) in [
        ("deaf", "timed_out", Some(9)),
        ("stopped", "timed_out", Some(15)),
        ("groups", "timed_out", None),
        ("forgetful", "timed_out", Some(15)),
        ("spawner", "timed_out", Some(9)),
        ("suicidal", "failed", Some(9)),
    ] {
        let end = world.run(job);
        assert_eq!(end["outcome"], outcome, "{job}: {end}");
        if let Some(signal) = signal {
            assert_eq!(end["signal"], signal, "{job}: {end}");
        }
    }
    world.scheduler.stop();
}

#[test]
fn b11_h4_h5_h6_floods_huge_lines_and_bytes_that_are_no_text_leave_nothing() {
    let mut world = World::new(&[
        ("lines", "seq 1 100000", ""),
        ("long", "head -c 4000000 /dev/zero | tr '\\\\0' x", ""),
        ("huge", "head -c 100000000 /dev/zero", "output = 'discard'"),
        ("binary", "head -c 1000000 /dev/urandom", ""),
        ("closed", "exec >&- 2>&-; sleep 0.01", ""),
        ("kept", "(setsid sleep 0.2 &) ; exit 3", ""),
    ]);
    for (job, bytes, code) in [
        ("lines", 588_895, 0),
        ("long", 4_000_000, 0),
        ("huge", 100_000_000, 0),
        ("binary", 1_000_000, 0),
        ("closed", 0, 0),
        ("kept", 0, 3),
    ] {
        let end = world.run(job);
        assert_eq!(end["exit_code"], code, "{job}: {end}");
        // What a log has no room for just then is read after the end.
        assert!(
            end["output_bytes"].as_u64().unwrap() <= bytes,
            "{job}: {end}"
        );
    }
    let seen = &world.scheduler.seen;
    let said = |job: &'static str| {
        let lines = seen.iter().filter(move |line| line["job_id"] == job);
        lines.filter_map(|line| line["output"].as_str())
    };
    let length: usize = said("long").map(str::len).sum();
    assert_eq!(length, 4_000_000, "in pieces, and all of it");
    let numbers: Vec<_> = said("lines").collect();
    assert_eq!(numbers.len(), 100_000);
    assert!(
        numbers
            .iter()
            .zip(1..)
            .all(|(line, number)| *line == number.to_string())
    );
    world.scheduler.stop();
}

#[test]
fn b16_two_hundred_ends_at_once_are_all_told_right() {
    let tables: Vec<String> = (0..200)
        .map(|code| {
            format!(
                "[jobs.j{code}]\ncommand = 'until [ -e go ]; do sleep 0.05; done; exit {code}'\n"
            )
        })
        .collect();
    let sandbox = Sandbox::new(&format!(
        "[executors.default]\nmax_workers = 200\n{}",
        tables.concat()
    ));
    let mut scheduler = sandbox.start();
    for _ in 0..200 {
        scheduler.wait_for("start", |line| line["event"] == "job_started");
    }
    // All of them end before we look.
    scheduler.signal(Signal::SIGSTOP);
    sandbox.write("go", "");
    let pid = scheduler.pid();
    eventually("all of them have ended", || zombies_of(pid).len() == 200);
    scheduler.signal(Signal::SIGCONT);
    for _ in 0..200 {
        let end = scheduler.wait_for("end", |line| line["outcome"].is_string());
        let job = end["job_id"].as_str().unwrap();
        let code: u64 = job.strip_prefix('j').unwrap().parse().unwrap();
        assert_eq!(end["exit_code"], code, "{end}");
    }
    scheduler.stop();
}

/// The one child of `unshare --fork`, as it is known out here.
fn init_in(unshare: &Scheduler) -> nix::unistd::Pid {
    let children = format!("/proc/{0}/task/{0}/children", unshare.pid());
    let init = fs::read_to_string(children).unwrap();
    nix::unistd::Pid::from_raw(init.trim().parse().unwrap())
}

#[test]
fn b18_as_the_init_of_a_container_it_reaps_all_and_mistakes_none() {
    if !works("unshare", &["-Urpf", "--mount-proc", "true"]) {
        return;
    }
    // `orphans` leaves some behind that die when nobody is their parent any more, while `codes`
    // must be told right, and `zombies` has dead children of its own when it dies.
    let sandbox = Sandbox::new(
        "[jobs.orphans]\ninterval = '50ms'\ncommand = 'for i in 1 2 3 4 5; do (setsid sh -c \"sleep 0.0$i; exit 9\" &) ; done'\n\
         [jobs.codes]\ninterval = '20ms'\nmax_instances = 4\ncommand = 'exit 7'\n\
         [jobs.zombies]\ninterval = '50ms'\ncommand = 'true & sleep 0.01 & exec sleep 0.02'\n",
    );
    let mut command = sandbox.bare_command("unshare".as_ref());
    command
        .args(["-Urpf", "--mount-proc", "--kill-child"])
        .args([env!("CARGO_BIN_EXE_rsched"), "run", "jobs.toml"])
        .args(["--state-dir", "state", "--log-format", "json"]);
    let mut scheduler = Scheduler::start(&mut command);
    scheduler.started();
    let init = init_in(&scheduler);
    let mut descriptors = Vec::new();
    for _ in 0..6 {
        for _ in 0..30 {
            let end = scheduler.event("job_error", "codes");
            assert_eq!(end["exit_code"], 7, "{end}");
        }
        let found = zombies_of(init.as_raw());
        eventually("each of them is reaped", || {
            zombies_of(init.as_raw()).is_disjoint(&found)
        });
        descriptors.push(descriptors_of(init.as_raw()));
    }
    assert!(descriptors[5] <= descriptors[0] + 8, "{descriptors:?}");
    nix::sys::signal::kill(init, Signal::SIGTERM).unwrap();
    assert_eq!(scheduler.end().code(), Some(0));
    for line in &scheduler.seen {
        let failed = line["event"] == "job_error" && line["job_id"] != "codes";
        assert!(!failed, "{line}");
    }
}

#[test]
fn b18_a_standby_that_is_an_init_ends_when_it_is_told_to() {
    if !works("unshare", &["-Urpf", "--mount-proc", "true"]) {
        return;
    }
    let sandbox = Sandbox::new("[jobs.a]\ncron = '0 0 1 1 *'\ncommand = 'true'\n");
    let mut first = sandbox.start();
    first.started();
    let mut command = sandbox.bare_command("unshare".as_ref());
    command
        .args(["-Urpf", "--mount-proc", "--kill-child"])
        .args([env!("CARGO_BIN_EXE_rsched"), "run", "jobs.toml"])
        .args(["--state-dir", "state", "--wait-lock"]);
    let mut standby = Scheduler::start(&mut command);
    standby.wait_for("standing by", |line| {
        let text = line["message"].as_str();
        text.is_some_and(|text| text.contains("standing by"))
    });
    let init = init_in(&standby);
    nix::sys::signal::kill(init, Signal::SIGTERM).unwrap();
    assert_eq!(standby.end().code(), Some(0), "{:#?}", standby.seen);
    first.stop();
}

#[test]
fn b17_who_got_the_number_of_a_stopped_process_is_left_alone() {
    if !works(
        "unshare",
        &[
            "-Urpf",
            "--mount-proc",
            "sh",
            "-c",
            "echo 99 > /proc/sys/kernel/ns_last_pid",
        ],
    ) {
        return;
    }
    // A process that left the group dies of SIGTERM, and its number goes to one that has nothing to do with
    // it, before what is left of the run gets SIGKILL. All loops end with the test: unshare kills them.
    let sandbox = Sandbox::new(
        "[jobs.a]\nkill_after = '3s'\ncommand = \"setsid sh -c 'echo $$ > stray; exec sleep 1000' & trap '' TERM; until [ -s stray ]; do sleep 0.01; done; touch ready; while :; do sleep 1000; done\"\n",
    );
    sandbox.write(
        "orchestra",
        r#""$1" run jobs.toml --state-dir state 2> log &
        scheduler=$!
        until [ -e ready ]; do sleep 0.01; done
        stray=$(cat stray)
        kill -TERM $scheduler
        kill -INT $scheduler
        while kill -0 "$stray" 2> /dev/null; do sleep 0.01; done
        echo $((stray - 1)) > /proc/sys/kernel/ns_last_pid
        sleep 1000 &
        innocent=$!
        wait $scheduler
        kill -0 $innocent && echo lives
        [ $innocent = "$stray" ] && echo same
        "#,
    );
    let mut command = sandbox.bare_command("timeout".as_ref());
    command
        .args([
            "-s",
            "KILL",
            "60",
            "unshare",
            "-Urpf",
            "--mount-proc",
            "--kill-child",
        ])
        .args(["sh", "orchestra", env!("CARGO_BIN_EXE_rsched")]);
    let output = command.output().unwrap();
    let log = sandbox.read("log");
    assert!(log.contains("SIGKILL"), "{log}");
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said, "lives\nsame\n", "{log}");
}
