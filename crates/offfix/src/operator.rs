//! Who runs this program, and on which machine: for the records of runs.
//!
//! Invariants: nothing is asked of the network; a debug build takes both from
//! `OFFFIX_TEST_OPERATOR` (`user@machine`), so that tests are deterministic. Absent on purpose:
//! proof; a record says who the system said it was.

use crate::document::ByDocument;

/// What is recorded where the system does not tell.
const UNKNOWN: &str = "not known";

/// The operator of a run that was made from this plan.
pub(crate) fn by(plan: Option<PlanOrigin>) -> ByDocument {
    let (user, machine) = pinned().unwrap_or_else(|| (user(), machine()));
    let (plan_file, plan_sha256) = match plan {
        Some(PlanOrigin { file, sha256 }) => (file, Some(sha256)),
        None => (None, None),
    };
    ByDocument {
        user,
        machine,
        plan_file,
        plan_sha256,
    }
}

/// Where the plan of a run came from.
#[derive(Clone, Debug)]
pub(crate) struct PlanOrigin {
    /// The name of the plan file; `None` for a selection that was typed.
    pub(crate) file: Option<String>,
    /// The hash of the file's bytes, or of the selection as JSON.
    pub(crate) sha256: String,
}

fn pinned() -> Option<(String, String)> {
    let said = cfg!(debug_assertions).then(|| std::env::var("OFFFIX_TEST_OPERATOR").ok())??;
    let (user, machine) = said.split_once('@')?;
    Some((user.to_owned(), machine.to_owned()))
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(windows)]
fn user() -> String {
    let name = variable("USERNAME").unwrap_or_else(|| UNKNOWN.to_owned());
    match variable("USERDOMAIN") {
        Some(domain) => format!(r"{domain}\{name}"),
        None => name,
    }
}

#[cfg(windows)]
fn machine() -> String {
    variable("COMPUTERNAME").unwrap_or_else(|| UNKNOWN.to_owned())
}

/// The name of the account, and of the one that it was taken on from with sudo.
#[cfg(not(windows))]
fn user() -> String {
    let name = account().unwrap_or_else(|| UNKNOWN.to_owned());
    match variable("SUDO_USER").filter(|from| *from != name) {
        Some(from) => format!("{name} (sudo by {from})"),
        None => name,
    }
}

/// The account this process runs as.
#[cfg(not(windows))]
fn account() -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let number = std::fs::metadata("/proc/self").ok()?.uid().to_string();
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let found = accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == number).then(|| name.to_owned())
    });
    Some(found.unwrap_or_else(|| format!("user {number}")))
}

#[cfg(not(windows))]
fn machine() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match name.trim() {
        "" => UNKNOWN.to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_says_who_it_is() {
        assert!(!user().is_empty() && !machine().is_empty());
        assert!(!machine().contains('\n') && !user().contains('\n'));
        #[cfg(target_os = "linux")]
        assert_ne!(user(), UNKNOWN);
    }
}
