//! Many runs as another user: each of them reads in `/proc` whom it has become.

use crate::measured::Scheduler;
use std::time::Instant;

/// Read by the job of itself.
const FACTS: &str = "grep -h -e ^Uid -e ^Gid -e ^Groups -e ^Umask -e ^NoNewPrivs -e ^CapEff /proc/self/status; grep -e 'open files' -e 'core file' /proc/self/limits; cut -d' ' -f19 /proc/self/stat";

/// What all of them must say, with its blanks made one.
const RIGHT: &str = "Umask: 0027 Uid: 54321 54321 54321 54321 Gid: 54322 54322 54322 54322 Groups: 54322 CapEff: 0000000000000000 NoNewPrivs: 1 Max core file size 0 0 bytes Max open files 60 60 files 5";

pub fn users(runs: u32) {
    if !nix::unistd::geteuid().is_root() {
        println!("skipped: only root becomes another user");
        return;
    }
    let keys = "user = 54321\ngroup = 54322\numask = '027'\nnice = 5\nno_new_privileges = true\nlimits = { files = 60, core = 0 }\ncwd = '/'\n";
    let tables: Vec<String> = (0..8)
        .map(|job| {
            format!(
                "[jobs.j{job}]\ninterval = '20ms'\ncommand = \"echo $({})\"\n{keys}",
                FACTS.replace('"', "\\\"")
            )
        })
        .collect();
    let toml = format!("[scheduler]\nstore = 'memory'\n{}", tables.concat());
    let mut scheduler = Scheduler::start(&toml, &[], 0);
    let begin = Instant::now();
    let (mut ended, mut said) = (0, 0);
    while ended < runs || said < runs {
        let line = scheduler.line();
        if let Some(text) = line["output"].as_str() {
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(text, RIGHT);
            said += 1;
        } else if line["event"] == "job_executed" || line["event"] == "job_error" {
            assert_eq!(line["outcome"], "succeeded", "{line}");
            ended += 1;
        }
    }
    let seconds = begin.elapsed().as_secs_f64();
    println!(
        "{said} runs said who they were, and were right; {ended} ended well, in {seconds:.0} s"
    );
    println!("{}", scheduler.held_at_rest());
}
