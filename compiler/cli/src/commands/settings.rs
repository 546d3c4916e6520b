//! `manifestc settings`: what can be set in an environment file.

use std::fmt::Write as _;

use anyhow::{Result, anyhow};
use compiler_diagnostics::closest;
use compiler_lower::reference::{self, SettingReference};
use serde_json::json;

use crate::args::{Format, Settings};
use crate::output::{self, Verdict};

pub(crate) fn run(args: &Settings) -> Result<Verdict> {
    let part = args.part.as_deref().unwrap_or_default();
    let found: Vec<SettingReference> =
        reference::settings().filter(|setting| setting.key.contains(part)).collect();
    if found.is_empty() {
        let near = closest(part, reference::settings().map(|setting| setting.key));
        let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        return Err(anyhow!("there is no setting `{part}`{hint} (`manifestc settings` lists them)"));
    }
    let written = match args.format {
        Format::Json => json(&found),
        Format::Text => found.iter().map(text).collect(),
    };
    output::data(&written)?;
    Ok(Verdict::Clean)
}

fn json(found: &[SettingReference]) -> String {
    let each = found.iter().map(|setting| {
        let SettingReference { key, takes, default, meaning } = setting;
        json!({ "key": key, "takes": takes, "default": default, "meaning": meaning })
    });
    format!("{:#}\n", each.collect::<serde_json::Value>())
}

fn text(setting: &SettingReference) -> String {
    let mut out = String::new();
    let bold = anstyle::Style::new().bold();
    let plain = |text: &str| text.replace('`', "");
    let _ = writeln!(out, "{bold}{}{bold:#}", setting.key);
    let _ = writeln!(out, "  takes    {}", plain(setting.takes));
    let _ = writeln!(out, "  default  {}", plain(&setting.default));
    let _ = writeln!(out, "  {}\n", plain(setting.meaning));
    out
}
