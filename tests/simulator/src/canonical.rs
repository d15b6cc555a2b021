//! Text that describes a moment, made the same for moments that differ in names only: numbers that were drawn from a
//! counter count by their order alone, and times by their distance from the present.

use std::fmt::{self, Debug, Write as _};

use crate::QUIET_MS;

/// Where the clock of an exploration starts. Every configured span is shorter, so that a time is known by its size.
pub const EPOCH: u64 = 1_000_000_000_000_000;

/// Counters: what they have counted is told by the numbers that are in use. How often something was restarted is shown,
/// and nothing depends on it.
const UNTOLD: [&str; 6] = [
    "last_order",
    "last_fence",
    "last_run",
    "last_invocation",
    "last_watch",
    "restart_count",
];

/// A description of a moment.
#[derive(Debug)]
pub struct Canonical {
    now: u64,
    /// Which numbers are of one kind: those of a node are no other node's.
    section: usize,
    raw: String,
    text: Vec<u8>,
    /// Numbers drawn from counters, with their kinds, in the order of their places.
    drawn: Vec<(u64, u64)>,
}

impl Canonical {
    /// Nothing yet; `now` is the present.
    pub fn new(now: u64) -> Canonical {
        Canonical {
            now,
            section: 0,
            raw: String::new(),
            text: Vec::new(),
            drawn: Vec::new(),
        }
    }

    /// What follows is known to this node only; 0 for what is known to all.
    pub fn enter(&mut self, section: usize) {
        self.section = section;
    }

    /// Adds a value.
    pub fn add(&mut self, value: &dyn Debug) {
        self.raw.clear();
        // A String takes all that is written to it.
        let written: fmt::Result = write!(self.raw, "{value:?};");
        debug_assert!(written.is_ok());
        let raw = std::mem::take(&mut self.raw);
        self.scan(&raw);
        self.raw = raw;
    }

    /// Adds a time; all that is past is the same.
    pub fn add_coming(&mut self, at: u64) {
        let coming = at.saturating_sub(self.now);
        self.add(&coming);
    }

    /// Adds a number that was drawn from a counter of this kind.
    pub fn add_drawn(&mut self, kind: &str, number: u64) {
        self.text.extend_from_slice(kind.as_bytes());
        self.draw(kind.as_bytes(), number);
    }

    fn draw(&mut self, kind: &[u8], number: u64) {
        let kind = kind.iter().fold(self.section as u64, |sum, byte| {
            sum.wrapping_mul(257).wrapping_add(u64::from(*byte))
        });
        self.text.push(b'#');
        self.drawn.push((kind, number));
    }

    fn scan(&mut self, raw: &str) {
        let bytes = raw.as_bytes();
        let mut at = 0;
        let mut copied = 0;
        while at < bytes.len() {
            let is_start = bytes[at].is_ascii_digit() && at > 0 && matches!(bytes[at - 1], b'(' | b' ');
            if !is_start {
                at += 1;
                continue;
            }
            let end = (at..bytes.len()).find(|at| !bytes[*at].is_ascii_digit());
            let end = end.unwrap_or(bytes.len());
            let name = name_before(bytes, at);
            let number: u64 = raw[at..end].parse().unwrap_or(u64::MAX);
            self.text.extend_from_slice(&bytes[copied..at]);
            self.number(name, number, bytes[at - 1] == b'(');
            (at, copied) = (end, end);
        }
        self.text.extend_from_slice(&bytes[copied..]);
    }

    fn number(&mut self, name: &[u8], number: u64, wrapped: bool) {
        let text = std::str::from_utf8(name).unwrap_or_default();
        match (wrapped, text) {
            (true, "Millis") if number >= EPOCH / 2 => {
                // What is longer past than any probation time is past.
                let oldest = self.now.saturating_sub(QUIET_MS);
                let (old, at) = (number <= oldest, number.max(oldest));
                let text = if old {
                    "old".to_owned()
                } else {
                    format!("@{}", at + QUIET_MS - self.now)
                };
                self.text.extend_from_slice(text.as_bytes());
            }
            // What all know is of one kind wherever it stands.
            (true, "OrderId" | "Term" | "FenceId" | "CauseId") => {
                let section = std::mem::take(&mut self.section);
                self.draw(name, number);
                self.section = section;
            }
            (true, "SessionId" | "RunId" | "Invocation" | "RequestId" | "WatchId") | (false, "session") => {
                self.draw(name, number);
            }
            (false, text) if UNTOLD.contains(&text) => {}
            _ => self.text.extend_from_slice(number.to_string().as_bytes()),
        }
    }

    /// A number that is the same for moments of the same text and, but by a chance that can be left out of account, for
    /// no others.
    pub fn fingerprint(mut self) -> u128 {
        let mut ranks = self.drawn.clone();
        ranks.sort_unstable();
        ranks.dedup();
        for drawn in &self.drawn {
            let rank = ranks.binary_search(drawn).unwrap_or(0);
            let first = ranks.partition_point(|other| other.0 < drawn.0);
            let rank = u32::try_from(rank - first).unwrap_or(u32::MAX);
            self.text.extend_from_slice(&rank.to_le_bytes());
        }
        hash(&self.text)
    }

    /// The text, for whoever wonders why two moments differ.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.text).into_owned()
    }
}

/// The word before `Name(` or `name: `.
fn name_before(bytes: &[u8], at: usize) -> &[u8] {
    let mut end = at - 1;
    if bytes[end] == b' ' && end > 0 && bytes[end - 1] == b':' {
        end -= 1;
    }
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let start = bytes[..end]
        .iter()
        .rposition(|byte| !is_name(byte))
        .map_or(0, |at| at + 1);
    &bytes[start..end]
}

/// Two sums of 64 bits over words of 8 bytes.
fn hash(bytes: &[u8]) -> u128 {
    fn fold(sum: u64, word: u64, by: u64) -> u64 {
        let product = u128::from(sum ^ word) * u128::from(by);
        let half = |of: u128| u64::try_from(of & u128::from(u64::MAX)).unwrap_or_default();
        (half(product) ^ half(product >> 64))
            .rotate_left(23)
            .wrapping_add(word)
    }
    let mut sums = [0x9e37_79b9_7f4a_7c15_u64, 0xc2b2_ae3d_27d4_eb4f];
    for chunk in bytes.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        let word = u64::from_le_bytes(word);
        sums[0] = fold(sums[0], word, 0xff51_afd7_ed55_8ccd);
        sums[1] = fold(sums[1], word, 0xc4ce_b9fe_1a85_ec53);
    }
    let length = bytes.len() as u64;
    let [first, second] = sums.map(|sum| fold(sum, length, 0x1656_67b1_9e37_79f9));
    (u128::from(first) << 64) | u128::from(second)
}

#[cfg(test)]
mod tests {
    use ais::Millis;
    use ais::amf::{OrderId, Term};

    use super::*;

    fn of(now: u64, values: &[&dyn Debug]) -> u128 {
        let mut text = Canonical::new(now);
        for value in values {
            text.add(*value);
        }
        text.fingerprint()
    }

    #[test]
    fn drawn_numbers_count_by_their_order_and_times_by_their_distance() {
        let (now, later) = (EPOCH + 100, EPOCH + 500);
        let moment = |order, other, at| (OrderId(order), OrderId(other), Millis(at), Term(order));
        let base = of(now, &[&moment(3, 5, now + 7)]);
        assert_eq!(base, of(later, &[&moment(8, 20, later + 7)]));
        assert_ne!(base, of(later, &[&moment(20, 8, later + 7)]), "the other order");
        assert_ne!(base, of(later, &[&moment(8, 8, later + 7)]), "the same");
        assert_ne!(base, of(later, &[&moment(8, 20, later + 8)]), "another time");
        assert_ne!(of(now, &[&Millis(5)]), of(now, &[&Millis(6)]), "spans");
        let old = |ago| of(later, &[&Millis(later - ago)]);
        assert_eq!(old(QUIET_MS), old(QUIET_MS + 300), "long past");
        assert_ne!(old(10), old(11));
    }

    #[test]
    fn everything_else_counts_as_it_is() {
        assert_ne!(of(EPOCH, &[&Some(5)]), of(EPOCH, &[&Some(6)]));
        assert_ne!(of(EPOCH, &[&"a 5"]), of(EPOCH, &[&"a 6"]));
        assert_ne!(of(EPOCH, &[&[1_u32, 2]]), of(EPOCH, &[&[2_u32, 1]]));
        // The numbers of a node are no other node's.
        let on = |sections: [usize; 2], numbers: [u64; 2]| {
            let mut text = Canonical::new(EPOCH);
            for (section, number) in sections.into_iter().zip(numbers) {
                text.enter(section);
                text.add_drawn("run", number);
            }
            text.fingerprint()
        };
        assert_eq!(on([1, 2], [4, 9]), on([1, 2], [9, 4]));
        assert_ne!(on([1, 1], [4, 9]), on([1, 1], [9, 4]));
    }
}
