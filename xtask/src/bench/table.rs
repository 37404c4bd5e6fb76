//! The table of a benchmark: what was measured, against what, and whether it keeps its bound.
//!
//! Invariants: a row that is over its bound says so; what could not be measured is named.
//! Absent on purpose: measuring.

/// One measured thing, or the reason why it was not measured.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    what: String,
    measured: Result<Measured, String>,
}

#[derive(Debug, Clone, PartialEq)]
struct Measured {
    ours: f64,
    against: f64,
    unit: &'static str,
    found: String,
    bound: String,
    kept: bool,
}

impl Row {
    /// Times in milliseconds; ours is at most `bound` times the peer's.
    pub(super) fn ratio(what: &str, ours: f64, peer: f64, bound: f64) -> Row {
        let ratio = ours / peer.max(f64::MIN_POSITIVE);
        let digits = if bound < 1.0 { 3 } else { 2 };
        Row::measured(
            what,
            Measured {
                ours,
                against: peer,
                unit: "ms",
                found: format!("{ratio:.digits$} x"),
                bound: format!("{bound:.digits$} x"),
                kept: ratio <= bound,
            },
        )
    }

    /// An amount in `unit`, of something that is `size` large; at most `bound`.
    pub(super) fn amount(what: &str, unit: &'static str, [ours, size, bound]: [f64; 3]) -> Row {
        Row::measured(
            what,
            Measured {
                ours,
                against: size,
                unit,
                found: format!("{ours:.1}"),
                bound: format!("{bound:.1}"),
                kept: ours <= bound,
            },
        )
    }

    /// What could not be measured, and why.
    pub(super) fn skipped(what: &str, why: &str) -> Row {
        Row {
            what: what.to_owned(),
            measured: Err(why.to_owned()),
        }
    }

    fn measured(what: &str, measured: Measured) -> Row {
        Row {
            what: what.to_owned(),
            measured: Ok(measured),
        }
    }

    fn line(&self) -> String {
        let what = &self.what;
        match &self.measured {
            Err(why) => format!("{what:<40} skipped: {why}"),
            Ok(row) => {
                let (ours, against) = (amount(row.ours, row.unit), amount(row.against, row.unit));
                let verdict = if row.kept { "ok" } else { "OVER" };
                let (found, bound) = (&row.found, &row.bound);
                format!("{what:<40} {ours:>12} {against:>12} {found:>9} {bound:>9}  {verdict}")
            }
        }
    }
}

fn amount(number: f64, unit: &str) -> String {
    format!("{number:.1} {unit}")
}

/// The lines of the table, its head first.
pub(super) fn lines(rows: &[Row]) -> Vec<String> {
    let (what, ours) = ("measured", "ours");
    let head = format!(
        "{what:<40} {ours:>12} {:>12} {:>9} {:>9}",
        "against", "found", "bound"
    );
    let rows = rows.iter().map(Row::line);
    std::iter::once(head).chain(rows).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_whether_it_keeps_its_bound() {
        let rows = [
            Row::ratio("walk", 15.0, 10.0, 1.5),
            Row::ratio("export", 1100.0, 10_000.0, 0.1),
            Row::amount("memory", "MiB", [28.0, 12.0, 28.0]),
            Row::amount("memory", "MiB", [28.1, 12.0, 28.0]),
            Row::skipped("export", "no hivexregedit"),
        ];
        let lines = lines(&rows);
        assert!(lines.iter().all(|line| line.len() <= 100), "{lines:?}");
        let ends = [
            "bound",
            "ok",
            "OVER",
            "ok",
            "OVER",
            "skipped: no hivexregedit",
        ];
        for (line, end) in lines.iter().zip(ends) {
            assert!(line.ends_with(end), "{line}: {end}");
        }
        assert!(lines[1].contains(" 15.0 ms      10.0 ms    1.50 x    1.50 x"));
        assert!(lines[2].contains(" 0.110 x   0.100 x"), "{}", lines[2]);
    }
}
