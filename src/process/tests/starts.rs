//! What starts, what does not, and in which words.

use super::*;

#[test]
fn what_is_wrong_is_told_apart_and_named() {
    let sandbox = Sandbox::new();
    let place = sandbox.0.path().display();
    let script = sandbox.script("plain", "echo hello\n", 0o755);
    let foreign = sandbox.script("foreign", "#!/no/such/shell -x\n", 0o755);
    sandbox.script("secret", "#!/bin/sh\n", 0o644);
    fs::create_dir(sandbox.path("folder")).unwrap();
    let in_directory = |cwd: PathBuf| Launch {
        cwd,
        ..sandbox.direct(&["true"])
    };
    let cases = [
        (
            in_directory(sandbox.path("none")),
            SpawnErrorKind::WorkingDirectoryMissing,
            format!("working directory `{place}/none` does not exist"),
        ),
        (
            in_directory(script.clone()),
            SpawnErrorKind::WorkingDirectoryNotADirectory,
            format!("working directory `{place}/plain` is not a directory"),
        ),
        (
            in_directory("relative".into()),
            SpawnErrorKind::Unspeakable,
            "working directory `relative` is relative, expected an absolute path".into(),
        ),
        (
            sandbox.direct(&["no-such-program"]),
            SpawnErrorKind::ProgramNotFound,
            "program `no-such-program` not found in PATH `/usr/bin:/bin`".into(),
        ),
        (
            sandbox.direct(&["/no/such"]),
            SpawnErrorKind::ProgramNotFound,
            "program `/no/such` not found: no such file or directory".into(),
        ),
        (
            sandbox.direct(&["./none"]),
            SpawnErrorKind::ProgramNotFound,
            format!("program `{place}/./none` not found: no such file or directory"),
        ),
        (
            sandbox.direct(&["./secret"]),
            SpawnErrorKind::PermissionDenied,
            format!(
                "cannot execute `{place}/./secret`: it is not executable for us (mode or noexec mount)"
            ),
        ),
        (
            sandbox.direct(&["./folder"]),
            SpawnErrorKind::PermissionDenied,
            format!("cannot execute `{place}/./folder`: it is a directory"),
        ),
        (
            sandbox.direct(&[script.to_str().unwrap()]),
            SpawnErrorKind::NotExecutableFormat,
            format!(
                "`{place}/plain` cannot be executed: it has no #! line; begin it with one, or run it as `sh FILE`"
            ),
        ),
        (
            sandbox.direct(&[foreign.to_str().unwrap()]),
            SpawnErrorKind::InterpreterMissing,
            format!("`{place}/foreign` is there, but its interpreter `/no/such/shell` is not"),
        ),
        (
            sandbox.direct(&[]),
            SpawnErrorKind::ProgramNotFound,
            "the command is empty, expected a program".into(),
        ),
        (
            sandbox.direct(&["echo", "a\0b"]),
            SpawnErrorKind::Unspeakable,
            "an argument contains a NUL byte, which no program can be given".into(),
        ),
    ];
    for (launch, kind, message) in cases {
        let error = failure(&launch);
        assert_eq!(
            (error.kind, error.message.as_str(), error.transient),
            (kind, message.as_str(), false)
        );
    }
    let long = failure(&sandbox.direct(&["echo", &"x".repeat(131_072)]));
    assert_eq!(
        (long.kind, long.errno),
        (SpawnErrorKind::TooLong, Some(Errno::E2BIG as i32))
    );
    // A shell is asked what it thinks of a script without `#!`.
    assert_eq!(sandbox.output_of("./plain"), "hello");
}

#[test]
fn programs_are_found_in_the_path_of_the_job() {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.path("a/tool")).unwrap();
    for directory in ["b", "c"] {
        fs::create_dir(sandbox.path(directory)).unwrap();
    }
    sandbox.script("b/tool", "", 0o644);
    sandbox.script("c/tool", "#!/bin/sh\necho \"$0\"\n", 0o755);
    let with_path = |path: &str| {
        let mut launch = sandbox.direct(&["tool"]);
        launch.environment.insert("PATH".into(), path.into());
        launch
    };
    let found = sandbox
        .run(&with_path(&format!(
            "/none:a:b:{}",
            sandbox.path("c").display()
        )))
        .output;
    assert_eq!(
        OsStr::from_bytes(&found),
        sandbox.path("c/tool").as_os_str()
    );
    // Relative ones count from the job's directory.
    assert!(sandbox.run(&with_path("a:c")).output.ends_with(b"/c/tool"));
    // What was found but is of no use is more telling than "not found".
    assert_eq!(
        failure(&with_path("/none:b")).kind,
        SpawnErrorKind::PermissionDenied
    );
    let mut bare = sandbox.direct(&["true"]);
    bare.environment.clear();
    assert_eq!(
        sandbox.run(&bare).exit.code,
        Some(0),
        "there is a default PATH"
    );
}

#[test]
fn a_program_that_is_being_written_is_worth_another_try() {
    alone(
        "starts::a_program_that_is_being_written_is_worth_another_try",
        || {
            let sandbox = Sandbox::new();
            let program = sandbox.path("program");
            fs::copy("/bin/true", &program).unwrap();
            let writer = fs::File::options().write(true).open(&program).unwrap();
            let launch = sandbox.direct(&["./program"]);
            let error = spawn(&launch, OutputTarget::Discard).unwrap_err();
            assert_eq!(
                (error.kind, error.transient, error.errno),
                (SpawnErrorKind::Busy, true, Some(Errno::ETXTBSY as i32))
            );
            drop(writer);
            assert_eq!(
                reaped(&mut spawn(&launch, OutputTarget::Discard).unwrap()).code,
                Some(0)
            );
        },
    );
}

#[test]
fn the_marker_is_made_by_the_child_and_only_once() {
    let sandbox = Sandbox::new();
    let marker = sandbox.path("marker");
    let start =
        |launch: &Launch, output: OutputTarget<'_>| spawn_marked(launch, output, mark(&marker));
    for output in [OutputTarget::Discard, OutputTarget::Inherit] {
        let mut child = start(&sandbox.shell("test -f marker -a ! -s marker"), output).unwrap();
        assert_eq!(reaped(&mut child).code, Some(0), "{output:?}");
        assert_eq!(
            marker.metadata().unwrap().permissions().mode() & 0o7777,
            0o600
        );
        let again = start(&sandbox.shell("echo twice > twice"), output).unwrap_err();
        assert_eq!(again.kind, SpawnErrorKind::AlreadyStarted);
        assert!(!again.leaves_a_stale_mark());
        assert!(marker.exists() && !sandbox.path("twice").exists());
        fs::remove_file(&marker).unwrap();
    }
    sandbox.script("plain", "no script\n", 0o755);
    let failed = settled(|| {
        drop(fs::remove_file(&marker));
        start(&sandbox.direct(&["./plain"]), OutputTarget::Discard)
    })
    .unwrap_err();
    assert_eq!(failed.kind, SpawnErrorKind::NotExecutableFormat);
    assert!(failed.leaves_a_stale_mark() && marker.exists());
    let nowhere = spawn_marked(
        &sandbox.shell(":"),
        OutputTarget::Discard,
        mark(&sandbox.path("none/marker")),
    )
    .unwrap_err();
    assert!(
        nowhere
            .message
            .starts_with("cannot open the start marker's directory, `"),
        "{nowhere}"
    );
}
