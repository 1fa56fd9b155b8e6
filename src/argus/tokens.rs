//! What Argus does with tokens. Each request shows the token that it is given, whatever the client uses otherwise. Never keeps one.

use super::client::{Client, header, judge, understood};
use super::text::json;
use super::{ArgusError, TokenServer};
use crate::secret::Secret;
use ureq::http::Method;

impl Client {
    fn token_answer(&self, path: &str, with: &Secret) -> Result<Secret, ArgusError> {
        let answer = judge(self.run_with(with, Method::POST, path)?)?;
        understood(answer, |body| {
            let token = json(body).and_then(|value| Some(value.get("token")?.as_str()?.to_owned()));
            let token = Secret::new(token.ok_or("it holds no token")?);
            header(&token).map(|_| token).map_err(|_| "what it holds can be no token".to_owned())
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
