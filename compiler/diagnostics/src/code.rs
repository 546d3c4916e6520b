//! Every code there is. `S` scanning, `M` the app model, `E` environment files, `L` lowering, `I` imports.
//!
//! A code is never used for something else later. Its page is `book/src/diagnostics/<code>.md`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! codes {
    ($($code:ident $title:literal,)*) => {
        /// The code of a diagnostic.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $(#[doc = $title] $code,)* }

        /// Every code, in order.
        pub const ALL: &[Code] = &[$(Code::$code,)*];

        impl Code {
            /// The code as it is written.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$code => stringify!($code),)* }
            }

            /// What it is about, in a few words.
            pub fn title(self) -> &'static str {
                match self { $(Self::$code => $title,)* }
            }

            /// The page that explains it, as Markdown.
            pub fn page(self) -> &'static str {
                match self {
                    $(Self::$code => include_str!(concat!("../../../book/src/diagnostics/", stringify!($code), ".md")),)*
                }
            }
        }
    };
}

codes! {
    // scanning
    S0001 "a source file has a syntax error",
    S0002 "a file cannot be read",
    S0003 "`encore.app` is not valid",
    S0004 "no app was found",
    S0005 "a resource is declared in the wrong place",
    S0006 "a name is not a string literal",
    S0007 "a declaration has the wrong arguments",
    S0008 "a configuration has an unknown field",
    S0009 "a configuration value is not a constant of the right type",
    S0010 "a required configuration field is missing",
    S0011 "a reference cannot be resolved",
    S0012 "a migration file has a bad name",
    S0013 "a migrations folder does not exist",
    S0014 "a directive is not valid",
    S0015 "a constructor is referenced without being called",
    S0016 "a secret is declared in the wrong way",
    S0017 "a file is too large or nested too deep",
    S0018 "a resource is passed on as a value",
    S0033 "`encore.service.json` is not valid",
    S0034 "a service lies within another service",
    S0037 "a subscription is never started",
    S0020 "a type does not fit the declaration",
    S0021 "a handler does not belong to the service",
    S0022 "something is used in a way that is not possible",
    S0023 "a function has the wrong signature",
    S0024 "a middleware runs before no endpoint",
    S0025 "a key pattern is not valid",
    S0026 "a configuration is loaded in the wrong way",
    S0027 "a reference names no permission",
    S0028 "a resource has no such operation",
    S0029 "an app has more than one auth handler",
    // the app model
    M0101 "two things have the same name",
    M0102 "a name breaks the naming rule",
    M0103 "a reference to something that is not declared",
    M0104 "a subscription has no topic",
    M0105 "a cron job has no valid schedule",
    M0106 "a cron job's endpoint does not exist",
    M0107 "a cron job's endpoint takes parameters",
    M0108 "a value is out of its range",
    M0109 "two endpoints have the same path",
    M0110 "an endpoint needs an auth handler and there is none",
    M0111 "a public address is asked of a private bucket",
    M0112 "a resource is used outside of all services",
    M0113 "a cache eviction policy does not exist",
    M0114 "a manifest is not valid",
    M0115 "two manifests of an app contradict each other",
    M0116 "two keyspaces of a cache have keys in common",
    // environment files
    E0001 "an environment file is not valid TOML",
    E0002 "an environment file has an unknown key",
    E0003 "an environment file has a value of the wrong kind",
    E0004 "an environment file names something that does not exist",
    E0005 "an environment does not exist",
    E0006 "an edition does not exist",
    E0007 "an enforced property cannot be set",
    // lowering
    L0201 "a cloud is not supported for this environment",
    L0202 "a property does not exist in the resource kind",
    L0203 "a name does not fit the cloud's rule",
    L0204 "a stateful resource disappeared while a similar one appeared",
    L0205 "a cloud cannot do what is declared",
    L0206 "resources depend on each other in a circle",
    // imports
    I0301 "an import names a resource that is not built",
    I0302 "an import does not fit the environment file",
    I0303 "an import document is not valid",
}

impl Code {
    /// The code with this name, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        ALL.iter().copied().find(|code| code.as_str().eq_ignore_ascii_case(text))
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("`{text}` is no code")))
    }
}
