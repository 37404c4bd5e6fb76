//! Symptoms: what an operator sees from outside, and what to look at then.
//!
//! Invariants: every id named here is in the catalogue. Absent on purpose: looking.

/// One symptom.
#[derive(Clone, Copy, Debug)]
pub struct Symptom {
    /// Its name on the command line.
    pub id: &'static str,
    /// What the operator sees, in one line.
    pub title: &'static str,
    /// What it means, in a few lines.
    pub about: &'static str,
    /// What to look at, in order.
    pub look: &'static [&'static str],
    /// The source article's recipe, in its order.
    pub recipe: &'static [&'static str],
    /// What the article does in the running VM besides, command and purpose.
    pub after_boot: &'static [&'static str],
    /// What the article offers besides, on request.
    pub offered: &'static [&'static str],
    /// What cannot be seen on a disk.
    pub not_checked: &'static [&'static str],
}

/// Every symptom.
pub const SYMPTOMS: &[Symptom] = &[Symptom {
    id: "rdp-internal-error",
    title: "Remote Desktop stops with \"An internal error has occurred\"",
    about: "The connection hangs at \"Configuring remote session\" or ends with an internal \
            error: the server cannot negotiate TLS, or the listener refuses what the client asks \
            for.",
    look: &[
        "tls-protocols",
        "tls-policy",
        "rdp-certificate",
        "machine-keys",
        "nla",
        "rdp-policy",
        "rdp-listener",
        "rdp-port",
        "rdp-services",
        "rdp-enabled",
        "group-policy-client",
    ],
    recipe: &[
        "serial-console",
        "crash-dump",
        "machine-keys",
        "tls-legacy",
        "tls-protocols",
        "nla",
        "rdp-certificate",
    ],
    after_boot: &[
        "netstat -anob | more   (is another program listening on the port of Remote Desktop?)",
        "certlm.msc, Remote Desktop, Certificates: is the certificate there and in date? deleted, \
         it is made anew",
        "Restart-Service TermService -Force",
        "gpupdate /force   (once group policy may set its values again)",
    ],
    offered: &["group-policy-off"],
    not_checked: &[
        "network security group",
        "another program on the RDP port",
        "the client side",
    ],
}];

/// The symptom of that id.
pub fn symptom(id: &str) -> Option<&'static Symptom> {
    SYMPTOMS.iter().find(|symptom| symptom.id == id)
}
