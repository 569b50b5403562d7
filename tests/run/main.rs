//! The real binary, running real jobs: `rsched run` from outside.
//!
//! `scheduler.rs` starts one and reads its log; the other files are about one thing each. Nothing
//! here sleeps: every wait is for a line of the log, with a deadline that only a failure reaches.

#[path = "../crash/accounts.rs"]
#[expect(dead_code, reason = "no test here counts lives")]
mod accounts;
mod attacks;
mod beside_cron;
mod commands;
mod control;
mod crontab;
mod descriptors;
mod disk;
mod ends;
mod environment;
mod exec;
mod files;
mod flask;
mod hung_disk;
mod hung_state;
mod injected;
mod jobs;
mod launched;
mod listeners;
mod lock;
mod log_file;
mod mail;
mod memory;
mod missed;
mod nasty;
mod newcomer;
mod outputs;
mod own_disk;
mod own_disk_tests;
mod own_files;
mod planted;
mod restored;
mod scheduler;
mod signals;
mod starts;
mod tcp;
mod users;
mod zones;
