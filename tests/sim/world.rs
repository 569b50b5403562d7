//! A machine that exists only in the test: two clocks, processes that follow a script, a store.

use crate::early::EarlyTimers;
use crate::tally::Tally;
use rsched::config::{self, Context, FileText, JobId, JobsFile, Loaded};
use rsched::scheduler::{
    Action, Batch, Command, Emitted, Event, EventName, Exit, Past, Reason, Record, Refusal, Reply,
    RunId, RunKey, RunState, RunTimeJob, Scheduler, ShutdownRequest, SpawnRequest, StopSignal,
    StoreFailure, StoreId, Token,
};
use rsched::store::Kept;
use rsched::time::{BootTime, Now, WallTime, Zone, ZoneDatabase, human};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// What the processes of a job do.
#[derive(Clone, Debug)]
pub struct Script {
    /// How long they run if left alone.
    pub runs_for: Duration,
    /// How they end then.
    pub exit: Exit,
    /// Whether SIGTERM does nothing.
    pub ignores_term: bool,
    /// Whether they cannot be started at all.
    pub spawn_fails: bool,
    /// How long it takes until their program runs, as on a disk that hangs.
    pub start_takes: Duration,
    /// From this attempt of a run on, they succeed.
    pub recovers_at: Option<u32>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            runs_for: Duration::from_millis(10),
            exit: Exit::Code(0),
            ignores_term: false,
            spawn_fails: false,
            start_takes: Duration::ZERO,
            recovers_at: None,
        }
    }
}

/// A process of the world.
#[derive(Clone, Debug)]
pub struct Process {
    pub job: String,
    pub fire_time: WallTime,
    pub attempt: (RunId, u32),
    pub pid: i32,
    pub since: BootTime,
    pub since_wall: WallTime,
    pub ends: BootTime,
    pub exit: Exit,
    ignores_term: bool,
    runs_for: Duration,
}

/// What happened, for the checkers.
#[derive(Default)]
pub struct Trace {
    pub emitted: Vec<Emitted>,
    pub records: Vec<Record>,
    /// (job, fire time, start, end) of every process; end is none while it runs.
    pub processes: Vec<(String, WallTime, WallTime, Option<WallTime>)>,
    /// Runs that somebody asked for.
    pub asked_for: BTreeSet<RunId>,
    /// Which attempt of which run each of these is.
    pub attempts: Vec<(RunId, u32)>,
    /// When each attempt was to be started; its program may run later.
    pub spawned: BTreeMap<(RunId, u32), WallTime>,
    /// The attempts that were to be started, in that order; those whose start takes long run later than
    /// others behind them.
    pub spawn_order: Vec<(RunId, u32)>,
    /// Processes of runs that somebody asked for: job and time of the request.
    pub manual: BTreeSet<(String, WallTime)>,
    /// The answers to commands, in the order of the commands; none while there is none yet.
    pub replies: Vec<Option<Reply>>,
    /// Spawns that were asked for before their `Starting` record was durable.
    pub premature: Vec<RunId>,
    pub signals: Vec<(WallTime, String, StopSignal)>,
    pub power_losses: usize,
    /// What the scheduler was told, each a step.
    pub steps: u64,
    pub tally: Tally,
}

pub struct World {
    pub scheduler: Scheduler,
    pub trace: Trace,
    /// When the first scheduler was started.
    pub begin: WallTime,
    /// How many jobs the files have.
    pub(super) job_count: u32,
    pub(super) wall: WallTime,
    /// The latest time the clock ever showed.
    pub(super) latest: WallTime,
    pub(super) boot: BootTime,
    scripts: BTreeMap<String, Script>,
    pub(super) processes: BTreeMap<RunKey, Process>,
    /// Processes whose program does not run yet, and when it will.
    pub(super) starting: BTreeMap<RunKey, (BootTime, Process)>,
    durable_starts: BTreeSet<(RunId, u32)>,
    store_fails_until: Option<BootTime>,
    /// Why it fails, when it does.
    pub store_failure: StoreFailure,
    /// It has room for all but the records of runs.
    pub store_is_nearly_full: bool,
    pub(super) store_delay: Duration,
    pub(super) unanswered: Vec<(BootTime, Batch)>,
    pub(super) exited: bool,
    pub(super) events: VecDeque<Event>,
    /// What the store has.
    pub(super) disk: Kept,
    /// When that became so.
    kept_at: WallTime,
    /// The marks of starts.
    pub(super) marks: BTreeSet<(RunId, u32)>,
    /// Which boot of the machine this is, and in which the disk was written last.
    pub(super) boots: u32,
    pub(super) boot_on_disk: u32,
    /// Its timers return too early.
    pub(super) early_timers: Option<EarlyTimers>,
    /// So many more actions, and the scheduler dies.
    pub(super) dies_after: Option<u32>,
    /// It is dead.
    pub(super) dead: bool,
}

impl Trace {
    pub(super) fn ended(&mut self, process: &Process, at: WallTime) {
        let entry = self
            .processes
            .iter_mut()
            .rev()
            .find(|(job, fire, _, end)| {
                *job == process.job && *fire == process.fire_time && end.is_none()
            })
            .unwrap();
        entry.3 = Some(at);
    }
}

/// Zones take a while to be made, and are the same in every world.
static ZONES: LazyLock<ZoneDatabase> = LazyLock::new(ZoneDatabase::bundled);

/// How many worlds a property is tried in: `RSCHED_SIM_FACTOR` times as many as usual. What fails is
/// shrunk, and printed with its seed.
pub fn cases(usual: u32) -> u32 {
    let factor = std::env::var("RSCHED_SIM_FACTOR").ok();
    usual * factor.and_then(|factor| factor.parse().ok()).unwrap_or(1)
}

pub const SECOND: Duration = Duration::from_secs(1);

pub fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

pub fn at(text: &str) -> WallTime {
    human::parse_datetime(text, &Zone::utc()).expect("a time in a test")
}

pub fn id(text: &str) -> JobId {
    JobId::parse(text).expect("an id in a test")
}

/// Jobs from text, in UTC, or a panic that shows the diagnostics.
pub fn jobs(text: &str, now: WallTime) -> JobsFile {
    let loaded = load(text, now);
    loaded
        .jobs_file
        .unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics))
}

/// Jobs from text, in UTC, or what is wrong with them.
pub fn load(text: &str, now: WallTime) -> Loaded {
    let file = FileText {
        name: "jobs.toml".into(),
        directory: PathBuf::from("/"),
        text: text.into(),
    };
    let context = Context {
        zones: &ZONES,
        machine_zone: Arc::new(Zone::utc().as_the_machine_s()),
        machine_id: "machine",
        host_name: "here",
        cpus: 4,
        now,
        accounts: None,
    };
    config::load(&[file], &context)
}

/// What a scheduler works with, which it tells of at its start.
pub fn is_of_the_makings(name: EventName) -> bool {
    matches!(name, EventName::ExecutorAdded | EventName::JobstoreAdded)
}

pub(super) fn count_of(file: &JobsFile) -> u32 {
    u32::try_from(file.jobs.len()).unwrap()
}

impl World {
    /// A scheduler of these jobs, started at that time.
    pub fn new(start: &str, toml: &str) -> Self {
        Self::with(start, toml, false, BTreeMap::new())
    }

    /// As [`Self::new`], with processes that follow their scripts from the first on.
    pub fn scripted(start: &str, toml: &str, scripts: BTreeMap<String, Script>) -> Self {
        Self::with(start, toml, false, scripts)
    }

    pub fn paused(start: &str, toml: &str) -> Self {
        Self::with(start, toml, true, BTreeMap::new())
    }

    fn with(start: &str, toml: &str, paused: bool, scripts: BTreeMap<String, Script>) -> Self {
        let wall = at(start);
        let boot = BootTime::from_micros(1_000_000_000);
        let now = Now { wall, boot };
        let store = StoreId(7);
        let file = jobs(toml, wall);
        let mut world = Self {
            job_count: count_of(&file),
            scheduler: Scheduler::new(file, paused, Past::none(store), now),
            trace: Trace::default(),
            begin: wall,
            wall,
            latest: wall,
            boot,
            scripts,
            processes: BTreeMap::new(),
            starting: BTreeMap::new(),
            durable_starts: BTreeSet::new(),
            store_fails_until: None,
            store_failure: StoreFailure::Refused,
            store_is_nearly_full: false,
            store_delay: Duration::ZERO,
            unanswered: Vec::new(),
            exited: false,
            events: VecDeque::new(),
            disk: Kept::nothing(store),
            kept_at: wall,
            marks: BTreeSet::new(),
            boots: 0,
            boot_on_disk: 0,
            early_timers: None,
            dies_after: None,
            dead: false,
        };
        world.give(Event::Started);
        world
    }

    pub fn script(mut self, job: &str, script: Script) -> Self {
        self.scripts.insert(job.into(), script);
        self
    }

    /// Every process of the job runs that long and exits with 0.
    pub fn runs_for(self, job: &str, runs_for: Duration) -> Self {
        self.script(
            job,
            Script {
                runs_for,
                ..Script::default()
            },
        )
    }

    pub fn wall(&self) -> WallTime {
        self.wall
    }

    /// When the store last said that it took anything.
    pub fn last_kept(&self) -> WallTime {
        self.kept_at
    }

    pub fn has_exited(&self) -> bool {
        self.exited
    }

    pub fn now(&self) -> Now {
        Now {
            wall: self.wall,
            boot: self.boot,
        }
    }

    /// The store fails for so long.
    pub fn store_fails_for(&mut self, time: Duration) {
        self.store_fails_until = Some(self.boot + time);
    }

    /// Every answer of the store takes so long.
    pub fn store_takes(&mut self, time: Duration) {
        self.store_delay = time;
    }

    /// Somebody sets the wall clock.
    pub fn set_clock(&mut self, text: &str) {
        self.trace.tally.clock_steps += 1;
        self.wall = at(text);
        self.give(Event::ClockStepped);
    }

    /// Somebody sets the wall clock, and nobody tells the scheduler.
    pub fn step_clock_untold(&mut self, step: impl FnOnce(WallTime) -> WallTime) {
        self.trace.tally.clock_steps += 1;
        self.wall = step(self.wall);
    }

    pub fn step_clock(&mut self, step: impl FnOnce(WallTime) -> WallTime) {
        self.trace.tally.clock_steps += 1;
        self.wall = step(self.wall);
        self.give(Event::ClockStepped);
    }

    /// Nothing runs for so long, then all goes on: a suspend, or a stopped scheduler.
    pub fn sleep_through(&mut self, time: Duration) {
        self.trace.tally.sleeps += 1;
        self.passes(time);
        self.settle();
        self.give(Event::Woke);
    }

    /// Time passes without the scheduler being woken: it is busy.
    pub fn passes(&mut self, time: Duration) {
        self.trace.tally.job_time += time * self.job_count;
        self.wall = self.wall + time;
        self.boot = self.boot + time;
    }

    pub fn reload(&mut self, toml: &str) {
        let file = jobs(toml, self.wall);
        self.job_count = count_of(&file);
        self.give(Event::Reload(Box::new(file)));
    }

    /// The kernel does not tell when the clock is set.
    pub fn steps_are_untold(&mut self) {
        self.give(Event::StepsAreUntold);
    }

    /// The daemon found that zones are others by now.
    pub fn update_zones(&mut self, zones: impl IntoIterator<Item = Zone>) {
        let zones = zones.into_iter().map(Arc::new).collect();
        self.give(Event::ZonesUpdated(zones));
    }

    pub fn shut_down(&mut self, request: ShutdownRequest) {
        self.give(Event::Shutdown(request));
    }

    /// Asks for something; the answer is none as long as the store has not taken what it rests on.
    pub fn command(&mut self, command: Command) -> Option<Reply> {
        let token = Token(self.trace.replies.len() as u64);
        self.trace.replies.push(None);
        self.give(Event::Command {
            token,
            command: Box::new(command),
        });
        self.trace.replies.last().unwrap().clone()
    }

    pub fn pause(&mut self, job: &str) -> Option<Reply> {
        self.command(Command::Pause(id(job)))
    }

    pub fn resume(&mut self, job: &str) -> Option<Reply> {
        self.command(Command::Resume(id(job)))
    }

    /// A run of the job, now.
    pub fn trigger(&mut self, job: &str) -> Result<RunId, Refusal> {
        match self.command(Command::Trigger(id(job))) {
            Some(Reply::Submitted(run)) => Ok(run),
            Some(Reply::Refused(refusal)) => Err(refusal),
            other => panic!("no such answer to a trigger: {other:?}"),
        }
    }

    /// Adds the one job of a file, as if it were in none.
    pub fn add(&mut self, toml: &str, replace: bool) -> Option<Reply> {
        let job = self.run_time_job(toml);
        let paused = false;
        self.command(Command::Add {
            job,
            replace,
            paused,
        })
    }

    pub fn run_time_job(&self, toml: &str) -> RunTimeJob {
        let job = jobs(toml, self.wall).jobs.remove(0);
        RunTimeJob {
            job,
            definition: toml.into(),
        }
    }

    /// Lets time pass, waking the scheduler when it asks to be (or [just before](Self::wakes_early), too)
    /// and when processes end.
    pub fn run_for(&mut self, time: Duration) -> &mut Self {
        let end = self.boot + time;
        let mut turns_at_this_moment = 0;
        loop {
            let now = self.now();
            let deadline = self.scheduler.deadline();
            let fire = deadline
                .wall
                .map(|wall| self.boot + wall.saturating_since(self.wall));
            let process_end = self.processes.values().map(|process| process.ends).min();
            let answer = self.unanswered.first().map(|&(due, _)| due);
            let start = self.starting.values().map(|&(due, _)| due).min();
            let timer = [fire, deadline.boot].into_iter().flatten().min();
            let early = timer.map(|due| self.too_early(due));
            let next = [early, process_end, answer, start]
                .into_iter()
                .flatten()
                .min();
            match next {
                Some(next) if next <= end && !self.exited && !self.dead => {
                    if timer.is_some_and(|due| next < due) && early == Some(next) {
                        self.trace.tally.early_wakes += 1;
                    }
                    self.passes(next.saturating_since(now.boot));
                    self.settle();
                    self.give(Event::Woke);
                    turns_at_this_moment = if self.now() == now {
                        turns_at_this_moment + 1
                    } else {
                        0
                    };
                    assert!(
                        turns_at_this_moment < 10_000,
                        "it asks to be woken again and again at {now:?}"
                    );
                }
                _ => {
                    self.passes(end.saturating_since(now.boot));
                    return self;
                }
            }
        }
    }

    /// Hands over what the world has to say at this moment: store answers, ends of processes.
    pub(super) fn settle(&mut self) {
        while self
            .unanswered
            .first()
            .is_some_and(|&(due, _)| due <= self.boot)
        {
            let (_, batch) = self.unanswered.remove(0);
            self.answer(batch);
            self.give(Event::Woke);
        }
        let is_due = |(due, _): &(BootTime, Process)| *due <= self.boot;
        let begun = self.starting.iter().filter(|(_, it)| is_due(it));
        for run in begun.map(|(&run, _)| run).collect::<Vec<_>>() {
            let Some((_, process)) = self.starting.remove(&run) else {
                continue;
            };
            let pid = self.begins_to_run(run, process);
            self.give(Event::Spawned { run, pid });
        }
        let ended: Vec<RunKey> = self
            .processes
            .iter()
            .filter(|(_, p)| p.ends <= self.boot)
            .map(|(&run, _)| run)
            .collect();
        for run in ended {
            self.reap(run);
        }
    }

    fn reap(&mut self, run: RunKey) {
        if self.dead {
            return;
        }
        let Some(process) = self.processes.remove(&run) else {
            return;
        };
        self.trace.ended(&process, self.wall);
        self.give(Event::Exited {
            run,
            exit: process.exit,
            usage: None,
            output: None,
        });
    }

    fn answer(&mut self, batch: Batch) {
        let ticket = batch.ticket;
        let fails = self
            .store_fails_until
            .is_some_and(|until| self.boot < until);
        let is_large = |record: &Record| matches!(record, Record::Run(_));
        let is_too_large = self.store_is_nearly_full && batch.records.iter().any(is_large);
        if fails || is_too_large {
            self.trace.tally.refused_batches += 1;
            self.events.push_back(Event::StoreFailed {
                ticket,
                error: "no space left on device".into(),
                failure: self.store_failure,
            });
            return;
        }
        self.keep(batch);
        self.kept_at = self.wall;
        self.events.push_back(Event::Stored(ticket));
    }

    /// The batch is durable.
    pub(super) fn keep(&mut self, batch: Batch) {
        for record in &batch.records {
            if let Record::Run(run) = record
                && run.state == RunState::Starting
            {
                self.durable_starts.insert((run.id, run.attempt));
            }
        }
        self.disk.take_in(&batch);
        self.boot_on_disk = self.boots;
        self.trace.records.extend(batch.records);
    }

    fn note_the_time(&mut self) {
        self.latest = self.latest.max(self.wall);
    }

    /// As the daemon does: what an event leads to is told to the scheduler before anything else.
    pub(super) fn give(&mut self, event: Event) {
        if self.dead {
            return;
        }
        self.events.push_back(event);
        while let Some(event) = self.events.pop_front() {
            let mut actions = Vec::new();
            let now = self.now();
            self.note_the_time();
            self.trace.steps += 1;
            self.scheduler.step(now, event, &mut actions);
            for action in actions {
                if self.dies_now() {
                    self.die();
                    return;
                }
                self.perform(action);
            }
        }
    }

    /// Whether the scheduler dies between two actions, just here.
    fn dies_now(&mut self) -> bool {
        match &mut self.dies_after {
            Some(0) => true,
            Some(left) => {
                *left -= 1;
                false
            }
            None => false,
        }
    }

    fn perform(&mut self, action: Action) {
        assert!(!self.exited, "an action after `Exit`: {action:?}");
        match action {
            Action::Store(batch) if self.store_delay.is_zero() => self.answer(batch),
            Action::Store(batch) => self.unanswered.push((self.boot + self.store_delay, batch)),
            Action::Emit(emitted) => self.trace.emitted.push(*emitted),
            Action::Reply { token, reply } => {
                let place = &mut self.trace.replies[usize::try_from(token.0).unwrap()];
                assert_eq!(*place, None, "{token:?} was answered twice");
                *place = Some(reply);
            }
            Action::Exit => self.exited = true,
            Action::Spawn(request) => {
                // A run may have been made just before the clock was set back.
                assert!(
                    request.fire_time <= self.latest,
                    "its fire time never came: {request:?}"
                );
                let attempt = (request.run_id, request.attempt);
                if !self.durable_starts.contains(&attempt) {
                    self.trace.premature.push(request.run_id);
                }
                let job = request.job.id.to_string();
                assert_eq!(request.reason == Reason::Retry, request.attempt > 1);
                let (run, asked) = (request.run_id, &mut self.trace.asked_for);
                if request.reason == Reason::Manual {
                    asked.insert(run);
                }
                if asked.contains(&run) {
                    self.trace.manual.insert((job.clone(), request.fire_time));
                }
                self.trace.spawn_order.push(attempt);
                self.spawn(&request);
            }
            Action::GiveUpStart { run } => {
                // What runs by now was told as `Spawned`.
                if let Some((_, process)) = self.starting.remove(&run) {
                    self.marks.remove(&process.attempt);
                    self.events.push_back(Event::SpawnFailed {
                        run,
                        error: "its program did not run yet".into(),
                    });
                }
            }
            Action::ClearStart { run_id, attempt } => {
                self.marks.remove(&(run_id, attempt));
            }
            Action::Signal { run, signal } => {
                let process = self
                    .processes
                    .get_mut(&run)
                    .expect("only a living process is signalled");
                self.trace
                    .signals
                    .push((self.wall, process.job.clone(), signal));
                let (dies, number) = match signal {
                    StopSignal::Terminate => (!process.ignores_term, 15),
                    StopSignal::Kill => (true, 9),
                };
                if dies {
                    process.ends = self.boot;
                    process.exit = Exit::Signal {
                        number,
                        core_dumped: false,
                    };
                }
            }
        }
    }

    fn spawn(&mut self, request: &SpawnRequest) {
        let job = request.job.id.to_string();
        let script = self.scripts.get(&job).cloned().unwrap_or_default();
        if script.spawn_fails {
            self.trace.tally.failed_spawns += 1;
            self.events.push_back(Event::SpawnFailed {
                run: request.run,
                error: "no such file".into(),
            });
            return;
        }
        let attempt = (request.run_id, request.attempt);
        assert!(self.marks.insert(attempt), "{attempt:?} starts again");
        self.trace.spawned.insert(attempt, self.wall);
        let process = Process {
            job,
            fire_time: request.fire_time,
            attempt,
            pid: 0,
            since: self.boot,
            since_wall: self.wall,
            ends: self.boot,
            exit: match script.recovers_at {
                Some(attempt) if request.attempt >= attempt => Exit::Code(0),
                _ => script.exit,
            },
            ignores_term: script.ignores_term,
            runs_for: script.runs_for,
        };
        let run = request.run;
        if script.start_takes.is_zero() {
            let pid = self.begins_to_run(run, process);
            self.events.push_back(Event::Spawned { run, pid });
        } else {
            let due = self.boot + script.start_takes;
            self.starting.insert(run, (due, process));
        }
    }

    /// Whether its process exists, and its program does not run yet.
    pub fn is_starting(&self, run: RunKey) -> bool {
        self.starting.contains_key(&run)
    }

    /// Its program runs from now on; gives its pid.
    pub(super) fn begins_to_run(&mut self, run: RunKey, process: Process) -> i32 {
        let (job, fire_time) = (process.job.clone(), process.fire_time);
        self.trace.processes.push((job, fire_time, self.wall, None));
        self.trace.attempts.push(process.attempt);
        let pid = i32::try_from(self.trace.processes.len()).unwrap() + 100;
        let process = Process {
            pid,
            since: self.boot,
            since_wall: self.wall,
            ends: self.boot + process.runs_for,
            ..process
        };
        self.processes.insert(run, process);
        pid
    }

    // What happened, in words.

    /// The events, `SECONDS name job` each, counted from the start of the day; without those that every run of
    /// a job and every start of a scheduler has.
    pub fn story(&self) -> Vec<String> {
        self.trace
            .emitted
            .iter()
            .filter(|told| told.name != EventName::JobSubmitted && !is_of_the_makings(told.name))
            .map(|told| {
                let day = told.time.unix_seconds().rem_euclid(86_400);
                let job = told
                    .job_id
                    .as_ref()
                    .map_or(String::new(), |id| format!(" {id}"));
                format!("{day} {}{job}", told.name.as_str())
            })
            .collect()
    }

    /// When processes of the job were started, as seconds of the day.
    pub fn starts(&self, job: &str) -> Vec<i64> {
        self.trace
            .processes
            .iter()
            .filter(|(id, ..)| id == job)
            .map(|(_, _, start, _)| start.unix_seconds().rem_euclid(86_400))
            .collect()
    }

    /// How many events of that name the job had, counting every fire in a range.
    pub fn fires(&self, job: &str, name: EventName) -> u64 {
        self.trace
            .emitted
            .iter()
            .filter(|told| {
                told.name == name && told.job_id.as_ref().is_some_and(|id| id.as_str() == job)
            })
            .map(|told| match name {
                EventName::JobMissed | EventName::JobCoalesced | EventName::JobMaxInstances => {
                    told.count.unwrap_or(1)
                }
                _ => 1,
            })
            .sum()
    }
}
