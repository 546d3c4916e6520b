//! Texts with holes, which become `Fn::Sub`.

use schema_documents::Json;
use serde_json::json;

/// A text in the making.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Text(Vec<Part>);

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Literal(String),
    Hole(Json),
}

impl Text {
    /// What a document says literally. Where it names the region or the partition, the template says so: it can be used
    /// in any.
    pub(super) fn literal(text: &str, region: &str) -> Self {
        let mut out = Self::default();
        for (at, piece) in text.split("arn:aws:").enumerate() {
            if at > 0 {
                out.push("arn:");
                out.push_hole(json!({ "Ref": "AWS::Partition" }));
                out.push(":");
            }
            out.push_in_region(piece, region);
        }
        out
    }

    /// A region counts as one where it is a word of its own, or the beginning of a zone's name.
    fn push_in_region(&mut self, mut text: &str, region: &str) {
        if region.is_empty() {
            return self.push(text);
        }
        let mut searched = 0;
        while let Some(found) = text[searched..].find(region).map(|at| at + searched) {
            let (before, after) = (&text[..found], &text[found + region.len()..]);
            let joins = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            let ends = |rest: &str| !rest.starts_with(joins);
            let zone = after.strip_prefix(|c: char| c.is_ascii_lowercase()).is_some_and(ends);
            if before.ends_with(joins) || !(zone || ends(after)) {
                searched = found + region.len();
                continue;
            }
            self.push(before);
            self.push_hole(json!({ "Ref": "AWS::Region" }));
            text = after;
            searched = 0;
        }
        self.push(text);
    }

    /// Appends a text as it stands.
    pub(super) fn push(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        match self.0.last_mut() {
            Some(Part::Literal(last)) => last.push_str(text),
            _ => self.0.push(Part::Literal(text.to_owned())),
        }
    }

    /// Appends what an intrinsic function gives.
    pub(super) fn push_hole(&mut self, function: Json) {
        self.0.push(Part::Hole(function));
    }

    /// Appends another text.
    pub(super) fn append(&mut self, other: Self) {
        for part in other.0 {
            match part {
                Part::Literal(text) => self.push(&text),
                hole @ Part::Hole(_) => self.0.push(hole),
            }
        }
    }

    /// The text inside the quotes of a JSON string. What fills a hole needs no escapes: names, ARNs and addresses.
    pub(super) fn escaped_for_json(self) -> Self {
        let escape = |part| match part {
            Part::Literal(text) => {
                let quoted = Json::String(text).to_string();
                Part::Literal(quoted[1..quoted.len() - 1].to_owned())
            }
            hole @ Part::Hole(_) => hole,
        };
        Self(self.0.into_iter().map(escape).collect())
    }

    /// The text as a template has it.
    pub(super) fn into_json(mut self) -> Json {
        match self.0.as_mut_slice() {
            [] => return json!(""),
            [Part::Literal(text)] => return Json::String(std::mem::take(text)),
            [Part::Hole(function)] => return function.take(),
            _ => {}
        }
        let mut body = String::new();
        let mut variables = serde_json::Map::new();
        for part in self.0 {
            match part {
                Part::Literal(text) => body.push_str(&text.replace("${", "${!")),
                Part::Hole(function) => {
                    let name = short_form(&function).unwrap_or_else(|| {
                        let name = format!("Part{}", variables.len() + 1);
                        variables.insert(name.clone(), function);
                        name
                    });
                    body.extend(["${", &name, "}"]);
                }
            }
        }
        if variables.is_empty() {
            json!({ "Fn::Sub": body })
        } else {
            json!({ "Fn::Sub": [body, variables] })
        }
    }
}

/// How `Fn::Sub` writes `Ref` and `Fn::GetAtt` in the text itself.
fn short_form(function: &Json) -> Option<String> {
    if let Some(name) = function.get("Ref").and_then(Json::as_str) {
        return Some(name.to_owned());
    }
    let attribute = function.get("Fn::GetAtt")?;
    Some(format!("{}.{}", attribute.get(0)?.as_str()?, attribute.get(1)?.as_str()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &Json) {
        assert_eq!(Text::literal(text, "eu-central-1").into_json(), *expected);
    }

    #[test]
    fn region_and_partition_are_those_of_the_stack() {
        check("eu-central-1", &json!({ "Ref": "AWS::Region" }));
        check("eu-central-1b", &json!({ "Fn::Sub": "${AWS::Region}b" }));
        check("com.amazonaws.eu-central-1.s3", &json!({ "Fn::Sub": "com.amazonaws.${AWS::Region}.s3" }));
        check("my-eu-central-1", &json!("my-eu-central-1"));
        check("eu-central-12", &json!("eu-central-12"));
        check("eu-central-1big eu-central-1", &json!({ "Fn::Sub": "eu-central-1big ${AWS::Region}" }));
        check("arn:aws:iam::aws:policy/x", &json!({ "Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/x" }));
    }

    #[test]
    fn what_looks_like_a_hole_and_is_none_stays_as_it_is() {
        check("${x}", &json!("${x}"));
        check("${x} eu-central-1", &json!({ "Fn::Sub": "${!x} ${AWS::Region}" }));
    }

    #[test]
    fn a_function_that_has_no_short_form_becomes_a_variable() {
        let mut text = Text::default();
        text.push("a-");
        text.push_hole(json!({ "Fn::Select": [0, "x"] }));
        text.push_hole(json!({ "Fn::GetAtt": ["A", "B.C"] }));
        let expected = json!({ "Fn::Sub": ["a-${Part1}${A.B.C}", { "Part1": { "Fn::Select": [0, "x"] } }] });
        assert_eq!(text.into_json(), expected);
    }
}
