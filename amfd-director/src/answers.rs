//! Answers to the questions of operators' tools.

use ais::{AisError, Dn, Refusal};
use director_engine::Reason;
use schema::Refused;
use schema::amf_capnp::{director, reason, story_entry};

use crate::shell::Shell;
use crate::timeline::{ANSWER_MOST, Entry};

/// Why an entity is as it is.
pub(crate) fn explain(
    shell: &Shell,
    params: director::explain_params::Reader<'_>,
    mut results: director::ExplainResults,
) -> Result<(), capnp::Error> {
    let dn = schema::value::read_dn(params.get_dn()?, "dn");
    let mut results = results.get();
    let answer = dn.map_err(Refused::from).and_then(|dn| {
        let texts = shell.explain(&dn);
        if texts.is_empty() && !shell.model.borrow().objects.contains_key(&dn) {
            let text = format!("{dn} is not in the model that the director works with");
            return Err(Refusal::new(AisError::NotExist, text).into());
        }
        let count = schema::list_len(texts.len(), "text")?;
        schema::value::write_texts(&texts, results.reborrow().init_text(count), "text")?;
        let reasons = shell.reasons(&dn);
        let count = schema::list_len(reasons.len(), "reasons")?;
        let mut list = results.reborrow().init_reasons(count);
        for (at, (subject, reason)) in (0..).zip(&reasons) {
            write_reason(subject, reason, list.reborrow().get(at))?;
        }
        Ok(())
    });
    schema::value::write_status(&answer, results.init_status());
    Ok(())
}

fn write_reason(
    subject: &Dn,
    reason: &Reason,
    mut builder: reason::Builder<'_>,
) -> Result<(), schema::WireError> {
    builder.set_code(reason.code());
    builder.set_subject(subject.as_str());
    builder.set_text(schema::value::checked(&reason.to_string(), "Reason.text")?);
    builder.set_help(schema::value::checked(&reason.help(subject), "Reason.help")?);
    Ok(())
}

/// What happened.
pub(crate) fn timeline(
    shell: &Shell,
    params: director::timeline_params::Reader<'_>,
    mut results: director::TimelineResults,
) -> Result<(), capnp::Error> {
    let object = schema::value::read_optional_dn(params.get_object()?, "object");
    let most = params.get_most().clamp(1, ANSWER_MOST) as usize;
    let mut results = results.get();
    let answer = object.map_err(Refused::from).and_then(|object| {
        let found = shell
            .timeline
            .borrow()
            .find(object.as_ref(), params.get_since(), most);
        let count = schema::list_len(found.len(), "entries")?;
        let mut list = results.reborrow().init_entries(count);
        for (at, entry) in (0..).zip(&found) {
            write_entry(entry, list.reborrow().get(at))?;
        }
        Ok(())
    });
    schema::value::write_status(&answer, results.init_status());
    Ok(())
}

fn write_entry(entry: &Entry, mut builder: story_entry::Builder<'_>) -> Result<(), schema::WireError> {
    let checked = schema::value::checked;
    builder.set_cause(entry.cause.0);
    builder.set_time(entry.time);
    builder.set_subject(checked(&entry.subject, "StoryEntry.subject")?);
    builder.set_code(checked(&entry.code, "StoryEntry.code")?);
    builder.set_text(checked(&entry.text, "StoryEntry.text")?);
    Ok(())
}
