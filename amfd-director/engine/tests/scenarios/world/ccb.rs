//! Changes of the model while the director serves.
//!
//! ```text
//! ccb-add su SU3 node=N1 admin=3 ; si b        lines of the model language, in one CCB
//! ccb-set SU1 saAmfSURank=7 saAmfSUType=T      no value: the attribute is emptied; `|` between several
//! ccb-create SaAmfHealthcheck DN NAME=VALUE... ccb-delete DN
//! ccb-begin                                    what follows is one CCB, until ccb-apply
//! ```

use ais::{Attr, Dn, Value, ValueType};
use amfd_director_engine::{Event, ModelChange};

use super::World;

impl World {
    /// Runs a command about CCBs; `None` where it is none.
    pub(super) fn ccb_command(&mut self, command: &str, rest: &[&str]) -> Option<()> {
        match command {
            "ccb-begin" => self.open_ccb = Some(Vec::new()),
            "ccb-apply" => {
                let changes = self.open_ccb.take().unwrap();
                self.ccb(changes);
            }
            "ccb-add" => {
                let before = self.model.objects.len();
                for line in rest.split(|word| *word == ";") {
                    self.model.line(line).unwrap();
                }
                let added = self.model.objects.split_off(before);
                self.ccb_operations(added);
            }
            "ccb-create" => {
                let (class, dn) = (rest[0].to_owned(), self.dn(rest[1]));
                let attrs = self.attributes(&rest[2..]);
                self.ccb_operations(vec![ModelChange::Create { class, dn, attrs }]);
            }
            "ccb-set" => {
                let dn = self.dn(rest[0]);
                let attrs = self.attributes(&rest[1..]);
                self.ccb_operations(vec![ModelChange::Modify { dn, attrs }]);
            }
            "ccb-delete" => {
                let gone = rest.iter().map(|name| ModelChange::Delete { dn: self.dn(name) });
                self.ccb_operations(gone.collect());
            }
            _ => return None,
        }
        Some(())
    }

    /// An object of the model before the start, as `ccb-create` has it.
    pub(super) fn object(&mut self, rest: &[&str]) {
        let (class, dn) = (rest[0].to_owned(), self.dn(rest[1]));
        let attrs = self.attributes(&rest[2..]);
        self.model.objects.push(ModelChange::Create { class, dn, attrs });
    }

    fn ccb_operations(&mut self, changes: Vec<ModelChange>) {
        match &mut self.open_ccb {
            Some(open) => open.extend(changes),
            None => self.ccb(changes),
        }
    }

    /// `NAME=VALUE`: a number, a time (`5ms`), an object (a short name or a DN), or a text; `|` stands between values.
    fn attributes(&self, words: &[&str]) -> Vec<Attr> {
        let attribute = |word: &&str| {
            let (name, text) = word.split_once('=').unwrap();
            let texts = text.split('|').filter(|text| !text.is_empty());
            let values: Vec<Value> = texts.map(|text| self.value(text)).collect();
            Attr {
                name: name.to_owned(),
                value_type: values.first().map_or(ValueType::Uint32, Value::value_type),
                values,
            }
        };
        words.iter().map(attribute).collect()
    }

    fn value(&self, text: &str) -> Value {
        let millis = text
            .strip_suffix("ms")
            .and_then(|millis| millis.parse::<i64>().ok());
        if let Some(millis) = millis {
            Value::Time(millis * 1_000_000)
        } else if let Ok(number) = text.parse() {
            Value::Uint32(number)
        } else if self.model.names.contains_key(text) || text.contains('=') {
            Value::Name(self.dn(text).to_string())
        } else {
            Value::String(text.to_owned())
        }
    }

    /// Validates the CCB and, where it is accepted, applies it.
    fn ccb(&mut self, changes: Vec<ModelChange>) {
        if let Err(refusal) = self.director.validate(&changes) {
            let line = format!("ccb: {refusal}");
            self.output.push(self.short(&line));
            return;
        }
        self.output.push("ccb: OK".to_owned());
        for change in &changes {
            match change {
                ModelChange::Create { .. } => self.model.objects.push(change.clone()),
                ModelChange::Modify { dn, attrs } => self.keep_attributes(dn, attrs),
                ModelChange::Delete { dn } => self.forget(dn),
            }
        }
        self.event(Event::CcbApplied { changes });
    }

    fn forget(&mut self, gone: &Dn) {
        self.model
            .objects
            .retain(|object| !matches!(object, ModelChange::Create { dn, .. } if dn.is_within(gone)));
        self.model.names.retain(|_, dn| !dn.is_within(gone));
        self.states.retain(|dn, _| !dn.is_within(gone));
        self.shown.retain(|dn, _| !dn.is_within(gone));
    }
}
