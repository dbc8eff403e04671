//! Decisions about all resources that a pattern stands for.
//!
//! A pattern stands for endlessly many resources, and policies tell some of them from others by patterns of their own. So
//! it is enough to ask for one resource of each sort: one that no narrower pattern matches, and for each pattern of a
//! policy that meets the asked one, one out of both. In these a sign that no policy can mean stands for each `*`: a
//! pattern that matches such a resource matches all of its sort.

use std::collections::BTreeSet;

use super::super::model::{Document, Resources, Statement, Version};
use super::arn::Token;
use super::decide::decide;
use super::policies::{Decision, Policies, Source};
use super::request::Request;
use super::statement::is_action;
use super::variables::{Expanded, Piece, Wildcards, expand, has_variables};

/// Stands in a resource for whatever a `*` may be. It is of Unicode's private use area, so that no policy holds it.
pub const ANY: char = '\u{E010}';

/// How long the longer of the two stand-ins for a `*` is: longer than any row of `?` that people write.
const LONG: usize = 32;

/// The most resources that are asked for one pattern; policies of AWS's sizes stay far below.
const SORTS_MAX: usize = 512;

/// The most steps that finding them may take.
const STEPS_MAX: usize = 200_000;

/// A pattern that meets the policies' own in too many ways to look at each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManySorts;

/// What AWS would answer for each sort of resource that the request's resource, a pattern, stands for.
///
/// A resource without `*` and `?` is one sort. The sort is given as the resource that was asked for; see [`shown`].
///
/// # Errors
/// When the policies tell too many sorts apart.
pub fn decide_every<'a>(
    request: &Request,
    policies: &Policies<'a>,
) -> Result<Vec<(String, Decision<'a>)>, TooManySorts> {
    let sorts = sorts(request, policies)?;
    Ok(sorts
        .into_iter()
        .map(|resource| {
            let one = Request { resource, ..request.clone() };
            let decision = decide(&one, policies);
            (one.resource, decision)
        })
        .collect())
}

/// A resource that was asked for as people write it: with `*` where any text may stand.
#[must_use]
pub fn shown(resource: &str) -> String {
    let mut out = String::with_capacity(resource.len());
    for char in resource.chars() {
        if char != ANY {
            out.push(char);
        } else if !out.ends_with('*') {
            out.push('*');
        }
    }
    out
}

/// One resource of each sort that the request's resource, a pattern, stands for; see [`decide_every`].
///
/// # Errors
/// When the policies tell too many sorts apart.
pub fn sorts(request: &Request, policies: &Policies<'_>) -> Result<BTreeSet<String>, TooManySorts> {
    if !request.resource.contains(['*', '?']) || request.resource == "*" {
        return Ok([request.resource.clone()].into());
    }
    let asked = tokens(&request.resource);
    let mut sorts: BTreeSet<String> = [filled(&asked, 1), filled(&asked, LONG)].into();
    let mut seen = BTreeSet::new();
    let mut steps = STEPS_MAX;
    for (pattern, version) in patterns(request, policies) {
        if !seen.insert((pattern, version)) {
            continue;
        }
        let pattern = if version == Version::V2012 && has_variables(pattern) {
            match expand(Piece::of_resource(pattern), Wildcards::Match, &request.context) {
                Expanded::Known(tokens) | Expanded::Open(tokens) => tokens,
                Expanded::Nothing => continue,
            }
        } else {
            tokens(pattern)
        };
        let mut both = Both { sorts: &mut sorts, so_far: Vec::new(), steps: &mut steps };
        both.meet(&asked, &pattern)?;
    }
    Ok(sorts)
}

/// All patterns of resources in statements about the action.
fn patterns<'a>(request: &Request, policies: &Policies<'a>) -> Vec<(&'a str, Version)> {
    let Policies { identity, boundary, session, scps, management_account: _, resource, grants, rcps } = policies;
    let sources = identity.iter().chain(boundary).chain(session).chain(scps.iter().flatten());
    let sources = sources.chain(resource).chain(grants).chain(rcps.iter().flatten());
    let mut found = Vec::new();
    for Source { document: Document { version, statements, .. }, .. } in sources.copied() {
        for Statement { action, resource, .. } in statements {
            if let Some(Resources::Is(resources) | Resources::Not(resources)) = resource
                && is_action(action, &request.action)
            {
                found.extend(resources.iter().map(|resource| (resource.as_str(), *version)));
            }
        }
    }
    found
}

fn tokens(pattern: &str) -> Vec<Token> {
    let token = |char| match char {
        '*' => Token::Many,
        '?' => Token::One,
        other => Token::Char(other),
    };
    pattern.chars().map(token).collect()
}

/// The pattern with text in the place of its wildcards.
fn filled(pattern: &[Token], length: usize) -> String {
    let mut out = String::with_capacity(pattern.len() + length);
    for token in pattern {
        match token {
            Token::Char(char) => out.push(*char),
            Token::One => out.push(ANY),
            Token::Many => out.extend(std::iter::repeat_n(ANY, length)),
        }
    }
    out
}

/// Finds what two patterns have in common, as patterns, and notes one resource of each.
struct Both<'s> {
    sorts: &'s mut BTreeSet<String>,
    so_far: Vec<Token>,
    steps: &'s mut usize,
}

impl Both<'_> {
    fn meet(&mut self, left: &[Token], right: &[Token]) -> Result<(), TooManySorts> {
        *self.steps = self.steps.checked_sub(1).ok_or(TooManySorts)?;
        match (left.split_first(), right.split_first()) {
            (None, None) => {
                self.sorts.insert(filled(&self.so_far, 1));
                if self.sorts.len() > SORTS_MAX { Err(TooManySorts) } else { Ok(()) }
            }
            (Some((Token::Many, left_rest)), Some((Token::Many, right_rest))) => {
                // Either star may go on longer than the other.
                self.with(Token::Many, |both| {
                    both.meet(left_rest, right)?;
                    if right_rest.is_empty() && left_rest.is_empty() { Ok(()) } else { both.meet(left, right_rest) }
                })
            }
            (Some((Token::Many, rest)), next) => {
                self.meet(rest, right)?;
                match next {
                    Some((&taken, behind)) => self.with(taken, |both| both.meet(left, behind)),
                    None => Ok(()),
                }
            }
            (next, Some((Token::Many, rest))) => {
                self.meet(left, rest)?;
                match next {
                    Some((&taken, behind)) => self.with(taken, |both| both.meet(behind, right)),
                    None => Ok(()),
                }
            }
            (Some((&one, left)), Some((&other, right))) => match (one, other) {
                (Token::One, same) | (same, Token::One) => self.with(same, |both| both.meet(left, right)),
                (one, other) if one == other => self.with(one, |both| both.meet(left, right)),
                _ => Ok(()),
            },
            (None, Some(_)) | (Some(_), None) => Ok(()),
        }
    }

    fn with(
        &mut self,
        token: Token,
        go_on: impl FnOnce(&mut Self) -> Result<(), TooManySorts>,
    ) -> Result<(), TooManySorts> {
        // One star after the other is one.
        let is_new = token != Token::Many || self.so_far.last() != Some(&Token::Many);
        if is_new {
            self.so_far.push(token);
        }
        let went = go_on(self);
        if is_new {
            self.so_far.pop();
        }
        went
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Both, shown, tokens};

    fn met(left: &str, right: &str) -> Vec<String> {
        let mut sorts = BTreeSet::new();
        let mut steps = 10_000;
        let mut both = Both { sorts: &mut sorts, so_far: Vec::new(), steps: &mut steps };
        both.meet(&tokens(left), &tokens(right)).unwrap();
        sorts.iter().map(|sort| shown(sort)).collect()
    }

    #[test]
    fn patterns_meet_in_what_both_match() {
        assert_eq!(met("b/*", "b/a*"), ["b/a*"]);
        assert_eq!(met("b/*", "*"), ["b/*"]);
        assert_eq!(met("b/*", "c/*"), [""; 0]);
        assert_eq!(met("b/*", "b/x"), ["b/x"]);
        assert_eq!(met("b/*", "*.zip"), ["b/*.zip"]);
        assert_eq!(met("a*", "*b"), ["a*b"]);
        assert_eq!(met("a?", "*c"), ["ac"]);
        assert_eq!(met("*x*", "*y*"), ["*x*y*", "*y*x*"]);
        assert_eq!(met("*", "*"), ["*"]);
    }
}
