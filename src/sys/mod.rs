//! Safe wrappers of the operating system: the only place with `unsafe`, and the only place that
//! reads clocks. Nothing here knows what a job is.

pub mod account;
pub mod appended_file;
pub mod clock;
pub mod control_socket;
pub mod descriptors;
pub mod directories;
pub mod directory_watch;
pub mod file_system;
pub mod host;
pub mod identity;
pub mod inode_watch;
pub mod journal;
pub mod lock;
pub mod lock_look;
pub mod memory;
pub mod memory_file;
pub mod mounts;
pub mod notify;
pub mod orphans;
pub mod panics;
pub mod passed_on;
pub mod pidfd;
pub mod poller;
pub mod priority;
pub mod process_search;
pub mod process_table;
pub mod random;
pub mod scratch;
pub mod signals;
pub mod spawn;
pub mod timer;
pub mod trust;
pub mod trusted_file;
pub mod wake;
