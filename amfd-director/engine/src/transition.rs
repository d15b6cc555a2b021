//! What a component is told about who was active for a CSI before it, and who is while it stands by (AMF B.02.01
//! §6.3.5.2 and §6.3.5.3).

use ais::Dn;
use ais::amf::{CsiTransition, HaState};

/// What is known of the components that are or were active for a CSI.
#[derive(Debug, Clone, Default)]
pub(crate) struct Past {
    /// A component of another SU that is active.
    pub(crate) active: Option<Dn>,
    /// A component of another SU that is quiesced.
    pub(crate) quiesced: Option<Dn>,
    /// The component of the SU itself that has the CSI, and in which state.
    pub(crate) own: Option<(HaState, Dn)>,
    /// The component that was active last and has not been quiesced since.
    pub(crate) last: Option<Dn>,
}

/// Why a component becomes active, with the component that is named to it.
///
/// One that is told again what it is, or that goes on serving in the midst of quiescing, is still active itself. One that
/// was quiesced itself and becomes active again takes over from itself.
pub(crate) fn to_active(past: Past) -> (CsiTransition, Option<Dn>) {
    let own = |wanted: HaState| past.own.as_ref().filter(|(ha, _)| *ha == wanted);
    let own = |wanted| own(wanted).map(|(_, comp)| comp.clone());
    let still = past
        .active
        .or_else(|| own(HaState::Active))
        .or_else(|| own(HaState::Quiescing));
    let handed_over = || past.quiesced.or_else(|| own(HaState::Quiesced));
    if let Some(comp) = still {
        (CsiTransition::StillActive, Some(comp))
    } else if let Some(comp) = past.last {
        (CsiTransition::NotQuiesced, Some(comp))
    } else if let Some(comp) = handed_over() {
        (CsiTransition::Quiesced, Some(comp))
    } else {
        (CsiTransition::NewAssign, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Active elsewhere, quiesced elsewhere, the own state, active last; the descriptor and the name.
    type Case<'a> = (
        Option<&'a str>,
        Option<&'a str>,
        Option<HaState>,
        Option<&'a str>,
        CsiTransition,
        Option<&'a str>,
    );

    #[test]
    fn each_past_has_its_descriptor_and_name() {
        use CsiTransition as T;
        use HaState::{Active, Quiesced, Quiescing, Standby};
        let dn = |name: &str| Dn::new(&format!("safComp={name}")).unwrap();
        let table: &[Case<'_>] = &[
            // Never active before.
            (None, None, None, None, T::NewAssign, None),
            (None, None, Some(Standby), None, T::NewAssign, None),
            // Switch-over, from the component that was quiesced.
            (None, Some("q"), None, None, T::Quiesced, Some("q")),
            (None, Some("q"), Some(Standby), None, T::Quiesced, Some("q")),
            (None, None, Some(Quiesced), None, T::Quiesced, Some("own")),
            (None, Some("q"), Some(Quiesced), None, T::Quiesced, Some("q")),
            // Fail-over, from the component that was active last, whoever was quiesced before that.
            (None, None, Some(Standby), Some("l"), T::NotQuiesced, Some("l")),
            (None, None, None, Some("l"), T::NotQuiesced, Some("l")),
            (
                None,
                Some("q"),
                Some(Standby),
                Some("l"),
                T::NotQuiesced,
                Some("l"),
            ),
            (None, None, Some(Quiesced), Some("l"), T::NotQuiesced, Some("l")),
            // Others are active too.
            (Some("a"), None, None, Some("l"), T::StillActive, Some("a")),
            (Some("a"), Some("q"), None, None, T::StillActive, Some("a")),
            (Some("a"), None, Some(Quiesced), None, T::StillActive, Some("a")),
            // It never ceased to be active.
            (None, None, Some(Active), Some("own"), T::StillActive, Some("own")),
            (
                None,
                None,
                Some(Quiescing),
                Some("own"),
                T::StillActive,
                Some("own"),
            ),
        ];
        for (active, quiesced, own, last, transition, name) in table {
            let past = Past {
                active: active.map(dn),
                quiesced: quiesced.map(dn),
                own: own.map(|ha| (ha, dn("own"))),
                last: last.map(dn),
            };
            let what = format!("{past:?}");
            assert_eq!(to_active(past), (*transition, name.map(dn)), "{what}");
        }
    }

    /// Every combination of what may be known, with the descriptor and the name.
    fn document() -> String {
        use std::fmt::Write as _;
        let dn = |name: &str| Dn::new(&format!("safComp={name}")).unwrap();
        let states = [
            None,
            Some(HaState::Active),
            Some(HaState::Standby),
            Some(HaState::Quiesced),
            Some(HaState::Quiescing),
        ];
        let mut text = String::from(
            "# What a component is told when it becomes active: the transition descriptor and the component named to it.\n\
             # By its own state, whether another is active, whether another is quiesced, and whether one was active last.\n\n",
        );
        let word = |is: bool, word: &'static str| if is { word } else { "-" };
        for own in states {
            for bits in 0..8 {
                let (active, quiesced, last) = (bits & 4 != 0, bits & 2 != 0, bits & 1 != 0);
                let (descriptor, name) = to_active(Past {
                    active: active.then(|| dn("active")),
                    quiesced: quiesced.then(|| dn("quiesced")),
                    own: own.map(|ha| (ha, dn("own"))),
                    last: last.then(|| dn("last")),
                });
                let own = own.map_or_else(|| "nothing".to_owned(), |ha| ha.to_string());
                let name = name
                    .map(|name| format!(" {}", name.rdn_value()))
                    .unwrap_or_default();
                writeln!(
                    text,
                    "{own:<10}{:<8}{:<10}{:<6}-> {descriptor:?}{name}",
                    word(active, "active"),
                    word(quiesced, "quiesced"),
                    word(last, "last"),
                )
                .unwrap();
            }
        }
        text
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test compares with the document")]
    fn the_document_shows_this_table() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../docs/tables/transition-descriptors.txt"
        );
        if std::env::var("UPDATE").is_ok_and(|update| update == "1") {
            std::fs::write(path, document()).unwrap();
        }
        let shown = std::fs::read_to_string(path).unwrap_or_default();
        assert_eq!(
            shown,
            document(),
            "run the test with UPDATE=1 and review the difference"
        );
    }
}
