//! The `rsched` program; everything it does is in the library.

/// Runs the command line.
fn main() -> std::process::ExitCode {
    rsched::cli::main()
}
