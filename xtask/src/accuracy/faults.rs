//! The table of faults: what is broken, how the cure is asked for, and what it has to be.
//!
//! Invariants: the table is written from the facts and names none of the program's own code; a
//! fault is the lines that share repair and name. Absent on purpose: disks.

use anyhow::{Context, Result, bail, ensure};

/// repair, fault, ask, on, hive, path, value, type, bad, good, source.
const TABLE: &str = include_str!("faults.tsv");
const COLUMNS: usize = 11;

/// One fault of the table.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    /// The repair that has to find it.
    pub(super) repair: String,
    /// What it is, in a word or two.
    pub(super) name: String,
    /// How its cure is asked for.
    pub(super) ask: Ask,
    /// The disks it can be on: conditions that all hold.
    pub(super) on: Vec<String>,
    /// The values and files it is made of; none when it cannot be made here.
    pub(super) spots: Vec<Spot>,
    /// A section of the facts; for a fault that cannot be made here, why.
    pub(super) source: String,
}

/// How a plan is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// With everything else.
    Look,
    /// Under a symptom.
    For(String),
    /// By the repair's name, with parameters.
    Named(Vec<String>),
}

/// Where a value or file lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hive {
    System,
    Software,
    Bcd,
    /// No hive: a file of the disk.
    Disk,
}

/// One value or file of a fault.
#[derive(Clone, Debug)]
pub(super) struct Spot {
    pub(super) hive: Hive,
    /// A key, a file, or an element as `{object}\number`.
    pub(super) path: String,
    /// Whether the key may be made.
    pub(super) creates: bool,
    pub(super) value: String,
    pub(super) kind: String,
    pub(super) bad: Bad,
    pub(super) good: Good,
}

/// What is made of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Bad {
    AsItIs,
    Absent,
    Data(String),
}

/// What has to become of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Good {
    /// It is told and stays.
    Told,
    /// It stays, and nobody says that it is certainly or probably a fault.
    Harmless,
    /// It belongs to the fault and stays as the cure of the others leaves it.
    Any,
    /// What it was before the fault.
    Before,
    /// One of these; `None` for no value.
    OneOf(Vec<Option<String>>),
}

impl Fault {
    /// Whether nothing is to be changed, only told.
    pub(super) fn is_told(&self) -> bool {
        !self.is_harmless() && !self.has_cure()
    }

    /// Whether it is no fault at all, only looks like one.
    pub(super) fn is_harmless(&self) -> bool {
        self.spots.iter().any(|spot| spot.good == Good::Harmless)
    }

    /// Whether anything is to be changed.
    pub(super) fn has_cure(&self) -> bool {
        let cured = |spot: &Spot| matches!(spot.good, Good::Before | Good::OneOf(_));
        self.spots.iter().any(cured)
    }

    /// Whether it makes or removes a whole key.
    pub(super) fn is_of_keys(&self) -> bool {
        self.spots.iter().any(|spot| spot.kind == "key")
    }

    /// The name that a report gives it.
    pub(super) fn title(&self) -> String {
        format!("{}: {}", self.repair, self.name)
    }
}

/// Reads the table of this crate.
pub(super) fn table() -> Result<Vec<Fault>> {
    parse(TABLE)
}

fn parse(table: &str) -> Result<Vec<Fault>> {
    let mut faults: Vec<Fault> = Vec::new();
    for (number, line) in table.lines().enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let place = || format!("faults.tsv:{}", number + 1);
        let columns: Vec<&str> = line.split('\t').collect();
        let columns: &[&str; COLUMNS] = columns.as_slice().try_into().with_context(place)?;
        add(&mut faults, columns).with_context(place)?;
    }
    for fault in &faults {
        let same = |other: &&Fault| other.title() == fault.title();
        let times = faults.iter().filter(same).count();
        ensure!(times == 1, "{} stands in two places", fault.title());
    }
    Ok(faults)
}

fn add(faults: &mut Vec<Fault>, columns: &[&str; COLUMNS]) -> Result<()> {
    let [
        repair,
        name,
        ask,
        on,
        hive,
        path,
        value,
        kind,
        bad,
        good,
        source,
    ] = *columns;
    ensure!(!source.is_empty(), "no source");
    let fault = Fault {
        repair: repair.to_owned(),
        name: name.to_owned(),
        ask: self::ask(ask)?,
        on: on.split(',').map(str::to_owned).collect(),
        spots: Vec::new(),
        source: source.to_owned(),
    };
    if faults
        .last()
        .is_none_or(|last| last.title() != fault.title())
    {
        faults.push(fault);
    }
    let Some(hive) = self::hive(hive)? else {
        return Ok(());
    };
    let spot = Spot {
        hive,
        path: path.trim_start_matches('+').to_owned(),
        creates: path.starts_with('+'),
        value: value.to_owned(),
        kind: kind.to_owned(),
        bad: self::bad(bad),
        good: self::good(good),
    };
    if let Some(last) = faults.last_mut() {
        last.spots.push(spot);
    }
    Ok(())
}

fn ask(text: &str) -> Result<Ask> {
    let mut words = text.split(' ').map(str::to_owned);
    Ok(match (words.next().as_deref(), words.next()) {
        (Some("look"), None) => Ask::Look,
        (Some("look"), Some(symptom)) => Ask::For(symptom),
        (Some("name"), first) => Ask::Named(first.into_iter().chain(words).collect()),
        _ => bail!("nobody asks by {text}"),
    })
}

fn hive(text: &str) -> Result<Option<Hive>> {
    Ok(Some(match text {
        "SYSTEM" => Hive::System,
        "SOFTWARE" => Hive::Software,
        "BCD" => Hive::Bcd,
        "disk" => Hive::Disk,
        "-" => return Ok(None),
        _ => bail!("no hive is called {text}"),
    }))
}

fn bad(cell: &str) -> Bad {
    match cell {
        "-" => Bad::AsItIs,
        "absent" => Bad::Absent,
        cell => Bad::Data(cell.to_owned()),
    }
}

fn good(cell: &str) -> Good {
    match cell {
        "told" => Good::Told,
        "harmless" => Good::Harmless,
        "-" => Good::Any,
        "before" => Good::Before,
        cell => {
            let data = |cell: &str| (cell != "absent").then(|| cell.to_owned());
            Good::OneOf(cell.split(" or ").map(data).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_this_crate_is_whole() {
        let faults = table().unwrap();
        let told = faults.iter().filter(|fault| fault.is_told());
        assert!(faults.len() > 100 && told.count() > 10);
        for fault in &faults {
            let made = !fault.spots.is_empty() || fault.source.contains(' ');
            assert!(made, "{}: neither made nor explained", fault.title());
        }
    }

    #[test]
    fn lines_of_one_fault_are_one_fault() {
        let line = |name: &str, good: &str| {
            format!("nla\t{name}\tname a=b\t6.1+,server\tSYSTEM\t+CCS\\A\tV\tdword\t1\t{good}\t1\n")
        };
        let text = [
            "# head\n",
            &line("x", "0 or absent"),
            &line("x", "-"),
            &line("y", "told"),
        ];
        let faults = parse(&text.concat()).unwrap();
        assert_eq!(faults.len(), 2);
        assert_eq!(faults[0].ask, Ask::Named(vec!["a=b".to_owned()]));
        assert_eq!(faults[0].on, ["6.1+", "server"]);
        let spot = &faults[0].spots[0];
        assert_eq!((spot.path.as_str(), spot.creates), (r"CCS\A", true));
        assert_eq!(spot.good, Good::OneOf(vec![Some("0".to_owned()), None]));
        assert!(faults[0].has_cure() && faults[1].is_told());
    }

    #[test]
    fn mistakes_in_the_table_are_named() {
        let bad = |text: &str| format!("{:#}", parse(text).unwrap_err());
        assert!(bad("a\tb\n").starts_with("faults.tsv:1"));
        let line = "a\tb\tbeg\t*\tSYSTEM\tK\tV\tdword\t1\t0\t1\n";
        assert!(bad(line).ends_with("nobody asks by beg"));
        let line = line.replace("beg", "look");
        let other = line.replace("a\tb", "a\tc");
        assert!(bad(&[&*line, &*other, &*line].concat()).contains("two places"));
        assert!(bad(&line.replace("SYSTEM", "SAM")).ends_with("no hive is called SAM"));
    }
}
