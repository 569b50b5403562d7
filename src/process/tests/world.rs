//! What a job sees of the world it is started in.

use super::*;

#[test]
fn a_job_has_descriptors_0_1_2_only() {
    alone("world::a_job_has_descriptors_0_1_2_only", || {
        let sandbox = Sandbox::new();
        // As a launcher leaves them: dup clears close-on-exec.
        let leaked: Vec<_> = (0..20)
            .map(|_| nix::unistd::dup(fs::File::open("/dev/null").unwrap()).unwrap())
            .collect();
        descriptors::mark_inherited_cloexec().unwrap();
        let pipe = OutputPipe::create(sandbox.0.path(), "output").unwrap();
        let list = sandbox.direct(&["ls", "/proc/self/fd"]);
        let mut child = spawn_marked(
            &list,
            OutputTarget::Pipe(pipe.path()),
            &sandbox.path("marker"),
        )
        .unwrap();
        let mut reader = Reader {
            pipe,
            buffer: ReadBuffer::new(),
            lines: Vec::new(),
        };
        // 3 is the directory that ls reads.
        assert_eq!(reader.read_to_end(), b"0\n1\n2\n3");
        assert_eq!(reaped(&mut child).code, Some(0));
        drop(leaked);
    });
}

#[test]
fn a_job_ignores_and_blocks_nothing_whatever_our_launcher_did() {
    alone(
        "world::a_job_ignores_and_blocks_nothing_whatever_our_launcher_did",
        || {
            let sandbox = Sandbox::new();
            for signal in [
                Signal::SIGHUP,
                Signal::SIGPIPE,
                Signal::SIGXFSZ,
                Signal::SIGTERM,
            ] {
                signals::ignore_as_a_launcher_would(signal);
            }
            SigSet::all().thread_block().unwrap();
            let status = sandbox
                .run(&sandbox.direct(&["grep", "-E", "^Sig(Ign|Blk)", "/proc/self/status"]))
                .output;
            for line in String::from_utf8(status).unwrap().lines() {
                let mask =
                    u64::from_str_radix(line.split_whitespace().last().unwrap(), 16).unwrap();
                // glibc keeps 32 and 33 for itself.
                assert_eq!(mask & !(0b11 << 31), 0, "{line}");
            }
        },
    );
}

#[test]
fn a_job_has_its_own_session_and_no_terminal() {
    let sandbox = Sandbox::new();
    let stat = String::from_utf8(
        sandbox
            .run(&sandbox.direct(&["cat", "/proc/self/stat"]))
            .output,
    )
    .unwrap();
    let fields: Vec<&str> = stat.split_whitespace().collect();
    let (pid, group, session, terminal) = (fields[0], fields[4], fields[5], fields[6]);
    assert_eq!((group, session, terminal), (pid, pid, "0"));
}

#[test]
fn stdin_ends_at_once_or_is_the_file_that_was_named() {
    let sandbox = Sandbox::new();
    let mut cat = sandbox.direct(&["cat"]);
    assert_eq!(sandbox.run(&cat).output, b"");
    fs::write(sandbox.path("input"), "hello").unwrap();
    cat.stdin = Some("input".into());
    assert_eq!(sandbox.run(&cat).output, b"hello");
    cat.stdin = Some("none".into());
    let error = failure(&cat).message;
    assert!(
        error.starts_with("cannot open stdin, `")
            && error.ends_with("none`: no such file or directory"),
        "{error}"
    );
}

#[test]
fn it_runs_where_it_was_told_to_and_writes_to_one_pipe_in_order() {
    let sandbox = Sandbox::new();
    let directory = fs::canonicalize(sandbox.0.path()).unwrap();
    assert_eq!(sandbox.output_of("pwd -P"), directory.to_str().unwrap());
    assert_eq!(
        sandbox.output_of("echo 1; echo 2 >&2; echo 3; printf 4 >&2"),
        "1\n2\n3\n4"
    );
}

#[test]
fn bytes_that_are_no_text_survive_in_arguments_and_environment() {
    let sandbox = Sandbox::new();
    let bytes: Vec<u8> = (1..=255).collect();
    let text = OsString::from_vec(bytes.clone());
    let argument = sandbox.launch(Program::Direct(vec![
        "printf".into(),
        "%s".into(),
        text.clone(),
    ]));
    assert_eq!(sandbox.run(&argument).output, bytes);
    let mut variable = sandbox.direct(&["/usr/bin/env"]);
    variable.environment = BTreeMap::from([(OsString::from_vec(b"N\xff".to_vec()), text)]);
    assert_eq!(
        sandbox.run(&variable).output,
        [b"N\xff=", &bytes[..]].concat()
    );
}

#[test]
fn jobs_get_the_descriptor_limit_we_were_given() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    alone("world::jobs_get_the_descriptor_limit_we_were_given", || {
        let sandbox = Sandbox::new();
        let hard = getrlimit(Resource::RLIMIT_NOFILE).unwrap().1;
        setrlimit(Resource::RLIMIT_NOFILE, 100, hard).unwrap();
        descriptors::raise_limit().unwrap();
        // More open than a job may have.
        let open: Vec<_> = (0..200)
            .map(|_| fs::File::open("/dev/null").unwrap())
            .collect();
        assert_eq!(sandbox.output_of("ulimit -n"), "100");
        assert_eq!(getrlimit(Resource::RLIMIT_NOFILE).unwrap().0, hard);
        // None left at all: another try may help.
        setrlimit(Resource::RLIMIT_NOFILE, 100, hard).unwrap();
        let error = spawn(&sandbox.direct(&["true"]), OutputTarget::Discard).unwrap_err();
        assert_eq!(
            (error.kind, error.transient, error.errno),
            (SpawnErrorKind::Busy, true, Some(Errno::EMFILE as i32))
        );
        drop(open);
    });
}
