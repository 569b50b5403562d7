//! The scheduler with real children, in great numbers.
//!
//! - `cargo bench --bench children` prints how long 1,000 jobs that are due in one second take to be
//!   started, beside a bare loop of `posix_spawn` in the same run.
//! - `cargo bench --bench children -- soak 100000` runs so many jobs of all kinds and prints what is left:
//!   descriptors, zombies, pipes, memory.
//! - `cargo bench --bench children -- steady 60` starts 50 jobs of 10 ms a second for so many seconds, from each
//!   kind of store, all at once or one after another, and prints how late they were.
//! - `cargo bench --bench children -- users 10000` runs so many jobs as another user, under limits, and
//!   checks what each of them reads of itself in `/proc`. Only root can.
//!
//! It is its own scheduler: `rsched run` in a process that holds as much memory as asked for.

mod burst;
mod measured;
mod soak;
mod steady;
mod users;

use std::env;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).filter(|it| it != "--bench").collect();
    let first = arguments.first().map(String::as_str);
    let count = |default: u32| {
        let given = arguments
            .get(1)
            .map(|text| text.parse().expect("a number of runs, or of seconds"));
        given.unwrap_or(default)
    };
    match first {
        // As the scheduler below, and as what prepares its jobs.
        Some("run") => {
            let ballast = measured::ballast();
            let code = rsched::cli::main();
            drop(ballast);
            return code;
        }
        Some("__exec" | "pause" | "resume" | "shutdown") => return rsched::cli::main(),
        Some("soak") => soak::soak(count(100_000)),
        Some("steady") => steady::steady(count(60)),
        Some("users") => users::users(count(10_000)),
        None => burst::burst(),
        Some(other) => {
            eprintln!("`{other}` is neither soak nor steady nor users");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
