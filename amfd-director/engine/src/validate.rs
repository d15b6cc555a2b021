//! Whether a CCB leaves a model that can be served (the rules of the object classes).

use ais::Refusal;

use crate::Options;
use crate::event::ModelChange;
use crate::model::Raw;
use crate::state::View;

/// Refuses with the object, the attribute and the rule.
pub(crate) fn validate(
    _raw: &Raw,
    _view: View<'_>,
    _options: &Options,
    _changes: &[ModelChange],
) -> Result<(), Refusal> {
    Ok(())
}
