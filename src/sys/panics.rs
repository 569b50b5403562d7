//! A panic ends the whole process, in whatever thread it comes and however it was built.
//!
//! A thread that is gone while the others go on is worse than none: records that nobody writes, fires
//! that nobody decides. After the death of all of it the next start knows what to do, as after
//! `kill -9`. The release build aborts anyway, and so that tests of other builds see the same there is
//! a hook; it also says what happened where the standard one could wait for ever, or panic.

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::{alarm, write};
use std::fmt::{self, Write as _};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::panic::PanicHookInfo;
use std::process::abort;
use std::thread;

/// What it comes to for who reads it.
const HELP: &str = "rsched: help: this is a bug, please report it; the scheduler ends at once, its jobs go on, and the next start adopts them";

/// The longest text that is written: so much a pipe that can be written takes at once
/// (`PIPE_BUF`, `pipe(7)`).
const MAX_BYTES: usize = 4096;

/// From now on every panic of this process aborts it, with SIGABRT, and says so on standard error.
pub fn abort_on_panic() {
    std::panic::set_hook(Box::new(|info| {
        // Should writing hang all the same: unless it is caught, this signal kills.
        alarm::set(1);
        write_at_most_once(std::io::stderr().as_fd(), &text_of(info));
        abort();
    }));
}

/// Writes what can be written without waiting: nobody may be reading any more.
fn write_at_most_once(to: BorrowedFd<'_>, text: &Text) {
    let mut ready = [PollFd::new(to, PollFlags::POLLOUT)];
    if matches!(poll(&mut ready, PollTimeout::ZERO), Ok(1)) {
        // A full disk, or a closed pipe: there is nobody else to tell.
        _ = write(to, &text.bytes[..text.length]);
    }
}

fn text_of(info: &PanicHookInfo<'_>) -> Text {
    let payload = info.payload();
    let message = payload.downcast_ref::<&str>().copied();
    let message = message.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let thread = thread::current();
    let mut text = Text::new();
    // What does not fit is cut off.
    _ = write!(
        text,
        "rsched: internal error: thread `{}` panicked",
        thread.name().unwrap_or("?")
    );
    if let Some(place) = info.location() {
        _ = write!(text, " at {place}");
    }
    _ = write!(text, ": {}", message.unwrap_or("?"));
    text.end_line();
    text.limit = MAX_BYTES;
    _ = text.write_str(HELP);
    text.end_line();
    text
}

/// A text that needs no memory to be allocated, and of which that is cut off which does not fit.
struct Text {
    bytes: [u8; MAX_BYTES],
    length: usize,
    limit: usize,
}

impl Text {
    fn new() -> Self {
        Self {
            bytes: [0; MAX_BYTES],
            length: 0,
            limit: MAX_BYTES - HELP.len() - "\n\n".len(),
        }
    }

    fn push(&mut self, character: char) -> fmt::Result {
        let mut encoded = [0; 4];
        let encoded = character.encode_utf8(&mut encoded).as_bytes();
        let end = self.length + encoded.len();
        if end > self.limit {
            return Err(fmt::Error);
        }
        self.bytes[self.length..end].copy_from_slice(encoded);
        self.length = end;
        Ok(())
    }

    fn end_line(&mut self) {
        self.limit += 1;
        _ = self.push('\n');
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            // What a message quotes may come from anywhere: it is one line, and acts on no terminal.
            if character.is_control() {
                character
                    .escape_default()
                    .try_for_each(|it| self.push(it))?;
            } else {
                self.push(character)?;
            }
        }
        Ok(())
    }
}

/// Panics if a test of the real program asks for it: there is the file that `RSCHED_TEST_PANIC` names,
/// and `place` is what it says. The places are the threads of a scheduler.
///
/// Only where debug assertions are: a release build knows neither the variable nor the places. A
/// feature of the package instead could be asked for by anybody who builds it, and tests would need
/// a build of their own.
///
/// # Panics
/// That is what it is for.
#[cfg(debug_assertions)]
pub fn panic_if_asked(place: &str) {
    use std::path::PathBuf;
    use std::sync::LazyLock;
    static ORDER: LazyLock<Option<PathBuf>> =
        LazyLock::new(|| std::env::var_os("RSCHED_TEST_PANIC").map(PathBuf::from));
    let order = ORDER.as_deref().map(std::fs::read_to_string);
    let is_asked = order.is_some_and(|text| text.is_ok_and(|text| text == place));
    assert!(!is_asked, "asked to, in {place}\n");
}

/// Nothing: no test asks for anything of this build.
#[cfg(not(debug_assertions))]
#[inline]
pub fn panic_if_asked(_place: &str) {}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(message: &str) -> String {
        let mut text = Text::new();
        let is_whole = text.write_str(message).is_ok();
        text.end_line();
        text.limit = MAX_BYTES;
        text.write_str(HELP).unwrap();
        text.end_line();
        assert_eq!(is_whole, text.length < MAX_BYTES - 3);
        String::from_utf8(text.bytes[..text.length].to_vec()).unwrap()
    }

    #[test]
    fn a_message_is_one_line_and_is_cut_off_where_a_pipe_would_have_to_be_waited_for() {
        assert_eq!(
            text("a\nb\u{1b}[2J"),
            format!("a\\nb\\u{{1b}}[2J\n{HELP}\n")
        );
        let long = text(&"\u{20ac}".repeat(MAX_BYTES));
        assert!(
            (MAX_BYTES - 3..=MAX_BYTES).contains(&long.len()),
            "{}",
            long.len()
        );
        assert!(long.ends_with(&format!("\u{20ac}\n{HELP}\n")));
    }

    #[test]
    fn a_reader_that_does_not_read_is_not_waited_for() {
        let (read, write) = nix::unistd::pipe().unwrap();
        let mut text = Text::new();
        text.write_str("too much").unwrap();
        for _ in 0..100_000 {
            write_at_most_once(write.as_fd(), &text);
        }
        drop(read);
        write_at_most_once(write.as_fd(), &text);
    }
}
