//! The images that processes run, by digest: a release names them, and code never does.

use std::collections::BTreeMap;

/// Process -> repository and digest of its image: `123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop@sha256:…`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Images(BTreeMap<String, String>);

/// Hexadecimal digits of a digest.
const DIGEST_LENGTH: usize = 64;

impl Images {
    /// Reads a JSON object of process names and images. The error says what is wrong, and how it is right.
    pub fn read(text: &str) -> Result<Self, String> {
        let images: BTreeMap<String, String> = serde_json::from_str(text)
            .map_err(|error| format!("it is no JSON object of processes and their images: {error}"))?;
        match images.iter().find(|(_, image)| !is_pinned(image)) {
            Some((process, image)) => Err(format!(
                "the image of process `{process}` is `{image}`: write its repository and digest, REPOSITORY@sha256:DIGEST; \
                 what a tag stands for changes under a running app"
            )),
            None => Ok(Self(images)),
        }
    }

    /// The image of a process, if there is one yet.
    pub fn of(&self, process: &str) -> Option<&str> {
        self.0.get(process).map(String::as_str)
    }

    /// The processes that have one.
    pub fn processes(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// Whether an image is named by the digest of its content.
fn is_pinned(image: &str) -> bool {
    let Some((repository, digest)) = image.split_once("@sha256:") else { return false };
    let is_digest = |digest: &str| {
        digest.len() == DIGEST_LENGTH
            && digest.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    !repository.is_empty() && repository.bytes().all(|byte| byte.is_ascii_graphic()) && is_digest(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_named_by_its_digest() {
        let digest = "0123456789abcdef".repeat(4);
        let images =
            Images::read(&format!("{{ \"all\": \"registry.example/shop@sha256:{digest}\" }}")).unwrap();
        assert_eq!(images.of("all"), Some(format!("registry.example/shop@sha256:{digest}").as_str()));
        assert_eq!((images.of("orders"), images.processes().collect::<Vec<_>>()), (None, vec!["all"]));
        let upper = digest.to_uppercase();
        for image in [
            "shop:latest",
            "shop",
            "@sha256:0",
            &format!("@sha256:{digest}"),
            &format!("shop@sha256:{upper}"),
        ] {
            let error = Images::read(&format!("{{ \"all\": \"{image}\" }}")).unwrap_err();
            assert!(error.contains("`all`") && error.contains("@sha256:"), "{error}");
        }
        assert!(Images::read("[]").unwrap_err().contains("no JSON object"));
    }
}
