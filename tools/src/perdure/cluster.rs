//! The questions and orders that several commands have for a running cluster.

use std::time::{Duration, Instant};

use ais::amf::AdminOperation;
use ais::{AisError, Dn, Object, Scope, Value};
use immd_client::{AdminOwner, AttrChoice, Imm, ImmError, SearchParams};

use super::failure::Failure;
use super::place::Place;

/// The pause before TRY_AGAIN is answered with another try.
const RETRY_PAUSE: Duration = Duration::from_millis(20);
/// How long one administrative operation may take.
const OPERATION_LIMIT: Duration = Duration::from_mins(1);

/// Connects to the cluster's information model.
pub(super) async fn connect(place: &Place) -> Result<Imm, Failure> {
    match Imm::connect(place.dir()).await {
        Ok(imm) => Ok(imm),
        Err(ImmError::NotRunning { .. }) => Err(Failure::no_cluster(place.dir())),
        Err(error) => Err(Failure::imm("reach the information model", &error)),
    }
}

/// The objects of a class with these attributes, by name.
pub(super) async fn objects(imm: &Imm, class: &str, attrs: &[&str]) -> Result<Vec<Object>, Failure> {
    let wanted = attrs.iter().map(|&name| name.to_owned()).collect();
    let params = SearchParams {
        root: None,
        scope: Scope::Subtree,
        filter: Some((
            "SaImmAttrClassName".to_owned(),
            Some(Value::String(class.to_owned())),
        )),
        attrs: AttrChoice::Some(wanted),
    };
    let found = async { imm.search(params).await?.collect().await };
    match found.await {
        Ok(objects) => Ok(objects),
        // A class that the model does not have has no objects.
        Err(ImmError::Refused {
            error: AisError::NotExist,
            ..
        }) => Ok(Vec::new()),
        Err(error) => Err(Failure::imm(format!("read the objects of {class}"), &error)),
    }
}

/// An attribute of an object as a number; `None` where it has no value.
pub(super) fn number(object: &Object, name: &str) -> Option<u32> {
    object.value(name).and_then(Value::as_u32)
}

/// Invokes an administrative operation, as long as the answer is TRY_AGAIN again. An operation without effect is done.
async fn operate(owner: &AdminOwner, dn: &Dn, operation: AdminOperation) -> Result<(), Failure> {
    let begin = Instant::now();
    let limit_ms = u64::try_from(OPERATION_LIMIT.as_millis()).unwrap_or(u64::MAX);
    loop {
        let answer = owner
            .admin_operation(dn.as_str(), u64::from(operation.code()), &[], limit_ms)
            .await;
        let (error, texts) = match answer {
            Ok(reply) => match reply.result {
                Ok(()) | Err(AisError::NoOp) => return Ok(()),
                Err(error) => (error, texts_of(&reply.parameters)),
            },
            Err(ImmError::Refused { error, texts }) => (error, texts),
            Err(error) => return Err(Failure::imm(format!("{operation} {dn}"), &error)),
        };
        if error != AisError::TryAgain || begin.elapsed() > OPERATION_LIMIT {
            let failure = Failure::new(format!("cannot {operation} {dn}: {error}"));
            return Err(texts.into_iter().fold(failure, Failure::and));
        }
        tokio::time::sleep(RETRY_PAUSE).await;
    }
}

/// The same as the object's owner, which it is for that long.
pub(super) async fn operate_as_owner(
    owner: &AdminOwner,
    dn: &Dn,
    operation: AdminOperation,
) -> Result<(), Failure> {
    let objects = std::slice::from_ref(dn);
    owner
        .set(objects, Scope::One)
        .await
        .map_err(|error| Failure::imm(format!("become the admin owner of {dn}"), &error))?;
    let result = operate(owner, dn, operation).await;
    owner
        .release(objects, Scope::One)
        .await
        .map_err(|error| Failure::imm(format!("release {dn}"), &error))?;
    result
}

fn texts_of(parameters: &[ais::Parameter]) -> Vec<String> {
    parameters
        .iter()
        .filter_map(|parameter| parameter.value.as_str())
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
        .collect()
}
