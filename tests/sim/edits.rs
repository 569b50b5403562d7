//! Jobs files that are edited at random, while a scheduler runs or none does: each fire is decided by
//! exactly one of the files, and has exactly one outcome.

use crate::checkers;
use crate::death::Death;
use crate::world::{Script, World, cases, id, jobs, seconds};
use proptest::prelude::*;
use rsched::scheduler::{Command, FiresRecord, Reason, Record, RunId, ShutdownRequest};
use rsched::time::WallTime;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

/// The store takes no longer than this for a batch.
const SLOWEST_STORE: u64 = 5;

/// … and fails no longer than this.
const LONGEST_FAILURE: u64 = 100;

const JOBS: usize = 4;

/// Schedules without a phase: what they fire at can be told from the file alone.
const TRIGGERS: [&str; 6] = [
    "cron = '* * * * *'",
    "cron = '*/2 * * * *'",
    "cron = '*/5 * * * *'",
    "cron = { second = '*/7' }",
    "cron = { second = '3,30' }",
    "cron = '0 * * * *'",
];

/// What else a job says, none of which changes its fires.
const KEYS: [&str; 7] = [
    "",
    "misfire_grace_time = '10s'",
    "misfire_grace_time = 'forever'\ncoalesce = false",
    "max_instances = 2\noverlap = 'queue'",
    "overlap = 'replace'",
    "exclusive = 'group'\nmisfire_grace_time = '5m'",
    "retry = { attempts = 2, delay = 3 }\ncoalesce = 'earliest'",
];

/// A job as a file has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    trigger: usize,
    keys: usize,
    enabled: bool,
}

type File = BTreeMap<usize, Entry>;

fn toml_of(file: &File) -> String {
    let mut toml = "[executors.default]\nmax_workers = 3\n".to_owned();
    for (job, entry) in file {
        let (trigger, keys, enabled) = (TRIGGERS[entry.trigger], KEYS[entry.keys], entry.enabled);
        writeln!(
            toml,
            "[jobs.job{job}]\n{trigger}\n{keys}\nenabled = {enabled}"
        )
        .unwrap();
        writeln!(toml, "command = 'x'").unwrap();
    }
    toml
}

/// One job becomes another, or goes.
type Edit = (usize, Option<Entry>);

fn entry() -> impl Strategy<Value = Entry> {
    (0..TRIGGERS.len(), 0..KEYS.len(), prop::bool::weighted(0.9)).prop_map(
        |(trigger, keys, enabled)| Entry {
            trigger,
            keys,
            enabled,
        },
    )
}

fn edit() -> impl Strategy<Value = Edit> {
    (0..JOBS, prop::option::weighted(0.8, entry()))
}

#[derive(Clone, Debug)]
enum Happening {
    Run(u64),
    Sleep(u64),
    StoreFails(u64),
    StoreTakes(u64),
    Trigger(usize),
    Kill(usize),
    PauseAll,
    ResumeAll,
    Reload(Vec<Edit>),
    /// After so many actions, or so many seconds; down for so long, and edited meanwhile.
    Die(u32, u64, u64, Vec<Edit>, Death),
    Stop(u64, Vec<Edit>),
}

fn happening() -> impl Strategy<Value = Happening> {
    let edits = || prop::collection::vec(edit(), 0..3);
    prop_oneof![
        4 => (1..400_u64).prop_map(Happening::Run),
        1 => (1..3_000_u64).prop_map(Happening::Sleep),
        1 => (1..=LONGEST_FAILURE).prop_map(Happening::StoreFails),
        1 => (0..=SLOWEST_STORE).prop_map(Happening::StoreTakes),
        1 => (0..JOBS).prop_map(Happening::Trigger),
        1 => (0..JOBS).prop_map(Happening::Kill),
        1 => Just(Happening::PauseAll),
        1 => Just(Happening::ResumeAll),
        6 => edits().prop_map(Happening::Reload),
        2 => (
            (0..40_u32, 1..300_u64, 0..400_u64),
            edits(),
            prop::sample::select(vec![Death::OfTheScheduler, Death::OfTheScheduler, Death::OfTheMachine]),
        )
            .prop_map(|((actions, run, down), edits, death)| Happening::Die(actions, run, down, edits, death)),
        1 => (0..400_u64, edits()).prop_map(|(down, edits)| Happening::Stop(down, edits)),
    ]
}

/// A stretch of time in which a job had one trigger.
struct Stretch {
    job: usize,
    trigger: usize,
    after: WallTime,
    /// All fires up to here have an outcome.
    certain: WallTime,
    /// Those up to here had it before the stretch ended.
    early: WallTime,
    /// From then on another file holds. What came due in between may have none: no scheduler ran, or none
    /// that could write it down, and a trigger that is edited while down makes no backlog.
    until: WallTime,
}

/// What files held when.
struct History {
    file: File,
    /// Since when each job that has fires has its trigger.
    current: BTreeMap<usize, (usize, WallTime)>,
    past: Vec<Stretch>,
    /// The fires since then wait.
    paused_since: Option<WallTime>,
    /// What came due from then on was not judged when it did, or that is not long ago.
    unjudged_since: Option<WallTime>,
}

impl History {
    fn begin(file: File, at: WallTime) -> Self {
        let mut history = Self {
            file: File::new(),
            current: BTreeMap::new(),
            past: Vec::new(),
            paused_since: None,
            unjudged_since: None,
        };
        history.becomes(file, at, at);
        history
    }

    /// Another file holds from now on.
    fn becomes(&mut self, file: File, certain: WallTime, now: WallTime) {
        let fires = |entry: Option<&Entry>| entry.filter(|it| it.enabled).map(|it| it.trigger);
        for job in 0..JOBS {
            let (old, new) = (fires(self.file.get(&job)), fires(file.get(&job)));
            if old == new {
                continue;
            }
            if let Some((trigger, after)) = self.current.remove(&job) {
                self.past.push(Stretch {
                    job,
                    trigger,
                    after,
                    certain: certain.max(after),
                    early: self.judged_until(certain),
                    until: now,
                });
            }
            if let Some(trigger) = new {
                self.current.insert(job, (trigger, now));
            }
        }
        self.file = file;
    }

    /// Up to when fires were judged as they came due, by this time.
    fn judged_until(&self, time: WallTime) -> WallTime {
        let late = [self.paused_since, self.unjudged_since];
        late.into_iter().flatten().fold(time, WallTime::min)
    }

    fn judges_late_from(&mut self, since: WallTime) {
        let earlier = self.unjudged_since.map_or(since, |other| other.min(since));
        self.unjudged_since = Some(earlier);
    }

    /// A scheduler starts, with this file. It may be paused once more, if that it was resumed is not on
    /// disk.
    fn goes_on(&mut self, file: File, kept: WallTime, now: WallTime, is_paused: bool) {
        if is_paused {
            self.paused_since.get_or_insert(kept);
        }
        for stretch in self.past.iter_mut().filter(|it| it.until >= kept) {
            stretch.certain = stretch.certain.min(kept).min(stretch.early);
        }
        let certain = self.paused_since.map_or(kept, |since| since.min(kept));
        // What was not on disk is seen for the first time now; what came about at that very moment need
        // not be on it.
        for (&job, (trigger, after)) in &mut self.current {
            if *after >= certain {
                self.past.push(Stretch {
                    job,
                    trigger: *trigger,
                    after: *after,
                    certain: *after,
                    early: *after,
                    until: now,
                });
                *after = now;
            }
        }
        self.judges_late_from(kept);
        self.becomes(file, certain, now);
        // Nor need it be on disk that a job was gone for a while: then it comes back with a backlog.
        for (&job, &(trigger, _)) in &self.current {
            self.past.push(Stretch {
                job,
                trigger,
                after: certain,
                certain,
                early: certain,
                until: now,
            });
        }
    }

    fn edited(&self, edits: &[Edit]) -> File {
        let mut file = self.file.clone();
        for (job, entry) in edits {
            match entry {
                Some(entry) => file.insert(*job, *entry),
                None => file.remove(job),
            };
        }
        file
    }
}

/// Up to when all that was judged is on disk while the store works: what came due later may wait behind
/// a batch that is on its way, and then be on its own.
fn written_by(now: WallTime) -> WallTime {
    now - seconds(2 * SLOWEST_STORE + 1)
}

/// Up to when all that was judged is on disk.
fn certain_of(world: &World, history: &History) -> WallTime {
    let kept = world.last_kept() - seconds(SLOWEST_STORE + 1);
    history.unjudged_since.map_or(kept, |since| since.min(kept))
}

/// Every fire of every stretch has one outcome, and there are no others.
fn every_fire_is_decided_by_one_file(world: &World, history: &History) {
    for job in 0..JOBS {
        // Whether it must have one, and how many it has.
        let mut due: BTreeMap<WallTime, (bool, u32)> = BTreeMap::new();
        let mut of_trigger: BTreeMap<usize, BTreeSet<WallTime>> = BTreeMap::new();
        for stretch in history.past.iter().filter(|it| it.job == job) {
            let toml = format!("[jobs.a]\n{}\ncommand = 'x'\n", TRIGGERS[stretch.trigger]);
            let read = jobs(&toml, stretch.after);
            let schedule = read.jobs[0].schedule.anchored(stretch.after);
            let mut fire = schedule.next_after(stretch.after);
            while let Some(at) = fire.filter(|&at| at <= stretch.until) {
                due.entry(at).or_default().0 |= at <= stretch.certain;
                of_trigger.entry(stretch.trigger).or_default().insert(at);
                fire = schedule.next_after(at);
            }
        }
        let name = format!("job{job}");
        let (mut runs, mut asked_for) = (BTreeMap::<RunId, _>::new(), BTreeSet::new());
        for record in &world.trace.records {
            match record {
                Record::Run(run) if run.job.as_str() == name => {
                    if run.reason == Reason::Manual {
                        asked_for.insert(run.id);
                    }
                    let ended = runs.entry(run.id).or_insert((run.fire_time, false));
                    assert!(!ended.1 || run.end().is_none(), "{} ended twice", run.id);
                    ended.1 |= run.end().is_some();
                }
                Record::Fires(FiresRecord { job, range, .. }) if job.as_str() == name => {
                    // Fires of one trigger, all of them.
                    let is_it = |fires: &&BTreeSet<WallTime>| {
                        let count = fires.range(range.first..=range.last).count() as u64;
                        let has_ends = [range.first, range.last]
                            .iter()
                            .all(|at| fires.contains(at));
                        has_ends && count == range.count
                    };
                    let fires = of_trigger.values().find(is_it);
                    let fires = fires.unwrap_or_else(|| panic!("{name}: no trigger has {range:?}"));
                    for at in fires.range(range.first..=range.last) {
                        due.entry(*at).or_default().1 += 1;
                    }
                }
                _ => {}
            }
        }
        for (run, (at, has_ended)) in runs {
            assert!(has_ended, "run {run} of {name} never ended");
            if !asked_for.contains(&run) {
                let due = due.get_mut(&at);
                due.unwrap_or_else(|| {
                    panic!("{name} ran at {at:?}, which is no fire of any file")
                })
                .1 += 1;
            }
        }
        let is_wrong =
            |(_, (certain, count)): &(&_, &(bool, u32))| *count > 1 || *certain && *count == 0;
        let wrong: Vec<_> = due.iter().filter(is_wrong).collect();
        assert!(wrong.is_empty(), "{name}: not one outcome each: {wrong:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(300)))]

    #[test]
    fn each_fire_is_decided_by_exactly_one_of_the_files(
        first in prop::collection::btree_map(0..JOBS, entry(), 1..JOBS),
        runs_for in prop::collection::vec((1..90_000_u64, prop_oneof![3 => Just(0), 1 => 1..60_000_u64]), JOBS),
        happenings in prop::collection::vec(happening(), 1..16),
    ) {
        let mut world = World::new("2026-03-01 00:00:00.25", &toml_of(&first));
        for (job, &(runs_for, start_takes)) in runs_for.iter().enumerate() {
            world = world.script(&format!("job{job}"), Script {
                runs_for: Duration::from_millis(runs_for),
                start_takes: Duration::from_millis(start_takes),
                ..Script::default()
            });
        }
        let mut history = History::begin(first, world.wall());
        for happening in happenings {
            match happening {
                Happening::Run(time) => {
                    world.run_for(seconds(time));
                    if time > LONGEST_FAILURE + SLOWEST_STORE {
                        history.unjudged_since = None;
                    }
                }
                Happening::Sleep(time) => {
                    history.judges_late_from(written_by(world.wall()));
                    world.sleep_through(seconds(time));
                }
                Happening::StoreFails(time) => {
                    history.judges_late_from(written_by(world.wall()));
                    world.store_fails_for(seconds(time));
                }
                Happening::StoreTakes(time) => world.store_takes(seconds(time)),
                Happening::Trigger(job) => { world.command(Command::Trigger(id(&format!("job{job}")))); }
                Happening::Kill(job) => { world.command(Command::KillJob(id(&format!("job{job}")))); }
                Happening::PauseAll => {
                    // What is not on disk by now may have to wait, too.
                    let since = certain_of(&world, &history);
                    history.paused_since.get_or_insert(since);
                    world.command(Command::PauseAll);
                }
                Happening::ResumeAll => {
                    world.command(Command::ResumeAll);
                    // A store that fails can refuse it.
                    if !world.scheduler.overview().paused
                        && let Some(since) = history.paused_since.take()
                    {
                        history.judges_late_from(since);
                    }
                }
                Happening::Reload(edits) => {
                    let file = history.edited(&edits);
                    world.reload(&toml_of(&file));
                    history.becomes(file, world.wall(), world.wall());
                }
                Happening::Die(actions, run, down, edits, death) => {
                    world.kill_scheduler_after(actions);
                    world.run_for(seconds(run));
                    let certain = certain_of(&world, &history);
                    let file = history.edited(&edits);
                    world.restart(seconds(down), death, &toml_of(&file));
                    let is_paused = world.scheduler.overview().paused;
                    history.goes_on(file, certain, world.wall(), is_paused);
                }
                Happening::Stop(down, edits) => {
                    // What comes due from here on is left for the next start.
                    let certain = certain_of(&world, &history);
                    world.shut_down(ShutdownRequest::Wait);
                    world.run_for(seconds(500));
                    prop_assert!(world.has_exited(), "{:?}", world.scheduler.status());
                    let file = history.edited(&edits);
                    world.restart(seconds(down), Death::OfTheScheduler, &toml_of(&file));
                    let is_paused = world.scheduler.overview().paused;
                    history.goes_on(file, certain, world.wall(), is_paused);
                }
            }
        }
        world.store_takes(Duration::ZERO);
        world.store_fails_for(Duration::ZERO);
        world.run_for(seconds(30));
        world.command(Command::ResumeAll);
        world.run_for(seconds(30));
        world.reload("");
        history.becomes(File::new(), world.wall(), world.wall());
        world.run_for(seconds(400_000));
        world.shut_down(ShutdownRequest::Wait);
        world.run_for(seconds(10));
        prop_assert!(world.has_exited(), "something never drained: {:?}", world.scheduler.status());

        checkers::nothing_starts_without_a_durable_record(&world);
        checkers::nothing_starts_early(&world);
        checkers::no_fire_runs_twice(&world);
        checkers::promised_runs_have_one_outcome(&world);
        every_fire_is_decided_by_one_file(&world, &history);
        prop_assert!(world.marks_left().is_empty(), "marks of ended runs: {:?}", world.marks_left());
        prop_assert!(world.unfinished_on_disk() == 0);
    }
}
