//! What a code of Cloud Control means for what comes next.
//!
//! Codes are those of `HandlerErrorCode` (in a progress event) and of the API's exceptions (in an answer).

use agent_world::{CallError, FailureKind, ReadError, Throttler};

use crate::words;

/// When to try again after throttling, if the API does not say.
const THROTTLED_MS: u64 = 1_000;

/// What the failure of an operation means.
pub fn failed(code: &str, message: &str) -> FailureKind {
    if matches!(code, "InvalidRequest" | "AccessDenied" | "GeneralServiceException")
        && let Some(meaning) = words::meaning(message)
    {
        return meaning;
    }
    match code {
        "Throttling" => FailureKind::Throttled,
        "ServiceInternalError"
        | "NetworkFailure"
        | "ServiceTimeout"
        | "NotStabilized"
        | "ResourceConflict"
        | "InternalFailure"
        | "GeneralServiceException" => FailureKind::Transient,
        "NotFound" => FailureKind::NotFound,
        "AlreadyExists" => FailureKind::AlreadyExists,
        "NotUpdatable" => FailureKind::NotUpdatable,
        "AccessDenied" | "InvalidCredentials" | "UnauthorizedTaggingOperation" => FailureKind::Denied,
        _ => FailureKind::Rejected,
    }
}

/// What the refusal of a mutating call means.
pub fn refused(code: &str, message: &str) -> CallError {
    let failure = match code {
        "ThrottlingException"
        | "Throttling"
        | "TooManyRequestsException"
        | "RequestLimitExceeded"
        | "SlowDown" => {
            return CallError::Throttled { retry_after_ms: THROTTLED_MS, by: throttler(message) };
        }
        "ClientTokenConflictException" => return CallError::TokenConflict,
        // These come from behind the API: the work may have been done before something broke.
        "HandlerInternalFailureException"
        | "HandlerFailureException"
        | "ServiceInternalErrorException"
        | "NetworkFailureException"
        | "GeneralServiceException"
        | "InternalFailure"
        | "ServiceUnavailable" => {
            return CallError::NoAnswer(format!("{code}: {message}"));
        }
        "ConcurrentOperationException" | "ResourceConflictException" | "NotStabilizedException" => {
            FailureKind::Transient
        }
        "ResourceNotFoundException" => FailureKind::NotFound,
        "AlreadyExistsException" => FailureKind::AlreadyExists,
        "NotUpdatableException" => FailureKind::NotUpdatable,
        "AccessDeniedException"
        | "InvalidCredentialsException"
        | "UnrecognizedClientException"
        | "ExpiredTokenException"
        | "InvalidSignatureException" => FailureKind::Denied,
        "InvalidRequestException" => words::meaning(message).unwrap_or(FailureKind::Rejected),
        _ => FailureKind::Rejected,
    };
    CallError::Refused { failure, code: code.to_owned(), message: message.to_owned() }
}

/// What the failure of a question means.
pub fn unanswered(code: &str, message: &str) -> ReadError {
    match code {
        "ThrottlingException"
        | "Throttling"
        | "TooManyRequestsException"
        | "RequestLimitExceeded"
        | "SlowDown" => ReadError::Throttled { retry_after_ms: THROTTLED_MS, by: throttler(message) },
        "RequestTokenNotFoundException" => ReadError::UnknownOperation,
        "HandlerInternalFailureException"
        | "HandlerFailureException"
        | "ServiceInternalErrorException"
        | "NetworkFailureException"
        | "GeneralServiceException"
        | "InternalFailure"
        | "ServiceUnavailable"
        | "NotStabilizedException" => ReadError::NoAnswer(format!("{code}: {message}")),
        _ => ReadError::Refused { code: code.to_owned(), message: message.to_owned() },
    }
}

/// A handler passes on the words of the service that it asked, with the service's name; Cloud Control's own have none.
fn throttler(message: &str) -> Throttler {
    if message.contains("(Service: ") { Throttler::Service } else { Throttler::Interface }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_never_taken_for_a_no() {
        for code in
            ["HandlerInternalFailureException", "ServiceInternalErrorException", "NetworkFailureException"]
        {
            assert!(matches!(refused(code, ""), CallError::NoAnswer(_)), "{code}");
            assert!(matches!(unanswered(code, ""), ReadError::NoAnswer(_)), "{code}");
        }
    }

    #[test]
    fn where_a_code_says_nothing_the_words_do() {
        for (code, message, failure) in [
            ("InvalidRequest", "The role x cannot be assumed", FailureKind::NotYet),
            ("InvalidRequest", "bad value", FailureKind::Rejected),
            ("AccessDenied", "The specified KMS key does not exist", FailureKind::NotYet),
            ("AccessDenied", "no", FailureKind::Denied),
            (
                "InvalidRequest",
                "The subnet 'a' has dependencies and cannot be deleted.",
                FailureKind::Transient,
            ),
            ("GeneralServiceException", "The bucket you tried to delete is not empty", FailureKind::Rejected),
            ("GeneralServiceException", "try later", FailureKind::Transient),
        ] {
            assert_eq!(failed(code, message), failure, "{code}: {message}");
        }
        let at_once = refused("InvalidRequestException", "Role is not valid");
        assert!(matches!(at_once, CallError::Refused { failure: FailureKind::NotYet, .. }));
    }

    #[test]
    fn whoever_throttled_is_told_by_the_words_of_the_service() {
        assert_eq!(failed("Throttling", ""), FailureKind::Throttled);
        let theirs = "Rate exceeded (Service: Iam, Status Code: 400, Request ID: 1)";
        for (message, by) in [("Rate exceeded", Throttler::Interface), (theirs, Throttler::Service)] {
            let retry_after_ms = THROTTLED_MS;
            assert_eq!(refused("ThrottlingException", message), CallError::Throttled { retry_after_ms, by });
            assert_eq!(
                unanswered("ThrottlingException", message),
                ReadError::Throttled { retry_after_ms, by }
            );
        }
    }

    #[test]
    fn an_unknown_code_is_a_rejection_of_the_request() {
        assert_eq!(failed("SomethingNew", ""), FailureKind::Rejected);
        assert!(matches!(unanswered("SomethingNew", ""), ReadError::Refused { .. }));
    }
}
