//! What all trials have shown: recall and precision by repair and disk.
//!
//! Invariants: a repair that was never tried has no figure, not a good one. Absent on purpose:
//! trying.

use std::collections::BTreeMap;

use super::subject::COLUMNS;

/// Faults that were there and how many were found, named, repaired and undone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    there: usize,
    found: usize,
}

/// The results of trials.
#[derive(Clone, Debug, Default)]
pub(super) struct Score {
    cells: BTreeMap<(String, &'static str), Tally>,
    alarms: BTreeMap<String, usize>,
    /// What went wrong, a line each.
    pub(super) lines: Vec<String>,
}

impl Score {
    /// Counts a fault on a disk, and what was wrong with it.
    pub(super) fn fault(&mut self, repair: &str, column: &'static str, missed: bool) {
        let cell = self.cells.entry((repair.to_owned(), column)).or_default();
        cell.there += 1;
        cell.found += usize::from(!missed);
    }

    /// Counts a false alarm of a repair.
    pub(super) fn alarm(&mut self, repair: &str) {
        *self.alarms.entry(repair.to_owned()).or_default() += 1;
    }

    /// Whether every fault was found and nothing else.
    pub(super) fn is_perfect(&self) -> bool {
        self.alarms.is_empty() && self.cells.values().all(|cell| cell.there == cell.found)
    }

    /// How many faults were tried.
    pub(super) fn tried(&self) -> usize {
        self.cells.values().map(|cell| cell.there).sum()
    }

    /// The table: a line for each repair.
    pub(super) fn table(&self) -> Vec<String> {
        let head = COLUMNS.map(|column| format!("{column:>9}")).concat();
        let mut lines = vec![format!("{:<24}{head}   recall precision", "found of there")];
        let mut repairs: Vec<&str> = self
            .cells
            .keys()
            .map(|(repair, _)| repair.as_str())
            .collect();
        repairs.extend(self.alarms.keys().map(String::as_str));
        repairs.sort_unstable();
        repairs.dedup();
        lines.extend(repairs.iter().map(|repair| self.line(repair)));
        let all = repairs
            .iter()
            .fold((Tally::default(), 0), |(sum, alarms), repair| {
                let Tally { there, found } = self.total(repair);
                let more = self.alarms.get(*repair).copied().unwrap_or(0);
                let sum = Tally {
                    there: sum.there + there,
                    found: sum.found + found,
                };
                (sum, alarms + more)
            });
        let room = " ".repeat(head.len());
        lines.push(format!("{:<24}{room}{}", "all", figures(all.0, all.1)));
        lines
    }

    fn total(&self, repair: &str) -> Tally {
        let mine = self.cells.iter().filter(|((known, _), _)| known == repair);
        mine.fold(Tally::default(), |sum, (_, cell)| Tally {
            there: sum.there + cell.there,
            found: sum.found + cell.found,
        })
    }

    fn line(&self, repair: &str) -> String {
        let cells = COLUMNS.map(|column| {
            let cell = self.cells.get(&(repair.to_owned(), column));
            let text = cell.map_or("-".to_owned(), |it| format!("{}/{}", it.found, it.there));
            format!("{text:>9}")
        });
        let alarms = self.alarms.get(repair).copied().unwrap_or(0);
        format!(
            "{repair:<24}{}{}",
            cells.concat(),
            figures(self.total(repair), alarms)
        )
    }
}

fn figures(Tally { there, found }: Tally, alarms: usize) -> String {
    let percent = |part: usize, whole: usize| match whole {
        0 => "-".to_owned(),
        whole => format!("{:.1} %", part as f64 * 100.0 / whole as f64),
    };
    let (recall, precision) = (percent(found, there), percent(found, found + alarms));
    format!("{recall:>9}{precision:>10}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_repair_has_its_figures() {
        let mut score = Score::default();
        score.fault("nla", "win7", false);
        score.fault("nla", "win10", true);
        score.fault("safe-mode", "stores", false);
        assert!(!score.is_perfect());
        score.alarm("static-ip");
        let lines = score.table();
        let words = |line: usize| lines[line].split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(words(1), "nla 1/1 0/1 - - - 50.0 % 100.0 %");
        assert_eq!(words(2), "safe-mode - - - - 1/1 100.0 % 100.0 %");
        assert_eq!(words(3), "static-ip - - - - - - 0.0 %");
        assert_eq!(words(4), "all 66.7 % 66.7 %");
        assert!(lines.iter().all(|line| line.len() <= 100));
        assert_eq!(score.tried(), 3);
    }

    #[test]
    fn an_alarm_alone_is_a_failure() {
        let mut score = Score::default();
        score.fault("nla", "win7", false);
        assert!(score.is_perfect());
        score.alarm("nla");
        assert!(!score.is_perfect());
    }
}
