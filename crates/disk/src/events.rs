//! What has become of a run: states, and the lines of its `events` file (`PROTOCOL.md` 4).
//!
//! Invariants: every line carries a check of its own, so a torn or damaged one is skipped and
//! never misread; what counts today still counts after the next append, and nothing more.
//!
//! Deliberately absent: files, and any judgement whether one state may follow another.

use crate::digest::sha256_hex;

/// How many hexadecimal digits of the SHA-256 check a line.
const CHECK: usize = 16;

/// What has become of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It was cut short before its record was sealed: nothing was written to any disk.
    NotStarted,
    /// Its record is sealed; the disk may be old, new or anything between.
    Sealed,
    /// Everything was written and verified.
    Done,
    /// An undo has begun; the disk may be anything between.
    Undoing,
    /// Everything is as before.
    Undone,
    /// It failed and the files were put back at once.
    RolledBack,
    /// It was closed because something else has written its files.
    Overtaken,
}

/// One change of a run's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The state from then on.
    pub state: State,
    /// When, as the caller writes times.
    pub at: String,
    /// What the caller wants remembered.
    pub detail: String,
}

const NAMES: [(State, &str); 6] = [
    (State::Sealed, "sealed"),
    (State::Done, "done"),
    (State::Undoing, "undoing"),
    (State::Undone, "undone"),
    (State::RolledBack, "rolled-back"),
    (State::Overtaken, "overtaken"),
];

impl State {
    /// Whether the run may have left files half written.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, State::Sealed | State::Undoing)
    }
}

/// The event as bytes to append to a file that holds `existing`. `None` for a state that is
/// never recorded.
pub(crate) fn line(event: &Event, existing: &[u8]) -> Option<Vec<u8>> {
    let name = NAMES.iter().find(|(state, _)| *state == event.state)?.1;
    let body = format!("{name}\t{}\t{}", escaped(&event.at), escaped(&event.detail));
    // What a crash left of the last line is ended, so that it spoils no other.
    let start = if existing.is_empty() || existing.ends_with(b"\n") {
        ""
    } else {
        "\n"
    };
    Some(format!("{start}{} {body}\n", check(&body)).into_bytes())
}

/// The events in a file, in order; lines that are torn or damaged are skipped.
pub(crate) fn parse(bytes: &[u8]) -> Vec<Event> {
    bytes
        .split_inclusive(|byte| *byte == b'\n')
        .filter_map(parse_line)
        .collect()
}

fn parse_line(line: &[u8]) -> Option<Event> {
    // The check covers everything but the line end, so a line that lacks only that is whole.
    let line = str::from_utf8(line.strip_suffix(b"\n").unwrap_or(line)).ok()?;
    let (found, body) = line.split_once(' ')?;
    if found != check(body) {
        return None;
    }
    let mut fields = body.split('\t');
    let name = fields.next()?;
    let event = Event {
        state: NAMES.iter().find(|(_, known)| *known == name)?.0,
        at: unescaped(fields.next()?)?,
        detail: unescaped(fields.next()?)?,
    };
    fields.next().is_none().then_some(event)
}

fn check(body: &str) -> String {
    sha256_hex(body.as_bytes()).chars().take(CHECK).collect()
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => out.push(c),
        }
    }
    out
}

fn unescaped(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '\\' => match chars.next()? {
                '\\' => '\\',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                _ => return None,
            },
            c => c,
        });
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(state: State, detail: &str) -> Event {
        Event {
            state,
            at: "2026-09-15T09:12:00Z".to_owned(),
            detail: detail.to_owned(),
        }
    }

    #[test]
    fn events_come_back_as_they_were() {
        let events: Vec<Event> = NAMES
            .iter()
            .map(|(state, name)| event(*state, &format!("{name}: a\tb\nc\\n d\r é")))
            .collect();
        let mut file = Vec::new();
        for event in &events {
            let line = line(event, &file).unwrap();
            file.extend(line);
        }
        assert_eq!(parse(&file), events);
        assert_eq!(
            file.iter().filter(|byte| **byte == b'\n').count(),
            events.len()
        );
        assert_eq!(line(&event(State::NotStarted, ""), b""), None);
    }

    #[test]
    fn a_torn_last_line_is_ignored_and_spoils_nothing() {
        let first = line(&event(State::Done, "first"), b"").unwrap();
        let second = line(&event(State::Undoing, "second"), &first).unwrap();
        let third = event(State::Undone, "third");
        for cut in 0..second.len() {
            let mut file = [first.as_slice(), &second[..cut]].concat();
            let mut events = vec![event(State::Done, "first")];
            if cut == second.len() - 1 {
                events.push(event(State::Undoing, "second"));
            }
            assert_eq!(parse(&file), events, "cut {cut}");
            let line = line(&third, &file).unwrap();
            file.extend(line);
            events.push(third.clone());
            assert_eq!(parse(&file), events, "cut {cut}");
        }
        let zeros = [first.as_slice(), &[0; 40], b"\n"].concat();
        assert_eq!(parse(&zeros), [event(State::Done, "first")]);
    }

    #[test]
    fn a_changed_line_is_not_believed() {
        let good = line(&event(State::Done, "all 2 files"), b"").unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 2;
            assert_eq!(parse(&bad), [], "byte {at}");
        }
    }
}
