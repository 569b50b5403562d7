//! This process and the host it runs on, as others name them.

/// Our process id, in our own pid namespace.
#[must_use]
pub fn pid() -> i32 {
    nix::unistd::getpid().as_raw()
}

/// The host's name; `localhost` where the kernel does not tell, or not in UTF-8.
#[must_use]
pub fn name() -> String {
    nix::unistd::gethostname()
        .ok()
        .and_then(|name| name.into_string().ok())
        .unwrap_or_else(|| "localhost".to_owned())
}
