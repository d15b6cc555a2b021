//! What the director must do.

use ais::amf::{CauseId, HaState, NodeOrder, OrderOutcome};
use ais::ntf::Notification;
use ais::{Attr, Dn, Refusal};

use crate::event::{FenceId, RequestId, SessionId};

/// A change of runtime data in the repository. Published after the orders are sent, in batches; a later one
/// for the same attribute replaces an earlier one that has not been published yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Publish {
    /// New values of runtime attributes.
    Update {
        /// The object.
        dn: Dn,
        /// The attributes with all their values.
        attrs: Vec<Attr>,
    },
    /// A runtime object is there (SaAmfSIAssignment, SaAmfCSIAssignment).
    Create {
        /// Its class.
        class: String,
        /// Its name.
        dn: Dn,
        /// Its attributes without the RDN.
        attrs: Vec<Attr>,
    },
    /// A runtime object is gone.
    Delete {
        /// Its name.
        dn: Dn,
    },
}

/// Why something was, or was not, done: a stable code and the sentence for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Because {
    /// The entity it is about.
    pub subject: Dn,
    /// The reason.
    pub reason: crate::Reason,
    /// The story that it belongs to.
    pub cause: CauseId,
}

/// A step of a story, for the timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Story {
    /// It began.
    Began {
        /// Its id.
        cause: CauseId,
        /// What happened.
        origin: String,
    },
    /// An order that was sent is answered.
    Answered {
        /// The story.
        cause: CauseId,
        /// The SU.
        su: Dn,
        /// What was ordered, in words.
        order: String,
        /// The HA state that it gave, where it is one of an assignment.
        ha: Option<HaState>,
        /// What became of it.
        outcome: OrderOutcome,
    },
    /// Another story took over what it still moved.
    Merged {
        /// The one that ended.
        cause: CauseId,
        /// The one that goes on.
        into: CauseId,
    },
    /// Nothing is to be done any more.
    Settled {
        /// The story.
        cause: CauseId,
    },
}

/// One thing to do. Effects are carried out in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Send orders to a node director; dropped where the connection is gone.
    Send {
        /// The node.
        node: Dn,
        /// The connection.
        session: SessionId,
        /// The order.
        order: NodeOrder,
        /// The story that it belongs to.
        cause: CauseId,
    },
    /// Publish in the repository.
    Publish(Publish),
    /// Answer an administrative operation.
    AdminReply {
        /// Which one.
        request: RequestId,
        /// Done, or refused with a code and a sentence that names what blocks.
        result: Result<(), Refusal>,
    },
    /// Make sure that nothing runs on the node any more; answered by [`crate::Event::FenceResult`]. Only where
    /// [`crate::Options::fencing`] says that there is somebody who can.
    Fence {
        /// Names the request.
        request: FenceId,
        /// The node.
        node: Dn,
        /// Why, for people.
        reason: String,
    },
    /// End the connection to a node director that is connected but does not do what it must; it makes a new one.
    Disconnect {
        /// The node.
        node: Dn,
        /// The connection.
        session: SessionId,
    },
    /// For the log and for `explain`.
    Because(Because),
    /// For the timeline.
    Story(Story),
    /// Tell operators; never waits for anything.
    Notify {
        /// What.
        told: Box<Notification>,
        /// The story that it belongs to; none where it belongs to none.
        cause: CauseId,
    },
}
