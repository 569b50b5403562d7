//! A machine of its own: User-Mode Linux (`linux.uml`; Debian: `user-mode-linux`), whose clock can be set
//! and whose power can be cut. Its root is ours, and it has one disk.

use crate::scheduler::{PATIENCE, Sandbox};
use crate::seed::tell;
use std::fs::File;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How its first process begins.
const BEGIN: &str = r#"#!/bin/sh
cd "$(dirname "$0")"
mount -t proc proc /proc
mount -t sysfs sysfs /sys
[ -e disk.image ] && mount -t ext4 /dev/ubda disk
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
power_off() { sync; echo o > /proc/sysrq-trigger; sleep 60; }
"#;

/// The machine, booted.
pub struct Machine(Child);

impl Machine {
    pub fn boot(sandbox: &Sandbox, console: &str) -> Self {
        let init = sandbox.path("init").canonicalize().unwrap();
        let disk = sandbox.path("disk.image");
        let mut command = Command::new("unshare");
        command
            .args(["-Urpf", "--kill-child", "linux.uml", "mem=256M"])
            .arg(format!("ubd0={}", disk.display()))
            .args(["root=/dev/root", "rootfstype=hostfs", "rw", "quiet"])
            .args(["con0=null,fd:1", "con=null", "ssl=null"])
            .arg(format!("init={}", init.display()))
            .stdin(Stdio::null())
            .stdout(File::create(sandbox.path(console)).unwrap())
            .stderr(Stdio::null());
        Self(command.spawn().unwrap())
    }

    /// Its memory is gone, and its disk as it is.
    pub fn lose_power(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

pub fn wait_until(what: &str, is_done: impl Fn() -> bool) {
    assert!(comes_true(is_done), "never: {what}");
}

/// Whether it does before the patience ends.
pub fn comes_true(is_done: impl Fn() -> bool) -> bool {
    comes_true_within(PATIENCE, is_done)
}

fn comes_true_within(patience: Duration, is_done: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + patience;
    while !is_done() {
        if Instant::now() > deadline {
            return false;
        }
        thread::park_timeout(Duration::from_millis(20));
    }
    true
}

/// What reached the console in whole lines.
pub fn console(sandbox: &Sandbox, name: &str) -> String {
    let text = std::fs::read(sandbox.path(name)).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).replace('\r', "");
    let end = text.rfind('\n').map_or(0, |at| at + 1);
    text[..end].to_owned()
}

/// Boots it, and waits for its script to say `REPORTED`. A script may take minutes by what it is about.
pub fn run_to_its_report(sandbox: &Sandbox) {
    let mut machine = Machine::boot(sandbox, "console");
    let said = || console(sandbox, "console");
    let has_reported = comes_true_within(4 * PATIENCE, || said().contains("REPORTED"));
    machine.lose_power();
    assert!(has_reported, "{}\n{}", said(), sandbox.read("log"));
}

/// Makes its disk, mounted at `disk`, and its first process, which does what the script says.
pub fn make(sandbox: &Sandbox, script: &str) {
    std::fs::create_dir(sandbox.path("disk")).unwrap();
    let image = File::create(sandbox.path("disk.image")).unwrap();
    image.set_len(64 << 20).unwrap();
    let status = Command::new("mkfs.ext4")
        .args(["-q", "-F"])
        .arg(sandbox.path("disk.image"))
        .status();
    assert!(status.unwrap().success());
    write_init(sandbox, script);
}

fn write_init(sandbox: &Sandbox, script: &str) {
    let script = script.replace("RSCHED ", &format!("{} ", env!("CARGO_BIN_EXE_rsched")));
    sandbox.write("init", &format!("{BEGIN}{script}"));
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(sandbox.path("init"), mode).unwrap();
}

/// Whether such a machine comes up here. If not, says so. Of another user `mount` is setuid to nobody in there.
pub fn can_boot(test: &str) -> bool {
    if !nix::unistd::geteuid().is_root() {
        tell(&format!("skipped: {test} needs root"));
        return false;
    }
    let sandbox = Sandbox::new("");
    write_init(&sandbox, "echo IT IS UP\npower_off\n");
    let has = |tool: &str| Command::new(tool).arg("--version").output().is_ok();
    let is_up = || {
        // Without a disk it warns and comes up.
        let _machine = Machine::boot(&sandbox, "console");
        comes_true(|| console(&sandbox, "console").contains("IT IS UP"))
    };
    let can = has("linux.uml") && has("unshare") && has("mkfs.ext4") && is_up();
    if !can {
        tell(&format!(
            "skipped: {test} needs User-Mode Linux and mkfs.ext4"
        ));
    }
    can
}
