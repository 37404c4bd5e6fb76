//! `pending-update`: an update that Windows has begun and not finished.
//!
//! Changes nothing: only servicing itself takes an update back, so the cure is a ladder of commands
//! for the recovery machine. Absent on purpose: `PendingFileRenameOperations`, which healthy
//! machines have too, and the hive COMPONENTS, which is not opened.

use crate::catalogue::{Class, Repair};
use crate::context::{Ask, Context, Error, Number, Place, chain};
use crate::finding::{Certainty, Finding, Findings, Offer, Step};

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "pending-update",
    title: "tell of an update that was begun and not finished, and how it is taken back",
    class: Class::Report,
    risk: "none: it changes nothing; an update that is taken back has to be installed again",
    parameters: &[],
    about: include_str!("pending-update.md"),
    diagnose,
};

const SERVICING: &str = r"Microsoft\Windows\CurrentVersion\Component Based Servicing";
const ORDERS: &str = r"Windows\WinSxS\pending.xml";
const MANAGER: &str = r"Control\Session Manager";
/// No more packages are named.
const NAMES: usize = 5;
/// No more sessions are looked at.
const SESSIONS: usize = 1000;

/// What speaks for an update that was not finished.
#[derive(Default)]
struct Evidence {
    /// It was begun: Windows goes on with it at the next boot, or hangs in it.
    begun: Vec<String>,
    /// It waits for a restart, as any update does for a while.
    waiting: Vec<String>,
}

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    let mut evidence = Evidence::default();
    orders(&mut evidence, context)?;
    if let Some(servicing) = context.software(SERVICING)? {
        keys(&mut evidence, &servicing)?;
        sessions(&mut evidence, &servicing)?;
    }
    for set in context.control_sets() {
        at_boot(&mut evidence, &set.below(MANAGER))?;
    }
    let asked = context.ask >= Ask::Symptom;
    if !evidence.begun.is_empty() || (asked && !evidence.waiting.is_empty()) {
        findings.add(finding(evidence));
    }
    Ok(())
}

/// The file of orders that Windows works off at boot.
fn orders(evidence: &mut Evidence, context: &Context<'_>) -> Result<(), Error> {
    let found = context.volume.root().find(ORDERS);
    let found = found.map_err(|error| Error::Disk(chain(&error)))?;
    if let Some(found) = found {
        let size = found.size;
        evidence
            .begun
            .push(format!("{} is there, {size} bytes", found.path));
    }
    Ok(())
}

/// The keys servicing leaves while it is at work.
fn keys(evidence: &mut Evidence, servicing: &Place<'_>) -> Result<(), Error> {
    let shown = |name: &str| format!(r"SOFTWARE\{SERVICING}\{name} is there");
    if servicing.below("RebootInProgress").exists()? {
        evidence.begun.push(shown("RebootInProgress"));
    }
    if servicing.below("RebootPending").exists()? {
        evidence.waiting.push(shown("RebootPending"));
    }
    let packages = servicing.below("PackagesPending").subkey_names()?;
    if !packages.is_empty() {
        let named: Vec<&str> = packages.iter().take(NAMES).map(String::as_str).collect();
        let more = if packages.len() > NAMES { ", ..." } else { "" };
        evidence.waiting.push(format!(
            "packages pending: {} ({}{more})",
            packages.len(),
            named.join(", ")
        ));
    }
    Ok(())
}

fn sessions(evidence: &mut Evidence, servicing: &Place<'_>) -> Result<(), Error> {
    let sessions = servicing.below("SessionsPending");
    if let Number::Is(exclusive @ 1..) = sessions.number("Exclusive")? {
        evidence.begun.push(format!(
            "SessionsPending: Exclusive is 0x{exclusive:x}, a session holds servicing"
        ));
    }
    let mut open = 0;
    for session in sessions.subkey_names()?.iter().take(SESSIONS) {
        let complete = sessions.below(session).number("Complete")?;
        if complete.exists() && !complete.is(1) {
            open += 1;
        }
    }
    if open > 0 {
        evidence
            .waiting
            .push(format!("SessionsPending: sessions not complete: {open}"));
    }
    Ok(())
}

/// The program that works off the orders before anybody can log on.
fn at_boot(evidence: &mut Evidence, manager: &Place<'_>) -> Result<(), Error> {
    let list = manager.read("SetupExecute")?;
    let lines = list.and_then(|list| list.as_texts()).unwrap_or_default();
    let is_servicing = |line: &&String| {
        let line = line.to_ascii_lowercase();
        line.contains("poqexec") || line.contains("pending.xml")
    };
    if let Some(line) = lines.iter().find(is_servicing) {
        evidence
            .begun
            .push(format!("{}: SetupExecute has {line:?}", manager.key));
    }
    Ok(())
}

fn finding(evidence: Evidence) -> Finding {
    let place = ORDERS;
    let mut finding = if evidence.begun.is_empty() {
        let title = "an update waits for a restart, as any update does for a while";
        Finding::new(Offer::Report, Certainty::Possible, title, place)
    } else {
        let title =
            "an update was begun and not finished: Windows goes on with it at the next boot";
        let certainty = if evidence.begun.len() > 1 {
            Certainty::Likely
        } else {
            Certainty::Possible
        };
        Finding::new(Offer::Report, certainty, title, place)
    };
    finding.evidence = evidence.begun;
    finding.evidence.extend(evidence.waiting);
    finding.steps = ladder();
    finding
}

/// What is tried, the gentlest first; each only when the one before has not helped.
fn ladder() -> Vec<Step> {
    let run = |text: &str| Step::OnRecoveryMachine(text.to_owned());
    let hand = |text: &str| Step::Manual(text.to_owned());
    vec![
        hand("give the VM time first: finishing or taking back an update can last hours"),
        run(r"md C:\Scratch"),
        run(r"dism /Image:F:\ /ScratchDir:C:\Scratch /Cleanup-Image /RevertPendingActions"),
        hand(
            "boot the VM once and let it finish; the dism of the recovery machine must not be \
             older than the Windows on F:",
        ),
        run(r"dism /Image:F:\ /ScratchDir:C:\Scratch /Get-Packages /Format:Table"),
        run(r"dism /Image:F:\ /ScratchDir:C:\Scratch /Remove-Package /PackageName:NAME"),
        hand(
            "NAME is each package whose state is Install Pending or Uninstall Pending; one takes \
             a quarter of an hour",
        ),
        hand(
            r"last of all: rename F:\Windows\WinSxS\pending.xml; it leaves servicing in need of \
              dism /RestoreHealth, and SessionsPending is never deleted",
        ),
    ]
}
