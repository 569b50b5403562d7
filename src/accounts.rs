//! The machine's user database, for jobs that name users and groups.
//!
//! It may be anywhere: a name service that hangs must not hang the scheduler, so it is asked in a
//! thread of its own, and only while jobs are read, never when one is due.

use crate::config::{Account, AccountError, Accounts, Principal};
use nix::unistd::{Gid, Group, Uid, User, geteuid, getgrouplist};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::CString;
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// How long the database may take for one question.
const PATIENCE: Duration = Duration::from_secs(2);

type Question = (Option<Principal>, Option<Principal>);
type Answer = Result<Account, AccountError>;

/// The database, and its answers so far: a thousand jobs of one user are one question.
#[derive(Debug, Default)]
pub struct UserDatabase {
    answers: RefCell<BTreeMap<Question, Answer>>,
}

impl Accounts for UserDatabase {
    fn find(&self, user: Option<&Principal>, group: Option<&Principal>) -> Answer {
        if !geteuid().is_root() {
            return Err(AccountError::NotRoot);
        }
        let question = (user.cloned(), group.cloned());
        if let Some(answer) = self.answers.borrow().get(&question) {
            return answer.clone();
        }
        let gave_up = |answer: &Answer| matches!(answer, Err(AccountError::Unanswered(_)));
        // Who did not answer once is not waited for a second time.
        let silent = self
            .answers
            .borrow()
            .values()
            .find(|it| gave_up(it))
            .cloned();
        let answer = silent.unwrap_or_else(|| ask_patiently(question.clone()));
        self.answers.borrow_mut().insert(question, answer.clone());
        answer
    }
}

fn ask_patiently((user, group): Question) -> Answer {
    let (sender, receiver) = mpsc::channel();
    let asking = thread::Builder::new()
        .name("users".into())
        // Nobody may be waiting any more.
        .spawn(move || drop(sender.send(ask(user.as_ref(), group.as_ref()))));
    if let Err(error) = asking {
        return Err(AccountError::Unanswered(error.to_string()));
    }
    receiver.recv_timeout(PATIENCE).unwrap_or_else(|_| {
        let why = format!(
            "the user database did not answer within {} s",
            PATIENCE.as_secs()
        );
        Err(AccountError::Unanswered(why))
    })
}

fn ask(user: Option<&Principal>, group: Option<&Principal>) -> Answer {
    let found = match user {
        None => User::from_uid(geteuid()),
        Some(Principal::Number(uid)) => User::from_uid(Uid::from_raw(*uid)),
        Some(Principal::Name(name)) => User::from_name(name),
    };
    let found = found.map_err(unanswered)?;
    let gid = match group {
        None => None,
        Some(Principal::Number(gid)) => Some(Gid::from_raw(*gid)),
        Some(Principal::Name(name)) => {
            let group = Group::from_name(name).map_err(unanswered)?;
            Some(group.ok_or(AccountError::NoGroup)?.gid)
        }
    };
    match (found, user) {
        (Some(user), _) => account(user, gid),
        (None, Some(Principal::Number(uid))) => nameless(*uid, gid),
        (None, Some(Principal::Name(_))) => Err(AccountError::NoUser),
        (None, None) => nameless(geteuid().as_raw(), gid),
    }
}

fn account(user: User, gid: Option<Gid>) -> Answer {
    let gid = gid.unwrap_or(user.gid);
    let no_user = |_| AccountError::NoUser;
    let name = CString::new(user.name.as_str()).map_err(no_user)?;
    let groups = getgrouplist(&name, gid).map_err(unanswered)?;
    Ok(Account {
        name: user.name,
        uid: user.uid.as_raw(),
        gid: gid.as_raw(),
        groups: groups.into_iter().map(Gid::as_raw).collect(),
        home: user.dir,
    })
}

/// A number without a name belongs to no groups but the one that is given.
fn nameless(uid: u32, gid: Option<Gid>) -> Answer {
    let gid = gid.ok_or(AccountError::NoOwnGroup)?.as_raw();
    Ok(Account {
        name: uid.to_string(),
        uid,
        gid,
        groups: vec![gid],
        home: PathBuf::from("/"),
    })
}

fn unanswered(errno: nix::errno::Errno) -> AccountError {
    AccountError::Unanswered(errno.desc().to_lowercase())
}
