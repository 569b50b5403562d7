//! What a job sees of the world it is started in.

use super::*;
use crate::sys::spawn::SpawnInput;
use std::ffi::CString;
use std::io;

#[test]
fn a_job_has_descriptors_0_1_2_only() {
    // B20.
    alone("world::a_job_has_descriptors_0_1_2_only", || {
        let sandbox = Sandbox::new();
        // As a launcher leaves them: dup clears close-on-exec.
        let leaked: Vec<_> = (0..20)
            .map(|_| nix::unistd::dup(fs::File::open("/dev/null").unwrap()).unwrap())
            .collect();
        descriptors::mark_inherited_cloexec().unwrap();
        let pipe = OutputPipe::create(sandbox.0.path(), "output").unwrap();
        let mut list = sandbox.direct(&["ls", "/proc/self/fd"]);
        list.stdin = Stdin::Text(b"text".to_vec());
        let mut child = spawn_marked(
            &list,
            OutputTarget::Pipe(pipe.path()),
            mark(&sandbox.path("marker")),
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
    // B21.
    let sandbox = Sandbox::new();
    let cat = sandbox.direct(&["cat"]);
    assert_eq!(sandbox.run(&cat).output, b"");
    // It is the intermediate, which is no test, that opens files.
    let open = |name: &str| Stdin::File(name.into()).open(sandbox.0.path());
    fs::write(sandbox.path("input"), "hello").unwrap();
    let SpawnInput::Descriptor(input) = open("input").unwrap() else {
        panic!("nothing to read");
    };
    assert_eq!(io::read_to_string(fs::File::from(input)).unwrap(), "hello");
    nix::unistd::mkfifo(&sandbox.path("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let place = sandbox.0.path().display();
    for (name, expected) in [
        (
            "none",
            format!("cannot open stdin, `{place}/none`: no such file or directory (ENOENT)"),
        ),
        (
            "pipe",
            format!("stdin, `{place}/pipe`, is a pipe, expected a file"),
        ),
        (
            "",
            format!("stdin, `{place}/`, is a directory, expected a file"),
        ),
    ] {
        assert_eq!(open(name).unwrap_err().message, expected);
    }
}

#[test]
fn a_text_of_any_size_is_read_to_its_end_or_not_at_all() {
    let sandbox = Sandbox::new();
    let mut count = sandbox.direct(&["wc", "-c"]);
    // The last is more than any pipe holds.
    for size in [0, 1, 65_536, 3_000_000] {
        count.stdin = Stdin::Text(vec![b'x'; size]);
        assert_eq!(sandbox.run(&count).output, size.to_string().as_bytes());
    }
    // Who does not read does not make anybody wait.
    let mut deaf = sandbox.direct(&["true"]);
    deaf.stdin = Stdin::Text(vec![b'x'; 3_000_000]);
    assert_eq!(sandbox.run(&deaf).exit.code, Some(0));
    let mut twice = sandbox.shell("read a; read b; echo $b $a; echo x >&0 || echo read-only");
    twice.stdin = Stdin::Text(b"one\ntwo\n".to_vec());
    let output = String::from_utf8(sandbox.run(&twice).output).unwrap();
    assert!(
        output.starts_with("two one\n") && output.ends_with("read-only"),
        "{output}"
    );
}

#[test]
fn a_file_of_variables_is_read_at_each_run_and_the_run_has_the_last_word() {
    let sandbox = Sandbox::new();
    let mut job = sandbox.direct(&["true"]);
    job.environment.insert("A".into(), "job".into());
    job.environment
        .insert("RSCHED_RUN_ID".into(), "true".into());
    job.environment_file = Some("vars".into());
    // It is the intermediate, which is no test, that reads it.
    let variables = |text: &str| {
        fs::write(sandbox.path("vars"), text).unwrap();
        let executable = job.executable().unwrap();
        let variables = executable.environment.into_iter();
        let text = |it: CString| it.into_string().unwrap();
        let mut variables: Vec<_> = variables.map(text).collect();
        variables.retain(|it| !it.starts_with("PATH="));
        variables
    };
    assert_eq!(variables("B=2\n"), ["A=job", "B=2", "RSCHED_RUN_ID=true"]);
    assert_eq!(
        variables("A=file\nRSCHED_RUN_ID=forged\nRSCHED_LAST_OUTCOME=forged"),
        ["A=file", "RSCHED_RUN_ID=true"]
    );
    let place = sandbox.0.path().display();
    fs::write(sandbox.path("vars"), "A=1\nhunter2\n").unwrap();
    let error = job.executable().unwrap_err();
    assert_eq!(error.kind, SpawnErrorKind::EnvironmentFile);
    assert_eq!(
        error.message,
        format!("env_file `{place}/vars`, line 2: there is no `=`, expected `KEY=value`")
    );
    fs::remove_file(sandbox.path("vars")).unwrap();
    assert_eq!(
        job.executable().unwrap_err().message,
        format!("cannot read env_file `{place}/vars`: no such file or directory")
    );
    // The program is looked for in the PATH that it says.
    fs::write(sandbox.path("vars"), "PATH=/none").unwrap();
    let error = job.executable().unwrap_err();
    assert_eq!(error.kind, SpawnErrorKind::ProgramNotFound);
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
