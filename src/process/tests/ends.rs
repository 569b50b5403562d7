//! How runs end, and that nothing of them is left over.

use super::*;
use crate::sys::mounts;

#[test]
fn all_exit_codes_are_recorded_though_they_come_at_once() {
    let sandbox = Sandbox::new();
    let mut children: Vec<Child> = (0..256)
        .map(|code| {
            spawn(
                &sandbox.shell(&format!("exit {code}")),
                OutputTarget::Discard,
            )
            .unwrap()
        })
        .collect();
    for (code, child) in (0..).zip(&mut children) {
        let exit = reaped(child);
        assert_eq!(
            (exit.code, exit.signal, exit.core_dumped),
            (Some(code), None, false)
        );
        assert!(exit.usage.unwrap().peak_memory_bytes > 0);
    }
}

#[test]
fn every_signal_that_can_end_a_process_is_recorded() {
    // CHLD CONT STOP TSTP TTIN TTOU URG WINCH do not end one; 32 and 33 belong to the C library.
    let harmless = [17, 18, 19, 20, 21, 22, 23, 28, 32, 33];
    let sandbox = Sandbox::new();
    for signal in (1..=64).filter(|signal| !harmless.contains(signal)) {
        let mut child = spawn(
            &sandbox.shell(&format!("ulimit -c 0; kill -{signal} $$")),
            OutputTarget::Discard,
        )
        .unwrap();
        let exit = reaped(&mut child);
        assert_eq!(
            (exit.code, exit.signal, exit.core_dumped),
            (None, Some(signal), false)
        );
    }
}

#[test]
fn the_core_flag_says_whether_a_core_was_left() {
    // Where cores go to a program, or to another directory, there is nothing to compare with.
    if fs::read_to_string("/proc/sys/kernel/core_pattern")
        .unwrap()
        .contains(['/', '|'])
    {
        return;
    }
    let sandbox = Sandbox::new();
    let ended = sandbox.run(&sandbox.shell("ulimit -c unlimited 2>/dev/null; kill -QUIT $$"));
    let left = fs::read_dir(sandbox.0.path())
        .unwrap()
        .any(|entry| entry.unwrap().file_name().as_bytes().starts_with(b"core"));
    assert_eq!((ended.exit.signal, ended.exit.core_dumped), (Some(3), left));
}

#[test]
fn what_ignores_sigterm_is_killed_and_its_children_with_it() {
    let sandbox = Sandbox::new();
    let (mut child, mut reader) =
        sandbox.start(&sandbox.shell("trap '' TERM; sleep 1000 & echo $!; exec sleep 1000"));
    let grandchild = Pid::from_raw(reader.line().parse().unwrap());
    let identity = ProcessIdentity::of(grandchild).unwrap();
    let watched = Pidfd::open_identified(&identity).unwrap().unwrap();
    assert!(child.terminate_group(Signal::SIGTERM).unwrap());
    assert_eq!(child.try_reap().unwrap(), None);
    assert!(identity.is_alive().unwrap());
    assert!(child.terminate_group(Signal::SIGKILL).unwrap());
    // The pipe ends when the last process that has it open is gone.
    reader.read_to_end();
    let exit = reaped(&mut child);
    assert_eq!((exit.code, exit.signal), (None, Some(9)));
    wait_for(&watched);
    assert!(!identity.is_alive().unwrap());
    assert_eq!(child.try_reap().unwrap(), Some(exit));
    assert!(
        !child.terminate_group(Signal::SIGKILL).unwrap(),
        "nothing is signalled after reaping"
    );
}

#[test]
fn the_group_can_be_killed_while_its_dead_leader_is_unreaped() {
    let sandbox = Sandbox::new();
    let (mut child, mut reader) =
        sandbox.start(&sandbox.shell("(trap '' TERM; echo ready; exec sleep 1000) & wait"));
    assert_eq!(reader.line(), "ready");
    child.terminate_group(Signal::SIGTERM).unwrap();
    wait_for(&child.descriptor().unwrap());
    assert_eq!(child.ended().unwrap().unwrap().signal, Some(15));
    assert!(child.terminate_group(Signal::SIGKILL).unwrap());
    reader.read_to_end();
    assert_eq!(reaped(&mut child).signal, Some(15));
}

#[test]
fn a_stopped_job_is_terminated_too() {
    let sandbox = Sandbox::new();
    let (mut child, _reader) = sandbox.start(&sandbox.shell("kill -STOP $$; exec sleep 1000"));
    while !ProcessStat::read(child.pid().unwrap())
        .unwrap()
        .is_stopped()
    {
        std::thread::yield_now();
    }
    child.terminate_group(Signal::SIGTERM).unwrap();
    assert_eq!(reaped(&mut child).signal, Some(15));
}

#[test]
fn a_run_ends_with_its_process_though_a_survivor_keeps_the_pipe() {
    let sandbox = Sandbox::new();
    nix::unistd::mkfifo(&sandbox.path("go"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let (mut child, mut reader) =
        sandbox.start(&sandbox.shell("(setsid sh -c 'read x < go; echo late') & echo early"));
    assert_eq!(reaped(&mut child).code, Some(0));
    assert_eq!(reader.line(), "early");
    fs::write(sandbox.path("go"), "\n").unwrap();
    assert_eq!(reader.read_to_end(), b"late");
}

#[test]
fn nothing_is_left_over_after_two_hundred_starts() {
    alone(
        "ends::nothing_is_left_over_after_two_hundred_starts",
        || {
            let sandbox = Sandbox::new();
            let mut good = sandbox.shell("echo x");
            good.stdin = Stdin::Text(b"text".to_vec());
            sandbox.script("plain", "no script\n", 0o755);
            let mut bad = [sandbox.direct(&["./plain"]), sandbox.direct(&["none"])];
            bad[0].stdin = Stdin::Text(b"text".to_vec());
            mounts::watch();
            let before = descriptors::count_open().unwrap();
            for _ in 0..100 {
                assert_eq!(sandbox.run(&good).exit.code, Some(0));
                for launch in &bad {
                    failure(launch);
                }
                let pipe = OutputPipe::create(sandbox.0.path(), "unused").unwrap();
                assert!(spawn(&bad[0], OutputTarget::Pipe(pipe.path())).is_err());
                pipe.remove().unwrap();
            }
            assert_eq!(descriptors::count_open().unwrap(), before);
            let any = nix::sys::wait::waitpid(None, Some(nix::sys::wait::WaitPidFlag::WNOHANG));
            assert_eq!(any, Err(Errno::ECHILD), "no zombie is left");
            assert_eq!(
                fs::read_dir(sandbox.0.path()).unwrap().count(),
                1,
                "only the script"
            );
        },
    );
}

#[test]
fn nothing_is_left_of_a_process_that_is_abandoned() {
    let sandbox = Sandbox::new();
    let child = spawn(&sandbox.direct(&["sleep", "1000"]), OutputTarget::Discard).unwrap();
    let pid = child.pid().unwrap();
    child.abandon();
    // No zombie either.
    assert_eq!(nix::sys::wait::waitpid(pid, None), Err(Errno::ECHILD));
}

#[test]
fn an_adopted_process_is_stopped_like_our_own_and_tells_how_it_ended() {
    let sandbox = Sandbox::new();
    let script = "trap 'exit 7' TERM; echo ready; sleep 1000 & wait";
    let (mut child, mut reader) = sandbox.start(&sandbox.shell(script));
    assert_eq!(reader.line(), "ready");
    let identity = ProcessIdentity::of(child.pid().unwrap()).unwrap();
    let mut adopted = Child::adopt(&identity).unwrap().unwrap();
    assert_eq!(adopted.try_reap().unwrap(), None);
    assert!(adopted.terminate_group(Signal::SIGTERM).unwrap());
    wait_for(&adopted.descriptor().unwrap());
    // It is unreaped: the zombie tells.
    assert_eq!(adopted.try_reap().unwrap().unwrap().code, Some(7));
    assert_eq!(reaped(&mut child).code, Some(7));
    assert_eq!(
        Child::adopt(&identity).unwrap().map(drop),
        None,
        "it is gone"
    );
}
