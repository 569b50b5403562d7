//! How much a thread's work matters beside that of others.

use std::io;

/// The niceness of work that must not take a processor from the loop: about a tenth of its share.
const BACKGROUND: i32 = 10;

/// Makes the calling thread, not the others of the process, give way to the others. What the others
/// spawn is not affected.
///
/// # Errors
/// Whatever `setpriority` says; being nicer is always allowed.
pub fn step_back() -> io::Result<()> {
    // Zero is the calling thread: on Linux niceness belongs to threads, whatever POSIX says
    // (`setpriority(2)`, "C library/kernel differences").
    rustix::process::setpriority_process(None, BACKGROUND)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_thread_that_steps_back_and_not_the_process() {
        let niceness = || rustix::process::getpriority_process(None).unwrap();
        let before = niceness();
        let inside = std::thread::spawn(move || {
            step_back().unwrap();
            niceness()
        });
        assert_eq!(inside.join().unwrap(), BACKGROUND);
        assert_eq!(niceness(), before);
    }
}
