//! Conversions of `value.capnp`, and of the texts, names and numbers that every interface has.

use ais::amf::{
    CsiTransition, ErrorSource, HaReadinessState, HaState, HealthcheckInvocation, OperState, PresenceState,
    RecommendedRecovery,
};
use ais::{AisError, Attr, Dn, Object, Parameter, Refusal, Value, ValueType};
use capnp::{struct_list, text, text_list};

use crate::error::{TEXT_MAX, WireError, list_len};
use crate::value_capnp::{attr, object, parameter, status, value};

/// A refusal as it travels: the code for programs and sentences for people, the most important first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The code.
    pub error: AisError,
    /// Names what was refused and the rule; may be empty.
    pub texts: Vec<String>,
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Refused {
        let texts = if refusal.text.is_empty() {
            Vec::new()
        } else {
            vec![refusal.text]
        };
        Refused {
            error: refusal.error,
            texts,
        }
    }
}

impl From<AisError> for Refused {
    fn from(error: AisError) -> Refused {
        Refused {
            error,
            texts: Vec::new(),
        }
    }
}

/// Joins the sentences into one text, each on its own line.
impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Refusal {
        Refusal::new(refused.error, refused.texts.join("\n"))
    }
}

/// A message that cannot be understood is refused with `SA_AIS_ERR_INVALID_PARAM`.
impl From<WireError> for Refused {
    fn from(error: WireError) -> Refused {
        Refusal::from(error).into()
    }
}

// ---- texts, names, lists ----

/// The text.
pub fn read_text(reader: text::Reader<'_>, field: &'static str) -> Result<String, WireError> {
    reader.to_string().map_err(|_| WireError::NotUtf8(field))
}

/// The DN; an empty text is none.
pub fn read_dn(reader: text::Reader<'_>, field: &'static str) -> Result<Dn, WireError> {
    let text = reader.to_str().map_err(|_| WireError::NotUtf8(field))?;
    Dn::new(text).map_err(|source| WireError::BadDn { field, source })
}

/// The DN, or `None` for an empty text, which stands for the root, for "all" or for "there is none".
pub fn read_optional_dn(reader: text::Reader<'_>, field: &'static str) -> Result<Option<Dn>, WireError> {
    if reader.is_empty() {
        Ok(None)
    } else {
        read_dn(reader, field).map(Some)
    }
}

/// The text for [`read_optional_dn`].
pub fn optional_dn(dn: Option<&Dn>) -> &str {
    dn.map_or("", Dn::as_str)
}

/// At first a list gets room for no more than so many: what a message says of a length costs its sender nothing.
const ROOM_MAX: usize = 256;

/// What `read` makes of each item, or its first error. Most lists are short, and get the room that they need, not more.
pub fn read_list<I, T>(
    items: impl ExactSizeIterator<Item = I>,
    mut read: impl FnMut(I) -> Result<T, WireError>,
) -> Result<Vec<T>, WireError> {
    let mut all = Vec::with_capacity(items.len().min(ROOM_MAX));
    for item in items {
        all.push(read(item)?);
    }
    Ok(all)
}

/// The texts of a list.
pub fn read_texts(list: text_list::Reader<'_>, field: &'static str) -> Result<Vec<String>, WireError> {
    read_list(list.iter(), |text| read_text(text?, field))
}

/// The DNs of a list.
pub fn read_dns(list: text_list::Reader<'_>, field: &'static str) -> Result<Vec<Dn>, WireError> {
    read_list(list.iter(), |text| read_dn(text?, field))
}

/// Fills a list that has as many places as there are texts; both strings and DNs will do.
pub fn write_texts<T: AsRef<str>>(
    texts: &[T],
    mut list: text_list::Builder<'_>,
    field: &'static str,
) -> Result<(), WireError> {
    for (at, text) in (0..).zip(texts) {
        list.set(at, checked(text.as_ref(), field)?);
    }
    Ok(())
}

/// The text, if a message can hold it.
pub fn checked<'a>(text: &'a str, field: &'static str) -> Result<&'a str, WireError> {
    if text.len() > TEXT_MAX {
        return Err(WireError::TooLong {
            field,
            length: text.len(),
        });
    }
    Ok(text)
}

// ---- numbers ----

/// Reads a number that stands for a state.
macro_rules! states {
    ($($name:ident: $state:ident;)*) => { $(
        #[doc = concat!("The [`", stringify!($state), "`] with this number.")]
        pub fn $name(number: u32, field: &'static str) -> Result<$state, WireError> {
            $state::from_code(number).ok_or_else(|| WireError::number(field, number))
        }
    )* };
}

states! {
    read_ha: HaState;
    read_ha_readiness: HaReadinessState;
    read_presence: PresenceState;
    read_oper: OperState;
    read_recovery: RecommendedRecovery;
    read_error_source: ErrorSource;
}

/// The transition descriptor with this number.
pub fn read_transition(number: u8, field: &'static str) -> Result<CsiTransition, WireError> {
    match number {
        1 => Ok(CsiTransition::NewAssign),
        2 => Ok(CsiTransition::Quiesced),
        3 => Ok(CsiTransition::NotQuiesced),
        4 => Ok(CsiTransition::StillActive),
        _ => Err(WireError::number(field, number)),
    }
}

/// Who sets the pace of a healthcheck, from `SaAmfHealthcheckInvocationT`.
pub fn read_healthcheck_invocation(
    number: u8,
    field: &'static str,
) -> Result<HealthcheckInvocation, WireError> {
    match number {
        1 => Ok(HealthcheckInvocation::AmfInvoked),
        2 => Ok(HealthcheckInvocation::ComponentInvoked),
        _ => Err(WireError::number(field, number)),
    }
}

/// The number for [`read_healthcheck_invocation`].
pub const fn healthcheck_invocation_code(invocation: HealthcheckInvocation) -> u8 {
    match invocation {
        HealthcheckInvocation::AmfInvoked => 1,
        HealthcheckInvocation::ComponentInvoked => 2,
    }
}

/// The value type with this number.
pub fn read_value_type(number: u8, field: &'static str) -> Result<ValueType, WireError> {
    ValueType::from_code(number).ok_or_else(|| WireError::number(field, number))
}

/// A result that is a bare `SaAisErrorT`.
pub fn read_result(code: u32, field: &'static str) -> Result<Result<(), AisError>, WireError> {
    if code == 1 {
        return Ok(Ok(()));
    }
    AisError::from_code(code)
        .map(Err)
        .ok_or_else(|| WireError::number(field, code))
}

/// The number for [`read_result`]: 1 is OK.
pub const fn result_code(result: Result<(), AisError>) -> u32 {
    match result {
        Ok(()) => 1,
        Err(error) => error.code(),
    }
}

// ---- Status ----

/// The answer in a `Status`.
pub fn read_status(reader: status::Reader<'_>) -> Result<Result<(), Refused>, WireError> {
    match read_result(reader.get_code(), "Status.code")? {
        Ok(()) => Ok(Ok(())),
        Err(error) => Ok(Err(Refused {
            error,
            texts: read_texts(reader.get_texts()?, "Status.texts")?,
        })),
    }
}

/// Writes an answer. Never fails: a text too long to be sent is left out, for the code must arrive.
pub fn write_status(answer: &Result<(), Refused>, mut builder: status::Builder<'_>) {
    match answer {
        Ok(()) => builder.set_code(1),
        Err(refused) => {
            builder.set_code(refused.error.code());
            let fits = |text: &&String| checked(text, "Status.texts").is_ok();
            let texts: Vec<&String> = refused.texts.iter().filter(fits).take(TEXTS_MAX).collect();
            // TEXTS_MAX fits any integer.
            let mut list = builder.init_texts(u32::try_from(texts.len()).unwrap_or(0));
            for (at, text) in (0..).zip(texts) {
                list.set(at, text);
            }
        }
    }
}

/// How many sentences a `Status` holds at most (OpenSAF keeps as many for a CCB).
const TEXTS_MAX: usize = 128;

// ---- Value ----

/// The value.
pub fn read_value(reader: value::Reader<'_>) -> Result<Value, WireError> {
    use value::Which;
    Ok(match reader.which().map_err(|e| WireError::union("Value", e))? {
        Which::Int32(number) => Value::Int32(number),
        Which::Uint32(number) => Value::Uint32(number),
        Which::Int64(number) => Value::Int64(number),
        Which::Uint64(number) => Value::Uint64(number),
        Which::Time(number) => Value::Time(number),
        Which::Name(text) => Value::Name(read_text(text?, "Value.name")?),
        Which::Float(number) => Value::Float(number),
        Which::Double(number) => Value::Double(number),
        Which::String(text) => Value::String(read_text(text?, "Value.string")?),
        Which::Any(bytes) => Value::Any(bytes?.to_vec()),
    })
}

/// Writes a value.
pub fn write_value(from: &Value, mut builder: value::Builder<'_>) -> Result<(), WireError> {
    match from {
        Value::Int32(number) => builder.set_int32(*number),
        Value::Uint32(number) => builder.set_uint32(*number),
        Value::Int64(number) => builder.set_int64(*number),
        Value::Uint64(number) => builder.set_uint64(*number),
        Value::Time(number) => builder.set_time(*number),
        Value::Name(text) => builder.set_name(checked(text, "Value.name")?),
        Value::Float(number) => builder.set_float(*number),
        Value::Double(number) => builder.set_double(*number),
        Value::String(text) => builder.set_string(checked(text, "Value.string")?),
        Value::Any(bytes) if bytes.len() > TEXT_MAX => {
            return Err(WireError::TooLong {
                field: "Value.any",
                length: bytes.len(),
            });
        }
        Value::Any(bytes) => builder.set_any(bytes),
    }
    Ok(())
}

/// The values of a list.
pub fn read_values(list: struct_list::Reader<'_, value::Owned>) -> Result<Vec<Value>, WireError> {
    read_list(list.iter(), read_value)
}

/// Fills a list that has as many places as there are values.
pub fn write_values(
    from: &[Value],
    mut list: struct_list::Builder<'_, value::Owned>,
) -> Result<(), WireError> {
    (0..)
        .zip(from)
        .try_for_each(|(at, v)| write_value(v, list.reborrow().get(at)))
}

// ---- Attr, Object, Parameter ----

/// The attribute. Whether its values are of its type is for the repository to say.
pub fn read_attr(reader: attr::Reader<'_>) -> Result<Attr, WireError> {
    Ok(Attr {
        name: read_text(reader.get_name()?, "Attr.name")?,
        value_type: read_value_type(reader.get_type(), "Attr.type")?,
        values: read_values(reader.get_values()?)?,
    })
}

/// Writes an attribute.
pub fn write_attr(from: &Attr, mut builder: attr::Builder<'_>) -> Result<(), WireError> {
    builder.set_name(checked(&from.name, "Attr.name")?);
    builder.set_type(from.value_type as u8);
    let len = list_len(from.values.len(), "Attr.values")?;
    write_values(&from.values, builder.init_values(len))
}

/// The attributes of a list.
pub fn read_attrs(list: struct_list::Reader<'_, attr::Owned>) -> Result<Vec<Attr>, WireError> {
    read_list(list.iter(), read_attr)
}

/// Fills a list that has as many places as there are attributes.
pub fn write_attrs(from: &[Attr], mut list: struct_list::Builder<'_, attr::Owned>) -> Result<(), WireError> {
    (0..)
        .zip(from)
        .try_for_each(|(at, a)| write_attr(a, list.reborrow().get(at)))
}

/// The object.
pub fn read_object(reader: object::Reader<'_>) -> Result<Object, WireError> {
    Ok(Object {
        dn: read_dn(reader.get_dn()?, "Object.dn")?,
        attrs: read_attrs(reader.get_attrs()?)?,
    })
}

/// Writes an object.
pub fn write_object(from: &Object, mut builder: object::Builder<'_>) -> Result<(), WireError> {
    builder.set_dn(from.dn.as_str());
    let len = list_len(from.attrs.len(), "Object.attrs")?;
    write_attrs(&from.attrs, builder.init_attrs(len))
}

/// The objects of a list.
pub fn read_objects(list: struct_list::Reader<'_, object::Owned>) -> Result<Vec<Object>, WireError> {
    read_list(list.iter(), read_object)
}

/// Fills a list that has as many places as there are objects.
pub fn write_objects(
    from: &[Object],
    mut list: struct_list::Builder<'_, object::Owned>,
) -> Result<(), WireError> {
    (0..)
        .zip(from)
        .try_for_each(|(at, o)| write_object(o, list.reborrow().get(at)))
}

/// The parameter.
pub fn read_parameter(reader: parameter::Reader<'_>) -> Result<Parameter, WireError> {
    Ok(Parameter {
        name: read_text(reader.get_name()?, "Parameter.name")?,
        value: read_value(reader.get_value()?)?,
    })
}

/// Writes a parameter.
pub fn write_parameter(from: &Parameter, mut builder: parameter::Builder<'_>) -> Result<(), WireError> {
    builder.set_name(checked(&from.name, "Parameter.name")?);
    write_value(&from.value, builder.init_value())
}

/// The parameters of a list.
pub fn read_parameters(list: struct_list::Reader<'_, parameter::Owned>) -> Result<Vec<Parameter>, WireError> {
    read_list(list.iter(), read_parameter)
}

/// Fills a list that has as many places as there are parameters.
pub fn write_parameters(
    from: &[Parameter],
    mut list: struct_list::Builder<'_, parameter::Owned>,
) -> Result<(), WireError> {
    (0..)
        .zip(from)
        .try_for_each(|(at, p)| write_parameter(p, list.reborrow().get(at)))
}
