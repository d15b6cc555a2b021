//! What is locked above service units: the cluster, applications, service groups and node groups. A node, an SU and an SI
//! show their own state in their tables; these have none.

use ais::amf::AdminState;
use immd_client::Imm;
use serde::Serialize;

use super::cluster;
use super::failure::Failure;

/// The classes, with the attribute that holds the administrative state.
const CLASSES: &[(&str, &str)] = &[
    ("SaAmfCluster", "saAmfClusterAdminState"),
    ("SaAmfApplication", "saAmfApplicationAdminState"),
    ("SaAmfSG", "saAmfSGAdminState"),
    ("SaAmfNodeGroup", "saAmfNGAdminState"),
];

/// An entity that is not unlocked.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Locked {
    dn: String,
    admin: String,
}

/// Those that are not unlocked, class by class from the cluster down.
pub(super) async fn read(imm: &Imm) -> Result<Vec<Locked>, Failure> {
    let mut all = Vec::new();
    for (class, attr) in CLASSES {
        for object in cluster::objects(imm, class, &[attr]).await? {
            all.extend(locked(object.dn.as_str(), cluster::number(&object, attr)));
        }
    }
    Ok(all)
}

fn locked(dn: &str, state: Option<u32>) -> Option<Locked> {
    let state = state.filter(|code| *code != AdminState::Unlocked.code())?;
    let name =
        AdminState::from_code(state).map_or_else(|| state.to_string(), |state| state.name().to_owned());
    Some(Locked {
        dn: dn.to_owned(),
        admin: name,
    })
}

/// One line each; `None` where everything is unlocked.
pub(super) fn text(all: &[Locked]) -> Option<String> {
    let lines: Vec<String> = all
        .iter()
        .map(|entity| format!("{} is {}", entity.dn, entity.admin))
        .collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unlocked_or_was_never_published_is_not_listed() {
        assert_eq!(locked("safApp=A", Some(1)), None);
        assert_eq!(locked("safApp=A", None), None);
        let all: Vec<Locked> = [("safApp=A", 2), ("safSg=G,safApp=A", 4), ("safSg=H,safApp=A", 9)]
            .iter()
            .filter_map(|(dn, state)| locked(dn, Some(*state)))
            .collect();
        let expected = "safApp=A is LOCKED\nsafSg=G,safApp=A is SHUTTING-DOWN\nsafSg=H,safApp=A is 9";
        assert_eq!(text(&all).as_deref(), Some(expected));
        assert_eq!(text(&[]), None);
    }
}
