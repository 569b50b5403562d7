//! A walk through the fires of several sources, for one question.
//!
//! Every part keeps its last answer for as long as that holds: a part that never fires again is asked
//! once, and not each time another one moves on. Parts that do not agree leap, each time to the first
//! instant a part could agree to, and every intersection and exception has so many leaps and no more,
//! so that no nesting multiplies them.

use super::anchored::Schedule;
use super::combined::Fires;
use super::exclusion::Exclusion;
use crate::time::{WallTime, Zone};

/// Leaps after which parts count as never agreeing, and excluded runs after which nothing counts as
/// left: less than a millisecond. Daily times reach some twenty years ahead with it.
const MOST_LEAPS: usize = 8_000;

/// The instant one grain of time earlier, so that "after" it is "from" the instant on.
pub(super) fn just_before(at: WallTime) -> WallTime {
    WallTime::from_micros(at.as_micros().saturating_sub(1))
}

pub(super) fn just_after(at: WallTime) -> WallTime {
    WallTime::from_micros(at.as_micros().saturating_add(1))
}

/// Which way a walk goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Forward,
    Backward,
}

impl Direction {
    /// The instant that comes first on the way.
    fn nearer(self, one: WallTime, other: WallTime) -> WallTime {
        match self {
            Self::Forward => one.min(other),
            Self::Backward => one.max(other),
        }
    }

    /// The instant that comes last on the way.
    fn farther(self, one: WallTime, other: WallTime) -> WallTime {
        match self {
            Self::Forward => one.max(other),
            Self::Backward => one.min(other),
        }
    }

    /// The next instant there is.
    fn beyond(self, at: WallTime) -> WallTime {
        match self {
            Self::Forward => just_after(at),
            Self::Backward => just_before(at),
        }
    }
}

/// A walk through the fires of one source. Instants it is asked for only move on.
pub(super) struct Walk<'a> {
    source: Source<'a>,
    direction: Direction,
    /// Where fires begin, on the way.
    begin: WallTime,
    /// Where they end.
    end: WallTime,
    answer: Answer,
    /// Leaps left for this question.
    left: usize,
    /// Leaps of earlier ones.
    spent: usize,
}

/// What a walk answered last.
enum Answer {
    /// It was asked nothing yet.
    Unasked,
    Fire(WallTime),
    Never,
}

enum Source<'a> {
    One(&'a Fires, &'a Zone),
    Any(Vec<Walk<'a>>),
    All(Vec<Walk<'a>>),
    Except(Box<Walk<'a>>, &'a [Exclusion]),
}

impl<'a> Walk<'a> {
    /// A walk without bounds.
    pub(super) fn new(fires: &'a Fires, zone: &'a Zone, direction: Direction) -> Self {
        let walks = |parts: &'a [Schedule]| parts.iter().map(|part| part.walk(direction)).collect();
        let source = match fires {
            Fires::Any(parts) => Source::Any(walks(parts)),
            Fires::All(parts) => Source::All(walks(parts)),
            Fires::Except { fires, except } => {
                Source::Except(Box::new(Self::new(fires, zone, direction)), except)
            }
            _ => Source::One(fires, zone),
        };
        let (begin, end) = match direction {
            Direction::Forward => (WallTime::MIN, WallTime::MAX),
            Direction::Backward => (WallTime::MAX, WallTime::MIN),
        };
        Self {
            source,
            direction,
            begin,
            end,
            answer: Answer::Unasked,
            left: MOST_LEAPS,
            spent: 0,
        }
    }

    /// The same between two instants, both included.
    pub(super) fn within(mut self, first: WallTime, last: WallTime) -> Self {
        (self.begin, self.end) = match self.direction {
            Direction::Forward => (first, last),
            Direction::Backward => (last, first),
        };
        self
    }

    /// The first fire on the way, `from` included.
    pub(super) fn reach(&mut self, from: WallTime) -> Option<WallTime> {
        match self.answer {
            Answer::Never => return None,
            // It holds until something behind it is asked for.
            Answer::Fire(at) if self.direction.farther(at, from) == at => return Some(at),
            Answer::Fire(_) | Answer::Unasked => {}
        }
        let from = self.direction.farther(from, self.begin);
        let (direction, end) = (self.direction, self.end);
        let is_within = |at: &WallTime| direction.nearer(*at, end) == *at;
        let answer = self.find(from).filter(is_within);
        self.answer = answer.map_or(Answer::Never, Answer::Fire);
        answer
    }

    fn find(&mut self, from: WallTime) -> Option<WallTime> {
        let direction = self.direction;
        match &mut self.source {
            Source::One(fires, zone) => match direction {
                Direction::Forward => fires.first_from(from, zone),
                Direction::Backward => fires.last_until(from, zone),
            },
            Source::Any(parts) => {
                let answers = parts.iter_mut().filter_map(|part| part.reach(from));
                answers.reduce(|one, other| direction.nearer(one, other))
            }
            Source::All(parts) => {
                let mut at = from;
                while self.left > 0 {
                    self.left -= 1;
                    let mut farthest = at;
                    for part in &mut *parts {
                        farthest = part.reach(farthest)?;
                    }
                    // Parts only move on: if none did, all fire here.
                    if farthest == at {
                        return Some(at);
                    }
                    at = farthest;
                }
                None
            }
            Source::Except(fires, except) => {
                let mut at = from;
                while self.left > 0 {
                    self.left -= 1;
                    let fire = fires.reach(at)?;
                    match behind_runs(except, fire, direction) {
                        None => return Some(fire),
                        Some(behind) => at = behind,
                    }
                }
                None
            }
        }
    }

    /// Makes it ready for another question, which goes on where this one ended.
    pub(super) fn refresh(&mut self) {
        self.spent += MOST_LEAPS - self.left;
        self.left = MOST_LEAPS;
        self.parts().for_each(Self::refresh);
    }

    /// Leaps of all questions before this one, those of the parts included.
    pub(super) fn leaps(&mut self) -> usize {
        let spent = self.spent;
        self.parts().map(Walk::leaps).sum::<usize>() + spent
    }

    fn parts(&mut self) -> impl Iterator<Item = &mut Walk<'a>> {
        let parts = match &mut self.source {
            Source::One(..) => &mut [],
            Source::Any(parts) | Source::All(parts) => parts.as_mut_slice(),
            Source::Except(fires, _) => std::slice::from_mut(&mut **fires),
        };
        parts.iter_mut()
    }
}

/// The first instant behind the excluded runs that hold `at`; none if it is not excluded.
fn behind_runs(except: &[Exclusion], at: WallTime, direction: Direction) -> Option<WallTime> {
    let behind = |exclusion: &Exclusion| {
        let (first, end) = exclusion.run_around(at)?;
        Some(match direction {
            Direction::Forward => end,
            Direction::Backward => just_before(first),
        })
    };
    let farthest = except.iter().filter_map(behind);
    let farthest = farthest.reduce(|one, other| direction.farther(one, other))?;
    Some(direction.farther(farthest, direction.beyond(at)))
}
