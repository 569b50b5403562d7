//! Stopping a process and all that it started: its group first, then those that left it.
//!
//! A shell dies of the SIGTERM that its children are still dealing with. It stays unreaped until
//! they are gone or killed: while it does, its process group is certainly still its own.

use super::child::Child;
use super::strays::{Bystanders, Strays};
use nix::sys::signal::Signal;
use std::io;
use std::time::Duration;

/// While others outlive a process that is being stopped, they are to be looked at so often: nobody
/// tells when a process ends that is not our child.
pub const OUTLIVED_CHECK: Duration = Duration::from_millis(50);

/// So often processes that were just started are killed after their leader, before a run is
/// given up that starts them faster: a second, as it is looked at.
const MOST_ROUNDS: u32 = 20;

/// How far the stopping of a process has got. Signals go out with the next [`Self::look`]: once the
/// first of its processes has died of one, some could not be found any more.
#[derive(Debug)]
pub struct Stopping {
    /// What its processes get: SIGTERM at first, SIGKILL at last.
    signal: Signal,
    /// Its group has got that.
    group_is_told: bool,
    /// Those that left its group.
    strays: Strays,
    /// It has ended; others perhaps have not.
    outlived: bool,
    /// How often others were found since it got SIGKILL.
    rounds: u32,
}

/// What a look found.
#[derive(Debug)]
pub struct Look {
    /// How far it has got.
    pub state: StopState,
    /// What hindered a signal.
    pub problems: Vec<io::Error>,
}

/// How far it has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopState {
    /// The process lives, and its end will be told.
    Lives,
    /// It has ended, and others live: look again in [`OUTLIVED_CHECK`].
    Outlived,
    /// Nobody is left whom it would be of use to wait for.
    Over,
}

impl Stopping {
    /// Its processes are to get this signal.
    #[must_use]
    pub fn with(signal: Signal) -> Self {
        Self {
            signal,
            group_is_told: false,
            strays: Strays::default(),
            outlived: false,
            rounds: 0,
        }
    }

    /// They are to get this one now. What is being killed is not asked any more.
    pub fn go_on_with(&mut self, signal: Signal) {
        if self.signal != Signal::SIGKILL {
            self.signal = signal;
            self.group_is_told = false;
        }
    }

    /// The signal that they are to get, or have got.
    #[must_use]
    pub fn signal(&self) -> Signal {
        self.signal
    }

    /// The process itself has ended.
    pub fn has_ended(&mut self) {
        self.outlived = true;
    }

    /// Looks who is left, and passes the signal on to those who have not got it. `attempt`: which run's,
    /// as `RUN_ID.ATTEMPT`.
    pub fn look(&mut self, child: &Child, attempt: &str, bystanders: &Bystanders) -> Look {
        let leader = child.leader();
        let mut problems = Vec::new();
        if !std::mem::replace(&mut self.group_is_told, true) {
            problems.extend(child.terminate_group(self.signal).err());
        }
        let found = self.strays.signal(bystanders, leader, attempt, self.signal);
        problems.extend(found.problem);
        let is_over = if !self.outlived {
            None
        } else if self.signal == Signal::SIGKILL {
            // Who survives that (another user's process, one that hangs in the kernel) must not hold
            // the run for ever. Who was started just before its parent was killed does not survive.
            self.rounds += 1;
            Some(found.new == 0 || self.rounds > MOST_ROUNDS)
        } else {
            let group_lives = leader.is_some_and(|leader| bystanders.group_lives(leader));
            Some(found.living == 0 && !group_lives)
        };
        let state = match is_over {
            None => StopState::Lives,
            Some(false) => StopState::Outlived,
            Some(true) => StopState::Over,
        };
        Look { state, problems }
    }
}
