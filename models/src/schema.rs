//! What an XML schema (XSD) says about flags: those that this program does not know, but that files may use.

use std::collections::BTreeSet;

use quick_xml::Reader;
use quick_xml::events::Event;

/// The values that the enumerations of a schema list, the flags of attributes among them.
///
/// # Errors
/// Why the text is no XML, in words.
pub fn schema_values(text: &str) -> Result<BTreeSet<String>, String> {
    let mut reader = Reader::from_str(text);
    let mut values = BTreeSet::new();
    loop {
        let event = reader.read_event().map_err(|error| error.to_string())?;
        match event {
            Event::Start(element) | Event::Empty(element)
                if element.local_name().as_ref() == "enumeration" =>
            {
                let value = element
                    .try_get_attribute("value")
                    .map_err(|error| error.to_string())?;
                if let Some(value) = value {
                    values.insert(value.value.into_owned());
                }
            }
            Event::Eof => return Ok(values),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enumerations_are_read_whatever_their_prefix() {
        let text = r#"<xs:schema xmlns:xs="x"><xs:simpleType name="flagType"><xs:restriction base="xs:string">
            <xs:enumeration value="SA_WRITABLE"/><xs:enumeration value="SA_SHINY"></xs:enumeration>
            </xs:restriction></xs:simpleType></xs:schema>"#;
        let values = schema_values(text).unwrap();
        assert_eq!(
            values.into_iter().collect::<Vec<_>>(),
            ["SA_SHINY", "SA_WRITABLE"]
        );
        assert!(schema_values("<a><b></a>").is_err());
    }
}
