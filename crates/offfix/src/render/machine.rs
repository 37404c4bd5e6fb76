//! The answers of `disks`, `doctor` and `check-license-server` as text.

use crate::commands::{AreaDocument, Check, CollisionDocument, DiskDocument, HostDocument};
use crate::drives::size;
use crate::numbers::wrap;
use crate::output::{GOOD, HEADING, WARNING};
use crate::render::{LONG, WIDTH};

/// The disks.
pub(crate) fn disks(disks: &[DiskDocument], collisions: &[CollisionDocument]) -> String {
    if disks.is_empty() {
        return "no disks\n".to_owned();
    }
    let mut text: String = disks.iter().map(disk).collect();
    for collision in collisions {
        let told = wrap(&collision.text, WIDTH - 9, "         ");
        text.push_str(&format!("{WARNING}COLLIDE{WARNING:#}  {told}\n"));
        for hint in &collision.hints {
            let hint = wrap(hint, WIDTH - 11, "           ");
            text.push_str(&format!("         - {hint}\n"));
        }
    }
    text
}

fn disk(disk: &DiskDocument) -> String {
    let mut about = vec![size(disk.size)];
    about.extend(disk.table.map(|table| match &disk.id {
        Some(id) => format!("{table} {id}"),
        None => table.to_owned(),
    }));
    about.extend(disk.model.clone());
    about.extend(disk.bus.map(str::to_owned));
    about.extend(disk.lun.map(|lun| format!("LUN {lun}")));
    let states = [(disk.offline, "offline"), (disk.read_only, "read-only")];
    let states = states.iter().filter(|(is, _)| *is == Some(true));
    about.extend(states.map(|(_, word)| (*word).to_owned()));
    about.extend(disk.backing.as_ref().map(|path| format!("shows {path}")));
    let mut text = format!(
        "{HEADING}{}{HEADING:#}  {}\n",
        disk.device,
        about.join(", ")
    );
    for area in &disk.areas {
        text.push_str(&self::area(area));
    }
    if let Some(why) = disk.no_table.as_ref().filter(|_| disk.number.is_some()) {
        let why = wrap(&format!("its table: {why}"), WIDTH - 2, "    ");
        text.push_str(&format!("  {why}\n"));
    }
    text
}

fn area(area: &AreaDocument) -> String {
    let name = match area.number {
        Some(number) => format!("partition {number}"),
        None => "whole disk".to_owned(),
    };
    let mut about = vec![size(area.size)];
    about.push(
        area.file_system
            .clone()
            .unwrap_or_else(|| "file system not known".to_owned()),
    );
    about.extend(area.purpose.map(str::to_owned));
    match &area.mounted_at {
        Some(at) => about.push(format!("at {at}")),
        None => about.extend(area.device.clone()),
    }
    if area.running_system {
        about.push("this machine's own".to_owned());
    }
    let mut text = format!("  {name:<13} {}\n", about.join(", "));
    let at = area.mounted_at.as_ref().or(area.folder.as_ref());
    if let (Some(windows), Some(at)) = (&area.windows, at) {
        let computer = area
            .computer
            .as_deref()
            .unwrap_or("a computer without a name");
        let indent = " ".repeat(LONG);
        text.push_str(&format!("{indent}{GOOD}{computer}{GOOD:#}, {windows}\n"));
        text.push_str(&format!("{indent}offfix plan {at}\n"));
    }
    text
}

/// What was looked at on this machine.
pub(crate) fn checks(checks: &[Check]) -> String {
    let mut text = String::new();
    for check in checks {
        let (style, word) = match check.ok {
            Some(true) => (GOOD, "ok"),
            Some(false) => (WARNING, "no"),
            None => (HEADING, "?"),
        };
        let line = wrap(&check.text, WIDTH - 4, "    ");
        text.push_str(&format!("{style}{word:<2}{style:#}  {line}\n"));
        if let Some(hint) = &check.hint {
            text.push_str(&format!("    {}\n", wrap(hint, WIDTH - 4, "    ")));
        }
    }
    text
}

/// Which hosts could be reached, and what that is worth.
pub(crate) fn hosts(hosts: &[HostDocument], note: &str) -> String {
    let mut text = String::new();
    for host in hosts {
        let (style, word) = match host.reached {
            true => (GOOD, "ok"),
            false => (WARNING, "no"),
        };
        let address = host.address.iter().filter(|address| **address != host.host);
        let address: String = address.map(|address| format!(" ({address})")).collect();
        let line = format!("{}{address}: {}", host.host, host.text);
        let line = wrap(&line, WIDTH - 4, "    ");
        text.push_str(&format!("{style}{word:<2}{style:#}  {line}\n"));
    }
    text.push_str(&format!("    {note}\n"));
    text
}
