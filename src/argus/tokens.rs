//! The requests about tokens. Each authenticates with the token that it is given, not with the
//! client's. Never keeps a token.

use super::client::{Client, header, judge};
use super::{ArgusError, TokenServer};
use crate::secret::Secret;
use serde::Deserialize;
use ureq::http::Method;

#[derive(Deserialize)]
struct WireToken {
    token: String,
}

impl Client {
    fn token_answer(&self, path: &str, with: &Secret) -> Result<Secret, ArgusError> {
        let answer = judge(self.run_with(with, Method::POST, path)?)?;
        let read = serde_json::from_slice::<WireToken>(&answer.body).ok();
        let token = read.map(|read| Secret::new(read.token)).filter(|token| header(token).is_ok());
        // The error does not repeat the text: it may be a token all the same.
        token.ok_or_else(|| ArgusError::Unknown {
            why: format!("{} with something that is no token", answer.status),
            status: Some(answer.status),
        })
    }
}

impl TokenServer for Client {
    fn accepts(&self, token: &Secret) -> Result<(), ArgusError> {
        judge(self.run_with(token, Method::GET, "auth/user/")?).map(drop)
    }

    fn session_token(&self, token: &Secret) -> Result<Secret, ArgusError> {
        self.token_answer("auth/token/login/", token)
    }

    fn refresh(&self, token: &Secret) -> Result<Secret, ArgusError> {
        self.token_answer("auth/refresh-token/", token)
    }

    fn end_session(&self, token: &Secret) -> Result<(), ArgusError> {
        judge(self.run_with(token, Method::POST, "auth/token/logout/")?).map(drop)
    }
}
