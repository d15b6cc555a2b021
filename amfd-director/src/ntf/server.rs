//! The notification service on the wire.

use std::cell::RefCell;
use std::rc::Rc;

use ais::AisError;
use ais::ntf::{Detail, Recorded, Severity};
use schema::Refused;
use schema::ntf_capnp::{notifications, subscription};

use super::Service;

/// The largest notification that is taken.
const SIZE_MOST: usize = 64 << 10;
/// The most notifications in an answer.
const ANSWER_MOST: u32 = 500;
/// About the most bytes of an answer.
const BYTES_MOST: usize = 1 << 20;

/// The service for one connection.
pub(crate) struct NotificationServer {
    /// Shared with the director.
    pub(crate) service: Rc<RefCell<Service>>,
}

impl NotificationServer {
    fn take(&self, sent: Result<Recorded, schema::WireError>) -> Result<u64, Refused> {
        let sent = sent?;
        let refused = |error: AisError, text: String| {
            let texts = vec![text];
            Err(Refused { error, texts })
        };
        if schema::ntf::size(&sent) > SIZE_MOST {
            let text = format!("a notification has at most {SIZE_MOST} bytes");
            return refused(AisError::TooBig, text);
        }
        let raises = match &sent.notification.detail {
            Detail::Alarm { severity, .. } => *severity != Severity::Cleared,
            Detail::StateChange { .. }
            | Detail::ObjectCreateDelete { .. }
            | Detail::AttributeChange { .. }
            | Detail::SecurityAlarm { .. }
            | Detail::Miscellaneous => false,
        };
        let mut service = self.service.borrow_mut();
        if raises && service.store.is_full() {
            let text = format!(
                "{} alarms are raised; clear some with ntfsend -s 0",
                super::store::ALARMS_MOST
            );
            return refused(AisError::NoResources, text);
        }
        Ok(service.tell(sent.notification, Some(sent.time).filter(|time| *time != 0)))
    }
}

fn failed(error: &schema::WireError) -> capnp::Error {
    capnp::Error::failed(error.to_string())
}

impl notifications::Server for NotificationServer {
    async fn send(
        self: Rc<Self>,
        params: notifications::SendParams,
        mut results: notifications::SendResults,
    ) -> Result<(), capnp::Error> {
        let sent = schema::ntf::read_notification(params.get()?.get_notification()?);
        let answer = self.take(sent);
        let mut results = results.get();
        results.set_id(answer.as_ref().copied().unwrap_or_default());
        schema::value::write_status(&answer.map(drop), results.init_status());
        Ok(())
    }

    async fn read(
        self: Rc<Self>,
        params: notifications::ReadParams,
        mut results: notifications::ReadResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let most = params.get_most().clamp(1, ANSWER_MOST) as usize;
        let (found, more) = {
            let service = self.service.borrow();
            service.store.after(params.get_after(), most, BYTES_MOST)
        };
        let mut results = results.get();
        results.set_more(more);
        let len = schema::list_len(found.len(), "read.notifications").map_err(|error| failed(&error))?;
        schema::ntf::write_notifications(
            found.iter().map(Rc::as_ref),
            results.reborrow().init_notifications(len),
        )
        .map_err(|error| failed(&error))
    }

    async fn alarms(
        self: Rc<Self>,
        _: notifications::AlarmsParams,
        mut results: notifications::AlarmsResults,
    ) -> Result<(), capnp::Error> {
        let found: Vec<Rc<Recorded>> = self.service.borrow().store.alarms().cloned().collect();
        let len = schema::list_len(found.len(), "alarms.notifications").map_err(|error| failed(&error))?;
        let list = results.get().init_notifications(len);
        schema::ntf::write_notifications(found.iter().map(Rc::as_ref), list).map_err(|error| failed(&error))
    }

    async fn subscribe(
        self: Rc<Self>,
        params: notifications::SubscribeParams,
        mut results: notifications::SubscribeResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let (types, subscriber) = (params.get_types(), params.get_subscriber()?);
        let id = self.service.borrow_mut().subscribers.add(types, subscriber);
        let mut results = results.get();
        let answer = match id {
            Some(id) => {
                let service = Rc::clone(&self.service);
                results.set_subscription(capnp_rpc::new_client(SubscriptionServer { service, id }));
                Ok(())
            }
            None => Err(Refused {
                error: AisError::NoResources,
                texts: vec!["there are too many subscribers".to_owned()],
            }),
        };
        schema::value::write_status(&answer, results.init_status());
        Ok(())
    }
}

/// A subscription; dropping it ends it.
struct SubscriptionServer {
    service: Rc<RefCell<Service>>,
    id: u64,
}

impl subscription::Server for SubscriptionServer {}

impl Drop for SubscriptionServer {
    fn drop(&mut self) {
        self.service.borrow_mut().subscribers.remove(self.id);
    }
}
