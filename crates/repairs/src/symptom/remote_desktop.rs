//! Symptoms of Remote Desktop on a VM that runs.
//!
//! Absent on purpose: what keeps Windows from starting.

use super::Symptom;

/// Whatever else is wrong outside the VM.
const NETWORK: &str = "network security group, routes and firewalls outside the VM";

pub(super) const TIMEOUT: Symptom = Symptom {
    first: &[
        "look at the VM's screenshot: does Windows wait at its sign-in screen? if not, take the \
         symptom that fits what is shown",
        "ask the cloud's own network check whether a rule lets TCP 3389 in",
    ],
    look: &[
        "boot-device-ids",
        "boot-entries",
        "boot-menu-stuck",
        "recovery-loop",
        "safe-mode",
        "boot-drivers",
        "setup-state",
        "static-ip",
        "network-services",
        "nic-disabled",
        "firewall-rdp-rules",
        "firewall-service",
        "ipsec-rules",
        "rdp-port",
        "rdp-enabled",
        "rdp-services",
        "rdp-listener",
    ],
    after_boot: &[
        "ipconfig /all   (has the VM the address that the cloud gave it?)",
        "netstat -ano | find \":3389\"   (does anything listen?)",
    ],
    offered: &["firewall-off", "static-ip", "serial-console"],
    not_checked: &[
        NETWORK,
        "whether the host gives the VM its network card",
        "high load that leaves no answer",
    ],
    ..Symptom::new(
        "rdp-timeout",
        "Remote Desktop times out: nothing answers",
        "No answer comes back at all. Windows has not started, has no address, or a firewall \
         drops what arrives. Whether Windows starts is looked at first, then the network from \
         the card upwards, and the listener last.",
    )
};

pub(super) const REFUSED: Symptom = Symptom {
    first: &["mstsc /v:HOST:PORT   (has somebody moved Remote Desktop to another port?)"],
    look: &[
        "rdp-enabled",
        "rdp-policy",
        "rdp-services",
        "rdp-listener",
        "rdp-port",
        "safe-mode",
    ],
    after_boot: &["netstat -anob | more   (what listens, and on which port?)"],
    not_checked: &[NETWORK, "another program on the RDP port"],
    ..Symptom::new(
        "rdp-refused",
        "Remote Desktop is refused at once",
        "The machine answers, and nobody listens on the port: Remote Desktop is switched off, \
         its service does not start, or the listener is on another port.",
    )
};

pub(super) const INTERNAL_ERROR: Symptom = Symptom {
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
    ..Symptom::new(
        "rdp-internal-error",
        "Remote Desktop stops with \"An internal error has occurred\"",
        "The connection hangs at \"Configuring remote session\" or ends with an internal error: \
         the server cannot negotiate TLS, or the listener refuses what the client asks for.",
    )
};

pub(super) const AUTHENTICATION: Symptom = Symptom {
    first: &[
        "sign in with a local account: .\\NAME or COMPUTER\\NAME, which needs no domain controller",
        "install updates on the client: an old CredSSP on either side is refused by the other",
    ],
    look: &[
        "nla",
        "rdp-policy",
        "authentication",
        "tls-protocols",
        "tls-policy",
        "rdp-certificate",
        "machine-keys",
        "network-services",
        "static-ip",
    ],
    after_boot: &[
        "nltest /sc_verify:DOMAIN   (does the machine's own trust to its domain hold?)",
        "w32tm /query /status   (a clock that is minutes off breaks Kerberos)",
    ],
    offered: &["nla-off"],
    no_repair: &["the level of updates for CredSSP, and policies about it"],
    not_checked: &[
        "whether a domain controller can be reached, and the machine's password in the domain",
        "the account: locked, expired, its password",
    ],
    ..Symptom::new(
        "rdp-authentication",
        "Remote Desktop says that authentication failed (NLA, LSA, CredSSP)",
        "The machine is reached and cannot prove who signs in. With network level authentication \
         that happens before there is a desktop: the two sides find no common method, or the \
         domain does not answer.",
    )
};

pub(super) const NO_LICENSE_SERVER: Symptom = Symptom {
    first: &[
        "try mstsc /admin: mstsc /v:HOST /admin opens an administrative session without a licence",
        "or the serial console: cmd, then ch -si 1, and sign in there",
    ],
    look: &["rds-licensing", "rdp-policy", "rdp-services"],
    after_boot: &[
        "licensing diagnoser (lsdiag.msc) on the VM: which server it asks, and what that answers",
        "on the licence server: is it activated, and are there CALs of the mode the VM asks for?",
    ],
    offered: &["rds-licensing", "single-session"],
    not_checked: &[
        "whether the licence server can be reached from the VM (TCP 135 and what it then names)",
        "the licence server itself: activation, and CALs of the right kind",
        "how much of the grace period is left",
    ],
    ..Symptom::new(
        "rdp-no-license-server",
        "Remote Desktop says that no licence server is available",
        "A Remote Desktop session host past its grace period finds nobody who gives licences. \
         Only a machine with that role can have this fault; without it two administrators may \
         always sign in.",
    )
};

pub(super) const SIGN_IN: Symptom = Symptom {
    first: &["sign in with an account of the local group Administrators"],
    look: &["authentication", "rdp-enabled", "rdp-policy"],
    after_boot: &[
        "secpol.msc, User Rights Assignment: who is allowed, and who is denied, log on through \
         Remote Desktop Services",
        "gpresult /h report.html   (which policy gives these rights?)",
    ],
    no_repair: &[
        "user rights in the SECURITY hive: the right to sign in remotely, and those that deny it",
        "membership in Remote Desktop Users",
    ],
    ..Symptom::new(
        "sign-in-not-allowed",
        "The sign-in method is not allowed, or the account lacks the right",
        "Windows knows the account and does not let it in this way: a user right is missing or \
         denied, the machine lets in administrators only, or new sessions are switched off.",
    )
};

pub(super) const DROPS: Symptom = Symptom {
    first: &[
        "sign in with another account: one session for each user means that the second sign-in \
         ends the first",
    ],
    look: &["rdp-policy", "rdp-listener", "rdp-services"],
    after_boot: &[
        "wevtutil qe Microsoft-Windows-TerminalServices-LocalSessionManager/Operational /c:20 \
         /rd:true /f:text   (who or what ended the sessions?)",
    ],
    offered: &["single-session"],
    not_checked: &[
        "the network between client and VM",
        "drivers of display and network under load",
    ],
    ..Symptom::new(
        "rdp-drops",
        "Remote Desktop sessions end after seconds or minutes",
        "A session opens and is closed again: a limit on its time or its number, a second \
         sign-in of the same user, or a listener with odd values.",
    )
};
