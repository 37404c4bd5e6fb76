//! `rdp-certificate`: the certificate of Remote Desktop, or the pin to one, cannot be used.
//!
//! Owns `SSLCertificateSHA1Hash` of the listener and the entries of the store `Remote Desktop`.
//! Absent on purpose: certificates that somebody else issued, which are only told; making a
//! certificate, which Windows does by itself; key files and their permissions.

use crate::catalogue::{Class, Parameter, Repair};
use crate::certificate::key_file::{self, KeyFile};
use crate::certificate::{self, BLOB, Content, Entry, Thumbprint};
use crate::context::{Ask, Context, Error, Place};
use crate::finding::{Certainty, Change, Finding, Findings, Kind, Offer, Step};
use crate::repairs::nla::LISTENER;

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "rdp-certificate",
    title: "let Windows make a new certificate for Remote Desktop",
    class: Class::Recommended,
    risk: "clients that know the old certificate ask once whether they trust the new one",
    parameters: &[FORM],
    about: include_str!("rdp-certificate.md"),
    diagnose,
};

const FORM: Parameter = Parameter {
    name: "form",
    about: "which of the certificates that Windows has made itself are removed",
    default: Some(FAULTY),
    values: "faulty or renew",
    accepts: |value| [FAULTY, RENEW].contains(&value),
};
/// Those that cannot be used.
const FAULTY: &str = "faulty";
/// All of them.
const RENEW: &str = "renew";

const STORE: &str = "Remote Desktop";
const PIN: &str = "SSLCertificateSHA1Hash";
const STATIONS: &str = r"Control\Terminal Server\WinStations";
/// What Windows remembers of the certificate it made.
const OWN: &str = "SelfSignedCertificate";

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    let Some(entries) = certificate::entries(context, STORE)? else {
        findings.note("the disk has no SOFTWARE hive: no certificates to look at");
        return Ok(());
    };
    let look = Look::of(context)?;
    for entry in &entries {
        look.entry(findings, entry)?;
    }
    let lost = |own: &Thumbprint| !entries.iter().any(|entry| own.names(&entry.name));
    if !entries.is_empty() && look.own.iter().any(lost) {
        findings.note(format!(
            "{OWN} names a certificate that is not in its store: Windows makes a new one"
        ));
    }
    for listener in &look.listeners {
        pin(findings, &look, listener)?;
    }
    Ok(())
}

/// What is known before the first entry is looked at.
struct Look<'c, 'v> {
    context: &'c Context<'v>,
    listeners: Vec<Place<'v>>,
    /// The certificates that Windows says it has made.
    own: Vec<Thumbprint>,
    /// The machine's identifier, which names its key files.
    machine: Option<String>,
    renew: bool,
}

/// Why a certificate cannot be used.
struct Flaw {
    title: &'static str,
    certainty: Certainty,
    evidence: String,
}

impl<'c, 'v> Look<'c, 'v> {
    fn of(context: &'c Context<'v>) -> Result<Look<'c, 'v>, Error> {
        let sets = context.control_sets();
        let mut own = Vec::new();
        for set in &sets {
            let data = set.below(STATIONS).read(OWN)?;
            own.extend(data.as_ref().and_then(Thumbprint::read));
        }
        let machine = match context.software(r"Microsoft\Cryptography")? {
            Some(place) => place.text("MachineGuid")?,
            None => None,
        };
        let renew = match context.parameter(FORM.name) {
            Some(form) => form == RENEW,
            None => context.ask == Ask::Article,
        };
        let listeners = sets.iter().map(|set| set.below(LISTENER)).collect();
        Ok(Look {
            context,
            listeners,
            own,
            machine,
            renew,
        })
    }

    /// Looks at an entry of the store of Remote Desktop.
    fn entry(&self, findings: &mut Findings, entry: &Entry<'_>) -> Result<(), Error> {
        let flaw = self.flaw(entry);
        let stranger = entry.facts().filter(|facts| !facts.self_signed);
        match (&entry.content, flaw, stranger) {
            (Content::Empty | Content::NotUnderstood, _, _) => {
                let title = "a certificate of Remote Desktop that cannot be judged";
                let mut finding = entry
                    .place
                    .finding(Offer::Report, Certainty::Possible, title)?;
                finding.evidence = self.evidence(entry);
                findings.add(finding);
            }
            (_, Some(flaw), Some(facts)) => {
                let mut finding = self.flawed(entry, Offer::Report, flaw)?;
                let from = format!("get a new certificate from {}", facts.issuer);
                finding.steps.push(Step::Manual(from));
                findings.add(finding);
            }
            (_, Some(flaw), None) => {
                // Windows leaves an old one where it is and never looks at it again.
                let idle = !self.own.is_empty() && !self.is_own(entry) && !self.is_pinned(entry)?;
                let offer = if idle {
                    Offer::WhenAsked
                } else {
                    Offer::Recommended
                };
                let finding = self.flawed(entry, offer, flaw)?;
                findings.add(self.removed(entry, finding)?);
            }
            (_, None, None) if self.renew => findings.add(self.renewed(entry)?),
            (_, None, stranger) => {
                if stranger.is_some() && self.renew {
                    let line = format!("{} was issued by somebody else: kept", entry.name);
                    findings.note(line);
                }
                note_hash(findings, entry);
            }
        }
        Ok(())
    }

    /// What makes a certificate useless.
    fn flaw(&self, entry: &Entry<'_>) -> Option<Flaw> {
        let flaw = |title, certainty, evidence| {
            Some(Flaw {
                title,
                certainty,
                evidence,
            })
        };
        let facts = match &entry.content {
            Content::Empty | Content::NotUnderstood => return None,
            Content::Damaged(why) => {
                let title = "a certificate of Remote Desktop is damaged";
                return flaw(title, Certainty::Certain, why.clone());
            }
            Content::Certificate(facts) => facts,
        };
        let now = self.context.now;
        if facts.until.filetime < now {
            let title = "a certificate of Remote Desktop has expired";
            let why = format!("it ended on {}", facts.until.text);
            return flaw(title, Certainty::Likely, why);
        }
        if facts.from.filetime > now {
            let title = "a certificate of Remote Desktop is not valid yet";
            let why = format!(
                "it begins on {}, after this machine's clock: a clock was wrong, here or there",
                facts.from.text
            );
            return flaw(title, Certainty::Likely, why);
        }
        match self.key_file(entry) {
            Some(KeyFile::Missing { path }) => {
                let title = "a certificate of Remote Desktop has lost its private key";
                flaw(title, Certainty::Likely, format!("{path} is not there"))
            }
            _ => None,
        }
    }

    fn flawed(&self, entry: &Entry<'_>, offer: Offer, flaw: Flaw) -> Result<Finding, Error> {
        let mut finding = entry.place.finding(offer, flaw.certainty, flaw.title)?;
        finding.evidence.push(flaw.evidence);
        finding.evidence.extend(self.evidence(entry));
        Ok(finding)
    }

    fn renewed(&self, entry: &Entry<'_>) -> Result<Finding, Error> {
        let title = if self.context.ask == Ask::Article {
            "the article has Windows make a new certificate"
        } else {
            "Windows makes a new certificate, by request"
        };
        let possible = Certainty::Possible;
        let mut finding = entry.place.finding(Offer::WhenAsked, possible, title)?;
        finding.evidence = self.evidence(entry);
        self.removed(entry, finding)
    }

    /// Completes a finding whose cure takes the entry away, with every pin to it.
    fn removed(&self, entry: &Entry<'_>, mut finding: Finding) -> Result<Finding, Error> {
        if !entry.place.subkey_names()?.is_empty() {
            finding.offer = Offer::Report;
            finding
                .evidence
                .push("there are keys below it: not removed".to_owned());
            return Ok(finding);
        }
        let mut names = entry.place.value_names()?;
        names.retain(|name| !name.eq_ignore_ascii_case(BLOB));
        names.push(BLOB.to_owned());
        let deleted = names.iter().map(|name| entry.place.delete(Kind::Fix, name));
        finding.cure.extend(deleted);
        finding.cure.extend(self.pins_to(entry)?);
        let step = format!(r#"certutil -store "{STORE}""#);
        finding.steps.push(Step::AfterBoot(step));
        Ok(finding)
    }

    fn pins_to(&self, entry: &Entry<'_>) -> Result<Vec<Change>, Error> {
        let mut changes = Vec::new();
        for listener in &self.listeners {
            let pinned = listener.read(PIN)?.as_ref().and_then(Thumbprint::read);
            if pinned.is_some_and(|pinned| pinned.names(&entry.name)) {
                changes.push(listener.delete(Kind::Fix, PIN));
            }
        }
        Ok(changes)
    }

    fn is_pinned(&self, entry: &Entry<'_>) -> Result<bool, Error> {
        Ok(!self.pins_to(entry)?.is_empty())
    }

    fn is_own(&self, entry: &Entry<'_>) -> bool {
        self.own.iter().any(|own| own.names(&entry.name))
    }

    fn key_file(&self, entry: &Entry<'_>) -> Option<KeyFile> {
        let provider = entry.key_provider.as_ref()?;
        let machine = self.machine.as_deref();
        Some(key_file::find(self.context.volume, provider, machine))
    }

    /// What is known of an entry, whatever its state.
    fn evidence(&self, entry: &Entry<'_>) -> Vec<String> {
        let mut lines = Vec::new();
        match &entry.content {
            Content::Certificate(facts) => {
                let issuer = if facts.self_signed {
                    "itself"
                } else {
                    &facts.issuer
                };
                lines.push(format!(
                    "{}, issued by {issuer}, valid from {} until {}",
                    facts.subject, facts.from.text, facts.until.text
                ));
            }
            Content::Empty => lines.push(format!("there is no value {BLOB}")),
            Content::NotUnderstood => {
                lines.push("its SHA-1 is right, but this program cannot read it".to_owned());
            }
            Content::Damaged(_) => {}
        }
        if self.is_own(entry) {
            lines.push(format!("{OWN} names it: the listener uses it"));
        } else if !self.own.is_empty() {
            lines.push(format!("{OWN} names another one"));
        }
        match self.key_file(entry) {
            Some(KeyFile::Present { path, size }) => {
                lines.push(format!("its private key is {path}, {size} bytes"));
            }
            Some(KeyFile::NotKnown(why)) => {
                lines.push(format!("its private key was not found: {why}"));
            }
            Some(KeyFile::Missing { .. }) | None => {}
        }
        lines
    }
}

fn note_hash(findings: &mut Findings, entry: &Entry<'_>) {
    if let Some(hash) = entry.facts().and_then(|facts| facts.weak_hash) {
        findings.note(format!(
            "the certificate {} is signed with {}, which new clients can refuse (--with \
             rdp-certificate --set rdp-certificate.form=renew)",
            entry.name,
            hash.name()
        ));
    }
}

/// Looks at the certificate a listener is pinned to.
fn pin(findings: &mut Findings, look: &Look<'_, '_>, listener: &Place<'_>) -> Result<(), Error> {
    let Some(data) = listener.read(PIN)? else {
        return Ok(());
    };
    let Some(pinned) = Thumbprint::read(&data) else {
        let title = "the listener is pinned to what is no certificate's name";
        let mut finding = listener.finding(Offer::Report, Certainty::Likely, title)?;
        finding
            .evidence
            .push(format!("{PIN} has {} bytes, expected 20", data.bytes.len()));
        findings.add(finding);
        return Ok(());
    };
    let Some((store, entry)) = certificate::find(look.context, pinned)? else {
        let title = "the listener is pinned to a certificate that no store of the machine has";
        let certain = Certainty::Certain;
        let mut finding = listener.finding(Offer::Recommended, certain, title)?;
        finding.evidence.push(format!("{PIN} is {pinned}"));
        let why = "without the pin Windows uses the certificate it makes itself";
        finding.evidence.push(why.to_owned());
        finding.cure.push(listener.delete(Kind::Fix, PIN));
        findings.add(finding);
        return Ok(());
    };
    // The store of Remote Desktop was looked at whole.
    if store != STORE
        && let Some(flaw) = look.flaw(&entry)
    {
        let title = "the listener is pinned to a certificate that cannot be used";
        let mut finding = look.flawed(&entry, Offer::Report, Flaw { title, ..flaw })?;
        finding
            .evidence
            .push(format!("{} {PIN} names it", listener.key));
        finding.steps.push(Step::Manual(format!(
            "put a certificate that can be used into the store {store}, and its SHA-1 into {PIN}"
        )));
        findings.add(finding);
    }
    Ok(())
}
