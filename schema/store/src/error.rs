//! What can go wrong with a store.

/// A place cannot be opened as a store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{place}` cannot be opened as a store: {reason}")]
pub struct OpenError {
    /// What was asked for.
    pub place: String,
    /// Why not.
    pub reason: String,
}

impl OpenError {
    pub(crate) fn invalid(place: &str, reason: &str) -> Self {
        Self { place: place.to_owned(), reason: reason.to_owned() }
    }
}

/// A store gave no usable answer: what was asked for may have happened or not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store did not answer: {0}")]
pub struct StoreError(pub String);

impl From<&object_store::Error> for StoreError {
    fn from(error: &object_store::Error) -> Self {
        let mut text = error.to_string();
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            if !text.contains(&cause_text) {
                text.push_str(": ");
                text.push_str(&cause_text);
            }
            source = cause.source();
        }
        Self(text)
    }
}
