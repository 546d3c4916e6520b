//! What a macro is given that is neither expressions nor statements, read token by token.
//!
//! Less is understood here than in an expression: which names are used and which methods are called on them. That is
//! enough to give the permissions that such code needs, and to say of a declaration that it is not seen.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::Expr;

use super::syntax::{Call, Method, Stands, Use};
use super::value::{Kind, MAX_USED_METHODS, Path, Value, short, word};
use super::{sdk, span};

/// Reads the tokens of a macro.
pub(super) fn read(
    tokens: TokenStream,
    base_url: &BTreeSet<String>,
    calls: &mut Vec<Call>,
    uses: &mut Vec<Use>,
) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut reader = Reader { tokens: &tokens, at: 0 };
    while let Some(token) = reader.tokens.get(reader.at) {
        match token {
            TokenTree::Group(group) => {
                read(group.stream(), base_url, calls, uses);
                reader.at += 1;
            }
            // Fields and methods of what is not known, and the variables of the macro itself.
            TokenTree::Punct(mark) if matches!(mark.as_char(), '.' | '$') => reader.at += 2,
            TokenTree::Ident(_) => {
                let start = reader.at;
                let found = reader.path();
                if let Some(arguments) = reader.arguments() {
                    let last = found.last().map(String::as_str).unwrap_or_default();
                    let matters = sdk::is_constructor(last) && found.len() > 1 || base_url.contains(last);
                    if matters {
                        calls.push(call(found, &tokens[start], &arguments));
                    }
                    read(arguments, base_url, calls, uses);
                    reader.at += 1;
                } else {
                    let at = span::between(tokens[start].span(), tokens[reader.at - 1].span());
                    let (methods, arguments) = reader.methods();
                    let is_word = found.len() == 1 && found[0].starts_with(char::is_lowercase);
                    if !(is_word && methods.is_empty()) {
                        uses.push(Use { path: found, at, methods, argument_of: None });
                    }
                    for given in arguments {
                        read(given, base_url, calls, uses);
                    }
                }
            }
            _ => reader.at += 1,
        }
    }
}

fn call(callee: Path, start: &TokenTree, arguments: &TokenStream) -> Call {
    let at = span::between(start.span(), start.span());
    let arguments = first(arguments).into_iter().collect();
    let kind = Kind::Call { callee, callee_at: at, arguments, methods: Vec::new() };
    Call { value: Value { kind, at }, stands: Stands::InMacro }
}

struct Reader<'t> {
    tokens: &'t [TokenTree],
    at: usize,
}

impl Reader<'_> {
    /// `a::b::c`
    fn path(&mut self) -> Path {
        let mut path = Path::new();
        while let Some(TokenTree::Ident(name)) = self.tokens.get(self.at) {
            path.push(word(name));
            self.at += 1;
            if !(self.is_mark(0, ':') && self.is_mark(1, ':')) {
                break;
            }
            self.at += 2;
        }
        path
    }

    /// What stands in the parentheses that come next.
    fn arguments(&self) -> Option<TokenStream> {
        match self.tokens.get(self.at)? {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => Some(group.stream()),
            _ => None,
        }
    }

    /// `.a(…).b(…)`, and what they are given.
    fn methods(&mut self) -> (Vec<Method>, Vec<TokenStream>) {
        let (mut methods, mut given) = (Vec::new(), Vec::new());
        while self.is_mark(0, '.') {
            let Some(TokenTree::Ident(name)) = self.tokens.get(self.at + 1) else { break };
            self.at += 2;
            let Some(arguments) = self.arguments() else { continue };
            self.at += 1;
            if methods.len() < MAX_USED_METHODS {
                let argument = first(&arguments);
                let at = span::ident(name);
                methods.push(Method { name: word(name), at, types: None, argument });
            }
            given.push(arguments);
        }
        (methods, given)
    }

    fn is_mark(&self, ahead: usize, mark: char) -> bool {
        matches!(self.tokens.get(self.at + ahead), Some(TokenTree::Punct(found)) if found.as_char() == mark)
    }
}

/// The first argument, if it is one token: a text or a name.
fn first(arguments: &TokenStream) -> Option<Value> {
    let token = arguments.clone().into_iter().next()?;
    if matches!(token, TokenTree::Group(_)) {
        return None;
    }
    syn::parse2::<Expr>(token.into()).ok().as_ref().map(short)
}
