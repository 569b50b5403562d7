//! What `[api]` says, after every check.

use std::net::SocketAddr;
use std::path::PathBuf;

/// The control API on TCP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiSettings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// What stands in front of all paths; begins with a slash and ends with none.
    pub prefix: String,
    /// Who may give orders.
    pub token_file: TokenFile,
    /// Names in `Host` that are answered beside those of this machine itself, in lower case; with a
    /// port or for all.
    pub allowed_hosts: Vec<String>,
    /// Whether jobs can be added and changed.
    pub allow_jobs: bool,
}

/// Where the token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenFile {
    /// `"none"`: whoever reaches a loopback address may give orders.
    None,
    /// In this file.
    Path(PathBuf),
}
