//! Output: floods, long lines, a change of readers.

use super::*;

#[test]
fn a_hundred_megabytes_flow_through_one_buffer_in_bounded_pieces() {
    let sandbox = Sandbox::new();
    let (mut child, mut reader) = sandbox.start(&sandbox.shell("head -c 100000000 /dev/zero"));
    let (mut total, mut longest) = (0, 0);
    loop {
        wait_for(&reader.pipe);
        let before = reader.pipe.bytes_read();
        let mut sink = |line: Line<'_>| {
            total += line.bytes.len();
            longest = longest.max(line.bytes.len());
        };
        let state = reader
            .pipe
            .read_lines(&mut reader.buffer, 100_000, &mut sink)
            .unwrap();
        assert!(
            reader.pipe.bytes_read() - before <= 100_000,
            "the budget is kept"
        );
        if state == ReadState::End {
            break;
        }
    }
    assert_eq!(
        (total, reader.pipe.bytes_read()),
        (100_000_000, 100_000_000)
    );
    assert_eq!(longest, MAX_LINE_BYTES);
    assert_eq!(reaped(&mut child).code, Some(0));
}

#[test]
fn a_line_of_a_mebibyte_comes_in_sixty_four_pieces() {
    let sandbox = Sandbox::new();
    let (mut child, mut reader) =
        sandbox.start(&sandbox.shell("head -c 1048576 /dev/zero | tr '\\0' x"));
    reader.read_to_end();
    let lengths: Vec<usize> = reader.lines.iter().map(Vec::len).collect();
    assert_eq!(lengths, [MAX_LINE_BYTES; 64]);
    reaped(&mut child);
}

#[test]
fn a_job_outlives_its_reader_and_the_next_one_goes_on() {
    let sandbox = Sandbox::new();
    for gate in ["go", "on"] {
        nix::unistd::mkfifo(&sandbox.path(gate), nix::sys::stat::Mode::S_IRWXU).unwrap();
    }
    let (mut child, mut reader) =
        sandbox.start(&sandbox.shell("echo one; read x < go; echo two; read x < on; echo three"));
    assert_eq!(reader.line(), "one");
    let path = reader.pipe.path().to_owned();
    drop(reader);
    let reopen = || match OutputPipe::reopen(&path).unwrap() {
        Reopened::Live(pipe) => Reader {
            pipe,
            buffer: ReadBuffer::new(),
            lines: Vec::new(),
        },
        Reopened::Abandoned => panic!("the job still has it open"),
    };
    drop(reopen());
    fs::write(sandbox.path("go"), "\n").unwrap();
    // Written while nobody read: opened by name, nothing of it is lost.
    assert_eq!(reopen().line(), "two");
    let mut reader = reopen();
    fs::write(sandbox.path("on"), "\n").unwrap();
    assert_eq!(reader.read_to_end(), b"three");
    assert_eq!(reaped(&mut child).code, Some(0), "no SIGPIPE");
}

#[test]
fn a_pipe_nobody_has_open_is_abandoned_and_removed() {
    let sandbox = Sandbox::new();
    let (mut child, reader) = sandbox.start(&sandbox.shell("echo lost"));
    reaped(&mut child);
    let path = reader.pipe.path().to_owned();
    drop(reader);
    assert!(matches!(
        OutputPipe::reopen(&path).unwrap(),
        Reopened::Abandoned
    ));
    assert!(!path.exists());
}

#[test]
fn a_pipe_is_private_and_replaces_only_a_stale_pipe() {
    let sandbox = Sandbox::new();
    let create = |name: &str| OutputPipe::create(sandbox.0.path(), name);
    drop(create("pipe").unwrap());
    let pipe = create("pipe").unwrap();
    assert_eq!(
        pipe.path().metadata().unwrap().permissions().mode() & 0o7777,
        0o600
    );
    fs::write(sandbox.path("file"), "precious").unwrap();
    std::os::unix::fs::symlink("file", sandbox.path("link")).unwrap();
    for taken in ["file", "link"] {
        assert_eq!(
            create(taken).unwrap_err().kind(),
            std::io::ErrorKind::AlreadyExists
        );
    }
    assert_eq!(fs::read(sandbox.path("file")).unwrap(), b"precious");
    assert!(OutputPipe::reopen(&sandbox.path("file")).is_err());
    for wrong in ["", ".", "..", "a/b"] {
        assert!(create(wrong).is_err(), "{wrong}");
    }
    assert!(create("none").is_ok() && OutputPipe::create(Path::new("/no/such"), "pipe").is_err());
}
