//! What a peer meets that may not use the service: each call is refused with the reason.

use std::rc::Rc;

use ais::{AisError, Refusal};
use capnp::Error;
use schema::imm_capnp::imm;
use schema::value::{Refused, write_status};

/// Refuses everything.
pub(super) struct DeniedServer {
    /// Why.
    pub(super) why: String,
}

impl DeniedServer {
    fn refusal(&self) -> Result<(), Refused> {
        Err(Refusal::new(AisError::AccessDenied, self.why.clone()).into())
    }
}

/// One method for each of the interface: its parameters are not looked at.
macro_rules! refuse {
    ($($name:ident: $params:ident, $results:ident;)*) => {
        impl imm::Server for DeniedServer { $(
            async fn $name(
                self: Rc<Self>,
                _: imm::$params,
                mut results: imm::$results,
            ) -> Result<(), Error> {
                write_status(&self.refusal(), results.get().init_status());
                Ok(())
            }
        )* }
    };
}

refuse! {
    class_create: ClassCreateParams, ClassCreateResults;
    class_delete: ClassDeleteParams, ClassDeleteResults;
    class_describe: ClassDescribeParams, ClassDescribeResults;
    class_names: ClassNamesParams, ClassNamesResults;
    get: GetParams, GetResults;
    search: SearchParams, SearchResults;
    admin_owner_initialize: AdminOwnerInitializeParams, AdminOwnerInitializeResults;
    admin_owner_clear: AdminOwnerClearParams, AdminOwnerClearResults;
    implementer_initialize: ImplementerInitializeParams, ImplementerInitializeResults;
    ccb_outcome: CcbOutcomeParams, CcbOutcomeResults;
    info: InfoParams, InfoResults;
    journal: JournalParams, JournalResults;
    past: PastParams, PastResults;
}
