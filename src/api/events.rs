//! Events as they happen, in the format of server-sent events.

use super::body::AnswerBody;
use super::feed::Feed;
use super::wire::EventJson;
use bytes::Bytes;
use std::fmt::Write as _;
use std::time::Duration;
use tokio::sync::mpsc::{Sender, channel};

/// Events handed over at once.
const PAGE: usize = 64;

/// Pages that may wait for a client that reads slowly; then the feed waits with it, and what it does
/// not keep so long is lost to that client.
const PAGES_IN_FLIGHT: usize = 2;

/// After so long without an event something is sent all the same: who has gone is noticed then.
const SIGN_OF_LIFE: Duration = Duration::from_secs(60);

/// What a client wants to hear of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish {
    /// Those behind this number.
    pub after: u64,
    /// Also those to come.
    pub follow: bool,
}

/// The body that tells them.
pub(super) fn stream(feed: Feed, wish: Wish) -> AnswerBody {
    let (sender, receiver) = channel(PAGES_IN_FLIGHT);
    // It ends when the client has gone, since then nobody receives.
    drop(tokio::spawn(pass_on(feed, wish, sender)));
    AnswerBody::Stream(receiver)
}

async fn pass_on(feed: Feed, wish: Wish, sender: Sender<Bytes>) {
    let mut after = wish.after;
    loop {
        // Before looking, so that no event comes between looking and waiting.
        let changed = feed.changed();
        let closed = feed.is_closed();
        let page = feed.events_after(after, PAGE);
        let mut text = String::new();
        if page.lost > 0 {
            // Writing to a String cannot fail.
            _ = write!(
                text,
                "event: events_lost\ndata: {{\"event\":\"events_lost\",\"count\":{}}}\n\n",
                page.lost
            );
        }
        for told in &page.events {
            let event = EventJson::new(told, &page.zone);
            let data = serde_json::to_string(&event).unwrap_or_default();
            _ = write!(
                text,
                "id: {}\nevent: {}\ndata: {data}\n\n",
                told.seq, event.event
            );
            after = told.seq;
        }
        if text.is_empty() {
            if closed || !wish.follow {
                return;
            }
            let changed = tokio::time::timeout(SIGN_OF_LIFE, changed).await;
            if changed.is_ok() {
                continue;
            }
            text.push_str(":\n\n");
        }
        if sender.send(text.into()).await.is_err() {
            return;
        }
    }
}
