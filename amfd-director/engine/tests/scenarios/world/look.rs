//! Commands that print what is published and what the director knows.

use ais::Value;
use amfd_director_engine::ModelChange;

use super::World;

impl World {
    /// What is printed, now or from now on; `None` for another command.
    pub(super) fn look_command(&mut self, word: &str, rest: &[&str]) -> Option<()> {
        match word {
            // Orders that only tell nodes about the model.
            "show-configuration" => self.shows_configuration = true,
            // What operators are told.
            "show-notifications" => self.shows_notifications = true,
            "show-stories" => self.shows_stories = true,
            "why" => self.why(rest),
            "dump" => self.dump(),
            "quiet" => self.quiet = true,
            "loud" => self.quiet = false,
            "state" => self.state(rest),
            "show" => self.show(rest),
            _ => return None,
        }
        Some(())
    }

    /// The objects that the next director starts with.
    pub(crate) fn objects_mut(&mut self) -> &mut Vec<ModelChange> {
        &mut self.model.objects
    }

    /// What is said of the model's objects that are left out.
    pub(crate) fn problems(&self) -> Vec<String> {
        let dns = self.model.objects.iter().filter_map(|object| match object {
            ModelChange::Create { dn, .. } => Some(dn),
            ModelChange::Modify { .. } | ModelChange::Delete { .. } => None,
        });
        dns.flat_map(|dn| self.director.explain(dn)).collect()
    }

    /// `show OBJECT ATTRIBUTE...`: the values that are published.
    pub(super) fn show(&mut self, rest: &[&str]) {
        let dn = self.dn(rest[0]);
        for name in &rest[1..] {
            let objects = self.model.objects.iter();
            let attrs = objects.filter_map(|object| match object {
                ModelChange::Create { dn: own, attrs, .. } if *own == dn => ais::find_attr(attrs, name),
                _ => None,
            });
            let values: Vec<String> = attrs.flat_map(|attr| &attr.values).map(Value::to_text).collect();
            let line = format!("{} {name}: {}", rest[0], values.join(" "));
            self.output.push(self.short(&line));
        }
    }

    /// `dump`: all that the director knows and intends.
    pub(super) fn dump(&mut self) {
        let text = self.director.dump();
        let lines: Vec<String> = text.lines().map(|line| self.short(line)).collect();
        self.output.extend(lines);
    }
}
