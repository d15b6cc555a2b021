//! Notifications over the wire: told at once, kept, and nobody is harmed by one who does not listen.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Instant;

use ais::ntf::{ClassId, Detail, EventType, Notification, ProbableCause, Severity};
use schema::ntf_capnp::subscriber;

use super::*;
use crate::client::Director;
use crate::ntf::Service;

fn alarm(object: &str, severity: Severity) -> Notification {
    Notification {
        event: EventType::AlarmProcessing,
        object: object.to_owned(),
        notifying: "test".to_owned(),
        class: ClassId::amf(5),
        text: "x".repeat(1_000),
        info: Vec::new(),
        correlated: Vec::new(),
        detail: Detail::Alarm {
            cause: ProbableCause::SOFTWARE_ERROR,
            severity,
            repair: None,
        },
    }
}

#[test]
fn a_subscriber_is_told_at_once_and_alarms_are_there_after_a_restart() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let shell = shell_in(dir.path());
        shell.notifications.replace(Service::open(dir.path()));
        shell.start();
        let client = Director::connect(dir.path()).await.unwrap();
        let seen = Rc::new(RefCell::new(Vec::new()));
        let list = Rc::clone(&seen);
        let subscription = client
            .subscribe(0, move |told, lost| {
                assert_eq!(lost, 0);
                list.borrow_mut()
                    .extend(told.into_iter().map(|recorded| recorded.id));
            })
            .await
            .unwrap();
        let begin = Instant::now();
        let first = client.notify(alarm("a", Severity::Major), 0).await.unwrap();
        wait_for("the first", || seen.borrow().contains(&first)).await;
        println!("told after {:?}", begin.elapsed());
        let over = client.notify(alarm("a", Severity::Cleared), 0).await.unwrap();
        client.notify(alarm("b", Severity::Major), 0).await.unwrap();
        wait_for("all", || seen.borrow().len() == 3).await;
        let (kept, more) = client.read(first).await.unwrap();
        assert_eq!((kept.len(), more), (2, false));
        assert_eq!(
            kept[0].notification.correlated,
            [first],
            "the end names the alarm"
        );
        let raised: Vec<String> = client
            .alarms()
            .await
            .unwrap()
            .into_iter()
            .map(|it| it.notification.object)
            .collect();
        assert_eq!(raised, ["b"]);
        drop(subscription);
        client.notify(alarm("b", Severity::Cleared), 0).await.unwrap();
        wait_for("the end of the subscription", || {
            shell.notifications.borrow().subscribers() == 0
        })
        .await;

        // What was told is on disk.
        wait_for("the log", || {
            let mut reopened = Service::open(dir.path());
            reopened.tell(alarm("c", Severity::Cleared), None) > over + 2
        })
        .await;
    });
}

/// Takes one call and never answers.
struct Deaf {
    calls: Rc<Cell<u32>>,
}

impl subscriber::Server for Deaf {
    async fn tell(
        self: Rc<Self>,
        _: subscriber::TellParams,
        _: subscriber::TellResults,
    ) -> Result<(), capnp::Error> {
        self.calls.set(self.calls.get() + 1);
        std::future::pending().await
    }
}

#[test]
fn a_subscriber_that_stops_reading_harms_nobody() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let shell = shell_in(dir.path());
        shell.start();
        let calls = Rc::new(Cell::new(0));
        let (director, _connection) = connect(dir.path()).await;
        let service = director.notifications_request().send().pipeline.get_service();
        let mut request = service.subscribe_request();
        let deaf = Deaf {
            calls: Rc::clone(&calls),
        };
        request.get().set_subscriber(capnp_rpc::new_client(deaf));
        let _held = request.send().promise.await.unwrap();

        let client = Director::connect(dir.path()).await.unwrap();
        let seen = Rc::new(Cell::new(0));
        let count = Rc::clone(&seen);
        let _subscription = client
            .subscribe(0, move |told, lost| {
                count.set(count.get() + told.len() as u64 + lost);
            })
            .await
            .unwrap();
        for _ in 0..5_000 {
            let told = alarm("a", Severity::Major);
            shell.notifications.borrow_mut().tell(told, None);
        }
        wait_for("the one that reads", || seen.get() == 5_000).await;
        assert_eq!(calls.get(), 1, "one call at a time");
        let (kept, _) = client.read(4_998).await.unwrap();
        assert_eq!(kept.len(), 2);
    });
}
