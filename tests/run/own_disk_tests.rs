//! A disk of the tests' own does what it is for: who waits for it waits, and it forgets what was not synced.

use crate::own_disk::{Hang, Locks, OwnDisk, can_serve_a_disk, with_disk};
use crate::own_files::Files;
use crate::scheduler::{Sandbox, eventually};
use std::collections::BTreeMap;
use std::fs;

#[test]
fn nothing_ends_who_waits_for_a_disk_that_hangs_until_it_answers() {
    if !can_serve_a_disk() {
        return;
    }
    for hang in [Hang::Changes, Hang::Everything] {
        let sandbox = Sandbox::new("");
        let script = "echo a > disk/b; mv disk/b disk/c; cat disk/c > seen; ls disk >> seen; \
                      read -r line < gate; echo d >> disk/c; cat disk/c > seen";
        let mut command = with_disk(&sandbox, "sh", &["-c", script]);
        sandbox.make_gate("gate");
        let mut shell = command.spawn().unwrap();
        let pid = i32::try_from(shell.id()).unwrap();
        let disk = OwnDisk::serve(&sandbox, pid, Locks::Local);
        eventually("it has files", || sandbox.read("seen") == "a\nc\n");
        disk.hang(hang);
        sandbox.open_gate("gate");
        disk.wait_for_held(1);
        shell.kill().unwrap();
        let state = || fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        eventually("it waits", || state().contains(") D "));
        disk.hang(Hang::Nothing);
        assert!(!shell.wait().unwrap().success());
        assert_eq!(sandbox.read("seen"), "a\nc\n", "it was killed");
    }
}

/// The files in a directory of a disk, and what is in them.
fn contents(disk: &Files, directory: &str) -> BTreeMap<String, String> {
    let sandbox = Sandbox::new("");
    let there = sandbox.path("there");
    disk.copy_out(directory, &there);
    let entries = fs::read_dir(&there).into_iter().flatten();
    let content = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().unwrap();
        (name, fs::read_to_string(entry.path()).unwrap())
    };
    entries.map(|entry| content(entry.unwrap())).collect()
}

#[test]
fn a_disk_that_loses_its_power_has_what_was_synced_and_of_the_rest_what_is_kept() {
    if !can_serve_a_disk() {
        return;
    }
    let sandbox = Sandbox::new("");
    let script = "cd disk/d; echo more >> old; echo 1 > a; sync a; echo 2 > b; sync .; \
                  sync b; echo lost >> b; echo 3 > c; sync c; mv old new; echo done > ../../seen";
    let mut shell = with_disk(&sandbox, "sh", &["-c", script]).spawn().unwrap();
    let pid = i32::try_from(shell.id()).unwrap();
    let files = Files::with("d", &[("old", b"old\n")]);
    let disk = OwnDisk::serve_files(&sandbox, pid, Locks::Local, files, Box::new(|_, _| {}));
    assert!(shell.wait().unwrap().success());
    assert_eq!(sandbox.read("seen"), "done\n");
    let disk = disk.into_files();
    let files = |files: &[(&str, &str)]| -> BTreeMap<_, _> {
        let owned = |&(name, text): &(&str, &str)| (name.to_owned(), text.to_owned());
        files.iter().map(owned).collect()
    };
    let all = files(&[
        ("a", "1\n"),
        ("b", "2\nlost\n"),
        ("c", "3\n"),
        ("new", "old\nmore\n"),
    ]);
    assert_eq!(contents(&disk, "d"), all);
    let left = |keeps: bool| disk.clone().after_power_loss(&mut || keeps);
    assert_eq!(contents(&left(true), "d"), all);
    // `c` was synced, and the directory that names it was not.
    let synced = files(&[("a", "1\n"), ("b", "2\n"), ("old", "old\n")]);
    assert_eq!(contents(&left(false), "d"), synced);
    // What is left once is certain.
    let again = left(false).after_power_loss(&mut || false);
    assert_eq!(contents(&again, "d"), synced);
}

#[test]
fn a_directory_whose_name_was_not_synced_is_lost_with_all_that_was_synced_in_it() {
    if !can_serve_a_disk() {
        return;
    }
    let sandbox = Sandbox::new("");
    let script = "mkdir disk/d; echo 1 > disk/d/a; sync disk/d/a disk/d";
    let mut shell = with_disk(&sandbox, "sh", &["-c", script]).spawn().unwrap();
    let pid = i32::try_from(shell.id()).unwrap();
    let disk = OwnDisk::serve(&sandbox, pid, Locks::Local);
    assert!(shell.wait().unwrap().success());
    let disk = disk.into_files();
    assert_eq!(contents(&disk, "d").len(), 1);
    let left = disk.after_power_loss(&mut || false);
    assert!(contents(&left, "d").is_empty());
}
